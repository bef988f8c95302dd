"""The desk in the window: a hand on the model through the window's own handlers; numbers as the command line has them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import trimesh
from hands import SIZE, at, click, key, mouse, opened, press, saved

from sculpt3d.desk.quantity import Measured
from sculpt3d.geometry import F64
from sculpt3d.models.document import Document, Part
from sculpt3d.models.normals import with_normals
from viewer import app
from viewer.drawing.picture import by_opengl, framed
from viewer.drawing.software import draw as by_rays
from viewer.hand import drawn
from viewer.state.marks import Dot, Fill, Line, Marks, Word

Windows = list[app.Desk]


def test_a_cubes_edge_clicked_in_the_window_is_100_mm(cube: Path, windows: Windows) -> None:
    window = opened(cube, windows)
    press(window, "D", key.MOD_SHIFT)
    assert window.desk.tool == "distance"
    corners = np.array([[0.05, 0.05, 0.05], [0.05, -0.05, 0.05]])
    camera = window.state.camera
    for corner in corners:
        click(window, corner)
    (one,) = window.desk.content.measurements
    window.desk.bench.asked(one)
    window.desk.bench.wait()
    found = window.desk.bench.asked(one)
    assert isinstance(found, Measured) and found.value.text() == "100.000 ± < 0.001 mm"
    assert np.allclose(one.points, corners, atol=1e-8) and window.state.camera == camera
    window.on_draw()
    assert window.state.past == ()


def test_a_drag_turns_the_model_whatever_tool_is_in_hand(cube: Path, windows: Windows) -> None:
    window = opened(cube, windows)
    press(window, "D", key.MOD_SHIFT)
    before = window.state.camera
    window.on_mouse_press(320, 240, mouse.LEFT, 0)
    window.on_mouse_drag(360, 240, 40, 0, mouse.LEFT, 0)
    window.on_mouse_release(360, 240, mouse.LEFT, 0)
    assert window.state.camera.azimuth != before.azimuth and not window.desk.draft
    press(window, "ESCAPE")
    assert window.desk.tool == "look"


def test_the_wheel_keeps_what_is_under_the_cursor(cube: Path, windows: Windows) -> None:
    """At its own depth: the cube's near corner stays where it is."""
    window = opened(cube, windows)
    corner = np.array([0.05, 0.05, 0.05])
    x, y = at(window, corner)
    window.on_mouse_scroll(x, y - 3, 0, 4)
    assert np.hypot(*np.subtract(at(window, corner), (x, y))) < 4


def test_a_rectangle_frames_what_is_seen_not_what_lies_behind(tmp_path: Path, windows: Windows) -> None:
    """A small ball before a large far wall, seen from the front."""
    ball = trimesh.creation.icosphere(3, 0.1)
    wall = trimesh.creation.box([4, 4, 0.1])
    wall.apply_translation([0, 0, -8])
    path = saved(tmp_path / "two.ply", trimesh.util.concatenate([ball, wall]), ("metres",))
    window = opened(path, windows)
    press(window, "_1")
    window.state = replace(
        window.state, camera=replace(window.state.camera, distance=4.0, target=(0.0, 0.0, 0.0))
    )
    (x, y), (right, _) = at(window, np.zeros(3)), at(window, np.array([0.06, 0, 0]))
    half = right - x
    window.on_mouse_press(x - half, y - half, mouse.LEFT, key.MOD_ALT)
    window.on_mouse_drag(x + half, y + half, 2 * half, 2 * half, mouse.LEFT, key.MOD_ALT)
    window.on_mouse_release(x + half, y + half, mouse.LEFT, key.MOD_ALT)
    assert abs(window.state.camera.target[2] - 0.09) < 0.02


def test_undo_takes_a_measurement_back_and_redo_gives_it_again(cube: Path, windows: Windows) -> None:
    window = opened(cube, windows)
    window.act("tool", "distance")
    for corner in ([0.05, 0.05, 0.05], [0.05, -0.05, 0.05]):
        click(window, np.array(corner))
    made = window.desk.content.measurements
    window.act("change", ("measurements", 0), name="height", hidden=True)
    press(window, "Z", key.MOD_CTRL)
    assert window.desk.content.measurements == made
    press(window, "Z", key.MOD_CTRL)
    assert window.desk.content.measurements == ()
    press(window, "Y", key.MOD_CTRL)
    press(window, "Y", key.MOD_CTRL)
    assert window.desk.content.measurements[0].name == "height"
    window.act("delete", ("measurements", 0))
    assert window.desk.content.measurements == ()


def test_marks_and_cuts_are_the_same_picture_both_ways_and_in_tiles() -> None:
    box, ball = trimesh.creation.box([0.1, 0.1, 0.1]), trimesh.creation.icosphere(4, 0.06)
    parts = [
        Part((m.vertices + d).astype(np.float32), m.faces.astype(np.int32))
        for m, d in ((box, [0, 0, 0]), (ball, [0, 0.05, 0.05]))
    ]
    document = with_normals(Document("two", tuple(parts), unit_m=1.0))
    h = 0.05
    side = [[[0.02, -h, -h], [0.02, h, -h], [0.02, h, h]], [[0.02, -h, -h], [0.02, h, h], [0.02, -h, h]]]
    wash = [[[-h, -h, h], [0.9 * h, -h, h], [0.9 * h, 0, h]]]  # beyond the cut too
    marks = Marks(
        (
            Line(np.array([[-h, -h, h], [h, h, -h]])),
            Line(np.array([[-h, -h, h], [-h, h, h], [h, h, h]]), (0, 1, 1)),
        ),
        (Dot(np.array([-h, -h, h])), Dot(np.array([0.02, h, -h]))),
        (Word(np.array([-h, -h, h]), "100.00 ± 0.02 mm"),),
        (Fill(np.array(side), (0.8, 0.4, 0.3), 1.0, True, True), Fill(np.array(wash), (0.0, 0.6, 0.3))),
    )
    base = framed(document, SIZE)
    for flat in (False, True):
        camera = replace(base.camera, flat=flat, azimuth=0.7)
        state = replace(base, camera=camera, over=marks, cuts=((1.0, 0, 0, 0.02),), mode="clay", shadows=True)
        card, rays = by_opengl(document, state, SIZE), by_rays(document, state, SIZE)
        off = np.abs(card.astype(int) - rays).max(2)
        assert (off > 10).mean() < 2e-4
        for whole, tile in (
            (card, by_opengl(document, state, SIZE, (100, 50, 300, 200))),
            (rays, by_rays(document, state, SIZE, (100, 50, 300, 200))),
        ):
            assert (np.abs(tile.astype(int) - whole[50:250, 100:400]).max(2) > 2).mean() < 1e-3
        plain = by_opengl(document, replace(state, over=Marks(), cuts=()), SIZE)
        assert (np.abs(card.astype(int) - plain).max(2) > 10).mean() > 0.05


def test_marks_come_and_go_without_drawing_the_model_again(cube: Path, windows: Windows) -> None:
    """The model is drawn once, whatever the cursor does; the window shows what a picture of the whole shows."""
    window = opened(cube, windows)
    window.act("set", brush_mm=25.0)
    window.act("tool", "area")
    while not (window.screen and window.screen.complete):
        window._draw(0, True, True)
    drawn_times = []
    whole = window.screen.renderer._drawing
    window.screen.renderer._drawing = lambda *a: (drawn_times.append(a), whole(*a))[1]
    x, y = at(window, np.array([0.0, 0.0, 0.05]))
    pictures = []
    for step in range(3):
        window.on_mouse_motion(x + 9 * step, y, 0, 0)
        window._draw(0, True, True)
        pictures.append(window.screen.read())
    assert not drawn_times
    assert (pictures[0] != pictures[1]).any() and (pictures[1] != pictures[2]).any()
    state = drawn(window.desk, window.hand)
    card = by_opengl(window.document, state, SIZE)
    assert (np.abs(at_once(window) - card).max(2) > 30).mean() < 0.01
    window.act("tool", "look")
    window._draw(0, True, True)
    assert (np.abs(at_once(window) - card).max(2) > 30).mean() > 0.001


def at_once(window: app.Desk) -> F64:
    """The model's picture as the window keeps it."""
    return window.model_picture().astype(float)
