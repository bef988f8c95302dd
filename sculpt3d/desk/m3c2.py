"""M3C2 (Lague, Brodu & Leroux 2013) with its level of detection, by py4dgeo: distances along the normal between means of points
in cylinders, so that noise of single points averages out."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from sculpt3d.desk.epochs import Epoch
from sculpt3d.desk.settle import samples
from sculpt3d.errors import InputError, ResourceError
from sculpt3d.geometry import F64
from sculpt3d.types import Bool

MOST = 20_000  # core points


@dataclass(frozen=True)
class M3c2Params:
    """mm. radius: of the cylinders; reach: half of their length."""

    radius: float
    reach: float


@dataclass(frozen=True)
class M3c2:
    """At core points of A (N, 3) local: distance (N,) mm, positive outside; NaN where a cylinder holds no points; level (N,) mm;
    significant (N,); counts (N, 2): points in the cylinders."""

    core: F64
    distance: F64
    level: F64
    significant: Bool
    counts: NDArray[np.int64]
    params: M3c2Params


def run_m3c2(
    first: F64, second: F64, core: F64, normal: F64, params: M3c2Params, registration_sigma: float
) -> M3c2:
    """Of points (N, 3) and (M, 3) in mm at core points (K, 3) along their unit normals (K, 3). Raises `ResourceError` where
    py4dgeo is not installed."""
    py4dgeo = _library()
    epochs = tuple(py4dgeo.Epoch(np.ascontiguousarray(x, np.float64)) for x in (first, second))
    method = py4dgeo.M3C2(
        epochs=epochs,
        corepoints=np.ascontiguousarray(core, np.float64),
        corepoint_normals=np.ascontiguousarray(normal, np.float64),
        cyl_radius=params.radius,
        max_distance=params.reach,
        registration_error=registration_sigma,
    )
    distance, told = method.run()
    level = np.asarray(told["lodetection"], np.float64)
    counts = np.stack([told["num_samples1"], told["num_samples2"]], 1).astype(np.int64)
    return M3c2(core, np.asarray(distance, np.float64), level, np.abs(distance) > level, counts, params)


def m3c2(a: Epoch, b: Epoch, registration_sigma: float) -> M3c2:
    """Of both, b in place; cylinders wide enough for some 25 points of the coarser one. Of a surface as many points as it has
    vertices, but evenly spread: vertices that crowd along edges would pull the means."""
    assert a.surface is not None
    spacing = max(_spacing(a.xyz), _spacing(b.xyz))
    radius = 3 * spacing
    slabs = int(np.ceil(max(5.0, 0.02 * a.surface.size / radius))) | 1
    params = M3c2Params(
        radius, slabs * radius
    )  # py4dgeo leaves out the core point itself where the slabs are even
    if min(len(a.xyz), len(b.xyz)) < 100:
        raise InputError(
            "M3C2 needs clouds of points, and the models have fewer than 100 vertices: leave --m3c2 out"
        )
    rng = np.random.default_rng(0)
    index = np.sort(rng.permutation(len(a.xyz))[:MOST])
    tree = cKDTree(a.xyz)
    near = tree.query(a.xyz[index], k=min(25, len(a.xyz)), workers=1)[1]
    normal = a.normal[near].sum(1)  # as broad as the cylinders, so that roughness does not tilt them
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-300)
    first, second = (samples(e, len(e.xyz)) for e in (a, b))
    return run_m3c2(first, second, a.xyz[index], normal, params, registration_sigma)


def _spacing(xyz: F64) -> float:
    some = xyz[np.random.default_rng(0).permutation(len(xyz))[:2000]]
    return float(np.median(cKDTree(xyz).query(some, k=2, workers=1)[0][:, 1]))


def _library() -> Any:
    try:
        import py4dgeo
    except ImportError:
        raise ResourceError(
            "M3C2 needs py4dgeo: pip install 'sculpt3d[compare]', or leave --m3c2 out"
        ) from None
    logging.getLogger(
        "py4dgeo"
    ).handlers.clear()  # it prints, and writes py4dgeo.log into the folder one is in
    logging.getLogger("py4dgeo").addHandler(logging.NullHandler())
    return py4dgeo
