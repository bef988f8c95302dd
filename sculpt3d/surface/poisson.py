"""Screened Poisson reconstruction (Kazhdan 2013) in a child process, which it can take down without taking us along.

As a program: `python -m sculpt3d.surface.poisson IN.npy OUT.npz DEPTH`; IN holds (N, 6) f32 points and normals. It leaves with
`UNFIT` where there is no surface to be had of them, which the library would answer with a crash too.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sculpt3d.errors import InputError, ResourceError
from sculpt3d.files import put
from sculpt3d.progress import Progress, silent
from sculpt3d.system import OUT_OF_MEMORY, Child, crash

UNFIT, NO_ROOM = 13, 14  # exit codes
_ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "VECLIB_MAXIMUM", "TBB")}


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
        code, said = _run(command, len(xyz), tell, {})
        if crash(code) not in (None, OUT_OF_MEMORY):  # seen on macOS, where the same points went through the next time
            code, said = _run(command, len(xyz), tell, _ONE_THREAD)
        given.unlink(missing_ok=True)
        if code != 0 or not made.exists():
            raise _failure(code, said, len(xyz))
    with np.load(made, allow_pickle=False) as found:
        return found["vertices"], found["faces"]


def _run(command: list[str], points: int, tell: Progress, env: dict[str, str]) -> tuple[int, str]:
    """Exit code and last words."""
    start = time.monotonic()
    expected = max(5.0, points * 8e-5)  # core-seconds a point, measured at depth 9
    with (
        tempfile.TemporaryFile() as words,
        Child(command, stdout=subprocess.DEVNULL, stderr=words, env=os.environ | env) as child,
    ):
        while child.poll() is None:
            spent = time.monotonic() - start
            tell(round(95 * spent / (spent + 0.3 * expected)), 100)
            time.sleep(0.2)
        words.seek(0)
        lines = words.read().decode(errors="replace").split("\n")
    return child.returncode, next((line.strip() for line in reversed(lines) if line.strip()), "no word")


def _failure(code: int, said: str, points: int) -> InputError | ResourceError:
    if code == UNFIT:
        return InputError(f"The cloud's {points} points make no surface: {said}; look at cloud.ply, and add photos that overlap")
    if code == NO_ROOM or crash(code) == OUT_OF_MEMORY:
        return ResourceError(
            f"Memory ran out over the surface of {points} points; close other programs, or use a smaller preset"
        )
    if crash(code) is not None:
        return ResourceError(
            f"Open3D's Poisson reconstruction crashed twice on this machine ({crash(code)}), the second time on one thread; the "
            "cloud is kept: run the same command again, with a smaller preset, or on another machine to go on from it"
        )
    return ResourceError(f"The surface step did not come to an end ({said[:120]}); run the same command again to go on")


def _main(given: Path, made: Path, depth: int) -> None:
    from sculpt3d._open3d import o3d

    rows = np.load(given, allow_pickle=False).astype(np.float64)
    unfit = _unfit(rows)
    if unfit:
        sys.exit(_leave(UNFIT, unfit))
    cloud = o3d.geometry.PointCloud(o3d.utility.Vector3dVector(rows[:, :3]))
    cloud.normals = o3d.utility.Vector3dVector(rows[:, 3:])
    try:
        mesh, _ = o3d.geometry.TriangleMesh.create_from_point_cloud_poisson(cloud, depth=depth, n_threads=1)
    except MemoryError:
        sys.exit(_leave(NO_ROOM, "memory ran out"))
    temporary = made.with_name(f".{made.stem}.{os.getpid()}.part.npz")  # no other child writes to it
    np.savez(
        temporary, vertices=np.asarray(mesh.vertices, np.float32), faces=np.asarray(mesh.triangles, np.int32)
    )
    put(temporary, made)


def _unfit(rows: NDArray[np.float64]) -> str | None:
    """Why (N, 6) points and normals have no surface; Open3D 0.20 ends the process over the first three."""
    if not np.isfinite(rows).all():
        return "some are not finite"
    if len(rows) < 3 or not np.ptp(rows[:, :3], axis=0).any():
        return "they are fewer than three, or all in one place"
    if not rows[:, 3:].any():
        return "none has a normal"
    return None


def _leave(code: int, words: str) -> int:
    print(words, file=sys.stderr)
    return code


if __name__ == "__main__":
    _main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
