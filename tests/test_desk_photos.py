"""The photos of a place, on the sample's truth: they see it, nothing is before it, and it is where they say, within a pixel."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipelines.cli import main
from sculpt3d._open3d import o3d
from sculpt3d.desk.photos import Sight, Taken, best_photos, close_up, taken_of
from sculpt3d.desk.surface import Surface, read_measured
from sculpt3d.errors import InputError

SAMPLE = Path(__file__).parents[1] / "sample_data"


@pytest.fixture(scope="module")
def figure() -> Surface:
    return read_measured(SAMPLE / "truth" / "figure.ply", "m")


@pytest.fixture(scope="module")
def taken() -> list[Taken]:
    return taken_of(SAMPLE / "truth" / "cameras", SAMPLE / "photos")


def test_a_photo_shows_the_place_at_its_pixel(figure: Surface, taken: list[Taken]) -> None:
    """A ray through the pixel, by the lens's own inverse, meets the surface within a pixel's width of the place."""
    scene = o3d.t.geometry.RaycastingScene()
    scene.add_triangles(
        o3d.core.Tensor(figure.xyz.astype(np.float32)), o3d.core.Tensor(figure.faces.astype(np.uint32))
    )
    middles = figure.xyz[figure.faces].mean(1)
    count = 0
    for face in np.random.default_rng(2).choice(len(middles), 60, replace=False):
        point = middles[face] + figure.offset
        for sight in best_photos(figure, taken, point):
            inside = np.append(sight.photo.lens.cam_from_img(sight.pixel), 1.0)
            way = sight.photo.cam_from_file[:, :3].T @ inside
            ray = np.concatenate([sight.photo.eye - figure.offset, way]).astype(np.float32)
            far = float(scene.cast_rays(o3d.core.Tensor(ray[None]))["t_hit"].numpy()[0])
            hit = sight.photo.eye + far * way
            assert np.linalg.norm(hit - point) < sight.per_px
            assert 0 <= sight.degrees < 79
            count += 1
    assert count > 150


def test_the_sharpest_comes_first_and_none_from_behind(figure: Surface, taken: list[Taken]) -> None:
    top = figure.xyz[figure.xyz[:, 1].argmax()] + figure.offset
    sights = best_photos(figure, taken, top, most=100)
    widths = [s.per_px for s in sights]
    assert widths == sorted(widths) and 0 < len(sights) < len(taken)
    front = figure.xyz[figure.xyz[:, 2].argmax()] + figure.offset
    assert all(s.photo.eye[2] > front[2] for s in best_photos(figure, taken, front, most=100))
    turned = [replace(t, cam_from_file=np.diag([-1.0, 1, -1]) @ t.cam_from_file) for t in taken]
    assert best_photos(figure, turned, front) == []


def test_a_close_up_has_the_place_in_its_middle(figure: Surface, taken: list[Taken], tmp_path: Path) -> None:
    """A photo in which a pixel's colour says where it is."""
    lens = taken[0].lens
    x, y = np.meshgrid(np.arange(lens.width), np.arange(lens.height))
    Image.fromarray(np.stack([x // 4, y // 4, 0 * x], 2).astype(np.uint8)).save(tmp_path / "a.png")
    photo = replace(taken[0], file=tmp_path / "a.png")
    for pixel, width in (((400.5, 500.5), 40.0), ((123.2, 77.9), 160.0), ((640.0, 900.0), 700.0)):
        picture = close_up(Sight(photo, np.array(pixel), 1.0, 0.0), width, 161)
        red, green, _ = picture[80, 80].astype(float) * 4 + 2
        assert abs(red - pixel[0]) < 3 and abs(green - pixel[1]) < 3  # colours tell 4 pixels apart
    edge = close_up(Sight(photo, np.array([0.5, 0.5]), 1.0, 0.0), 60.0, 161)
    assert tuple(edge[10, 10]) == (128, 128, 128)


def test_photos_out_of_their_folder_are_not_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="None of the photos"):
        taken_of(SAMPLE / "truth" / "cameras", tmp_path)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """What `closeup` needs of one, of the sample's truth."""
    shutil.copytree(SAMPLE / "truth" / "cameras", tmp_path / "p" / "cameras")
    shutil.copytree(SAMPLE / "photos", tmp_path / "p" / "work" / "photos-1" / "images")
    shutil.copy(SAMPLE / "truth" / "figure.ply", tmp_path / "p" / "mesh.ply")
    return tmp_path / "p"


def test_the_command_gives_the_same_places(
    project: Path, figure: Surface, taken: list[Taken], capsys: pytest.CaptureFixture[str]
) -> None:
    point = figure.xyz[figure.xyz[:, 2].argmax()] + figure.offset
    given = ["closeup", str(project), "--point", ",".join(repr(float(v)) for v in point), "--count", "3"]
    out = project.parent / "a.png"
    assert main([*given, "--json", "-o", str(out)]) == 0
    told = json.loads(capsys.readouterr().out)
    sights = best_photos(figure, taken, point, 3)
    assert [(t["photo"], t["x"], t["y"]) for t in told] == [(s.photo.name, *s.pixel.tolist()) for s in sights]
    assert Image.open(out).size == (3 * 480 + 2 * 8, 480)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-o", "a.bmp"], ".png"),
        (["--point", "0,-9,0"], "off the surface"),
        (["-o", "{none}/a.png"], "no folder"),
    ],
)
def test_wrong_input_costs_one_sentence(
    project: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    given = ["--point", "0,0.001,0", *arguments]
    given = [a.format(none=project / "none") for a in given]
    assert main(["closeup", str(project), *given]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert said in line
    (project / "cameras" / "images.txt").unlink()
    assert main(["closeup", str(project.parent), "--point", "0,0.2,0.1"]) == 2
