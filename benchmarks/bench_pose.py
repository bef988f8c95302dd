"""How often the pose is found without a start, and in what time: random turns, scales, noise and lost bases.

python benchmarks/bench_pose.py [--starts 300]: a line an object; a pose counts where F at a pixel (a thousandth of the
object) is within .01 of F from the known start.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import trimesh
from scipy.spatial import cKDTree

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from test_pose import NOISE, points_of, reconstructed, round_head, vase  # noqa: E402

from sculpt3d.compare.points import Points  # noqa: E402
from sculpt3d.compare.pose import find_pose  # noqa: E402
from sculpt3d.compare.registration import register  # noqa: E402
from sculpt3d.geometry import Sim3  # noqa: E402


def objects() -> dict[str, trimesh.Trimesh]:
    scans = sorted((ROOT.parent / "shared" / "data" / "scans").glob("*.glb"))
    paths = [*scans, ROOT / "sample_data" / "truth" / "figure.ply"]
    found = {p.stem: trimesh.load(p, force="mesh") for p in paths}
    return found | {"round head": round_head(), "finer relief": round_head(25), "vase": vase(handles=True)}


def f_score(made: Points, truth: Points, place: Sim3, tau: float) -> float:
    """Off the other's plane, both ways, of 20,000 points each."""
    at, q = place.apply(made.xyz), truth.xyz
    j = cKDTree(q).query(at[:20_000], workers=1)[1]
    k = cKDTree(at).query(q[:20_000], workers=1)[1]
    forth = np.abs(((q[j] - at[:20_000]) * truth.normal[j]).sum(1))
    back = np.abs(((at[k] - q[:20_000]) * truth.normal[:20_000]).sum(1))
    precision, recall = (forth < tau).mean(), (back < tau).mean()
    return float(2 * precision * recall / (precision + recall + 1e-12))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--starts", type=int, default=300)
    options.add_argument("--first", type=int, default=0, help="number of the first start")
    chosen = options.parse_args()
    first, starts = chosen.first, chosen.starts
    meshes = objects()
    good, seconds = dict.fromkeys(meshes, 0), dict.fromkeys(meshes, 0.0)
    tried, worst = dict.fromkeys(meshes, 0), dict.fromkeys(meshes, 0.0)
    for k in range(first, first + starts):
        name = list(meshes)[k % len(meshes)]
        truth = points_of(meshes[name])
        made, known = reconstructed(meshes[name], 100 + k)
        began = time.process_time()
        pose = find_pose(made, truth, True).target_from_source
        seconds[name] += time.process_time() - began
        sure = register(made.xyz, truth.xyz, truth.normal, True, known)
        place = register(made.xyz, truth.xyz, truth.normal, True, pose)
        tau = NOISE * float(meshes[name].extents.max())
        lost = f_score(made, truth, sure, tau) - f_score(made, truth, place, tau)
        tried[name] += 1
        good[name] += lost < 0.01
        worst[name] = max(worst[name], lost)
        print(f"{k:4d} {name}: F lost {lost:+.4f}", file=sys.stderr, flush=True)
    for name in meshes:
        n = max(tried[name], 1)
        print(
            f"{name:14s} {good[name]} of {tried[name]}, worst {worst[name]:.4f}, {seconds[name] / n:.1f} core-s"
        )


if __name__ == "__main__":
    main()
