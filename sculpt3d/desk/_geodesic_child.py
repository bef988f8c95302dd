"""Run as a script: the shortest way between two vertices. mesh.npz (xyz, faces, ends) -> way.npy (K, 3)."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np


def main(given: Path, made: Path) -> None:
    import pygeodesic.geodesic as pygeodesic

    mesh = np.load(given)
    start, goal = (int(v) for v in mesh["ends"])
    solver = pygeodesic.PyGeodesicAlgorithmExact(mesh["xyz"], mesh["faces"])
    length, way = solver.geodesicDistance(start, goal)
    if way is not None and np.isfinite(length):
        np.save(made, np.asarray(way, np.float64))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
