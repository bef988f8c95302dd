"""A painted region of a surface: how much of each face it covers, its area, and the vertices in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from sculpt3d.desk.nearest import finder_of
from sculpt3d.desk.quantity import Measured, Measurement, Region, area
from sculpt3d.desk.spread import covariance, of_normal_moves, roughened
from sculpt3d.desk.surface import I64, Patch, Surface, boxed
from sculpt3d.errors import InputError
from sculpt3d.geometry import F64
from sculpt3d.types import Bool

FINE = 7  # times a face on the border is quartered
_FEW = 6  # strokes: for fewer, asking every face is quicker than a tree
Inside = Callable[[F64], Bool]


def region_area(surface: Surface, asked: Measurement) -> Measured:
    """The surface inside of a painted region, as it bends."""
    region = needed(asked)
    piece = _near(surface, region).surface
    return area_of(piece, _covered(piece, region), asked, _border(surface, region))


def area_of(surface: Surface, share: F64, asked: Measurement, border: float = 0.0) -> Measured:
    """Of faces, each covered by a share (F,) from 0 to 1; border: 1-sigma of what an unsure border adds or takes."""
    covered_area = share * surface.areas
    gradient = _area_gradient(surface, share)
    sigma = float(np.hypot(of_normal_moves(surface, gradient), border))
    touched = np.flatnonzero(share)
    extra = roughened(surface, touched, covered_area[touched])
    value = area("area", float(covered_area.sum()), sigma, surface.mm, surface.scale.sigma, extra)
    return Measured(asked, value)


def needed(asked: Measurement) -> Region:
    if asked.region is None:
        raise InputError(
            f'A measurement of kind {asked.kind} needs a region: {{"brush": [[x, y, z, radius], ...]}} or '
            '{"polygon": [[x, y, z], ...]}'
        )
    return asked.region


def covered(surface: Surface, region: Region) -> F64:
    """(F,) share of each face in the region. Faces on its border are quartered until the rest is too small to matter.

    Only what hangs together with the places it was painted at, and looks to the same side, is part of it: the back of a thin
    slab is not. Raises `InputError` where nothing is.
    """
    piece, share = _near(surface, region), np.zeros(len(surface.faces))
    share[piece.faces] = _covered(piece.surface, region)
    return share


def _near(surface: Surface, region: Region) -> Patch:
    """What of the surface the region may reach."""
    if region.brush:
        strokes = np.array(region.brush)
        at, wide = surface.local(strokes[:, :3]), strokes[:, 3:]
        piece = boxed(surface, (at - wide).min(0), (at + wide).max(0))
    else:
        at = surface.local(np.array(region.polygon))
        deep = float(np.ptp(at, axis=0).max())
        piece = boxed(surface, at.min(0) - deep, at.max(0) + deep)
    if not len(piece.faces):
        raise InputError("The region lies on no part of the surface: was it painted on another model?")
    return piece


def _covered(surface: Surface, region: Region) -> F64:
    seeds, reach, inside, near = _shape(surface, region)
    x = surface.xyz[surface.faces]
    corners_in = inside(x.reshape(-1, 3)).reshape(-1, 3)
    middle, radius = x.mean(1), np.linalg.norm(x - x.mean(1, keepdims=True), axis=2).max(1)
    candidate = near(middle, radius, surface.face_normals)
    share = np.where(candidate & corners_in.all(1) & (radius < reach), 1.0, 0.0)
    open_ = np.flatnonzero(candidate & (share == 0))
    share[open_] = _quartered(x[open_], inside)
    share[~_together(surface, share > 0, seeds)] = 0
    if not share.any():
        raise InputError("The region lies on no part of the surface: was it painted on another model?")
    return share


def vertices_in(surface: Surface, region: Region) -> I64:
    """Numbers of the vertices that its faces have, at least half covered."""
    return np.unique(surface.faces[covered(surface, region) >= 0.5]).astype(np.int64)


def _shape(surface: Surface, region: Region) -> tuple[I64, float, Inside, Callable[[F64, F64, F64], Bool]]:
    """Faces it surely touches, a size that faces in it stay below, whether points lie in it, and faces that may."""
    if region.brush:
        strokes = np.array(region.brush)
        centres, radii = surface.local(strokes[:, :3]), strokes[:, 3]
        seeds = finder_of(surface).nearest(centres).face
        facing = surface.face_normals[seeds]
        trees = {float(r): cKDTree(centres[radii == r]) for r in np.unique(radii)}

        def in_brush(points: F64) -> Bool:
            found = np.zeros(len(points), bool)
            for radius, tree in trees.items():
                found |= tree.query(points, distance_upper_bound=np.nextafter(radius, np.inf))[0] <= radius
            return found

        def near_brush(middle: F64, radius: F64, normal: F64) -> Bool:
            found = np.zeros(len(middle), bool)
            for k, some in enumerate(_candidates(middle, radius, centres, radii)):
                close = np.linalg.norm(middle[some] - centres[k], axis=1) <= radius[some] + radii[k]
                found[some] |= close & (normal[some] @ facing[k] > 0)
            return found

        return seeds, float(radii.min()), in_brush, near_brush
    if len(region.polygon) < 3:
        raise InputError("A region's polygon needs three corners or more")
    corners = surface.local(np.array(region.polygon))
    middle = corners.mean(0)
    seeds = (
        finder_of(surface).nearest((corners + middle) / 2).face
    )  # a corner may be one of the model, and face anywhere
    axes = np.linalg.svd(corners - middle)[2]
    normal = axes[2] if axes[2] @ surface.face_normals[seeds].sum(0) >= 0 else -axes[2]
    if (surface.face_normals[seeds] @ normal < 0.05).any():
        raise InputError("The polygon bends around the surface too far to be one region: split it into parts")
    outline, deep = (corners - middle) @ axes[:2].T, float(np.ptp(corners, axis=0).max())

    def in_polygon(points: F64) -> Bool:
        return within((points - middle) @ axes[:2].T, outline)

    def near_polygon(centre: F64, radius: F64, facing: F64) -> Bool:
        at = (centre - middle) @ axes.T
        low, high = outline.min(0), outline.max(0)
        flat = ((at[:, :2] >= low - radius[:, None]) & (at[:, :2] <= high + radius[:, None])).all(1)
        return np.asarray(flat & (np.abs(at[:, 2]) <= deep + radius) & (facing @ normal > 0))

    sides = np.linalg.norm(outline - np.roll(outline, 1, 0), axis=1)
    return seeds, float(sides.min()) / 4, in_polygon, near_polygon


def _candidates(middle: F64, radius: F64, centres: F64, radii: F64) -> Iterator[I64 | slice]:
    """For each stroke the faces that may touch it: a tree's for the many small ones, and the few large ones."""
    if len(centres) < _FEW:
        yield from [slice(None)] * len(centres)
        return
    usual = float(np.quantile(radius, 0.99))
    small, large = np.flatnonzero(radius <= usual), np.flatnonzero(radius > usual)
    tree = cKDTree(middle[small])
    for centre, wide in zip(centres, radii, strict=True):
        near = np.array(tree.query_ball_point(centre, (wide + usual) * (1 + 1e-9)), np.int64)
        yield np.concatenate([small[near], large])


def within(points: F64, outline: F64) -> Bool:
    """(N,) whether points (N, 2) lie in a closed outline (K, 2), by the even-odd rule."""
    found = np.zeros(len(points), bool)
    x, y = points.T
    for (ax, ay), (bx, by) in zip(outline, np.roll(outline, -1, 0), strict=True):
        if ay == by:
            continue
        crosses = (y >= min(ay, by)) & (y < max(ay, by))
        found ^= crosses & (x < ax + (y - ay) * (bx - ax) / (by - ay))
    return found


def _quartered(triangles: F64, inside: Inside) -> F64:
    """(N,) share of triangles (N, 3, 3) inside; what is still mixed at the end counts by its middle."""
    share, owner, x = np.zeros(len(triangles)), np.arange(len(triangles)), triangles
    for level in range(FINE + 1):
        if not len(x):
            break
        probe = np.concatenate([x, x.mean(1, keepdims=True)], 1)
        mark = inside(probe.reshape(-1, 3)).reshape(-1, 4)
        done = mark.all(1) if level >= 3 else np.zeros(len(x), bool)
        none = ~mark.any(1) if level >= 3 else np.zeros(len(x), bool)
        if level == FINE:
            done, none = mark[:, 3], ~mark[:, 3]
        np.add.at(share, owner[done], 0.25**level)
        rest = ~(done | none)
        x, owner = x[rest], owner[rest]
        a, b, c = x[:, 0], x[:, 1], x[:, 2]
        ab, bc, ca = (a + b) / 2, (b + c) / 2, (c + a) / 2
        x = np.concatenate([np.stack(t, 1) for t in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))])
        owner = np.tile(owner, 4)
    return share


def _together(surface: Surface, kept: Bool, seeds: I64) -> Bool:
    """(F,) those of the faces that hang together, edge to edge, with one of the seeds or a face around it."""
    number = np.full(len(surface.faces), -1)
    number[kept] = np.arange(int(kept.sum()))
    pairs = surface.edges.faces
    pairs = pairs[(pairs[:, 1] >= 0)]
    pairs = pairs[kept[pairs].all(1)]
    count = int(kept.sum())
    graph = coo_matrix((np.ones(len(pairs), bool), tuple(number[pairs].T)), shape=(count, count))
    piece = connected_components(graph, directed=False)[1]
    touched = np.zeros(len(surface.xyz), bool)
    touched[surface.faces[seeds]] = True
    near = kept & touched[surface.faces].any(1)
    found = np.zeros(len(kept), bool)
    found[kept] = np.isin(piece, piece[number[near]])
    return found


def _area_gradient(surface: Surface, share: F64) -> F64:
    """(V,) change of the area as a vertex moves along its normal."""
    x, n = surface.xyz[surface.faces], surface.face_normals
    total = np.zeros((len(surface.xyz), 3))
    for k in range(3):
        pull = np.cross(n, x[:, (k + 2) % 3] - x[:, (k + 1) % 3]) / 2 * share[:, None]
        for axis in range(3):
            total[:, axis] += np.bincount(surface.faces[:, k], pull[:, axis], len(total))
    inner = np.bincount(surface.faces.ravel(), np.repeat(share, 3), len(total)) > 0
    return np.where(inner, (total * surface.vertex_normals).sum(1), 0.0)


def _border(surface: Surface, region: Region) -> float:
    """1-sigma of a polygon's area as its corners are off; a brush is where it is."""
    if not region.polygon:
        return 0.0
    corners = surface.local(np.array(region.polygon))
    places = finder_of(surface).nearest(corners)
    spread = covariance(surface, surface.faces[places.face], places.weights)
    chord = np.roll(corners, -1, 0) - np.roll(corners, 1, 0)
    normal = np.linalg.svd(corners - corners.mean(0))[2][2]
    gradient = np.cross(chord, normal) / 2
    return float(np.sqrt(np.einsum("ni,nij,nj->", gradient, spread, gradient)))
