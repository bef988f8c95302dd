"""How long a model takes to open and how much memory, ours beside trimesh:

    python benchmarks/bench_read.py [--triangles 1000000] [--large 20000000]

A row is a file and a reader in a process of its own, in core-seconds: what else the machine does is not in them. start: until
the reader is imported. open: the call. peak: resident memory of the whole process; arrays: what it hands out. The model is a
torus; trimesh writes the files, ours only the large PLY. t.glb has a PNG of 4096 x 4096. trimesh hands on what it has read;
our document was gone through: every number, index and area.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

ROOT = Path(__file__).parents[1]
HEAD = "file       MB  reader   start s  open s   both s  peak MB  arrays MB"
_OURS = """
from sculpt3d.models.read import read_document
started()
document = read_document(path)
held = [a for p in document.parts for a in (p.vertices, p.faces, p.uv, p.rgba, p.normals) if a is not None]
triangles = sum(len(p.faces) for p in document.parts)
"""
_TRIMESH = """
import trimesh
started()
mesh = trimesh.load(path, process=False)
mesh = mesh.to_geometry() if isinstance(mesh, trimesh.Scene) else mesh
held = [mesh.vertices, mesh.faces]
triangles = len(mesh.faces)
"""
_RUN = r"""
import json, re, sys, time
from pathlib import Path
path, clock = Path(sys.argv[1]), [time.process_time()]
def started(): clock.append(time.process_time())
%s
clock.append(time.process_time())
peak = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())  # getrusage's has the parent's in it
print(json.dumps({
    "start": clock[1] - clock[0], "open": clock[2] - clock[1], "triangles": triangles,
    "peak": int(peak[1]) / 1000, "arrays": sum(a.nbytes for a in held) / 1e6,
}))
"""


@dataclass(frozen=True)
class Row:
    """Core-seconds and megabytes."""

    start: float
    open: float
    triangles: int
    peak: float
    arrays: float

    @property
    def both(self) -> float:
        return self.start + self.open


def torus(triangles: int) -> tuple[np.ndarray, np.ndarray]:
    """About so many triangles on a ring; (V, 3) float32 and (F, 3) int32."""
    m = max(int((triangles / 4) ** 0.5), 3)
    n = 2 * m
    u, v = np.meshgrid(*(np.arange(k) * (2 * np.pi / k) for k in (n, m)), indexing="ij")
    radius = 2 + np.cos(v)
    points = np.stack([radius * np.cos(u), np.sin(v), radius * np.sin(u)], -1).reshape(-1, 3)
    i, j = (g.ravel() for g in np.meshgrid(np.arange(n), np.arange(m), indexing="ij"))
    a, b = i * m + j, i * m + (j + 1) % m
    c, d = (i + 1) % n * m + (j + 1) % m, (i + 1) % n * m + j
    return points.astype(np.float32), np.concatenate([np.c_[a, b, c], np.c_[a, c, d]]).astype(np.int32)


def measured(path: Path, reader: str) -> Row:
    """Of three runs the fastest; memory is the same in all."""
    program = _RUN % (_OURS if reader == "ours" else _TRIMESH)
    rows = []
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", program, str(path)], cwd=ROOT, check=True, capture_output=True, text=True
        )
        rows.append(Row(**json.loads(done.stdout)))
    return min(rows, key=lambda r: r.both)


def show(path: Path, reader: str, row: Row) -> None:
    print(
        f"{path.name:10} {path.stat().st_size / 1e6:3.0f}  {reader:8} {row.start:6.2f} {row.open:7.3f} {row.both:8.2f} "
        f"{row.peak:8.0f} {row.arrays:10.0f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--triangles", type=int, default=1_000_000)
    parser.add_argument("--large", type=int, default=20_000_000, help="triangles of one PLY more; 0: none")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        write_files(Path(folder), args.triangles)
        print(HEAD)
        for name in ("m.ply", "m.obj", "m.stl", "m.glb", "t.glb"):
            path = Path(folder) / name
            ours, theirs = measured(path, "ours"), measured(path, "trimesh")
            show(path, "ours", ours)
            show(path, "trimesh", theirs)
            print(
                f"{'':16}of trimesh's: {ours.both / theirs.both:.2f} of the time, {ours.peak / theirs.peak:.2f} of the memory"
            )
        if args.large:
            large(Path(folder) / "large.ply", args.large)


def write_files(folder: Path, triangles: int) -> None:
    import trimesh

    points, faces = torus(triangles)
    mesh = trimesh.Trimesh(points, faces, process=False)
    for kind in ("ply", "obj", "stl", "glb"):
        mesh.export(folder / f"m.{kind}")
    random = np.random.default_rng(0)
    picture = Image.fromarray(random.integers(0, 255, (256, 256, 3)).astype(np.uint8)).resize((4096, 4096))
    material = trimesh.visual.material.PBRMaterial(baseColorTexture=picture)
    skin = trimesh.visual.TextureVisuals(uv=random.random((len(points), 2)), material=material)
    trimesh.Trimesh(points, faces, process=False, visual=skin).export(folder / "t.glb")


def large(path: Path, triangles: int) -> None:
    from sculpt3d.models.ply import write_mesh
    from sculpt3d.types import Mesh

    write_mesh(path, Mesh(*torus(triangles)))
    row = measured(path, "ours")
    show(path, "ours", row)
    print(
        f"{'':16}beyond the arrays: {(row.peak - row.arrays) * 1e6 / path.stat().st_size:.2f} of the file's size"
    )


if __name__ == "__main__":
    main()
