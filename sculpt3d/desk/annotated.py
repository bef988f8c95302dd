"""Annotations on a surface, whichever mesh it has now: faces, areas in cm², lengths, where a mark stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial import cKDTree

from sculpt3d.desk.annotations import Annotation
from sculpt3d.desk.lengths import chain, located
from sculpt3d.desk.nearest import finder_of
from sculpt3d.desk.quantity import Measurement, Quantity, Region
from sculpt3d.desk.regions import covered, region_area, within
from sculpt3d.desk.surface import I64, Surface
from sculpt3d.errors import InputError
from sculpt3d.geometry import F64
from sculpt3d.types import Bool


@dataclass(frozen=True)
class Resolved:
    """An annotation on this surface.

    anchor, normal (3,): where a mark stands, local, and the way out of the surface there. faces (K,), share (K,): what a region
    covers of each face it lies on. part: of the whole surface, from 0 to 1. size: area in cm² or length in mm, None for points
    and without a scale. notes: what must be said of it.
    """

    asked: Annotation
    anchor: F64
    normal: F64
    faces: I64 | None = None
    share: F64 | None = None
    part: float = 0.0
    size: Quantity | None = None
    notes: tuple[str, ...] = ()


def resolve(surface: Surface, a: Annotation) -> Resolved:
    """Never fails for an annotation that does not lie on the surface: that is said in its notes."""
    spots = np.array(a.points or [s[:3] for s in _places(a.region)])
    middle = (
        spots[np.linalg.norm(spots - spots.mean(0), axis=1).argmin()]
        if a.shape != "line"
        else spots[len(spots) // 2]
    )
    found = finder_of(surface).nearest(surface.local(middle[None]))
    here = Resolved(a, found.xyz[0], surface.face_normals[found.face[0]])
    try:
        if a.region is not None:
            return _region(surface, a.region, here)
        asked = Measurement("chain", a.points)
        if a.shape == "line":
            size = chain(surface, asked).value if surface.scale.mm is not None else None
            here = replace(here, size=size)
        return replace(here, notes=located(surface, asked, 1)[2])
    except InputError as error:
        return replace(here, notes=(str(error),))


def _places(region: Region | None) -> Sequence[Sequence[float]]:
    assert region is not None
    return region.brush or region.polygon


def _region(surface: Surface, region: Region, here: Resolved) -> Resolved:
    kept, near = _around(surface, region)
    share = covered(near, region)
    part = float(share @ near.areas / surface.areas.sum())
    size = None
    if surface.scale.mm is not None:
        size = in_cm2(region_area(near, Measurement("area", region=region)).value)
    inner = np.flatnonzero(share)
    return replace(here, faces=kept[inner], share=share[inner], part=part, size=size)


def _around(surface: Surface, region: Region) -> tuple[I64, Surface]:
    """The faces in reach of a region and all at their corners, so that nothing about those within changes: their numbers, and
    they alone as a surface. A painter's thousand strokes then cost what they touch, not the model."""
    places = surface.local(np.array([p[:3] for p in _places(region)]))
    reach = np.array(region.brush)[:, 3:] if region.brush else np.ptp(places, axis=0).max()
    low, high = (places - reach).min(0), (places + reach).max(0)
    right = (surface.xyz[:, None] > np.stack([high, low])[None]).transpose(1, 0, 2)  # beyond high; beyond low
    corners = surface.faces
    out = right[0][corners].all(1).any(1) | (~right[1][corners]).all(1).any(1)
    touched = np.zeros(len(surface.xyz), bool)
    touched[corners[~out]] = True
    kept = np.flatnonzero(touched[corners].any(1))
    if not len(kept):
        raise InputError("The region lies on no part of the surface: was it painted on another model?")
    used, faces = np.unique(corners[kept], return_inverse=True)
    near = replace(
        surface, xyz=surface.xyz[used], faces=faces.reshape(-1, 3).astype(np.int32), sigma=surface.sigma[used]
    )
    return kept, near


def total_area(surface: Surface, found: Sequence[Resolved]) -> Quantity | None:
    """Of regions together in cm², what lies in several once; None where there are none or no scale.

    Faces that two of them share in part may overlap there or not: half of that doubt is in the ±.
    """
    sizes = [r.size for r in found if r.faces is not None and r.size is not None]
    if not sizes or surface.scale.mm is None:
        return None
    least, most = np.zeros(len(surface.faces)), np.zeros(len(surface.faces))
    for r in found:
        if r.faces is not None and r.share is not None:
            least[r.faces] = np.maximum(least[r.faces], r.share)
            most[r.faces] = np.minimum(most[r.faces] + r.share, 1)
    sure, doubt = (
        float(v @ surface.areas) * surface.mm**2 / 100 for v in ((least + most) / 2, (most - least) / 2)
    )
    return Quantity("area", sure, "cm²", sum(q.plus_minus for q in sizes) + doubt)


def in_cm2(q: Quantity) -> Quantity:
    """Of mm²."""
    return Quantity(q.name, q.value / 100, "cm²", q.plus_minus / 100)


def inside(surface: Surface, region: Region, xyz: F64) -> Bool:
    """(N,) whether local points of the region's faces lie in it."""
    if region.brush:
        strokes, found = np.array(region.brush), np.zeros(len(xyz), bool)
        for radius in np.unique(strokes[:, 3]):
            tree = cKDTree(surface.local(strokes[strokes[:, 3] == radius, :3]))
            found |= tree.query(xyz, distance_upper_bound=np.nextafter(radius, np.inf))[0] <= radius
        return found
    corners = surface.local(np.array(region.polygon))
    axes = np.linalg.svd(corners - corners.mean(0))[2][:2]
    return within((xyz - corners.mean(0)) @ axes.T, (corners - corners.mean(0)) @ axes.T)
