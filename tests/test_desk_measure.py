"""Measurements on shapes whose true numbers are known; their ± holds 95 times of 100 on noisy copies."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from sculpt3d.desk import regions
from sculpt3d.desk.measurements import as_saved, measure, read_measurements
from sculpt3d.desk.quantity import Measured, Measurement, Region
from sculpt3d.desk.surface import Surface, measured, read_measured
from sculpt3d.desk.units import Scale
from sculpt3d.errors import InputError
from sculpt3d.geometry import F64
from sculpt3d.models.document import Document, Part
from tests.conftest import SHARED

MM = Scale(1.0, "the test")


def surface_of(
    mesh: trimesh.Trimesh,
    scale: Scale = MM,
    sigma: float | None = None,
    offset: tuple[float, ...] = (0, 0, 0),
) -> Surface:
    more = {} if sigma is None else {"uncertainty_mm": np.full(len(mesh.vertices), sigma, np.float32)}
    part = Part(mesh.vertices.astype(np.float32), mesh.faces.astype(np.int32), attributes=more)
    return measured(Document("x", (part,), np.array(offset, float)), Path("x.ply"), scale)


def value(surface: Surface, kind: str, points: object = (), region: Region | None = None) -> Measured:
    given_ = tuple(tuple(float(v) for v in p) for p in points)  # type: ignore[attr-defined]
    return measure(surface, Measurement(kind, given_, region=region))


@pytest.fixture(scope="module")
def cube() -> Surface:
    return surface_of(trimesh.creation.box((100, 100, 100)))


@pytest.fixture(scope="module")
def ball() -> Surface:
    return surface_of(trimesh.creation.icosphere(5, 50.0))


def test_a_cube_of_100_mm_measures_100_mm(cube: Surface) -> None:
    found = value(cube, "distance", [(50, 50, 50), (-50, 50, 50)])
    assert found.value.value == pytest.approx(100, abs=1e-9) and found.value.unit == "mm"
    assert found.value.plus_minus < 0.001 and found.value.text() == "100.000 ± < 0.001 mm"
    legs = [(50, 50, 50), (-50, 50, 50), (-50, -50, 50), (-50, -50, -50)]
    assert value(cube, "chain", legs).value.value == pytest.approx(300)
    assert value(cube, "angle", legs[:3]).value.value == pytest.approx(90)
    assert value(cube, "volume").value.value == pytest.approx(1e6)
    side = Region(polygon=((50, -50, -50), (50, 50, -50), (50, 50, 50), (50, -50, 50)))
    assert value(cube, "area", region=side).value.value == pytest.approx(1e4, rel=1e-3)
    disc = Region(brush=((50.0, 0.0, 0.0, 30.0),))
    assert value(cube, "area", region=disc).value.value == pytest.approx(np.pi * 900, rel=1e-3)
    under = value(cube, "height", [(0, 50, 0), (-40, -50, 40), (40, -50, 40), (0, -50, -40)]).value
    assert under.value == pytest.approx(-100)  # the plane looks down, as the surface there does
    assert value(
        cube, "lean", [(-50, -50, 0), (-50 + 100 * np.tan(np.radians(3)), 50, 0)]
    ).value.value == pytest.approx(3)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.floats(-49, 49), min_size=4, max_size=4), st.sampled_from([0, 1, 2, 3]))
def test_the_shortest_way_on_a_cube_is_that_of_its_unfolded_faces(at: list[float], grid: int) -> None:
    box = trimesh.creation.box((100, 100, 100))
    for _ in range(grid):
        box = box.subdivide()
    a, b = np.array([50, at[0], at[1]]), np.array([at[2], 50, at[3]])
    found = value(surface_of(box), "geodesic", [a, b])
    over = [  # across the shared edge; over the top or bottom in between
        np.hypot(50 - a[1] + 50 - b[0], a[2] - b[2]),
    ]
    ways = [over[0]]
    for s in (
        1,
        -1,
    ):  # right face, top, back face: unfold the top beside the right one, the other beside the top
        dx, dy = (50 - a[1]) + (50 - s * b[2]), (50 - s * a[2]) + (50 - b[0])
        ways.append(np.hypot(dx, dy))
    assert found.value.value <= over[0] + 1e-6
    assert found.value.value == pytest.approx(min(ways), abs=1e-6)
    legs = np.linalg.norm(np.diff(np.array(found.line), axis=0), axis=1).sum()
    assert legs == pytest.approx(found.value.value, abs=1e-9)


def test_along_a_ball_it_is_the_great_circle(ball: Surface) -> None:
    found = value(ball, "geodesic", [(50, 0, 0), (0, 50, 0)]).value
    assert abs(found.value - 25 * np.pi) < found.plus_minus and found.value == pytest.approx(
        25 * np.pi, rel=1e-3
    )
    two = trimesh.util.concatenate(
        [trimesh.creation.icosphere(2, 5.0), trimesh.creation.icosphere(2, 5.0).apply_translation((20, 0, 0))]
    )
    with pytest.raises(InputError, match="do not touch"):
        value(surface_of(two), "geodesic", [(0, 5, 0), (20, 5, 0)])


def test_ball_cap_and_volume(ball: Surface) -> None:
    cap = Region(brush=((0.0, 50.0, 0.0, 30.0),))  # a sphere's cap of chord c has the area pi c²
    found = value(ball, "area", region=cap).value
    assert (
        found.value == pytest.approx(np.pi * 900, rel=2e-3)
        and abs(found.value - np.pi * 900) < found.plus_minus
    )
    solid = value(ball, "volume").value
    assert abs(solid.value - 4 / 3 * np.pi * 50**3) < solid.plus_minus < 0.01 * solid.value
    assert value(ball, "sphere", region=cap).value.value == pytest.approx(100, abs=0.01)


def test_fits_of_known_shapes() -> None:
    rod = trimesh.creation.cylinder(12.5, 80, sections=180).subdivide().subdivide()
    turn = trimesh.transformations.rotation_matrix(np.radians(20), (1, 0, 0))
    rod.apply_transform(turn)
    side = rod.vertices[(np.abs((rod.vertices @ turn[:3, :3])[:, 2]) < 30)][::7]
    found = value(surface_of(rod), "cylinder", side)
    assert found.value.value == pytest.approx(25, abs=0.01)
    tilt = next(q for q in found.more if q.name == "axis from vertical")
    assert tilt.value == pytest.approx(70, abs=0.05)  # +Y is up, the rod's axis Z turned by 20
    ring = side[np.abs((side @ turn[:3, :3])[:, 2]) < 1]
    assert value(surface_of(rod), "circle", ring).value.value == pytest.approx(25, abs=0.02)
    x, z = (v.ravel() for v in np.meshgrid(np.linspace(-50, 50, 41), np.linspace(-50, 50, 41)))
    relief = 2.0 * np.exp(-(x**2 + z**2) / 50)
    points = np.stack([x, relief, z], 1)
    flat = value(surface_of(grid_mesh(points, 41)), "flatness", region=Region(brush=((0, 1, 0, 80),))).value
    assert flat.value == pytest.approx(2, abs=0.01)


def grid_mesh(points: F64, n: int) -> trimesh.Trimesh:
    a = (np.arange(n - 1)[:, None] * n + np.arange(n - 1)).ravel()
    faces = np.concatenate([np.stack([a, a + n, a + 1], 1), np.stack([a + 1, a + n, a + n + 1], 1)])
    return trimesh.Trimesh(points, faces, process=False)


CASES: dict[str, tuple[Callable[[], trimesh.Trimesh], list[tuple[float, ...]], Region | None, float]] = {
    "distance": (lambda: trimesh.creation.icosphere(4, 50.0), [(50, 0, 0), (0, 50, 0)], None, 50 * np.sqrt(2)),
    "chain": (lambda: trimesh.creation.icosphere(4, 50.0), [(50, 0, 0), (0, 50, 0), (0, 0, 50)], None, 100 * np.sqrt(2)),
    "angle": (lambda: trimesh.creation.icosphere(4, 50.0), [(50, 0, 0), (0, 50, 0), (0, 0, 50)], None, 60.0),
    "lean": (lambda: trimesh.creation.icosphere(4, 50.0), [(50, 0, 0), (0, 50, 0)], None, 45.0),
    "volume": (lambda: trimesh.creation.box((100, 100, 100)).subdivide().subdivide(), [], None, 1e6),
    "area": (
        lambda: trimesh.creation.box((100, 100, 100)).subdivide().subdivide().subdivide(),
        [], Region(brush=((50.0, 0.0, 0.0, 30.0),)), np.pi * 900,
    ),
    "sphere": (lambda: trimesh.creation.icosphere(4, 50.0), [], Region(brush=((0.0, 50.0, 0.0, 40.0),)), 100.0),
    "geodesic": (lambda: trimesh.creation.box((100, 100, 100)).subdivide().subdivide().subdivide(),
                 [(50, 0, 0), (0, 50, 0)], None, 100.0),
}  # fmt: skip


@pytest.mark.parametrize("kind", CASES)
def test_plus_minus_holds_95_times_of_100(kind: str) -> None:
    make, points, region, truth = CASES[kind]
    mesh, sigma, rng = make(), 0.05, np.random.default_rng(7)
    true, rounds, held = mesh.vertices.copy(), 60 if kind == "geodesic" else 120, 0
    nearest = [int(np.linalg.norm(true - p, axis=1).argmin()) for p in points]
    widths = []
    for _ in range(rounds):
        mesh.vertices = true + rng.normal(0, sigma, true.shape)
        asked = [mesh.vertices[k] for k in nearest]
        found = value(surface_of(mesh, sigma=sigma), kind, asked, region).value
        held += abs(found.value - truth) <= found.plus_minus
        widths.append(found.value)
    assert held >= 0.9 * rounds  # 95 % of 120 is 114; fewer than 108 comes once in 100
    exact = kind in {"distance", "chain", "angle", "lean", "sphere", "volume"}
    assert not exact or found.plus_minus < 1.5 * 1.96 * np.std(widths)  # and it is not merely wide


def test_errors_of_the_file_and_of_the_scale_are_in_the_plus_minus() -> None:
    ball = trimesh.creation.icosphere(4, 50.0)
    ends = [(50, 0, 0), (-50, 0, 0)]
    bare, known, sure = (
        value(surface_of(ball, scale, sigma), "distance", ends).value.plus_minus
        for scale, sigma in ((MM, None), (MM, 0.2), (Scale(1.0, "bars", 0.001), 0.2))
    )
    edge = ball.edges_unique_length.mean()
    assert known == pytest.approx(1.96 * 0.2 * np.sqrt(2), rel=0.01)
    assert sure == pytest.approx(1.96 * np.hypot(0.2 * np.sqrt(2), 0.1), rel=0.01)
    assert 1e-3 < bare < edge


def test_a_project_tells_its_scales_own_error(tmp_path: Path) -> None:
    ball = trimesh.creation.icosphere(4, 0.05)
    ball.vertex_attributes["uncertainty_mm"] = np.full(len(ball.vertices), -1, np.float32)  # none
    ball.export(tmp_path / "mesh.ply", vertex_normal=False)
    for report, sigma in (
        ('{"uncertainty": {"scale_sigma": 0.002}}', 0.002),
        ('{"uncertainty": {}}', 0),
        ("[" * 9999, 0),
    ):
        (tmp_path / "report.json").write_text(report)
        assert read_measured(tmp_path / "mesh.ply").scale.sigma == 0  # no unit, so no scale to be unsure of
        text = (tmp_path / "mesh.ply").read_bytes().replace(b"comment", b"comment metres\ncomment", 1)
        (tmp_path / "metric.ply").write_bytes(text)
        found = read_measured(tmp_path / "metric.ply")
        assert found.scale.sigma == sigma and "size of the triangles" in found.sigma_source
        across = value(found, "distance", [(0.05, 0, 0), (-0.05, 0, 0)]).value
        assert across.value == pytest.approx(100) and across.plus_minus >= 1.96 * 100 * sigma


def test_far_coordinates_keep_their_digits() -> None:
    far = (4.02e6, 3.1e5, -6.4e6)
    cube = surface_of(trimesh.creation.box((0.1, 0.1, 0.1)), Scale(1000.0, "glTF"), offset=far)
    ends = np.array([(0.05, 0.05, 0.05), (-0.05, 0.05, 0.05)]) + far
    found = value(cube, "distance", ends).value
    assert found.value == pytest.approx(100, abs=1e-5)


def test_open_and_cloud_and_without_scale_are_refused_with_the_remedy(tmp_path: Path) -> None:
    ball = trimesh.creation.icosphere(3, 50.0)
    ball.update_faces(ball.triangles_center[:, 1] < 45)
    with pytest.raises(InputError, match=r"open and has no volume: it has a hole, \d\d\.?\d* mm wide"):
        value(surface_of(ball), "volume")
    no = surface_of(ball, Scale(None, "the file names no unit"))
    with pytest.raises(InputError, match="--unit mm"):
        value(no, "distance", [(50, 0, 0), (0, 50, 0)])
    assert value(no, "angle", [(50, 0, 0), (0, 0, 0), (0, 0, 50)]).value.value == pytest.approx(90)
    trimesh.PointCloud(ball.vertices).export(tmp_path / "cloud.ply")
    with pytest.raises(InputError, match="cloud of points without faces"):
        read_measured(tmp_path / "cloud.ply", "mm")
    for kind, points in (("distance", [(0, 0, 0)]), ("angle", [(0, 0, 0)] * 2), ("sphere", [(0, 0, 0)] * 3)):
        with pytest.raises(InputError, match="needs"):
            value(surface_of(ball), kind, points)
    with pytest.raises(InputError, match="region"):
        value(surface_of(ball), "area")
    with pytest.raises(InputError, match="line"):
        value(surface_of(ball), "circle", [(0, 0, 0), (10, 1e-9, 0), (20, 0, 0)])


def test_a_point_beside_the_surface_is_told(cube: Surface) -> None:
    found = value(cube, "distance", [(50, 50, 50), (-50, 50, 70)])
    assert "point 2 lies 20.00 mm off the surface" in found.notes[0]


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(*[st.floats(-1e6, 1e6)] * 3), min_size=1, max_size=5),
    st.sampled_from(["distance", "chain", "area", "lean"]),
    st.booleans(),
)
def test_what_is_saved_is_read_again(
    points: list[tuple[float, float, float]], kind: str, hidden: bool
) -> None:
    for region in (None, Region(brush=((*points[0], 2.5),)), Region(polygon=tuple(points))):
        asked = Measurement(kind, tuple(points), "a name", region, (0.0, 0.0, 1.0), hidden)
        assert read_measurements([as_saved(asked)]) == [asked]


@pytest.mark.parametrize(
    "bad",
    [3, {}, {"kind": "weight"}, {"kind": ["distance"]}, {"kind": "distance", "points": 3},
     {"kind": "distance", "points": [[1, 2]]}, {"kind": "distance", "points": [[1, 2, True]]},
     {"kind": "area", "region": {"brush": [[0, 0, 0, -1]]}},
     {"kind": "area", "region": {}}, {"kind": "lean", "up": [0, 1]}, {"kind": "angle", "name": 3}],
)  # fmt: skip
def test_a_wrong_measurement_is_named(bad: object) -> None:
    with pytest.raises(InputError, match="measurement 1"):
        read_measurements([bad])


def test_a_scan_in_metres_measures_in_millimetres() -> None:
    path = SHARED / "scans" / "Nymph.glb"
    if not path.is_file():
        pytest.skip(f"{path} is not here")
    scan = read_measured(path)
    low, high = (scan.xyz + scan.offset)[[scan.xyz[:, 1].argmin(), scan.xyz[:, 1].argmax()]]
    found = value(scan, "distance", [low, high])
    assert (
        found.value.value == pytest.approx(1000 * np.linalg.norm(high - low))
        and 0.1 < found.value.plus_minus < 20
    )
    along = value(scan, "geodesic", [low, high]).value
    assert found.value.value < along.value < 1.5 * found.value.value


def test_many_strokes_cover_what_they_cover_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tree finds the faces near each stroke: the same as asking every face."""
    surface = surface_of(trimesh.creation.icosphere(5, 50.0))
    random = np.random.default_rng(2)
    at = random.normal(size=(60, 3)) * [1, 0.3, 0.3] + [3, 0, 0]
    at *= 50 / np.linalg.norm(at, axis=1, keepdims=True)
    region = Region(brush=tuple((*p, float(r)) for p, r in zip(at.tolist(), random.uniform(1, 9, 60), strict=True)))
    by_tree = regions.covered(surface, region)
    monkeypatch.setattr(regions, "_FEW", 1000)
    assert np.array_equal(by_tree, regions.covered(surface, region)) and by_tree.any()
