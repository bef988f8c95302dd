"""A frame of the window: the model where the panels leave room, then the panels, or the overlay where there are none."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from viewer.overlay.words import draw_in_window
from viewer.shell.jobs import sentence
from viewer.shell.places import Places

if TYPE_CHECKING:
    from viewer.drawing.screen import How
    from viewer.window import Desk


def paint(desk: Desk, onto: int, how: How) -> None:
    """Onto the framebuffer of that number, 0 is the window's own."""
    from pyglet import gl

    if desk.screen is None or desk.screen.document is not desk.shown.document:
        from viewer.drawing.screen import Screen

        if desk.screen is not None:
            desk.screen.free()
        desk.screen = Screen(desk.shown.document, desk.making)
    places = desk.places()
    width, height = desk.window.get_size()
    pixels = desk.window.get_framebuffer_size()
    ratio = pixels[0] / max(width, 1), pixels[1] / max(height, 1)
    gl.glBindFramebuffer(gl.GL_FRAMEBUFFER, onto)
    gl.glViewport(0, 0, *pixels)
    gl.glClearColor(0, 0, 0, 1)
    gl.glClear(gl.GL_COLOR_BUFFER_BIT)
    box = places.picture
    left, low = round(box.left * ratio[0]), round((height - box.top - box.height) * ratio[1])
    size = max(1, round(box.width * ratio[0])), max(1, round(box.height * ratio[1]))
    desk.screen.show(desk.picture_key[0], size, (left, low), onto, how)
    if desk.shell is None:
        gl.glViewport(0, 0, *pixels)
        draw_in_window(desk.document, desk.state, width, height, desk.shown.field, desk.hand.rectangle)
    else:
        _panels(desk, places)


def _panels(desk: Desk, places: Places) -> None:
    from viewer.panels.panel import Seen
    from viewer.shell.frame import Answer, Over, draw_frame

    shell = desk.shell
    seen = Seen(
        desk.document, desk.path or Path(), desk.state, desk.shown.field, desk.desk, desk.settings, desk.recent,
        shell.letters, shell.theme, shell.scale, desk.busy, desk.memory,
    )  # fmt: skip
    drawn = desk.hand.rectangle
    if drawn is not None:
        (x0, x1), (y0, y1) = sorted(drawn[::2]), sorted(drawn[1::2])
        box = places.picture
        low = box.top + box.height
        drawn = (box.left + x0, low - y1, box.left + x1, low - y0)
    over = Over(desk.notices, desk.shows_keys, desk.chooser, desk.asks_unit, bool(desk.leaving), drawn)
    said: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
    answers: list[Answer] = []
    failed = shell.draw(lambda: answers.append(draw_frame(seen, lambda *a, **m: said.append((a, m)), places, over)))
    if failed is not None:
        desk.tell("wrong", sentence(failed))
        return
    wanted, desk.chooser = desk.chooser, answers[0].chooser
    if wanted is not None and answers[0].chosen is not None:
        said.append(((f"{wanted.order} {answers[0].chosen}",), {}))
    for command, more in said:
        desk.send(*command, **more)
