"""The tools on shapes of known numbers, by clicks and drags in the window, and the same numbers on the command line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import trimesh
from hands import SIZE, click, key, of_command_line, opened, paint, press, saved
from PIL import Image

from pipelines.cli import main
from sculpt3d.desk.quantity import Measured
from sculpt3d.desk.section import Section
from sculpt3d.desk.slicing import Plane
from sculpt3d.errors import InputError
from sculpt3d.geometry import F64
from viewer import app
from viewer.files.desks import write_desk
from viewer.hand import drawn, still

Windows = list[app.Desk]


def value(window: app.Desk) -> Measured:
    """Of the last measurement."""
    one = window.desk.content.measurements[-1]
    still(window.desk)
    found = window.desk.bench.asked(one)
    assert isinstance(found, Measured), found
    return found


def faced(window: app.Desk) -> None:
    press(window, "_1")
    window.act("projection")


CORNERS = np.array([[0.05, 0.05, 0.05], [0.05, -0.05, 0.05], [-0.05, -0.05, 0.05], [-0.05, 0.05, 0.05]])


@pytest.mark.parametrize(
    ("tool", "places", "truth"),
    [
        ("distance", CORNERS[:2], 100.0),
        ("chain", CORNERS, 300.0),
        ("geodesic", CORNERS[:2], 100.0),
        ("angle", CORNERS[:3], 90.0),
        ("lean", CORNERS[[0, 2]], 45.0),
        ("volume", np.array([[0.0, 0.0, 0.05]]), 1e6),
        ("circle", CORNERS, 50 * np.sqrt(8)),
        ("plane", CORNERS, 0.0),
        ("flatness", CORNERS, 0.0),
    ],
)
def test_a_kind_by_clicks(cube: Path, windows: Windows, tool: str, places: F64, truth: float) -> None:
    window = opened(cube, windows)
    faced(window)
    window.act("tool", tool)
    for place in places:
        click(window, place)
    if window.desk.draft:
        press(window, "ENTER")
    assert not window.desk.draft and value(window).value.value == pytest.approx(
        truth, abs=1e-4 * max(truth, 1)
    )
    window.on_draw()


def test_kinds_by_brush_on_a_ball(tmp_path: Path, windows: Windows) -> None:
    """Radius 40 mm: a dab of 10 mm radius covers a cap of area pi r²; the ball that fits what is painted is the ball."""
    path = saved(tmp_path / "ball.ply", trimesh.creation.icosphere(6, 0.04), ("metres",))
    window = opened(path, windows)
    faced(window)
    window.act("set", brush_mm=10.0)
    window.act("tool", "area")
    click(window, np.array([0.0, 0.0, 0.04]))
    press(window, "ENTER")
    assert value(window).value.value == pytest.approx(np.pi * 100, rel=0.003)
    window.act("tool", "sphere")
    turns = np.linspace(-0.5, 0.5, 9)
    paint(window, 0.04 * np.stack([np.sin(turns), 0 * turns, np.cos(turns)], 1))
    camera = window.state.camera
    assert len(window.desk.draft.strokes) > 5 and window.desk.bench.wash.painted(()).shape == (0, 3, 3)
    window.on_draw()
    press(window, "ENTER")
    assert value(window).value.value == pytest.approx(80.0, abs=0.05) and window.state.camera == camera
    press(window, "Z", key.MOD_CTRL)
    assert len(window.desk.content.measurements) == 1


def test_a_region_is_drawn_where_it_is_painted_and_nowhere_else(cube: Path, windows: Windows) -> None:
    """On two triangles: a round spot of 20 mm, to a pixel or two, while it is painted and after."""
    window = opened(cube, windows)
    faced(window)
    window.act("set", brush_mm=20.0)
    window.act("tool", "area")
    before = still(window.desk)
    click(window, np.array([0.0, 0.0, 0.05]))
    wash = drawn(window.desk).over.fills[0].corners
    press(window, "ENTER")
    after = still(window.desk).over.fills[0].corners
    for corners in (wash, after):
        area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
        assert area.sum() / 2 == pytest.approx(np.pi * 0.02**2, rel=0.03)
        assert np.linalg.norm(corners[..., :2], axis=2).max() < 0.0225 and np.allclose(corners[..., 2], 0.05)
    assert not before.over


def test_a_section_cuts_the_model_and_the_cut_is_measured(cube: Path, windows: Windows) -> None:
    """Dragged to x = 20 mm: the cap is filled, and a place on it, inside the cube, is clicked."""
    window = opened(cube, windows)
    window.act("add", "sections", Section(Plane.of(1, 0, 0, 0.03), cut=True))
    window.act("tool", "section")
    window.act("select", ("sections", 0))
    edge = np.array([[0.03, 0.05, 0.0], [0.025, 0.05, 0.0], [0.02, 0.05, 0.0]])
    steps = len(window.desk.past)
    paint(window, edge)
    (section,) = window.desk.content.sections
    assert section.plane.distance == pytest.approx(0.02, abs=0.0006) and len(window.desk.past) == steps + 1
    window.act("change", ("sections", 0), plane=Plane.of(1, 0, 0, 0.02))
    state = still(window.desk)
    (fill,) = state.over.fills
    area = np.linalg.norm(
        np.cross(fill.corners[:, 1] - fill.corners[:, 0], fill.corners[:, 2] - fill.corners[:, 0]), axis=1
    )
    assert area.sum() / 2 == pytest.approx(0.01) and np.allclose(fill.corners[..., 0], 0.02)
    window.act("tool", "distance")
    click(window, np.array([0.02, 0.0, 0.0]))
    (point,) = window.desk.draft.points
    assert point == pytest.approx((0.02, 0, 0), abs=4e-4) and point[0] == pytest.approx(0.02, abs=1e-12)
    window.act("flip", ("sections", 0))
    assert state.cuts[0][0] == 1 and drawn(window.desk).cuts[0] == (-1, 0, 0, -0.02)
    for k in range(3):
        window.act("add", "sections", Section(Plane.of(0, 1, 0, 0.01 * k), cut=True))
    with pytest.raises(InputError, match="At most 4"):
        app.act(window.desk, "add", "sections", Section(Plane.of(0, 0, 1, 0.0), cut=True))


def test_three_clicks_make_a_plane(cube: Path, windows: Windows) -> None:
    window = opened(cube, windows)
    window.state = replace(window.state, camera=window.state.camera.towards(0.7, 0.6))
    window.act("tool", "section")
    for place in ([0.0, 0.05, 0.03], [0.05, 0.0, 0.03], [0.03, -0.03, 0.05]):
        click(window, np.array(place))
    (section,) = window.desk.content.sections
    places = np.array([[0.0, 0.05, 0.03], [0.05, 0.0, 0.03], [0.03, -0.03, 0.05]])
    assert np.abs(places @ section.plane.normal - section.plane.distance).max() < 6e-4
    assert section.plane.normal @ window.state.camera.axes()[2] > 0


def test_window_and_command_line_have_the_same_numbers_to_the_last_digit(
    cube: Path,
    windows: Windows,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    window = opened(cube, windows)
    for tool, places in (("distance", CORNERS[:2]), ("angle", CORNERS[:3]), ("lean", CORNERS[[0, 1]])):
        window.act("tool", tool)
        for place in places:
            click(window, 0.97 * place)
        press(window, "ENTER")
    window.act("tool", "area")
    paint(window, np.array([[0.0, 0, 0.05], [0.02, 0.01, 0.05]]))
    press(window, "ENTER")
    window.act("add", "sections", Section(Plane.of(1, 2, 3, 0.01), "waist"))
    still(window.desk)
    desk = window.desk
    write_desk(tmp_path / "v.json", desk)
    told = of_command_line(cube, tmp_path / "v.json", capsys)
    here = [desk.bench.asked(m) for m in desk.content.measurements]
    assert [m.as_dict() for m in here if isinstance(m, Measured)] == told["measurements"] and len(here) == 4
    profiles = desk.bench.cut(desk.content.sections[0])
    assert isinstance(profiles, list)
    assert told["sections"] == [{"profiles": [p.as_dict() for p in profiles]}]
    again = app.Desk(window.document, window.state, SIZE, cube, None, tmp_path / "v.json")
    windows.append(again)
    assert again.desk.content.measurements == desk.content.measurements
    assert again.desk.content.sections[0].name == "waist"
    assert np.allclose(again.state.camera.eye, window.state.camera.eye, atol=1e-12)


def test_view_and_render_show_what_a_view_holds(cube: Path, tmp_path: Path, windows: Windows) -> None:
    """With and without the measurement and the cut, by `view --screenshot` and `render`; and saving keeps them."""
    window = opened(cube, windows)
    window.act("tool", "distance")
    for place in CORNERS[:2]:
        click(window, place)
    write_desk(tmp_path / "a.json", window.desk)
    window.act("add", "sections", Section(Plane.of(1, 0, 0, 0.02), cut=True))
    write_desk(tmp_path / "b.json", window.desk)
    found = {}
    for view in ("a", "b"):
        for what in (["view", str(cube), "--screenshot"], ["render", str(cube), "-o"]):
            out = tmp_path / f"{view}{what[0]}.png"
            more = ["--save-state", str(tmp_path / "kept.json")] if what[0] == "render" else []
            arguments = [
                *what,
                str(out),
                "--state",
                str(tmp_path / f"{view}.json"),
                "--size",
                "320x240",
                *more,
            ]
            assert main(arguments) == 0
            found[view, what[0]] = np.asarray(Image.open(out)).astype(int)
    for command in ("view", "render"):
        ink = (found["a", command] - [255, 217, 51]).__abs__().max(2) < 40
        body = (found["b", command] - [199, 133, 92]).__abs__().max(2) < 12
        assert (
            ink.sum() > 20
            and body.sum() > 500
            and not (found["a", command] - [199, 133, 92] == 0).all(2).any()
        )
    assert '"cut": true' in (tmp_path / "kept.json").read_text()
    assert '"distance 1"' in (tmp_path / "kept.json").read_text()
