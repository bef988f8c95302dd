"""The lamps: each on a dial that shows where it stands, in degrees, and to what it is fixed."""

from __future__ import annotations

from dataclasses import replace

from imgui_bundle import imgui

from viewer.language import _
from viewer.modes import mode
from viewer.overlay.dial import lamp_at, raised, spot
from viewer.panels.panel import LOOK, Panel, Seen, Send
from viewer.plates.dark import DARK, lit_share
from viewer.shell import widgets as w
from viewer.state.keymap import marked
from viewer.state.lamps import MOST, Lamp
from viewer.state.sides import SIDES

_KINDS = (("studio", marked("Studio")), ("head", marked("Head")), ("raking", marked("Raking")))
_FIXED = (("object", marked("Object")), ("camera", marked("Camera")))
_SPOT = (1.0, 0.8, 0.42, 1.0)
_BEHIND = (0.5, 0.5, 0.6, 1.0)


def _draw(seen: Seen, send: Send) -> None:
    if not mode(seen.state.mode).lit:
        w.words(_("This way of looking has its own light."), seen.theme.faint)
        return
    _choose(seen, send)
    state = seen.state
    lamp = state.lamps[state.lamp]
    taken = w.choice("kind", [(k, _(t)) for k, t in _KINDS], lamp.kind)
    if taken is not None:
        send(f"kind {taken}")
    if _misses(seen):
        w.words(_("The light comes from behind what is seen: fix it to the camera, or choose another plane."), seen.theme.warn)
    _dial(seen, send, lamp)
    imgui.same_line(0, 14 * seen.scale)
    imgui.begin_group()
    _angles(send, lamp)
    imgui.end_group()
    _fixed(send, lamp)
    w.label(_("Strength"))
    power = w.sliding("power", lamp.power, 0, 4)
    if power is not None:
        _send(send, replace(lamp, power=round(power, 3)))
    w.label(_("From all around"))
    fill = w.sliding("fill", lamp.fill, 0, 1)
    if fill is not None:
        _send(send, replace(lamp, fill=round(fill, 3)))
    if w.check(_("Cast shadows"), state.shadows):
        send("shadows")
    w.label(_("Gloss"))
    gloss = w.sliding("gloss", state.gloss, 0, 1)
    if gloss is not None:
        send(f"gloss {gloss:.3f}")


def _misses(seen: Seen) -> bool:
    """Asked anew only where camera or lamps moved."""
    key = seen.state.camera, seen.state.lamps, id(seen.document)
    if seen.memory.get("lit for", None) != key:
        seen.memory.put("lit for", key)
        seen.memory.put("lit", lit_share(seen.document, seen.state) >= DARK)
    return not seen.memory.get("lit", True)


def _choose(seen: Seen, send: Send) -> None:
    """Which lamp is in hand; another one, one less."""
    state = seen.state
    count = len(state.lamps)
    size = imgui.ImVec2(imgui.get_frame_height() * 1.25, 0)
    imgui.align_text_to_frame_padding()
    imgui.text_unformatted(_("Lamp"))
    for k in range(count):
        imgui.same_line()
        if w.toggle(f"{k + 1}###lamp{k}", k == state.lamp % count, size):
            send(f"lamp {k + 1}")
    imgui.same_line()
    with w.greyed(count == MOST):
        if imgui.button("+###more", size):
            send("lamp add")
    w.tip(_("Another lamp, opposite this one"))
    imgui.same_line()
    with w.greyed(count == 1):
        if imgui.button("−###less", size):
            send("lamp remove")
    w.tip(_("Take this lamp away"))


def _dial(seen: Seen, send: Send, lamp: Lamp) -> None:
    """The middle is straight before the plane the lamp is measured on, the rim grazes it."""
    radius = 58 * seen.scale
    corner = imgui.get_cursor_screen_pos()
    imgui.invisible_button("dial", imgui.ImVec2(2 * radius, 2 * radius))
    x, y = corner.x + radius, corner.y + radius
    pen, theme = imgui.get_window_draw_list(), seen.theme
    pen.add_circle_filled(imgui.ImVec2(x, y), radius, w.code(theme.field), 64)
    for share in (1.0, 2 / 3, 1 / 3):
        pen.add_circle(imgui.ImVec2(x, y), radius * share - 0.5, w.code(theme.edge), 64, seen.scale)
    pen.add_line(imgui.ImVec2(x - radius, y), imgui.ImVec2(x + radius, y), w.code(theme.edge), seen.scale)
    pen.add_line(imgui.ImVec2(x, y - radius), imgui.ImVec2(x, y + radius), w.code(theme.edge), seen.scale)
    for other in seen.state.lamps:
        held = other is lamp
        across, up = spot(other)
        at = imgui.ImVec2(x + across * radius, y - up * radius)
        colour = _SPOT if other.elevation >= 0 else _BEHIND
        if held:
            pen.add_line(imgui.ImVec2(x, y), at, w.code(colour, 0.6), 1.5 * seen.scale)
        pen.add_circle_filled(at, (7 if held else 4.5) * seen.scale, w.code(colour, 1.0 if held else 0.7), 24)
        pen.add_circle(at, (7 if held else 4.5) * seen.scale, w.code((0.1, 0.1, 0.1, 1.0)), 24, seen.scale)
    if imgui.is_item_active():
        hand = imgui.get_mouse_pos()
        _send(send, lamp_at(lamp, (hand.x - x) / radius, (y - hand.y) / radius))
    w.tip(_("Drag the lamp: the middle is straight before the surface, the rim grazes it"))


def _angles(send: Send, lamp: Lamp) -> None:
    imgui.text_unformatted(_("Azimuth"))
    imgui.set_next_item_width(-1)
    azimuth = w.dragged("azimuth", lamp.azimuth, 0.5, -720, 720, "%.1f°")
    if azimuth is not None:
        _send(send, replace(lamp, azimuth=azimuth % 360))
    w.tip(_("0° is to the right, 90° up"))
    imgui.text_unformatted(_("Elevation"))
    imgui.set_next_item_width(-1)
    elevation = w.dragged("elevation", lamp.elevation, 0.25, -90, 90, "%.1f°")
    if elevation is not None:
        _send(send, raised(lamp, elevation))
    w.tip(_("0° grazes the plane, 90° is straight before it"))


def _fixed(send: Send, lamp: Lamp) -> None:
    w.label(_("Fixed to"))
    taken = w.choice("fixed", [(k, _(t)) for k, t in _FIXED], lamp.fixed)
    if taken is not None:
        send(f"fixed {taken}")
    if lamp.fixed == "object":
        w.label(_("Plane"))
        side = w.picked("side", [(side, _(side)) for side in SIDES], lamp.side)
        w.tip(_("The side of the object that azimuth and elevation are measured on"))
        if side is not None:
            _send(send, replace(lamp, side=side))


def _send(send: Send, lamp: Lamp) -> None:
    send(f"lamp {lamp.words()}")


PANEL = Panel("light", marked("Light"), LOOK, 20, _draw)
