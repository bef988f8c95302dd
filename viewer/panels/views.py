"""Where the model is looked at from: six sides, projection, turntable, and back again."""

from __future__ import annotations

from imgui_bundle import imgui

from viewer.language import _
from viewer.panels.panel import CAMERA, Panel, Seen, Send
from viewer.shell import signs
from viewer.shell import widgets as w
from viewer.state.keymap import marked
from viewer.state.sides import SIDES
from viewer.state.values import aim_words

_UNFOLDED = (("", "top", "", ""), ("left", "front", "right", "back"), ("", "bottom", "", ""))


def _draw(seen: Seen, send: Send) -> None:
    _sides(seen, send)
    _angles(seen, send)
    camera = seen.state.camera
    w.label(_("Projection"))
    options = [("perspective", _("Perspective")), ("orthographic", _("Orthographic"))]
    if w.choice("projection", options, "orthographic" if camera.flat else "perspective") is not None:
        send("projection")
    w.label(_("Turning"))
    options = [("table", _("Turntable")), ("free", _("Free"))]
    if w.choice("turning", options, "table" if seen.state.turntable else "free") is not None:
        send("turntable")
    half = imgui.ImVec2((imgui.get_content_region_avail().x - imgui.get_style().item_spacing.x) / 2, 0)
    with w.greyed(not seen.state.past):
        if imgui.button(f"{signs.UNDO}  {_('Back')}###undo", half):
            send("undo")
    imgui.same_line()
    with w.greyed(not seen.state.future):
        if imgui.button(f"{signs.REDO}  {_('Forward')}###redo", half):
            send("redo")
    if w.wide_button(f"{signs.FRAME}  {_('Show the whole model')}###frame"):
        send("frame")


def _sides(seen: Seen, send: Send) -> None:
    """As a box is unfolded."""
    gap = 4 * seen.scale
    wide = (imgui.get_content_region_avail().x - 3 * gap) / 4
    here = aim_words(seen.state.camera)
    start = imgui.get_cursor_pos_x()
    imgui.push_style_var(imgui.StyleVar_.item_spacing, imgui.ImVec2(gap, gap))
    for row in _UNFOLDED:
        first = True
        for column, side in enumerate(row):
            if not side:
                continue
            if not first:
                imgui.same_line()
            first = False
            imgui.set_cursor_pos_x(start + column * (wide + gap))
            at = seen.state.camera.towards(*SIDES[side])
            if w.toggle(f"{_(side).capitalize()}###{side}", aim_words(at) == here, imgui.ImVec2(wide, 0)):
                send(side)
    imgui.pop_style_var()


def _angles(seen: Seen, send: Send) -> None:
    """Turned by numbers, from the front."""
    parts = dict(p.split("=") for p in aim_words(seen.state.camera).split(","))
    for key, name, low, high in (
        ("az", _("To the right"), -360, 360), ("el", _("Above"), -90, 90), ("roll", _("Leaning"), -360, 360)
    ):  # fmt: skip
        w.label(name)
        new = w.dragged(key, float(parts.get(key, 0)), 0.5, low, high, "%.1f°")
        if new is not None:
            send("view " + ",".join(f"{k}={v}" for k, v in {**parts, key: f"{new:.4f}"}.items()))


PANEL = Panel("camera", marked("Camera"), CAMERA, 10, _draw)
