"""Screened Poisson reconstruction (Kazhdan 2013) in a child process, which it can take down without taking us along.

As a program: `python -m sculpt3d.surface.poisson IN.npy OUT.npz DEPTH`; IN holds (N, 6) f32 points and normals.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sculpt3d._child import die_with_parent
from sculpt3d.errors import ResourceError
from sculpt3d.progress import Progress, silent


def poisson(
    xyz: NDArray[np.float32],
    normal: NDArray[np.float32],
    depth: int,
    work: Path,
    progress: Progress | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Vertices (V, 3) and faces (F, 3) of the closed surface; `depth`: octree levels. One thread: bit-equal each time."""
    tell = progress or silent
    work.mkdir(parents=True, exist_ok=True)
    given, made = work / "oriented.npy", work / "poisson.npz"
    if not made.exists():
        np.save(given, np.concatenate([xyz, normal], 1).astype(np.float32))
        command = [sys.executable, "-m", "sculpt3d.surface.poisson", str(given), str(made), str(depth)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as child:
            try:
                start = time.monotonic()
                expected = max(5.0, len(xyz) * 8e-5)  # core-seconds a point, measured at depth 9
                while child.poll() is None:
                    spent = time.monotonic() - start
                    tell(round(95 * spent / (spent + 0.3 * expected)), 100)
                    time.sleep(0.2)
            except BaseException:
                child.kill()
                raise
        given.unlink(missing_ok=True)
        if child.returncode != 0 or not made.exists():
            raise ResourceError(
                f"The surface step ran out of memory or crashed ({len(xyz)} points); "
                "use a smaller preset or close other programs"
            )
    with np.load(made, allow_pickle=False) as found:
        return found["vertices"], found["faces"]


def _main(given: Path, made: Path, depth: int) -> None:
    from sculpt3d._open3d import o3d

    rows = np.load(given, allow_pickle=False).astype(np.float64)
    cloud = o3d.geometry.PointCloud(o3d.utility.Vector3dVector(rows[:, :3]))
    cloud.normals = o3d.utility.Vector3dVector(rows[:, 3:])
    mesh, _ = o3d.geometry.TriangleMesh.create_from_point_cloud_poisson(cloud, depth=depth, n_threads=1)
    temporary = made.with_name(f".{made.stem}.{os.getpid()}.part.npz")  # no other child writes to it
    np.savez(
        temporary, vertices=np.asarray(mesh.vertices, np.float32), faces=np.asarray(mesh.triangles, np.int32)
    )
    os.replace(temporary, made)


if __name__ == "__main__":
    die_with_parent()
    _main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
