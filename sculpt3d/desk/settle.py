"""Bringing epoch B onto A so that what changed does not pull: exhaustive search for a start, then reweighted steps.

Steps are point to plane against A's triangles themselves with Tukey's weights: what is far off by the measure of most others
has no say at all, so a dent is not smeared over its surroundings. Tukey 1960; Chen & Medioni 1991.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from sculpt3d.compare.points import Points
from sculpt3d.compare.pose import find_pose
from sculpt3d.compare.registration import robust_umeyama
from sculpt3d.desk.deviation import deviations
from sculpt3d.desk.epochs import Epoch
from sculpt3d.desk.nearest import finder_of
from sculpt3d.desk.surface import Surface
from sculpt3d.errors import InputError
from sculpt3d.geometry import F64, Rigid3
from sculpt3d.types import Bool

SAMPLES = 30_000
_TUKEY = 4.685  # 95 % as sharp as least squares where all is noise
LOOSE = 1e-3  # balls of 1,280 and 20,480 triangles 6e-4 and 4e-5, a rod 9e-5, a head .03
_SAME = 0.02  # of the size: so near, frames are taken as given


@dataclass(frozen=True)
class Registration:
    """A_from_B in mm, local. covariance (6, 6) of turn and shift about `middle`; scatter: 1-sigma in mm of what had a say;
    share: how much of B had. how: in words."""

    pose: Rigid3
    covariance: F64
    middle: F64
    scatter: float
    share: float
    how: str
    notes: tuple[str, ...] = ()

    def sigma_at(self, xyz: F64, normal: F64) -> F64:
        """(N,) 1-sigma in mm along the normals at points of A."""
        j = np.c_[np.cross(xyz - self.middle, normal), normal]
        return np.asarray(np.sqrt(np.maximum(np.einsum("ni,ij,nj->n", j, self.covariance, j), 0)))


def as_given() -> Registration:
    """Both files are in one frame already; how well is not known."""
    note = "how well the files' own frames agree is not known, and no part of the level of detection"
    how = "none: the files' own frames"
    return Registration(Rigid3.identity(), np.zeros((6, 6)), np.zeros(3), 0.0, 1.0, how, (note,))


def register_auto(a: Epoch, b: Epoch, stable: Bool | None = None) -> Registration:
    """From any start. stable (F,): faces of A that alone have a say."""
    assert a.surface is not None
    points = samples(b)
    if _near(a.surface, points):
        how = "automatic, from the files' own frames"
        return _settled(a.surface, points, Rigid3.identity(), how, (), stable)
    try:
        found = find_pose(Points(*_with_normals(b)), Points(*_with_normals(a)), with_scale=False)
    except InputError:
        raise InputError(
            f"No pose brings {b.name} onto {a.name}: do both show the same, at the same size? --register points.csv may help"
        ) from None
    best, *rivals = (
        _settled(
            a.surface,
            points,
            Rigid3(p.rotation, p.translation),
            "automatic, from a search of all poses",
            (),
            stable,
        )
        for p in (found.target_from_source, *found.rivals[:3])
    )
    alike = sum(r.scatter < 1.5 * best.scatter and not _same(r.pose, best.pose) for r in rivals)
    return replace(best, notes=(*best.notes, _ambiguous(alike))) if alike else best


def register_pairs(a: Epoch, b: Epoch, pairs: F64, stable: Bool | None = None) -> Registration:
    """From picked pairs (N, 6): x, y, z on A, then the same place on B, in mm, local; then settled on the surfaces."""
    assert a.surface is not None
    if len(pairs) < 3:
        raise InputError(f"{len(pairs)} pairs of points do not fix a pose; give three or more, not on a line")
    start = robust_umeyama(pairs[:, 3:], pairs[:, :3], with_scale=False)
    spread = np.linalg.svd(pairs[:, :3] - pairs[:, :3].mean(0))[1]
    if spread[1] < 1e-3 * spread[0]:
        raise InputError("The picked points lie on a line, and do not fix a pose; add one aside")
    off = np.linalg.norm(start.apply(pairs[:, 3:]) - pairs[:, :3], axis=1)
    note = f"{len(pairs)} picked pairs fit to {np.median(off):.2f} mm (median), {off.max():.2f} mm (worst)"
    pose = Rigid3(start.rotation, start.translation)
    return _settled(a.surface, samples(b), pose, "from picked points", (note,), stable)


def samples(epoch: Epoch, count: int = SAMPLES) -> F64:
    """(N, 3) even over the surface; of a cloud, some of its points."""
    rng = np.random.default_rng(0)
    if epoch.surface is None:
        return epoch.xyz[rng.permutation(len(epoch.xyz))[:count]]
    s = epoch.surface
    face = rng.choice(len(s.faces), count, p=s.areas / s.areas.sum())
    u = rng.random((count, 2))
    u = np.where(u.sum(1, keepdims=True) > 1, 1 - u, u)
    x = s.xyz[s.faces[face]]
    return np.asarray(x[:, 0] + u[:, :1] * (x[:, 1] - x[:, 0]) + u[:, 1:] * (x[:, 2] - x[:, 0]))


def _with_normals(epoch: Epoch) -> tuple[F64, F64]:
    if epoch.surface is not None:
        xyz = samples(epoch)
        return xyz, epoch.surface.face_normals[finder_of(epoch.surface).nearest(xyz).face]
    from sculpt3d.compare.evaluate import estimated_normals

    xyz = samples(epoch)
    return xyz, estimated_normals(xyz)


def _near(surface: Surface, points: F64) -> bool:
    """Whether most of B lies on A as it comes."""
    distance = finder_of(surface).nearest(points[:3000]).distance
    return bool(np.quantile(distance, 0.7) < _SAME * surface.size)


def _settled(
    surface: Surface, points: F64, start: Rigid3, how: str, notes: tuple[str, ...], stable: Bool | None
) -> Registration:
    pose, middle = start, start.apply(points).mean(0)
    size = surface.size
    for _ in range(100):
        x = pose.apply(points)
        off, j, free = _steps(surface, x, middle, stable)
        if free.sum() < 50:
            raise InputError(
                "Too little of B lies on A, or on its stable area, to register them: give --register points.csv, or none"
            )
        scatter = max(1.4826 * float(np.median(np.abs(off[free]))), 1e-9 * size)
        weight = np.where(free, (1 - np.minimum((off / (_TUKEY * scatter)) ** 2, 1)) ** 2, 0)
        step = -np.linalg.lstsq(j * np.sqrt(weight)[:, None], off * np.sqrt(weight), rcond=None)[0]
        turn = Rotation.from_rotvec(step[:3]).as_matrix()
        pose = Rigid3(turn, middle + step[3:] - turn @ middle) @ pose
        if np.abs(step[:3]).max() * size + np.abs(step[3:]).max() < 1e-3 * scatter:
            break
    normal = j.T @ (j * weight[:, None])
    lever = float(np.sqrt(((pose.apply(points) - middle) ** 2).sum(1).mean()))
    units = np.repeat([lever, 1.0], 3)  # a turn counts by how far it moves
    if np.linalg.svd(normal / np.outer(units, units) / max(weight.sum(), 1e-300))[1][-1] < LOOSE:
        notes = (
            *notes,
            "the shapes slide or turn on each other: their pose is not fixed by the surfaces alone",
        )
    used = weight > 0
    noise = float(np.sqrt((weight * off**2).sum() / max(weight.sum(), 1e-300)))
    covariance = np.asarray(noise**2 * np.linalg.pinv(normal), np.float64)
    return Registration(pose, covariance, middle, noise, float(used.mean()), how, notes)


def _steps(surface: Surface, x: F64, middle: F64, stable: Bool | None) -> tuple[F64, F64, Bool]:
    """Distances (N,) to the planes of the nearest faces, how they change with turn and shift (N, 6), and which have a say."""
    found = deviations(surface, x)
    normal = surface.face_normals[found.places.face]
    off = ((x - found.places.xyz) * normal).sum(1)
    free = ~found.beyond & (found.places.distance <= np.abs(off) * 1.5 + 1e-9 * surface.size)
    if stable is not None:
        free &= stable[found.places.face]
    return off, np.c_[np.cross(x - middle, normal), normal], free


def _same(a: Rigid3, b: Rigid3) -> bool:
    return bool(np.trace(a.rotation.T @ b.rotation) > 1 + 2 * np.cos(np.radians(1.0)))


def _ambiguous(count: int) -> str:
    others = "another pose fits" if count == 1 else f"{count} other poses fit"
    return f"{others} as well, as the shape is alike from several sides: give --register points.csv"


def read_pairs(text: str, name: str) -> NDArray[np.float64]:
    """(N, 6) of a table: ax,ay,az,bx,by,bz a line, with or without a head. Raises `InputError`."""
    rows = [
        line.replace(";", ",").split(",")
        for line in text.splitlines()
        if line.strip() and line.lstrip()[0] != "#"
    ]
    if rows and not _is_number(rows[0][0]):
        rows = rows[1:]
    try:
        found = np.array([[float(v) for v in row] for row in rows], np.float64)
    except ValueError:
        found = np.zeros((0, 0))
    if found.ndim != 2 or found.shape[1:] != (6,) or not np.isfinite(found).all():
        raise InputError(f"{name} is no table of picked pairs: six numbers a line, x,y,z on A and x,y,z on B")
    return found


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
