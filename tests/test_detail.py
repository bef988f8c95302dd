"""Levels of detail: no cut has a crack, errors are true and grow upwards, a killed making goes on, and the cache stays small."""

from __future__ import annotations

import os
import signal
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

from sculpt3d._open3d import o3d, triangles_for_rays
from sculpt3d.errors import Cancelled, ResourceError
from sculpt3d.models.document import Document, Material, Part, Texture
from sculpt3d.models.normals import with_normals
from tests.conftest import ROOT
from viewer.detail import cloud, kept, store
from viewer.detail.build import levels_of
from viewer.detail.corners import corners_of
from viewer.detail.cut import cut_of
from viewer.detail.levels import MOST, Levels
from viewer.drawing.picture import framed

SIZE = (640, 360)


def bumpy(rings: int = 90, radius: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """A torus with waves on it, closed."""
    u, v = np.meshgrid(*(np.arange(n) * 2 * np.pi / n for n in (2 * rings, rings)), indexing="ij")
    small = 0.4 + 0.02 * np.sin(9 * u) * np.sin(7 * v) + 0.004 * np.sin(41 * u + 30 * v)
    xyz = np.stack([(1 + small * np.cos(v)) * np.cos(u), small * np.sin(v), (1 + small * np.cos(v)) * np.sin(u)], -1)
    i, j = (g.ravel() for g in np.meshgrid(np.arange(2 * rings), np.arange(rings), indexing="ij"))
    a, b = i * rings + j, i * rings + (j + 1) % rings
    c, d = (i + 1) % (2 * rings) * rings + j, (i + 1) % (2 * rings) * rings + (j + 1) % rings
    faces = np.concatenate([np.stack([a, b, d], 1), np.stack([a, d, c], 1)])
    return (radius * xyz.reshape(-1, 3)).astype(np.float32), faces.astype(np.int32)


def document(vertices: np.ndarray, faces: np.ndarray, **more: object) -> Document:
    return with_normals(Document("m", (Part(vertices, faces, **more),)))  # type: ignore[arg-type]


def split(vertices: np.ndarray, faces: np.ndarray) -> Document:
    """The same surface as a file with pictures has it: two charts that share no vertex, and two materials."""
    upper = vertices[faces][:, :, 1].mean(1) > 0.1
    picture = Material(texture=Texture(np.full((8, 8, 3), 128, np.uint8)))
    parts = []
    for kept_faces, material in ((faces[upper], picture), (faces[~upper], Material())):
        used, new = np.unique(kept_faces, return_inverse=True)
        at = vertices[used]
        uv = (at[:, [0, 2]] / 4 + 0.5).astype(np.float32)
        parts.append(Part(at, new.reshape(-1, 3).astype(np.int32), material, uv))
    return with_normals(Document("m", tuple(parts)))


@pytest.fixture(scope="module", params=["whole", "split"])
def model(request: pytest.FixtureRequest) -> tuple[Document, Levels]:
    made = document(*bumpy()) if request.param == "whole" else split(*bumpy())
    return made, levels_of(corners_of(made), 2)


def surface(made: Document, levels: Levels, clusters: np.ndarray) -> trimesh.Trimesh:
    """What a cut shows, vertices at one place as one."""
    faces = np.concatenate([levels.triangles_of(int(c)) for c in clusters])
    points, place = np.unique(made.points(), axis=0, return_inverse=True)
    return trimesh.Trimesh(points, place.reshape(-1)[faces], process=False)


def has_no_crack(shown: trimesh.Trimesh) -> bool:
    """Every edge is run along as often one way as the other: a rim would show. (Two sheets may come to share an edge.)"""
    ends = np.concatenate([shown.faces[:, [0, 1]], shown.faces[:, [1, 2]], shown.faces[:, [2, 0]]])
    there, back = (np.unique(e @ [len(shown.vertices), 1], return_counts=True) for e in (ends, ends[:, ::-1]))
    return np.array_equal(there[0], back[0]) and np.array_equal(there[1], back[1])


def far(of: trimesh.Trimesh, points: np.ndarray) -> float:
    scene = triangles_for_rays(of.vertices, of.faces)
    return float(scene.compute_distance(o3d.core.Tensor(points.astype(np.float32))).numpy().max())


def test_clusters_hold_every_triangle_of_the_model_once(model: tuple[Document, Levels]) -> None:
    made, levels = model
    leaves = np.flatnonzero(levels.clusters["own"] < 0)
    faces = np.concatenate([levels.triangles_of(int(c)) for c in leaves])
    assert sorted(map(tuple, np.sort(faces, 1))) == sorted(map(tuple, np.sort(made.triangles(), 1)))
    assert levels.clusters["triangles"].max() <= MOST
    top = levels.clusters["next"] < 0
    assert levels.clusters["triangles"][top].sum() < 0.05 * levels.triangles


def test_errors_and_balls_grow_upwards(model: tuple[Document, Levels]) -> None:
    _, levels = model
    groups, clusters = levels.groups, levels.clusters
    inner = clusters[(clusters["own"] >= 0) & (clusters["next"] >= 0)]
    below, above = groups[inner["own"]], groups[inner["next"]]
    assert (above["error"] >= below["error"]).all() and (above["look"] >= below["look"]).all()
    apart = np.linalg.norm(above["sphere"][:, :3].astype(float) - below["sphere"][:, :3], axis=1)
    assert (apart + below["sphere"][:, 3] <= above["sphere"][:, 3] * (1 + 1e-5)).all()
    first = clusters[(clusters["own"] < 0) & (clusters["next"] >= 0)]
    assert (groups["error"][first["next"]] > 0).all()


@settings(max_examples=25, deadline=None)
@given(share=st.floats(0, 1))
def test_no_cut_has_a_crack_and_every_cut_is_as_near_as_it_says(
    model: tuple[Document, Levels], share: float
) -> None:
    made, levels = model
    error = float(np.quantile(levels.groups["error"], share)) * 1.0001
    cut = levels.allowed(error)
    shown, whole = surface(made, levels, cut), surface(made, levels, np.flatnonzero(levels.clusters["own"] < 0))
    assert has_no_crack(shown)
    own = levels.clusters["own"][cut]
    said = float(levels.groups["error"][own[own >= 0]].max(initial=0)) + 1e-6
    assert far(whole, shown.sample(4000, seed=0)) <= said
    assert far(shown, np.concatenate([whole.vertices, whole.sample(4000, seed=1)])) <= said


@settings(max_examples=40, deadline=None)
@given(
    azimuth=st.floats(0, 6.3), elevation=st.floats(-1.5, 1.5), notches=st.floats(-5, 25), flat=st.booleans(),
    budget=st.integers(500, 30000),
)  # fmt: skip
def test_a_cut_from_any_camera_is_whole_where_it_is_seen(
    model: tuple[Document, Levels], azimuth: float, elevation: float, notches: float, flat: bool, budget: int
) -> None:
    """Clusters that are seen, with those beside the picture put back, have no crack either; and none that is seen is missing."""
    made, levels = model
    camera = replace(framed(made, SIZE).camera.towards(azimuth, elevation), flat=flat).zoom(notches, (0.3, 0.2))
    cut = cut_of(levels, camera, SIZE, budget)
    least = int(levels.clusters["triangles"][levels.clusters["next"] < 0].sum())
    assert cut.triangles <= max(budget, least)
    assert cut.triangles == levels.clusters["triangles"][cut.clusters].sum()
    beside = cut_of(levels, replace(camera, distance=camera.distance), (SIZE[0], SIZE[1]), 10**9)
    assert beside.error <= 0.25 * 1.0001
    points = made.points().astype(float)
    clip = np.concatenate([points, np.ones((len(points), 1))], 1) @ (camera.projection(*SIZE) @ camera.view()).T
    seen = (np.abs(clip[:, :2]) < clip[:, 3:]).all(1) & (clip[:, 3] > 0)
    if cut.triangles and seen.any():
        shown = surface(made, levels, cut.clusters)
        own = levels.clusters["own"][cut.clusters]
        said = float(levels.groups["error"][own[own >= 0]].max(initial=0)) + 1e-6
        assert far(shown, points[seen][::7]) <= said or flat


def test_the_budget_buys_the_smallest_error(model: tuple[Document, Levels]) -> None:
    made, levels = model
    camera = framed(made, SIZE).camera
    errors = [cut_of(levels, camera, SIZE, n).error for n in (500, 2000, 8000, 100000)]
    assert errors == sorted(errors, reverse=True) and errors[0] > errors[-1]


def test_an_open_surface_keeps_its_rim() -> None:
    """A disc with a wavy rim: the area of every cut is that of the disc less what its stated error may take from the rim."""
    rows, ways = 60, 240
    r, a = np.meshgrid(np.linspace(0.05, 1, rows), np.arange(ways) * 2 * np.pi / ways, indexing="ij")
    wide = r * (1 + 0.05 * np.sin(11 * a))
    vertices = np.stack([wide * np.cos(a), 0 * r, wide * np.sin(a)], -1).reshape(-1, 3).astype(np.float32)
    i, j = (g.ravel() for g in np.meshgrid(np.arange(rows - 1), np.arange(ways), indexing="ij"))
    p, q = i * ways + j, i * ways + (j + 1) % ways
    faces = np.concatenate([np.stack([p, q, q + ways], 1), np.stack([p, q + ways, p + ways], 1)]).astype(np.int32)
    made = document(vertices, faces)
    levels = levels_of(corners_of(made))
    whole = surface(made, levels, np.flatnonzero(levels.clusters["own"] < 0))
    length = float(np.linalg.norm(np.diff(vertices[-ways:], axis=0), axis=1).sum() * 1.1)
    for share in (0.2, 0.5, 0.8, 1.0):
        error = float(np.quantile(levels.groups["error"], share)) * 1.0001
        shown = surface(made, levels, levels.allowed(error))
        assert abs(shown.area - whole.area) <= error * length
        assert far(shown, whole.vertices) <= error + 1e-6


def test_no_triangle_lies_the_other_way_round_on_its_picture() -> None:
    """Rough ground seen from above, its picture laid on from above: turned triangles would show what lies beside their chart."""
    n = 90
    x, y = (g.ravel() for g in np.meshgrid(np.arange(n), np.arange(n), indexing="ij"))
    inside = np.hypot(x - 45, y - 45) > 18  # a hole, whose rim bends inwards
    z = np.random.default_rng(1).normal(0, 0.8, n * n)
    vertices = np.stack([x, z, y], 1).astype(np.float32)
    a = (x * n + y)[(x < n - 1) & (y < n - 1)]
    faces = np.concatenate([np.stack([a, a + 1, a + n + 1], 1), np.stack([a, a + n + 1, a + n], 1)]).astype(np.int32)
    faces = faces[inside[faces].all(1)]
    picture = Material(texture=Texture(np.full((8, 8, 3), 128, np.uint8)))
    levels = levels_of(corners_of(document(vertices, faces, material=picture, uv=(vertices[:, [0, 2]] / n).copy())))
    uv = levels.vertices["uv"]
    assert levels.groups["error"].max() > 0.5
    for c in levels.clusters:
        at = uv[c["vertex"] : c["vertex"] + c["vertices"]][levels.indices[c["index"] :][: 3 * c["triangles"]]]
        one, two = at[1::3] - at[::3], at[2::3] - at[::3]
        assert (one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0] < 0).all()


def test_the_same_bytes_whatever_the_workers() -> None:
    made = document(*bumpy(60))
    one, three = (levels_of(corners_of(made), n) for n in (1, 3))
    for name in ("groups", "clusters", "vertices", "indices"):
        assert getattr(one, name).tobytes() == getattr(three, name).tobytes()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(store.CACHE, str(tmp_path / "cache"))
    return store.folder()


def test_a_making_that_was_stopped_goes_on_and_ends_the_same(cache: Path) -> None:
    made = document(*bumpy())
    key, told = kept.key_of(made), []

    def stop(share: float, left: float) -> None:
        told.append(share)
        if share > 0.6:
            raise Cancelled

    with pytest.raises(Cancelled):
        kept.make(made, key, 2, stop)
    assert kept.find(key) is None and told == sorted(told)
    done = len(list(next(cache.glob(".*.part")).iterdir()))
    assert done >= 2
    again: list[float] = []
    found = kept.make(made, key, 2, lambda share, left: again.append(share))
    assert again[0] > 0.3 and again == sorted(again) and again[-1] == pytest.approx(1, abs=0.15)
    assert not list(cache.glob(".*.part"))
    whole = levels_of(corners_of(made))
    for name in ("groups", "clusters", "vertices", "indices"):
        assert getattr(found, name).tobytes() == getattr(whole, name).tobytes()
    assert len((cache / f"{key}.levels").read_bytes()) <= 80 * len(made.triangles())


KILLED = """
import sys
sys.path.insert(0, {root!r})
from tests.test_detail import bumpy, document
from viewer.detail import kept
made = document(*bumpy(200))
def told(share, left): print(f"{{share:.3f}}", flush=True)
kept.make(made, kept.key_of(made), 1, told)
"""


def test_a_killed_making_goes_on(cache: Path) -> None:
    program = [sys.executable, "-c", KILLED.format(root=str(ROOT))]
    run = subprocess.Popen(program, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=dict(os.environ))
    assert run.stdout is not None
    for line in run.stdout:
        if float(line) > 0.7:
            run.send_signal(signal.SIGKILL)
            break
    run.wait()
    made = document(*bumpy(200))
    key = kept.key_of(made)
    assert kept.find(key) is None
    shares: list[float] = []
    found = kept.make(made, key, 2, lambda share, left: shares.append(share))
    assert shares[0] > 0.3
    assert found.triangles == len(made.triangles())


def test_another_model_has_another_key_and_a_name_does_not_count() -> None:
    vertices, faces = bumpy(20)
    made = document(vertices, faces)
    moved = vertices.copy()
    moved[5, 1] = np.nextafter(moved[5, 1], np.float32(9))
    assert kept.key_of(made) == kept.key_of(replace(made, name="other"))
    assert kept.key_of(made) != kept.key_of(document(moved, faces))
    assert kept.key_of(made) != kept.key_of(document(vertices, faces[::-1].copy()))


@pytest.mark.parametrize("how", ["cut", "empty", "words", "outside"])
def test_a_damaged_file_is_made_anew(cache: Path, how: str) -> None:
    made = document(*bumpy(40))
    key = kept.key_of(made)
    found = kept.make(made, key, 1, lambda share, left: None)
    path = cache / f"{key}.levels"
    data = path.read_bytes()
    path.unlink()
    if how == "outside":
        clusters = found.clusters.copy()
        clusters["vertex"][3] = 10**9
        store.write_tables(
            path,
            {"groups": [found.groups], "clusters": [clusters], "vertices": [found.vertices], "indices": [found.indices]},
            {},
        )
    else:
        path.write_bytes({"cut": data[: len(data) // 2], "empty": b"", "words": data[:30] + b"x" * 500}[how])
    assert kept.find(key) is None
    assert kept.make(made, key, 1, lambda share, left: None).triangles == len(made.triangles())


def test_the_cache_keeps_what_was_used_last(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for k in range(5):
        (cache / f"{k}.levels").write_bytes(b"x" * 1000)
        os.utime(cache / f"{k}.levels", (k + 1, k + 1))
    store.touched(cache / "0.levels")
    monkeypatch.setattr(store, "LIMIT", 4500)
    assert store.make_room(1500, cache)
    assert sorted(p.name for p in cache.iterdir()) == ["0.levels", "3.levels", "4.levels"]
    assert not store.make_room(5000, cache)
    monkeypatch.setattr(store, "LIMIT", 10)
    with pytest.raises(ResourceError, match="no room"):
        made = document(*bumpy(20))
        kept.make(made, kept.key_of(made), 1, lambda share, left: None)


def test_time_left_is_told(cache: Path) -> None:
    made = document(*bumpy(120))
    rows: list[tuple[float, float, float]] = []
    kept.make(made, kept.key_of(made), 1, lambda share, left: rows.append((time.monotonic(), share, left)))
    ended = time.monotonic()
    late = [(at, left) for at, share, left in rows if share > 0.5]
    assert all(left <= 3 * (ended - at) + 1 for at, left in late)


def test_few_points_of_a_cloud_are_as_even_as_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloud, "_BLOCK", 250)
    rng = np.random.default_rng(3)
    points = rng.normal(size=(60_000, 3)).astype(np.float32)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    blocks = cloud.blocks_of(points)
    assert np.array_equal(np.sort(blocks.order), np.arange(len(points)))
    assert np.array_equal(blocks.order, cloud.blocks_of(points).order)
    made = Document("c", (Part(points, np.zeros((0, 3), np.int32)),))
    camera = framed(made, SIZE).camera
    few = cloud.sampled(blocks, camera, SIZE, 6000)
    assert abs(len(few) - 6000) < 250 and len(np.unique(few)) == len(few)
    for axis in range(3):  # each eighth of the ball has its share
        share = (points[few][:, axis] > 0).mean()
        assert abs(share - (points[:, axis] > 0).mean()) < 0.03
    near = replace(camera, distance=0.2 * camera.distance)
    clip = np.concatenate([points, np.ones((len(points), 1))], 1) @ (near.projection(*SIZE) @ near.view()).T
    seen = np.flatnonzero((np.abs(clip[:, :2]) < clip[:, 3:]).all(1) & (clip[:, 3] > 0))
    assert set(seen) <= set(cloud.sampled(blocks, near, SIZE, 10**9))
    assert np.isin(cloud.sampled(blocks, near, SIZE, 6000), seen).sum() > 1.5 * np.isin(few, seen).sum()
    monkeypatch.setattr(cloud, "WORTH", 1000)
    assert cloud.clouds_of(made)[0] is not None and cloud.clouds_of(document(*bumpy(20))) == (None,)
