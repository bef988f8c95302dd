"""A model against the truth: accuracy, completeness, F-score, Chamfer. Seitz 2006; Knapitsch 2017."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import trimesh
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from sculpt3d._open3d import o3d, triangles_for_rays
from sculpt3d.compare.points import Points, box
from sculpt3d.compare.pose import find_pose
from sculpt3d.compare.registration import register, robust_umeyama
from sculpt3d.errors import InputError, UnreadableFile
from sculpt3d.geometry import F64, Rigid3, Sim3
from sculpt3d.models.colmap_find import choose_model
from sculpt3d.models.read import read_document

SAMPLES = 400_000
MARGIN = 0.05  # of the truth's largest side: what lies farther outside its box is not counted


@dataclass(frozen=True)
class Distances:
    """Millimetres."""

    mean: float
    median: float
    p90: float
    max: float


@dataclass(frozen=True)
class Score:
    """At one distance: shares of the model near the truth, of the truth near the model, and their harmonic mean."""

    tau_mm: float
    precision: float
    recall: float
    f: float


@dataclass(frozen=True)
class Evaluation:
    accuracy_mm: Distances
    completeness_mm: Distances
    chamfer_mm: float
    scores: tuple[Score, ...]
    truth_from_model: tuple[tuple[float, ...], ...]  # 4x4, between the files' own coordinates
    scale_error_percent: float | None  # how much too large the model is; None where its scale was not fitted
    align_seconds: float | None = None  # what finding the pose took
    notes: tuple[str, ...] = ()  # what of the files could not be kept; whether the pose is ambiguous

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Surface:
    """Points with normals, and the triangles where there are any, in metres about `origin` (3,), which is the file's own.

    unit_m: metres a unit of the file; one where it says nothing.
    """

    xyz: F64
    normal: F64
    mesh: Any
    origin: F64
    unit_m: float
    notes: tuple[str, ...] = ()

    def from_file(self) -> Sim3:
        """To these coordinates from the file's."""
        return Sim3(self.unit_m, np.eye(3), -self.origin)


def evaluate(
    model: Path, truth: Path, tau_mm: tuple[float, ...] = (1.0,), align: Literal["none", "rigid", "sim3"] = "none",
    floor_mm: float | None = None, up: Literal["x", "y", "z"] = "y", cameras: tuple[Path, Path] | None = None,
) -> Evaluation:  # fmt: skip
    """Files that name no unit are in metres. `cameras`: COLMAP models of model and truth, a sure start for `align`.

    A truth cloud `NAME.ply` may have its mesh beside it (`NAME_mesh.ply`): then accuracy is exact and against all of
    it, completeness only asks for the cloud (what can be seen).
    """
    made, true = read_surface(model), read_surface(truth)
    beside = truth.with_name(f"{truth.stem}_mesh.ply")
    whole = true.mesh if true.mesh is not None or not beside.is_file() else _beside(beside, true)
    began = time.perf_counter()
    place, note = _placed(made, true, align, cameras)
    seconds = time.perf_counter() - began
    axis = "xyz".index(up)
    floor = None if floor_mm is None else floor_mm / 1000 - float(true.origin[axis])
    wanted = true.xyz if floor is None else true.xyz[true.xyz[:, axis] > floor]
    found = _inside(place.apply(made.xyz), true.xyz, axis, floor)
    if not len(found) or not len(wanted):
        raise InputError(f"Nothing of {model.name} lies where {truth.name} is; try --align sim3")
    accuracy = 1000 * (
        cKDTree(true.xyz).query(found, workers=1)[0] if whole is None else to_mesh(found, whole)
    )
    completeness = 1000 * (
        cKDTree(found).query(wanted, workers=1)[0]
        if made.mesh is None
        else to_mesh(wanted, _moved(made.mesh, place))
    )
    scores = []
    for tau in tau_mm:
        precision, recall = float((accuracy < tau).mean()), float((completeness < tau).mean())
        scores.append(Score(tau, precision, recall, 2 * precision * recall / max(precision + recall, 1e-12)))
    in_files = true.from_file().inverse() @ place @ made.from_file()
    return Evaluation(
        _stats(accuracy),
        _stats(completeness),
        float((accuracy.mean() + completeness.mean()) / 2),
        tuple(scores),
        tuple(tuple(float(v) for v in row) for row in in_files.matrix()),
        100 * (1 / place.scale - 1) if align == "sim3" else None,
        None if align == "none" else round(seconds, 1),
        (
            *(f"{path.name}: {n}" for path, s in ((model, made), (truth, true)) for n in s.notes),
            *_choices(cameras or ()),
            *([] if note is None else [note]),
        ),
    )


def read_surface(path: Path, samples: int = SAMPLES) -> Surface:
    """Area-uniform samples of all parts, or the points of a cloud (at most 3 million); of a project, its full mesh."""
    document = read_document(path / "mesh.ply" if (path / "mesh.ply").is_file() else path)
    unit = document.unit_m or 1.0
    about = document.offset * unit, unit, document.notes
    if any(len(p.faces) for p in document.parts):
        welded = document.surface()
        mesh = trimesh.Trimesh(welded.vertices.astype(np.float64) * unit, welded.faces, process=False)
        xyz, face = trimesh.sample.sample_surface(mesh, samples, seed=0)
        return Surface(np.asarray(xyz), np.asarray(mesh.face_normals[face]), mesh, *about)
    xyz = document.points().astype(np.float64) * unit
    if len(xyz) < 10:
        raise UnreadableFile(f"{path.name} holds no surface; give a mesh or a point cloud")
    keep = np.random.default_rng(0).permutation(len(xyz))[:3_000_000]
    return Surface(xyz[keep], estimated_normals(xyz[keep]), None, *about)


def to_mesh(points: F64, mesh: Any) -> F64:
    """Exact distance (N,) of points to the triangles, in their unit."""
    origin = np.median(points, 0)  # float32 keeps its digits near the middle; a stray face does not move it
    scene = triangles_for_rays(mesh.vertices - origin, mesh.faces)
    return np.asarray(
        scene.compute_distance(o3d.core.Tensor((points - origin).astype(np.float32))).numpy(), np.float64
    )


def _placed(
    made: Surface, true: Surface, align: str, cameras: tuple[Path, Path] | None
) -> tuple[Sim3, str | None]:
    """The truth's local coordinates from the model's, and what must be said of it; their offsets are part of it, in double."""
    apart, with_scale = Sim3(1.0, np.eye(3), made.origin - true.origin), align == "sim3"
    if align == "none":
        return apart, None
    if cameras is not None:
        between = _from_cameras(*cameras, with_scale)
        start = true.from_file() @ between @ made.from_file().inverse()
        return register(made.xyz, true.xyz, true.normal, with_scale, start), None
    first = apart if _touch(apart.apply(made.xyz), true.xyz) else Sim3.identity()
    source = Points(first.apply(made.xyz), made.normal)
    found = find_pose(source, Points(true.xyz, true.normal), with_scale)
    pose = register(source.xyz, true.xyz, true.normal, with_scale, found.target_from_source)
    return pose @ first, found.note()


def _touch(a: F64, b: F64) -> bool:
    """Whether their boxes do."""
    return bool(((a.min(0) <= b.max(0)) & (b.min(0) <= a.max(0))).all())


def _beside(path: Path, true: Surface) -> Any:
    """The mesh of a truth cloud, in the cloud's coordinates."""
    found = read_surface(path)
    if found.mesh is None:
        return None
    return _moved(found.mesh, Sim3(1.0, np.eye(3), found.origin - true.origin))


def _inside(xyz: F64, truth: F64, axis: int, floor: float | None) -> F64:
    low, high = box(truth)
    margin = MARGIN * float((high - low).max())
    keep = ((xyz > low - margin) & (xyz < high + margin)).all(1)
    if floor is not None:
        keep &= xyz[:, axis] > floor
    return xyz[keep]


def _from_cameras(model: Path, truth: Path, with_scale: bool) -> Sim3:
    from sculpt3d.models.colmap import camera_poses

    mine, true = camera_poses(model), camera_poses(truth)
    names = sorted(mine.keys() & true.keys())
    if len(names) < 3:
        raise InputError(f"{model} and {truth} have {len(names)} photo names in common, three are needed")
    return robust_umeyama(_centres(mine, names), _centres(true, names), with_scale)


def _choices(cameras: tuple[Path, ...]) -> list[str]:
    """Which of several COLMAP models were taken, a sentence each."""
    return [f"{path.name}: {told}" for path in cameras if (told := choose_model(path)[1])]


def _centres(poses: dict[str, Rigid3], names: list[str]) -> F64:
    return np.array([poses[n].source_origin for n in names])


def _moved(mesh: Any, place: Sim3) -> Any:
    return trimesh.Trimesh(place.apply(mesh.vertices), mesh.faces, process=False)


def estimated_normals(xyz: F64) -> F64:
    """(N, 3) of a cloud, either way round."""
    cloud = o3d.geometry.PointCloud(o3d.utility.Vector3dVector(xyz))
    cloud.estimate_normals()
    return np.asarray(cloud.normals)


def _stats(d: NDArray[np.float64]) -> Distances:
    return Distances(float(d.mean()), float(np.median(d)), float(np.quantile(d, 0.9)), float(d.max()))
