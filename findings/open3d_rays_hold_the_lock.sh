#!/usr/bin/env bash
# open3d-cpu 0.20.0: a RaycastingScene is filled by Embree in C++, so a thread that makes one might be thought to run beside others.
# It does not: the first cast, which builds the tree, keeps Python's global lock from beginning to end, and so does every cast. A
# program with a window stands still for as long. NumPy sorting as long in a thread lets the others go on.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q open3d-cpu==0.20.0 libusb-package==1.0.30.0 numpy==2.4.6
cat > "$folder/beside.py" <<'PY'
import ctypes
import threading
import time

import libusb_package

ctypes.CDLL(str(libusb_package.get_library_path()), ctypes.RTLD_GLOBAL)
import numpy as np
import open3d as o3d

n = 1001
x, y = np.meshgrid(np.linspace(0, 1, n), np.linspace(0, 1, n), indexing="ij")
points = np.stack([x, y, 0.1 * np.sin(9 * x) * np.cos(7 * y)], -1).reshape(-1, 3).astype(np.float32)
i, j = np.meshgrid(np.arange(n - 1), np.arange(n - 1), indexing="ij")
p = (i * n + j).ravel()
faces = np.concatenate([np.stack([p, p + 1, p + n + 1], 1), np.stack([p, p + n + 1, p + n], 1)]).astype(np.uint32)
rays = o3d.core.Tensor(np.tile(np.array([0.5, 0.5, 1, 0, 0, -1], np.float32), (3_000_000, 1)))


def share(work):
    """Of the time that `work` takes in a thread: the longest that this thread had to wait."""
    thread, longest = threading.Thread(target=work), 0.0
    began = last = time.perf_counter()
    thread.start()
    while thread.is_alive():
        time.sleep(0.001)
        longest, last = max(longest, time.perf_counter() - last), time.perf_counter()
    return longest / (last - began), last - began


scene = o3d.t.geometry.RaycastingScene()
scene.add_triangles(o3d.core.Tensor(points), o3d.core.Tensor(faces))
built, built_s = share(lambda: scene.cast_rays(rays[:1]))
cast, cast_s = share(lambda: scene.cast_rays(rays))
values = np.random.default_rng(0).random(20_000_000)
by_numpy, numpy_s = share(lambda: np.sort(values))
print("open3d", o3d.__version__, "numpy", np.__version__)
print(f"tree of {len(faces):,} triangles, built by the first cast: {built_s:.2f} s, others waited {built:.0%} of it at a stretch")
print(f"{rays.shape[0]:,} rays: {cast_s:.2f} s, others waited {cast:.0%} of it")
print(f"NumPy's sort: {numpy_s:.2f} s, others waited {by_numpy:.0%} of it")
raise SystemExit(not (built > 0.8 and cast > 0.6 and by_numpy < 0.4))
PY
"$folder/venv/bin/python" "$folder/beside.py"
