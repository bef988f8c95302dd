"""The sets that dense stereo is measured on: cameras, photos, masks, truth.

Rendered sets have a true surface, the bronze of `sakharov` has another program's depth maps only.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image
from scipy.spatial.transform import Rotation

from sculpt3d.geometry import F64, Rigid3
from sculpt3d.synthetic import Look, Stage, ring
from sculpt3d.types import Mesh, Pinhole

SAMPLE = Path(__file__).parents[1] / "sample_data"


@dataclass(frozen=True)
class DenseSet:
    """`model`: COLMAP cameras. With `truth`, `gsd_mm` and `up` say how to score against it; with `depths`, a folder of
    STEM.exr, depths are compared."""

    name: str
    model: Path
    photos: Path
    masks: Path | None = None
    truth: Path | None = None
    gsd_mm: float = 0.0
    up: Literal["x", "y", "z"] = "z"
    depths: Path | None = None

    def megapixels(self) -> float:
        """Of all photos."""
        return sum(w * h for w, h in self._sizes()) / 1e6

    def longest(self) -> int:
        """The longest side of a photo, pixels."""
        return max(max(size) for size in self._sizes())

    def _sizes(self) -> list[tuple[int, int]]:
        sizes = []
        for path in self.photos.iterdir():
            with Image.open(path) as image:
                sizes.append(image.size)
        return sizes


def find_sets(data: Path, names: Sequence[str], work: Path) -> list[DenseSet]:
    """Those of `names` that `data` has; the sample figure where it has none. `work` takes cameras that are converted."""
    found = []
    for name in names:
        if (data / "rendered" / name / "truth.json").is_file():
            found.append(rendered(data / "rendered" / name))
        elif (data / "photos" / name / "cameras.out").is_file():
            found.append(bundled(data / "photos" / name, work / name))
        else:
            print(f"{name}: not in {data}, left out", flush=True)
    return found or [sample()]


def sample() -> DenseSet:
    truth = SAMPLE / "truth"
    return DenseSet("sample", truth / "cameras", SAMPLE / "photos", None, truth / "figure.ply", 0.57, "y")


def rendered(folder: Path) -> DenseSet:
    gsd = float(json.loads((folder / "truth.json").read_text())["gsd_mm"])
    return DenseSet(
        folder.name, folder / "truth_colmap", folder / "images", folder / "masks", folder / "truth.ply", gsd
    )


def bundled(folder: Path, out: Path) -> DenseSet:
    """Bundler's cameras (v0.3) as a COLMAP model in `out`. Its frame looks along -z with y up, pixels from the middle."""
    names = (folder / "ordered_filenames.txt").read_text().split()[1:]
    rows = [line.split() for line in (folder / "cameras.out").read_text().splitlines()[1:]]
    cameras, points = int(rows[0][0]), int(rows[0][1])
    flip = np.diag([1.0, -1.0, -1.0])
    lenses, poses, sizes = [], [], []
    for i, name in enumerate(names[:cameras]):
        block = rows[1 + 5 * i : 6 + 5 * i]
        with Image.open(folder / "images" / name) as image:
            sizes.append(image.size)
        lenses.append([float(v) for v in block[0]])
        poses.append(Rigid3(flip @ np.array(block[1:4], np.float64), flip @ np.array(block[4], np.float64)))
    xyz: list[list[float]] = []
    tracks: list[list[tuple[int, int]]] = []
    seen: list[list[tuple[float, float, int]]] = [[] for _ in range(cameras)]
    for j in range(points):
        place, _, track = rows[1 + 5 * cameras + 3 * j : 4 + 5 * cameras + 3 * j]
        xyz.append([float(v) for v in place])
        tracks.append([])
        for k in range(int(track[0])):
            i, x, y = int(track[1 + 4 * k]), float(track[3 + 4 * k]), float(track[4 + 4 * k])
            tracks[-1].append((i, len(seen[i])))
            seen[i].append((sizes[i][0] / 2 + x, sizes[i][1] / 2 - y, j))
    lines = [
        f"RADIAL {w} {h} {f} {w / 2} {h / 2} {k1} {k2}"
        for (w, h), (f, k1, k2) in zip(sizes, lenses, strict=True)
    ]
    write_model(out, names, lines, poses, np.array(xyz), tracks, seen)
    return DenseSet(folder.name, out, folder / "images", depths=folder / "depth")


def write_model(
    out: Path, names: Sequence[str], cameras: Sequence[str], poses: Sequence[Rigid3], xyz: F64,
    tracks: Sequence[Sequence[tuple[int, int]]], seen: Sequence[Sequence[tuple[float, float, int]]],
) -> None:  # fmt: skip
    """COLMAP's text files. A camera a photo, "MODEL WIDTH HEIGHT PARAMS"; tracks: (photo, place in its `seen`) of each
    point; seen: (x, y, point) of each photo."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "cameras.txt").write_text("".join(f"{i} {c}\n" for i, c in enumerate(cameras, 1)))
    with open(out / "images.txt", "w") as f:
        for i, (name, pose) in enumerate(zip(names, poses, strict=True)):
            x, y, z, w = Rotation.from_matrix(pose.rotation).as_quat()
            numbers = " ".join(f"{v:.12g}" for v in (w, x, y, z, *pose.translation))
            f.write(f"{i + 1} {numbers} {i + 1} {name}\n")
            f.write(" ".join(f"{u:.6g} {v:.6g} {j + 1}" for u, v, j in seen[i]) + "\n")
    with open(out / "points3D.txt", "w") as f:
        for j, (point, track) in enumerate(zip(xyz, tracks, strict=True), 1):
            where = " ".join(f"{i + 1} {k}" for i, k in track)
            f.write(f"{j} {' '.join(f'{v:.9g}' for v in point)} 128 128 128 0.5 {where}\n")


def tiny(folder: Path) -> DenseSet:
    """A painted ball in eight small photos: enough to have every kernel compiled."""
    import trimesh

    ball = trimesh.creation.icosphere(5)
    rng = np.random.default_rng(0)
    waves = sum(np.sin(ball.vertices @ rng.normal(size=(3, 6)) * f).sum(1) for f in (9, 18, 30))
    colour = np.repeat(np.clip(0.35 + 0.06 * waves, 0.02, 0.95)[:, None], 3, 1).astype(np.float32)
    stage = Stage(Mesh(ball.vertices.astype(np.float32), ball.faces.astype(np.int32)), colour)
    poses = ring(np.zeros(3), 3.5, 10, 24)[:8]
    names = [f"{i}.png" for i in range(len(poses))]
    (folder / "images").mkdir(parents=True, exist_ok=True)
    camera = Pinhole(160, 120, 200.0, 200.0, 80.0, 60.0)
    for name, pose in zip(names, poses, strict=True):
        Image.fromarray(stage.photograph(camera, pose, Look(ambient=1.0))).save(folder / "images" / name)
    write_model(
        folder / "sparse", names, ["PINHOLE 160 120 200 200 80 60"] * len(names), poses, np.empty((0, 3)), [],
        [[]] * len(names),
    )  # fmt: skip
    return DenseSet("tiny", folder / "sparse", folder / "images")
