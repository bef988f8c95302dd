"""The viewer: camera and commands as numbers, real pictures headless and in a real window under Xvfb."""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import trimesh
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pipelines.cli import main
from sculpt3d.errors import UnreadableFile
from sculpt3d.models.ply import write_mesh
from sculpt3d.types import Mesh
from tests.conftest import ROOT
from tests.pictures import ssim
from viewer.files.loading import load
from viewer.state.camera import OrbitCamera
from viewer.state.commands import KEYS, State, apply, drag, scale_bar, scroll
from viewer.state.sides import aim_of

ANGLE = st.floats(-10, 10)


CORNERS = np.array([[x, y, z] for x in (-1.0, 1) for y in (0.0, 2) for z in (-1.0, 1)])


def camera() -> OrbitCamera:
    return OrbitCamera.framing(CORNERS)


@given(ANGLE, ANGLE)
def test_view_matrix_is_a_rotation_that_looks_at_the_target(dx: float, dy: float) -> None:
    c = camera().orbit(100 * dx, 100 * dy)
    m = c.view()
    assert np.allclose(m[:3, :3] @ m[:3, :3].T, np.eye(3), atol=1e-9)
    assert np.allclose(m @ [*c.target, 1], [0, 0, -c.distance, 1], atol=1e-6)


@pytest.mark.parametrize("aspect", [0.5, 1.0, 1.8])
def test_framing_fills_the_window_and_holds_the_box_while_it_turns(aspect: float) -> None:
    c = OrbitCamera.framing(CORNERS, aspect)
    reach = 0.0
    for azimuth in np.linspace(0, 2 * np.pi, 73):
        turned = c.towards(azimuth, c.elevation)
        clip = np.c_[CORNERS, np.ones(8)] @ (turned.projection(int(600 * aspect), 600) @ turned.view()).T
        reach = max(reach, float(np.abs(clip[:, :2] / clip[:, 3:]).max()))
        assert (np.abs(clip[:, 2] / clip[:, 3]) < 1).all()
    assert 0.85 < reach < 0.95


def test_pan_keeps_the_point_under_the_hand() -> None:
    c = camera()
    moved = c.pan(30, -12, 600)
    a = c.projection(800, 600) @ c.view() @ [*c.target, 1]
    b = moved.projection(800, 600) @ moved.view() @ [*c.target, 1]
    shift = (b[:2] / b[3] - a[:2] / a[3]) * [400, 300]
    assert np.allclose(shift, [30, -12], atol=0.01)


def test_commands_change_the_state_as_named() -> None:
    s = State(camera(), camera())
    assert apply("mode clay", s).mode == "clay"
    assert apply("frame", drag(s, 5, 5, frozenset({"right"}), 600)).camera.target == s.home.target
    assert scroll(s, 0, 2).camera.distance < s.camera.distance
    assert drag(s, 10, 0, frozenset({"left", "ctrl"}), 600).lamps != s.lamps
    assert drag(s, 10, 0, frozenset({"left"}), 600).camera.azimuth != s.camera.azimuth
    assert apply("top", s).camera.elevation > 1.5
    assert set(KEYS.values()) >= {
        "frame",
        "light",
        "screenshot",
        "help",
        "quit",
    }


def test_scale_bar_is_true_and_honest() -> None:
    s = State(camera(), camera())
    length, label = scale_bar(s, 600, 0.001)  # a unit is a millimetre
    mm = float(label.removesuffix(" mm"))
    unit_px = 600 / (2 * s.camera.distance * np.tan(np.radians(35) / 2))
    assert np.isclose(length, mm * unit_px)
    assert 40 < length <= 121
    assert scale_bar(s, 600, None) == (0.0, "no scale")


@pytest.fixture(scope="module")
def statue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    ball = trimesh.creation.icosphere(4)
    rgb = np.where(ball.vertices[:, :1] > 0, [[220, 40, 40]], [[40, 40, 220]]).astype(np.uint8)
    path = tmp_path_factory.mktemp("view") / "ball.ply"
    write_mesh(path, Mesh(ball.vertices.astype(np.float32), ball.faces.astype(np.int32), rgb), ("metres",))
    return path


def test_headless_picture_shows_the_model(statue: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "viewer", str(statue), "--screenshot", str(tmp_path / "a.png")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env=_without_screen(),
    )
    assert done.returncode == 0, done.stderr
    picture = np.asarray(Image.open(tmp_path / "a.png")).astype(int)
    assert picture.shape == (720, 1280, 3)
    middle = picture[360]
    assert (middle[:, 0] - middle[:, 2] > 60).sum() > 100  # red right half
    assert (middle[:, 2] - middle[:, 0] > 60).sum() > 100  # blue left half
    assert (picture[20:40, 14:300].max(-1) > 150).any() or (
        picture[5:40, 14:300].max(-1) > 150
    ).any()  # the text


def test_without_opengl_the_picture_is_the_same(statue: Path, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "pipelines.cli",
        "render",
        str(statue),
        "--size",
        "640x360",
        "--view",
        "az=20,el=10",
    ]
    said = []
    for name, more in (("a", {}), ("b", {"__EGL_VENDOR_LIBRARY_DIRS": "/nonexistent"})):
        done = subprocess.run(
            [*command, "-o", str(tmp_path / f"{name}.png")],
            cwd=ROOT,
            check=True,
            env=_without_screen() | more,
            capture_output=True,
            text=True,
        )
        said.append(done.stderr)
    assert said[1] == "OpenGL does not work here; drawing without it\n"
    hard, soft = (np.asarray(Image.open(tmp_path / f"{n}.png")) for n in "ab")
    assert hard.shape == (360, 640, 3)
    assert ssim(hard, soft) > 0.99


@pytest.mark.parametrize(
    ("view", "sees"),
    [("front", "+z"), ("back", "-z"), ("right", "+x"), ("left", "-x"), ("top", "+y"), ("bottom", "-y"),
     ("az=90", "+x"), ("el=90", "+y"), ("az=-90,el=0", "-x"), ("el=-30,az=180", "-z")],
)  # fmt: skip
def test_sides_have_their_names(view: str, sees: str) -> None:
    aim = aim_of(view)
    assert aim is not None
    back = camera().towards(*aim).axes()[2]
    toward = np.eye(3)["xyz".index(sees[1])] * (1 if sees[0] == "+" else -1)
    assert back @ toward > 0.86


@pytest.mark.parametrize("view", ["upside", "az=x", "az=1,az", "el=91", "az=nan", "az=1,by=2", ""])
def test_other_sides_are_refused(view: str) -> None:
    assert aim_of(view) is None


@given(st.floats(-180, 180), st.floats(-90, 90), st.sampled_from([0.5, 1.0, 1.8]))
def test_the_model_is_held_from_every_side(azimuth: float, elevation: float, aspect: float) -> None:
    c = OrbitCamera.framing(CORNERS, aspect, (np.radians(azimuth), np.radians(elevation)))
    clip = np.c_[CORNERS, np.ones(8)] @ (c.projection(int(600 * aspect), 600) @ c.view()).T
    assert np.abs(clip[:, :2] / clip[:, 3:]).max() < 0.91


@pytest.mark.skipif(shutil.which("Xvfb") is None, reason="needs Xvfb (Debian: apt install xvfb)")
def test_a_real_window_opens_and_draws(statue: Path, tmp_path: Path) -> None:
    script = (
        "import pyglet, sys\nfrom pathlib import Path\nfrom viewer import app\n"
        "pyglet.clock.schedule_once(lambda dt: [w.dispatch_event('on_key_press', pyglet.window.key.S, 0) for w in "
        "pyglet.app.windows], 1.0)\npyglet.clock.schedule_once(lambda dt: pyglet.app.exit(), 2.0)\n"
        "app.view(Path(sys.argv[1]), size=(400, 300))\n"
    )
    display = subprocess.Popen(["Xvfb", ":77", "-screen", "0", "800x600x24"], stderr=subprocess.DEVNULL)
    try:
        time.sleep(1.5)
        done = subprocess.run(
            [sys.executable, "-c", script, str(statue)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            env=_without_screen() | {"DISPLAY": ":77", "PYTHONPATH": str(ROOT)},
            timeout=60,
        )
    finally:
        display.terminate()
    assert done.returncode == 0, done.stderr
    picture = np.asarray(Image.open(tmp_path / "ball.png")).astype(int)
    assert (picture[150, :, 0] - picture[150, :, 2] > 60).any()


def test_a_million_triangles_open_in_five_seconds(tmp_path: Path) -> None:
    n = 708
    x, z = np.meshgrid(np.linspace(-1, 1, n), np.linspace(-1, 1, n), indexing="ij")
    vertices = np.stack([x, 0.1 * np.sin(9 * x) * np.cos(9 * z), z], -1).reshape(-1, 3).astype(np.float32)
    i, j = np.meshgrid(np.arange(n - 1), np.arange(n - 1), indexing="ij")
    p = (i * n + j).ravel()
    faces = np.concatenate([np.stack([p, p + 1, p + n + 1], 1), np.stack([p, p + n + 1, p + n], 1)]).astype(
        np.int32
    )
    write_mesh(tmp_path / "big.ply", Mesh(vertices, faces))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-m", "viewer", str(tmp_path / "big.ply"), "--screenshot", str(tmp_path / "b.png")],
        cwd=ROOT,
        check=True,
        env=_without_screen(),
    )
    assert len(faces) > 990_000
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert spent < 5  # core-seconds (2 here), whatever else the machine does


@pytest.mark.parametrize("command", ["view", "render", "evaluate"])
def test_what_is_not_kept_is_said_once(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A vertex that no face uses, far away: left out of the picture and the figures, and told."""
    ball = trimesh.creation.icosphere(3)
    path = tmp_path / "a.ply"
    vertices = np.concatenate([ball.vertices, [[500.0, 0, 0]]]).astype(np.float32)
    write_mesh(path, Mesh(vertices, ball.faces.astype(np.int32)), ("metres",))
    more = {
        "view": ["--screenshot", str(tmp_path / "a.png"), "--size", "64x64"],
        "render": ["-o", str(tmp_path / "a.png"), "--size", "64x64"],
        "evaluate": [str(path)],
    }
    assert main([command, str(path), *more[command]]) == 0
    said = capsys.readouterr()
    lines = [line for line in said.err.splitlines() if line.startswith("note: ")]
    assert len(lines) == 1
    assert "1 vertices that no face uses" in lines[0]
    if command == "evaluate":
        assert json.loads(said.out)["scores"][0]["f"] == 1
    else:
        pixels = np.asarray(Image.open(tmp_path / "a.png"))
        assert (np.abs(pixels.astype(int) - pixels[0, 0]).max(-1) > 40).mean() > 0.15  # the ball fills it


@pytest.mark.parametrize("command", [["render", "-o"], ["view", "--screenshot"]])
@pytest.mark.parametrize(
    ("name", "says"), [("a.jpg", ".png"), ("picture", ".png"), ("no/a.png", "no folder")]
)
def test_pictures_are_png_in_a_folder_that_is_there(
    command: list[str], name: str, says: str, statue: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command[0], str(statue), command[1], str(tmp_path / name)]) == 2
    assert says in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_project_folder_is_drawn_by_its_name(statue: Path, tmp_path: Path) -> None:
    folder = tmp_path / "buddha"
    folder.mkdir()
    trimesh.load(statue).export(folder / "model.glb")
    assert load(folder).name == load(folder / "model.glb").name == "buddha"
    assert main(["render", str(folder), "-o", str(tmp_path / "a.png"), "--size", "64x64"]) == 0
    with pytest.raises(UnreadableFile, match="project folder"):
        load(tmp_path)


def test_broken_files_say_what_to_do(tmp_path: Path) -> None:
    for name, data in (
        ("a.ply", b"ply\nnonsense"),
        ("b.glb", b"glTF\x02"),
        ("c.obj", b""),
        ("d.xyz", b"1 2 three"),
    ):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(UnreadableFile):
            load(tmp_path / name)
    with pytest.raises(UnreadableFile, match="no model"):
        load(tmp_path / "missing.glb")


def _without_screen() -> dict[str, str]:
    import os

    return {k: v for k, v in os.environ.items() if k not in {"DISPLAY", "WAYLAND_DISPLAY"}}
