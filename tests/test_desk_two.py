"""Two states of one object in the window: colours of what changed, picked pairs, a painted stable area; known dents."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import trimesh
from hands import click, key, of_command_line, opened, paint, press, saved
from PIL import Image

from pipelines.cli import main
from sculpt3d.desk.comparison import Comparison
from sculpt3d.geometry import F64
from viewer import app
from viewer.files.desks import write_desk
from viewer.hand import drawn
from viewer.state.second import compared
from viewer.state.shown import settled

Windows = list[app.Desk]


def lump() -> trimesh.Trimesh:
    """Of 80 mm, like itself from no other side."""
    ball = trimesh.creation.icosphere(5, 0.04)
    x = ball.vertices / 0.04
    bumps = (
        1 + 0.12 * np.sin(3 * x[:, 0] + 1) * np.cos(2 * x[:, 1]) + 0.07 * np.sin(4 * x[:, 2] + x[:, 0] * 2)
    )
    ball.vertices = ball.vertices * bumps[:, None]
    return ball


def dented(mesh: trimesh.Trimesh, mm: float) -> trimesh.Trimesh:
    """Pressed in by `mm` at the middle of its front, over 8 mm."""
    found = mesh.copy()
    tip = mesh.vertices[mesh.vertices[:, 2].argmax()]
    near = np.linalg.norm(mesh.vertices - tip, axis=1) / 0.008
    depth = np.where(near < 1, np.cos(near * np.pi / 2) ** 2, 0)
    found.vertices = mesh.vertices - mm / 1000 * depth[:, None] * mesh.vertex_normals
    return found


@pytest.fixture
def states(tmp_path: Path) -> tuple[Path, Path, F64]:
    """Before, after and where the dent is."""
    mesh = lump()
    a = saved(tmp_path / "before.ply", mesh, ("metres",))
    b = saved(tmp_path / "after.ply", dented(mesh, 1.0), ("metres",))
    return a, b, np.array(mesh.vertices[mesh.vertices[:, 2].argmax()])


def result(window: app.Desk) -> Comparison:
    assert window.desk.content.comparison is not None
    settled(replace(window.desk, state=replace(window.desk.state, mode="deviation")))
    found = compared(window.desk.bench, *window.desk.content.comparison)
    assert isinstance(found, Comparison), found
    return found


def test_a_second_file_is_shown_by_how_far_it_is_off(
    states: tuple[Path, Path, F64],
    windows: Windows,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    a, b, tip = states
    window = opened(a, windows)
    window.act("compare", b)
    window.act("mode deviation")
    found = result(window)
    (patch,) = found.change.patches
    assert (
        patch.peak == pytest.approx(-1.0, abs=0.05) and np.linalg.norm(found.in_file(patch.at) - tip) < 1.5e-3
    )
    shown = settled(window.desk)
    assert shown.mode == "deviation" and shown.field is not None and shown.field.high == found.limit()
    window.on_draw()
    assert window.shown.document.parts[0].attributes["deviation_mm"].min() == pytest.approx(-1.0, abs=0.05)
    write_desk(tmp_path / "v.json", window.desk)
    told = of_command_line(a, tmp_path / "v.json", capsys)
    assert told["comparison"] == found.as_dict()


def test_colours_of_a_dent_by_view_and_render(states: tuple[Path, Path, F64], tmp_path: Path) -> None:
    """The dent is dark blue, what is around it pale; with limits, to the code; grey where nothing is sure."""
    a, b, _ = states
    assert main(["view", str(a), str(b), "--screenshot", str(tmp_path / "s.png"), "--size", "320x240"]) == 0
    shot = np.asarray(Image.open(tmp_path / "s.png")).astype(int)
    blue = (shot[..., 2] - shot[..., 0] > 60) & (shot[..., 2] < 140)
    pale = (np.abs(shot - [237, 237, 232]).max(2) < 12).sum()
    assert 4 < blue[60:].sum() < 0.2 * pale and pale > 5000
    view = {
        "format": "sculpt3d view",
        "version": 1,
        "comparison": {"other": "after.ply"},
        "look": {"mode": "change"},
    }
    (tmp_path / "v.json").write_text(json.dumps(view))
    out = tmp_path / "r.png"
    arguments = ["render", str(a), "-o", str(out), "--state", str(tmp_path / "v.json"), "--size", "400x300", "--no-legend"]
    assert main(arguments) == 0
    image = np.asarray(Image.open(out)).astype(int)
    grey = (np.abs(image - [140, 128, 140]).max(2) < 6).sum()
    blue = (image[..., 2] - image[..., 0] > 60).sum()
    assert grey > 5000 and 10 < blue < 0.1 * grey
    assert not (image[..., 0] - image[..., 2] > 40).any()  # no rim in the other colour where values end


def test_pairs_are_picked_on_one_file_then_the_other(
    states: tuple[Path, Path, F64],
    windows: Windows,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The second file lies elsewhere and turned; pairs within a few mm bring it back."""
    a, b, _ = states
    turn = trimesh.transformations.rotation_matrix(1.1, [0.2, 1, 0.1])
    turn[:3, 3] = [0.3, -0.1, 0.2]
    mesh = dented(lump(), 1.0)
    mesh.apply_transform(turn)
    saved(b, mesh, ("metres",))
    window = opened(a, windows)
    window.act("compare", b)
    window.act("tool", "pairs")
    places = lump().vertices[
        [np.argmax(lump().vertices @ d) for d in np.array([[1, 0, 1], [-1, 1, 0], [0, -1, 1], [0, 1, 1.0]])]
    ]
    home = window.state.camera
    for place in places:
        look_from(window, place, window.desk.bench.document.points().mean(0))
        click(window, place)
        assert window.desk.side == "b"
        window.desk.looked.ready()
        there = turn[:3, :3] @ place + turn[:3, 3]
        look_from(window, there, window.desk.looked.document.points().mean(0))
        click(window, there)
        assert window.desk.side == "a"
    assert len(drawn(window.desk).over.words) == 4
    window.on_draw()
    press(window, "ENTER")
    assert window.state.mode == "deviation" and window.state.camera != home
    found = result(window)
    (patch,) = found.change.patches
    assert patch.peak == pytest.approx(-1.0, abs=0.05)
    assert np.abs(found.a_from_b().matrix() @ turn - np.eye(4)).max() < 1e-3
    write_desk(tmp_path / "v.json", window.desk)
    assert of_command_line(a, tmp_path / "v.json", capsys)["comparison"] == found.as_dict()


def look_from(window: app.Desk, place: F64, middle: F64) -> None:
    way = place - middle
    camera = window.state.camera.towards(
        float(np.arctan2(way[0], way[2])), float(np.arcsin(way[1] / np.linalg.norm(way)))
    )
    window.state = replace(window.state, camera=camera)


def test_a_painted_stable_area_alone_registers(states: tuple[Path, Path, F64], windows: Windows) -> None:
    a, b, _ = states
    window = opened(a, windows)
    window.act("compare", b)
    window.act("set", brush_mm=15.0)
    window.act("tool", "stable")
    press(window, "_3")
    back = lump().vertices[lump().vertices[:, 2].argmin()]
    aside = np.array([0.012, 0, 0.004])
    paint(window, np.array([back + aside, back, back - aside * [1, 1, -1]]))
    press(window, "ENTER")
    assert window.desk.content.comparison is not None and window.desk.content.comparison[1].stable is not None
    assert drawn(window.desk).over.fills
    found = result(window)
    assert found.change.patches[0].peak == pytest.approx(-1.0, abs=0.08) and found.registration.share < 0.5
    press(window, "Z", key.MOD_CTRL)
    assert window.desk.content.comparison[1].stable is None


def test_a_second_file_that_cannot_be_compared_is_said(
    states: tuple[Path, Path, F64],
    windows: Windows,
    tmp_path: Path,
) -> None:
    a, _, _ = states
    in_mm = saved(tmp_path / "mm.ply", trimesh.Trimesh(lump().vertices * 1000, lump().faces))
    window = opened(a, windows)
    window.act("compare", in_mm)
    window.act("mode deviation")
    assert "names no unit" in settled(window.desk).failed
    window.on_draw()
    assert window.state.mode == "clay" and "names no unit" in window.notices[-1].text
    window.act("compare", unit_b="mm")
    window.act("mode deviation")
    assert not settled(window.desk).failed
    outside = tmp_path / "x"
    outside.mkdir()
    with pytest.raises(Exception, match="outside of its folder"):
        write_desk(outside / "v.json", window.desk)
    arguments = ["view", str(a), str(in_mm), "--screenshot", str(tmp_path / "s.png"), "--size", "64x64"]
    assert main(arguments) == 2
