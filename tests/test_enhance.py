"""What modes measure of a surface, on shapes whose values are known, and letters that a scan's shading hides."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import trimesh
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import gaussian_filter, map_coordinates
from scipy.stats import rankdata

from sculpt3d.desk.curvature import curvature_field, gauss_curvature, mean_curvature
from sculpt3d.desk.field import DIVERGING, coloured
from sculpt3d.desk.occlusion import open_sky
from sculpt3d.desk.relief import local_relief, relief_field
from sculpt3d.desk.smoothing import operators
from sculpt3d.models.document import Document, Part
from sculpt3d.models.normals import with_normals
from sculpt3d.models.read import read_document
from sculpt3d.types import Mesh
from tests.conftest import SHARED
from viewer.drawing.picture import framed, picture
from viewer.modes.measured import measured
from viewer.state.camera import HALF
from viewer.state.commands import Shown, State
from viewer.state.sides import SIDES

SCAN = SHARED / "scans" / "Gutenberg.glb"


def ball(radius: float, fine: int = 5) -> Mesh:
    found = trimesh.creation.icosphere(fine, radius)
    return Mesh(found.vertices.astype(np.float32), found.faces.astype(np.int32))


def sheet(step: float, side: float, height: object) -> Mesh:
    """A square grid about the origin, `height` a function of x and y."""
    n = round(side / step) + 1
    x, y = np.meshgrid(*[np.linspace(-side / 2, side / 2, n)] * 2, indexing="ij")
    v = np.stack([x, y, height(x, y)], -1).reshape(-1, 3).astype(np.float32)  # type: ignore[operator]
    i, j = np.meshgrid(np.arange(n - 1), np.arange(n - 1), indexing="ij")
    p = (i * n + j).ravel()
    faces = np.concatenate([np.stack([p, p + n, p + n + 1], 1), np.stack([p, p + n + 1, p + 1], 1)])
    return Mesh(v, faces.astype(np.int32))


@pytest.mark.parametrize("radius", [0.5, 20.0])
def test_a_ball_has_the_curvature_of_its_radius(radius: float) -> None:
    mesh = ball(radius)
    over = operators(mesh)
    mean = mean_curvature(mesh, over, radius / 5)
    gauss = gauss_curvature(mesh, over, radius / 5)
    assert np.abs(mean * radius - 1).max() < 0.01
    assert np.abs(gauss * radius**2 - 1).max() < 0.03
    inside_out = Mesh(mesh.vertices, mesh.faces[:, ::-1].copy())
    assert np.abs(mean_curvature(inside_out, over, radius / 5) * radius + 1).max() < 0.01


def test_a_cylinder_bends_one_way_and_noise_evens_out() -> None:
    mesh = sheet(0.25, 20, lambda x, y: np.sqrt(12.5**2 - x * x) - 12.5)
    noise = np.random.default_rng(0).normal(0, 0.005, len(mesh.vertices))
    rough = Mesh(mesh.vertices + np.outer(noise, [0, 0, 1]).astype(np.float32), mesh.faces)
    middle = (np.abs(mesh.vertices[:, :2]) < 5).all(1)
    over = operators(rough)
    mean, gauss = mean_curvature(rough, over, 3.0)[middle], gauss_curvature(rough, over, 3.0)[middle]
    assert np.median(mean) == pytest.approx(0.04, rel=0.02)
    assert np.abs(mean - 0.04).max() < 0.01
    assert abs(float(np.median(gauss))) < 2e-4


def test_curvature_and_relief_are_in_millimetres_where_there_is_a_scale() -> None:
    mesh = ball(0.02)  # 20 mm in metres
    document = Document("m", (Part(mesh.vertices, mesh.faces),), unit_m=1.0)
    mean = curvature_field("mean", document, None)
    assert mean.unit == "1/mm" and np.nanmedian(mean.values) == pytest.approx(0.05, rel=0.01)
    gauss = curvature_field("gauss", document, None)
    assert gauss.unit == "1/mm²" and np.nanmedian(gauss.values) == pytest.approx(0.0025, rel=0.02)
    assert relief_field(document, 0.002).unit == "mm" and "2 mm" in relief_field(document, 0.002).said
    assert relief_field(replace(document, unit_m=None), 0.002).unit == "units"


def test_relief_leaves_the_form_and_shows_what_is_smaller() -> None:
    """A ball keeps its size, so it has no relief; waves are damped as the formula of `smoothed` says."""
    assert np.abs(local_relief(ball(20.0, 6), 2.0)).max() < 0.004
    for wave in (2.0, 20.0):
        mesh = sheet(0.3, 40, lambda x, y, wave=wave: 0.05 * np.sin(2 * np.pi * x / wave))
        middle = (np.abs(mesh.vertices[:, :2]) < 8).all(1)
        q = (2 * np.pi / wave) ** 2 * 3.0**2 / 4
        found = local_relief(mesh, 3.0)[middle]
        assert np.abs(found - (q / (1 + q)) ** 2 * mesh.vertices[middle, 2]).max() < 0.003


def test_open_sky_is_what_geometry_leaves_of_it() -> None:
    """Before a wall that goes on for ever half the sky is hidden at its foot; deep in a well, all but a little."""
    flat = sheet(1.0, 10, lambda x, y: 0 * x)
    assert np.abs(open_sky(flat) - 1).max() < 1e-9
    floor = sheet(1.0, 40, lambda x, y: 0 * x)
    wall = np.float32([[0, -400, -1], [0, 400, -1], [0, 400, 800], [0, -400, 800]])
    sides = np.int32([[0, 1, 2], [0, 2, 3]]) + len(floor.vertices)
    corner = Mesh(np.concatenate([floor.vertices, wall]), np.concatenate([floor.faces, sides]))
    found = open_sky(corner)[:1681].reshape(41, 41)
    assert found[22, 20] == pytest.approx(0.5, abs=0.02)
    assert found[19, 20] == pytest.approx(0.5, abs=0.02)


def _lettered(scan: Mesh) -> tuple[Document, np.ndarray]:
    """The back of a scan's bust, made as fine as a scanner's 0.6 mm, with letters 0.2 mm deep and noise of 0.02 mm."""
    v = scan.vertices.astype(float) * 1000
    whole = trimesh.Trimesh(v, scan.faces, process=False)
    middle = v[scan.faces].mean(1)
    chosen = (np.linalg.norm(middle[:, :2] - [0, 500], axis=1) < 65) & (whole.face_normals[:, 2] < -0.3)
    patch = whole.submesh([np.flatnonzero(chosen)], append=True, repair=False)
    while patch.edges_unique_length.mean() > 0.8:
        patch = patch.subdivide_loop(1)
    p, n = np.array(patch.vertices), np.array(patch.vertex_normals)
    image = Image.new("L", (800, 400))
    ImageDraw.Draw(image).text((400, 200), "ARA 7", 255, ImageFont.load_default(180), anchor="mm")
    letters = gaussian_filter(np.asarray(image, float) / 255, 3)
    x, y = -(p[:, 0] - p[:, 0].mean()), p[:, 1] - p[:, 1].mean()
    mask = map_coordinates(letters, [200 - 10 * y, 400 + 10 * x], order=1, cval=0)
    noise = np.random.default_rng(0).normal(0, 0.02, len(p))
    pressed = (p + (noise - 0.2 * mask)[:, None] * n).astype(np.float32)
    rgba = np.full((len(p), 4), 255, np.uint8)
    rgba[:, :3] = (mask[:, None] > 0.5) * 255
    document = Document("m", (Part(pressed, patch.faces.astype(np.int32), rgba=rgba),), unit_m=0.001)
    return with_normals(document), p.mean(0)


def _auc(score: np.ndarray, on: np.ndarray) -> float:
    """Area under the ROC curve."""
    ranks = rankdata(score)
    return float((ranks[on].sum() - on.sum() * (on.sum() + 1) / 2) / (on.sum() * (~on).sum()))


@pytest.mark.skipif(not SCAN.is_file(), reason=f"{SCAN} is not here")
def test_letters_of_two_tenths_of_a_millimetre_are_read_in_the_relief_and_not_in_the_shading() -> None:
    document, middle = _lettered(read_document(SCAN).surface())
    size = (700, 350)
    state = framed(document, size, SIDES["back"])
    camera = replace(state.camera, flat=True, target=tuple(middle), distance=18 / HALF)
    state = replace(state, camera=camera, sky=((1.0, 0.0, 1.0),) * 2, shown=Shown(6.0, -0.3, 0.3))

    def drawn(mode: str) -> np.ndarray:
        one: State = replace(state, mode=mode)
        return picture(measured(document, one).document, one, size).astype(float)

    truth = drawn("plain")
    sure = (np.ptp(truth, axis=2) < 3) & ((truth[..., 1] > 250) | (truth[..., 1] < 5))
    on = truth[sure][:, 1] > 250
    assert 0.03 < on.mean() < 0.3
    relief = drawn("relief")[sure]
    assert _auc(relief[:, 2] - relief[:, 0], on) > 0.99  # blue is deep
    shading = _auc(drawn("clay")[sure].sum(1), on)
    assert max(shading, 1 - shading) < 0.8


def test_colours_are_between_their_stops() -> None:
    x = np.array([0.0, 0.5, 1.0, -3, 7, 100])
    found = coloured(x, DIVERGING)
    assert found[0] == pytest.approx(DIVERGING[0]) and found[1] == pytest.approx(DIVERGING[3])
    assert found[2] == pytest.approx(DIVERGING[-1]) and found[4] == pytest.approx(DIVERGING[-1])
    assert found[3] == pytest.approx(DIVERGING[0]) and found[5] == pytest.approx((0.55, 0.5, 0.55))
