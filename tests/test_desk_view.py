"""The camera's moves, undo, bookmarks and what VIEW.json keeps of them; the window's keys under a screen of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pipelines.cli import main
from sculpt3d.desk.viewfile import read_view, write_view
from sculpt3d.errors import InputError
from sculpt3d.models.document import Document, Part
from sculpt3d.models.ply import write_mesh
from sculpt3d.types import Mesh
from tests.conftest import ROOT
from viewer.drawing.picture import framed
from viewer.files.saving import told_in
from viewer.files.views import read_state, write_state
from viewer.modes import modes
from viewer.overlay.dial import RADIUS, middle, on_dial, pulled_to, spot
from viewer.state.camera import OrbitCamera
from viewer.state.commands import (
    Bookmark,
    Shown,
    State,
    apply,
    drag,
    frame_selection,
    grabbed,
    scroll,
    within,
)
from viewer.state.lamps import lamp_of
from viewer.state.sides import SIDES

ANGLE, SHARE = st.floats(-3, 3), st.floats(-0.9, 0.9)
MOVES = [
    *SIDES, "frame", "projection", "roll left", "undo", "redo", "drag", "wheel", "bookmark", "next bookmark",
]  # fmt: skip
CAMERAS = st.builds(
    lambda a, e, r, flat: OrbitCamera((0.1, 0.2, -0.3), 4.0, a, e, 1.0, r, flat),
    ANGLE, st.floats(-1.5, 1.5), ANGLE, st.booleans(),
)  # fmt: skip


def seen(camera: OrbitCamera, point: np.ndarray) -> np.ndarray:
    clip = camera.projection(600, 400) @ camera.view() @ [*point, 1]
    return np.asarray(clip[:3] / clip[3])


@given(CAMERAS)
def test_axes_are_a_right_handed_frame_and_roll_leans_up_to_the_right(camera: OrbitCamera) -> None:
    axes = np.stack(camera.axes())
    assert np.allclose(axes @ axes.T, np.eye(3), atol=1e-9) and np.linalg.det(axes) == pytest.approx(1)
    level = replace(camera, roll=0.0)
    up = axes @ level.axes()[1]
    assert up[:2] == pytest.approx([np.sin(camera.roll), np.cos(camera.roll)], abs=1e-9)
    assert np.allclose(seen(camera, np.array(camera.target))[:2], 0, atol=1e-9)


@given(CAMERAS, SHARE, SHARE, st.floats(-5, 5), st.floats(2.5, 5.5))
def test_zoom_keeps_what_lies_under_the_cursor(
    camera: OrbitCamera, x: float, y: float, notches: float, depth: float
) -> None:
    right, up, back = camera.axes()
    size = camera.reach * (1 if camera.flat else depth / camera.distance)
    point = np.array(camera.target) + (camera.distance - depth) * back + size * (1.5 * x * right + y * up)
    assert seen(camera, point)[:2] == pytest.approx([x, y], abs=1e-6)
    closer = camera.zoom(notches, (x, y), 1.5, depth)
    assert seen(closer, point)[:2] == pytest.approx([x, y], abs=1e-6)
    assert closer.distance == pytest.approx(camera.distance * 0.88**notches)


@given(CAMERAS, st.floats(-200, 200), st.floats(-200, 200))
def test_free_turning_goes_about_the_pictures_axes(camera: OrbitCamera, dx: float, dy: float) -> None:
    moved = camera.orbit(dx, 0, turntable=False)
    assert moved.axes()[1] == pytest.approx(camera.axes()[1], abs=1e-6)
    assert np.arccos(np.clip(moved.axes()[0] @ camera.axes()[0], -1, 1)) == pytest.approx(
        abs(0.006 * dx), abs=1e-4
    )
    lifted = camera.orbit(0, dy, turntable=False)
    assert lifted.axes()[0] == pytest.approx(camera.axes()[0], abs=1e-6)
    over = OrbitCamera((0, 0, 0), 3.0, 0, 1.4).orbit(0, -100, turntable=False)  # beyond the pole
    assert over.axes()[1][1] < 0
    assert camera.orbit(dx, dy).roll == camera.roll and abs(camera.orbit(dx, dy).elevation) <= 1.55


@given(CAMERAS)
def test_orthographic_shows_the_target_as_large_as_perspective(camera: OrbitCamera) -> None:
    beside = np.array(camera.target) + 0.3 * camera.axes()[0]
    one, other = (seen(replace(camera, flat=f), beside) for f in (True, False))
    assert one[:2] == pytest.approx(other[:2], abs=1e-9)
    flat = replace(camera, flat=True)
    nearer = beside + 2.0 * camera.axes()[2]
    assert seen(flat, nearer)[:2] == pytest.approx(seen(flat, beside)[:2], abs=1e-9)
    assert -1 < seen(flat, nearer)[2] < seen(flat, beside)[2] < 1


@settings(max_examples=30, deadline=None)
@given(CAMERAS, st.integers(0, 2**32 - 1))
def test_a_selection_is_framed_and_is_what_the_rectangle_held(camera: OrbitCamera, seed: int) -> None:
    points = np.random.default_rng(seed).uniform(-1, 1, (200, 3))
    state = State(camera, camera)
    held = within(camera, points, (-0.2, -0.3, 0.5, 0.4), 1.5)
    places = np.array([seen(camera, p)[:2] for p in points])
    inside = ((places >= [-0.2, -0.3]) & (places <= [0.5, 0.4])).all(1)
    assert len(held) == inside.sum()
    if len(held) > 1:
        framed_on = frame_selection(state, held, 1.5)
        reach = np.abs([seen(framed_on.camera, p)[:2] for p in held]).max()
        assert reach == pytest.approx(0.9, abs=1e-6) or framed_on.camera.distance == pytest.approx(0.02)
        assert apply("undo", framed_on).camera == camera
    assert frame_selection(state, points[:0], 1.5) == state


@settings(max_examples=50)
@given(st.lists(st.sampled_from(MOVES), max_size=30))
def test_undo_and_redo_walk_the_same_way(commands: list[str]) -> None:
    start = OrbitCamera((0, 0, 0), 3.0)
    state = State(start, start)
    for command in commands:
        if command == "drag":
            state = drag(grabbed(state), 9, 4, frozenset({"left"}), 600)
        elif command == "wheel":
            state = scroll(state, 0, 1)
        else:
            state = apply(command, state)
    undone, trail = state, []
    while undone.past:
        trail.append(undone.camera)
        undone = apply("undo", undone)
    for camera in reversed(trail):
        undone = apply("redo", undone)
        assert undone.camera == camera
    assert undone.camera == state.camera and len(state.past) <= 100


def test_turns_of_the_wheel_are_undone_together() -> None:
    start = State(OrbitCamera((0, 0, 0), 3.0), OrbitCamera((0, 0, 0), 3.0))
    rolled = scroll(scroll(scroll(start, 0, 1), 0, 1), 0, -0.5)
    again = scroll(apply("front", rolled), 0, 1)
    assert apply("undo", rolled).camera == start.camera
    assert apply("undo", again).camera == apply("front", rolled).camera


def model(offset: tuple[float, float, float] = (0, 0, 0)) -> Document:
    ball = trimesh.creation.icosphere(3)
    part = Part(ball.vertices.astype(np.float32), ball.faces.astype(np.int32))
    return Document("ball", (part,), np.array(offset, float), unit_m=0.001)


LAMPS = st.builds(
    lambda a, e, f: lamp_of(f"raking:az={a:.3f},el={e:.3f},fixed={f}"),
    st.floats(0, 359), st.floats(-80, 80), st.sampled_from(["object", "camera"]),
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(
    CAMERAS,
    st.lists(LAMPS, min_size=1, max_size=4),
    st.sampled_from(sorted(modes())),
    st.floats(0, 1),
    st.booleans(),
)
def test_a_view_comes_back_as_it_was_saved(
    camera: OrbitCamera, lamps: list, name: str, gloss: float, shadows: bool
) -> None:
    """Also of a model far from the origin, whose file's own coordinates are written."""
    document = model((3.5e6, -20, 4e5))
    home = replace(framed(document, (400, 300)), turntable=False)
    camera = replace(camera, radius=home.home.radius)
    state = replace(
        home, camera=camera, lamps=tuple(lamps), mode=name, gloss=gloss, shadows=shadows, shown=Shown(0.5, -1.0, 2.0),
        bookmarks=(Bookmark("Bruch links", camera), Bookmark("颜料", home.camera)),
    )  # fmt: skip
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "v.json"
        write_view(path, {"measurements": [{"kind": "distance"}]})
        write_state(path, document, state)
        assert read_view(path)["measurements"] == [{"kind": "distance"}]
        assert read_view(path)["camera"]["target"] == pytest.approx([3.5e6 + 0.1, -19.8, 4e5 - 0.3])
        again = read_state(path, document, home)
    assert again.bookmarks[0].name == "Bruch links" and len(again.bookmarks) == 2
    assert np.stack(again.camera.axes()) == pytest.approx(np.stack(camera.axes()), abs=1e-9)
    assert again.camera.eye == pytest.approx(camera.eye, abs=1e-6)
    for one, other in zip(again.lamps, state.lamps, strict=True):
        assert one.direction(camera) == pytest.approx(other.direction(camera), abs=1e-9)
    assert (again.mode, again.gloss, again.shadows, again.shown) == (name, gloss, shadows, state.shown)


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"camera": {"distance": -1}}, "camera.distance"),
        ({"camera": {"target": [0, 0]}}, "camera.target"),
        ({"camera": {"elevation_deg": 91}}, "camera.elevation_deg"),
        ({"camera": {"projection": "fisheye"}}, "perspective or orthographic"),
        ({"look": {"mode": "glitter"}}, "no mode"),
        ({"look": {"gloss": 2}}, "look.gloss"),
        ({"look": {"shadows": 1}}, "true or false"),
        ({"look": {"low": 1, "high": 1}}, "below"),
        ({"lights": []}, "1 to 4"),
        ({"lights": [{"lamp": "sun"}]}, "no lamp"),
        ({"lights": [3]}, "no object"),
        ({"bookmarks": [{"name": 3}]}, "bookmarks"),
        ({"bookmarks": [{"camera": {"target": "x"}}]}, "bookmarks"),
    ],
)
def test_a_wrong_key_is_named(keys: dict, says: str, tmp_path: Path) -> None:
    write_view(tmp_path / "v.json", keys)
    with pytest.raises(InputError, match=says):
        read_state(tmp_path / "v.json", model(), framed(model(), (64, 64)))


def test_view_and_render_show_a_saved_view(tmp_path: Path) -> None:
    """The same camera from a file as from the command line."""
    ball = trimesh.creation.box([2, 1, 3])
    path = tmp_path / "b.ply"
    write_mesh(path, Mesh(ball.vertices.astype(np.float32), ball.faces.astype(np.int32)))
    told = {"azimuth_deg": 30, "elevation_deg": 20, "roll_deg": -10, "distance": 7.5}
    write_view(tmp_path / "v.json", {"camera": told, "look": {"mode": "normals"}})
    render = ["render", str(path), "--size", "200x150"]
    assert main([*render, "-o", str(tmp_path / "a.png"), "--state", str(tmp_path / "v.json")]) == 0
    assert (
        main([*render, "-o", str(tmp_path / "b.png"), "--view", "az=30,el=20,roll=-10", "--mode", "normals"])
        == 0
    )
    one, other = (np.asarray(Image.open(tmp_path / n)).astype(int) for n in ("a.png", "b.png"))
    saved, typed = (told_in(tmp_path / n)["camera"] for n in ("a.png", "b.png"))
    angles = ("azimuth_deg", "elevation_deg", "roll_deg")
    assert all(saved[k] == pytest.approx(typed[k]) for k in angles)
    assert saved["distance"] == 7.5 != typed["distance"] and min(one.std(), other.std()) > 10
    view = ["view", str(path), "--size", "200x150", "--state", str(tmp_path / "v.json")]
    assert main([*view, "--screenshot", str(tmp_path / "c.png")]) == 0
    assert told_in(tmp_path / "c.png")["camera"] == saved
    shot = np.asarray(Image.open(tmp_path / "c.png")).astype(int)
    assert (shot[40:120] == one[40:120]).mean() > 0.95


@pytest.mark.skipif(shutil.which("Xvfb") is None, reason="needs Xvfb (Debian: apt install xvfb)")
def test_the_window_goes_through_modes_lamps_and_views(tmp_path: Path) -> None:
    """Keys, drags and the wheel in a real window; every state ends in a picture of its own, and V saves the last."""
    ball = trimesh.creation.icosphere(4)
    ball.vertices *= [1, 1.4, 0.7]
    write_mesh(tmp_path / "ball.ply", Mesh(ball.vertices.astype(np.float32), ball.faces.astype(np.int32)))
    keys = [
        "C",
        "M",
        "A",
        "X",
        "W",
        "I",
        "R",
        "E",
        "_7",
        "_8",
        "_9",
        "C",
        "L",
        "L",
        "D",
        "G",
        "K",
        "O",
        "_3",
        "PERIOD",
        "B",
        "Z",
        "N",
    ]
    script = f"""
import sys
from pathlib import Path
import pyglet
from viewer import app
from viewer.drawing.picture import framed
from viewer.files.loading import load
document = load(Path("ball.ply"))
desk = app.Desk(document, framed(document, (300, 240)), (300, 240))
from pyglet.window import key, mouse
import json
def press(name): desk.window.dispatch_event("on_key_press", getattr(key, name), 0)
def steps(dt):
    for name in {keys!r}:
        press(name)
        desk.window.switch_to(); desk.on_draw()
        desk.window.flip()
        press("S")
        Path("ball.png").rename(f"{{name}}_{{len(list(Path('.').glob('*.png')))}}.png")
    desk.window.dispatch_event("on_mouse_press", 150, 120, mouse.LEFT, 0)
    desk.window.dispatch_event("on_mouse_drag", 170, 120, 20, 0, mouse.LEFT, 0)
    desk.window.dispatch_event("on_mouse_release", 170, 120, mouse.LEFT, 0)
    before = desk.state.camera
    desk.window.dispatch_event("on_mouse_scroll", 200, 150, 0, 2)
    assert desk.state.camera.distance < before.distance and desk.state.camera.target != before.target
    desk.window.dispatch_event("on_mouse_press", 100, 80, mouse.LEFT, key.MOD_ALT)
    desk.window.dispatch_event("on_mouse_drag", 200, 160, 100, 80, mouse.LEFT, key.MOD_ALT)
    desk.window.dispatch_event("on_mouse_release", 200, 160, mouse.LEFT, key.MOD_ALT)
    desk.send("lamp raking:az=90,el=45")
    press("V")
    pyglet.app.exit()
pyglet.clock.schedule_once(steps, 0.5)
desk.run()
print(json.dumps([desk.state.mode, len(desk.state.past), desk.state.lamps[0].kind]))
"""
    display = subprocess.Popen(["Xvfb", ":78", "-screen", "0", "800x600x24"], stderr=subprocess.DEVNULL)
    try:
        time.sleep(1.5)
        environment = {k: v for k, v in os.environ.items() if k != "WAYLAND_DISPLAY"}
        done = subprocess.run(
            [sys.executable, "-c", script],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            env=environment | {"DISPLAY": ":78", "PYTHONPATH": str(ROOT)},
            timeout=120,
        )
    finally:
        display.terminate()
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])[::2] == ["clay", "raking"]
    shots = {p.stem: np.asarray(Image.open(p)).astype(int) for p in tmp_path.glob("*_*.png")}
    assert len(shots) == len(keys)
    by_mode = [shots[n] for n in sorted(shots, key=lambda n: int(n.rsplit("_", 1)[1]))][:11]
    for k, one in enumerate(by_mode):
        assert one[60:200].std() > 3
        for other in by_mode[k + 1 :]:
            assert np.abs(one - other)[60:200].mean() > 0.3
    saved = read_view(tmp_path / "ball.view.json")
    assert (
        saved["look"]["mode"] == "clay"
        and saved["look"]["shadows"]
        and saved["bookmarks"][0]["name"] == "View 1"
    )
    assert saved["camera"]["projection"] == "orthographic"
    assert saved["lights"][0]["lamp"].startswith("raking:az=90,el=45")


@given(st.floats(0, 359), st.floats(0.5, 89.5))
def test_the_dial_shows_a_lamp_where_it_is_pulled(azimuth: float, elevation: float) -> None:
    camera = OrbitCamera((0, 0, 0), 3.0)
    state = State(camera, camera, lamps=(lamp_of(f"raking:az={azimuth},el={elevation}"),))
    x, y = spot(state.lamps[0])
    mx, my = middle(640)
    assert on_dial(mx + RADIUS * x, my + RADIUS * y, 640)
    again = pulled_to(state, mx + RADIUS * x, my + RADIUS * y, 640).lamps[0]
    assert again.direction(camera) == pytest.approx(state.lamps[0].direction(camera), abs=1e-6)
    beyond = pulled_to(state, mx + 200, my, 640).lamps[0]
    assert (beyond.azimuth, beyond.elevation) == (0, 0) and not on_dial(mx + 200, my, 640)
