#!/usr/bin/env bash
# py4dgeo 1.2.0's M3C2 loses points of its cylinders, depending on whether ceil(max_distance / cyl_radius) is even or odd. The
# cylinder is cut into that many slabs and each keeps what lies strictly inside of it; with an even number a border is the core
# point's own plane, and the core point itself, mostly one of the cloud, is on it and in neither half. On a plane (a floor, CAD,
# a cloud snapped to a grid) all points are, and every distance is NaN. Met: M3C2's numbers of points, spread and level of
# detection change with max_distance alone, though the cylinder held everything before.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q py4dgeo==1.2.0
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
from importlib.metadata import version

import numpy as np
import py4dgeo

print("py4dgeo", version("py4dgeo"))
rng = np.random.default_rng(1)
rough = [np.c_[rng.uniform(0, 10, (3000, 2)), rng.normal(h, 0.02, 3000)] for h in (0.0, 0.15)]
flat = [np.c_[x[:, :2], np.full(3000, h)] for x, h in zip(rough, (0.0, 0.15))]


def m3c2(clouds, reach):
    core = clouds[0][::20]
    method = py4dgeo.M3C2(
        epochs=tuple(py4dgeo.Epoch(x.copy()) for x in clouds),
        corepoints=core.copy(),
        corepoint_normals=np.tile([0.0, 0.0, 1.0], (len(core), 1)),
        cyl_radius=0.5,
        max_distance=reach,
    )
    distance, told = method.run()
    return distance, told["num_samples1"]


core = rough[0][::20]
true = np.array([(np.hypot(*(rough[0] - c)[:, :2].T) <= 0.5).sum() for c in core])
lost = {reach: true - m3c2(rough, reach)[1] for reach in (2.5, 3.0, 3.5, 4.0)}
nothing = {reach: int(np.isnan(m3c2(flat, reach)[0]).sum()) for reach in (2.5, 3.0, 3.5, 4.0)}
for reach in lost:
    slabs = int(np.ceil(reach / 0.5))
    print(f"max_distance {reach}: {slabs} slabs; rough plane: of {len(core)} core points {int((lost[reach] > 0).sum())} have lost "
          f"a point of their cylinder; exact plane: {nothing[reach]} distances are NaN")
assert all((lost[r] == 0).all() and nothing[r] == 0 for r in (2.5, 3.5)), "an odd number of slabs: nothing is lost"
assert all((lost[r] > 0).mean() > 0.5 for r in (3.0, 4.0)), "an even number: most core points lose themselves"
assert all(nothing[r] == len(core) for r in (3.0, 4.0)), "an exact plane: no distance at all"
print("as described")
PY
