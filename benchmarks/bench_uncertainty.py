"""Does the stated uncertainty hold? Projects of rendered sets against their truth, by thirds of what is stated; a diagram.

    python benchmarks/bench_uncertainty.py PROJECT=SET [PROJECT=SET ...] [-o diagram.png]
    python benchmarks/bench_uncertainty.py PROJECT=SET ... --fit      # the weights that these sets ask for

A SET has `truth_mesh.ply` (Z up) and `truth_colmap`. Only the local part is judged: the model is first laid on the truth by its
cameras, then by its surface, scale included. The lowest 2 % of the object's height, where it meets the ground, take no part.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy.optimize import minimize
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from sculpt3d.geometry import F64, Sim3, umeyama
from sculpt3d.metric.uncertainty import Weights, evidence, spacing
from sculpt3d.models.colmap import camera_poses
from sculpt3d.models.ply import read_cloud, read_column, read_mesh
from sculpt3d.surface.topology import vertex_normals
from sculpt3d.webasset.distance import Surface

MOST = 60_000  # vertices a project
NINETY = 1.645  # standard deviations that hold 90 %
LEVELS = np.arange(0.1, 1.0, 0.1)


@dataclass(frozen=True)
class Judged:
    """Of some vertices, in mm: how far they are off, what is stated, and the three causes (V, 3)."""

    name: str
    off: F64
    stated: F64
    causes: F64


def judge(project: Path, truth: Path) -> Judged:
    mesh, cloud = read_mesh(project / "mesh.ply"), read_cloud(project / "cloud.ply")
    column, sigma, _ = read_column(project / "mesh.ply", "uncertainty")
    normals = vertex_normals(mesh.vertices, mesh.faces)
    some = _some(sigma)
    place, surface, floor = laid(project, truth)
    there = place.apply(mesh.vertices[some])
    kept = there[:, 2] > floor
    unit, space = (1000 if column.endswith("_mm") else 1), spacing(cloud)
    expected, scatter, _ = evidence(
        mesh.vertices[some][kept], normals[some][kept], cKDTree(cloud.xyz), cloud, space
    )
    causes = np.stack([expected, scatter, np.full(len(expected), space)], 1) * unit
    off = surface.distance(there[kept]) / place.scale * unit
    return Judged(project.name, off, sigma[some][kept].astype(np.float64), causes)


def _some(sigma: NDArray[np.float32]) -> NDArray[np.int64]:
    known = np.flatnonzero(sigma > 0)
    return np.random.default_rng(0).choice(known, min(MOST, len(known)), replace=False)


def laid(project: Path, truth: Path) -> tuple[Sim3, Surface, float]:
    """truth_from_model by the surface, the true surface, and the height in it below which nothing counts."""
    mesh, true = read_mesh(project / "mesh.ply"), read_mesh(truth / "truth_mesh.ply")
    _, sigma, _ = read_column(project / "mesh.ply", "uncertainty")
    place, surface = by_cameras(project, truth), Surface(true)
    low, high = float(true.vertices[:, 2].min()), float(true.vertices[:, 2].max())
    floor, points = low + 0.02 * (high - low), mesh.vertices[_some(sigma)].astype(np.float64)
    for _ in range(8):
        place = _nearer(place, points, surface, floor)
    return place, surface, floor


def by_cameras(project: Path, truth: Path) -> Sim3:
    mine, true = camera_poses(project / "cameras"), camera_poses(truth / "truth_colmap")
    names = sorted(mine.keys() & true.keys())
    return umeyama(*(np.array([poses[n].source_origin for n in names]) for poses in (mine, true)))


def _nearer(place: Sim3, points: F64, surface: Surface, floor: float) -> Sim3:
    """One step of the similarity that lays points on a surface, by its planes; what lies far takes no part."""
    there = place.apply(points)
    face, weights = surface.closest(there)
    corners = surface.mesh.vertices[surface.mesh.faces[face]].astype(np.float64)
    foot = (corners * weights[:, :, None]).sum(1)
    plane = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    plane /= np.maximum(np.linalg.norm(plane, axis=1, keepdims=True), 1e-30)
    far = np.linalg.norm(there - foot, axis=1)
    used = (far < 4 * np.median(far)) & (there[:, 2] > floor)
    middle = there[used].mean(0)
    own = there[used] - middle
    rows = np.c_[np.cross(own, plane[used]), plane[used], (own * plane[used]).sum(1)]
    step, *_ = np.linalg.lstsq(rows, -((there - foot) * plane).sum(1)[used], rcond=None)
    turn, grown = Rotation.from_rotvec(step[:3]).as_matrix(), 1 + step[6]
    return Sim3(grown, turn, middle + step[3:6] - grown * turn @ middle) @ place


def shares(off: F64, stated: F64, times: float = NINETY) -> list[float]:
    """Within the interval: of all, and of each third of what is stated."""
    inside, edges = off < times * stated, np.quantile(stated, [0, 1 / 3, 2 / 3, 1])
    thirds = [inside[(stated >= a) & (stated <= b)].mean() for a, b in pairwise(edges)]
    return [float(s) for s in (inside.mean(), *thirds)]


def fit(sets: list[Judged]) -> Weights:
    """The weights under which 90 % lie within the interval wherever it is (quantile regression), each set counting alike."""

    def cost(logs: F64) -> float:
        total = 0.0
        for one in sets:
            above = one.off - NINETY * np.sqrt((one.causes**2) @ np.exp(2 * logs))
            total += float(np.where(above > 0, 0.9 * above, -0.1 * above).mean() / one.off.mean())
        return total

    starts = ([-0.7, -0.7, -2.0], [-2.0, 0.0, -1.0], [0.0, -2.0, -1.0])
    best = min((minimize(cost, s, method="Nelder-Mead") for s in starts), key=lambda r: float(r.fun))
    return Weights(*(round(float(w), 3) for w in np.exp(best.x)))


def diagram(sets: list[Judged], out: Path) -> None:
    """Stated share of the interval, to the right, against the share within it, upwards."""
    from scipy.stats import norm

    size, rim = 520, 50
    picture = Image.new("RGB", (size, size), "white")
    draw = ImageDraw.Draw(picture)

    def at(x: float, y: float) -> tuple[float, float]:
        return rim + x * (size - 2 * rim), size - rim - y * (size - 2 * rim)

    draw.rectangle([*at(0, 1), *at(1, 0)], outline="black")
    draw.line([*at(0, 0), *at(1, 1)], fill=(150, 150, 150))
    colours = ["#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#222222", "#bbbbbb", "#994455"]
    for one, colour in zip(sets, colours * 9, strict=False):
        line = [at(float(p), shares(one.off, one.stated, float(norm.ppf(0.5 + p / 2)))[0]) for p in LEVELS]
        draw.line(line, fill=colour, width=2)
        draw.text((line[-1][0] - 60, line[-1][1] - 14 - 12 * sets.index(one)), one.name, fill=colour)
    draw.text((rim, size - rim + 12), "stated share of the interval (0 to 1) / share of vertices within it", fill="black")
    picture.save(out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", nargs="+", metavar="PROJECT=SET")
    parser.add_argument("--fit", action="store_true")
    parser.add_argument("-o", "--output", type=Path)
    options = parser.parse_args()
    sets = [judge(*map(Path, pair.split("=", 1))) for pair in options.pairs]
    if options.fit:
        print(fit(sets))
    print(f"{'project':22} {'within 90 %':>11}   lowest  middle highest third   median off / stated, mm")
    for one in sets:
        every, *thirds = shares(one.off, one.stated)
        print(
            f"{one.name[:22]:22} {every:11.1%}   " + "  ".join(f"{t:6.1%}" for t in thirds)
            + f"         {np.median(one.off):.4f} / {np.median(one.stated):.4f}"
        )  # fmt: skip
    if options.output:
        diagram(sets, options.output)


if __name__ == "__main__":
    main()
