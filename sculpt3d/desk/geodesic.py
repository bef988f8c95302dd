"""Along the surface: the shortest way on its triangles, exact (Mitchell, Mount & Papadimitriou 1987; pygeodesic)."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from sculpt3d.desk.lengths import located
from sculpt3d.desk.nearest import Places, finder_of
from sculpt3d.desk.quantity import Measured, Measurement, as_points, length
from sculpt3d.desk.spread import roughened, spread_of
from sculpt3d.desk.surface import Surface, edges_of
from sculpt3d.errors import InputError, ResourceError
from sculpt3d.geometry import F64
from sculpt3d.types import I32, Bool

MOST = 400_000  # faces asked at once: half a minute
_TOUCH = 1e-9  # of the surface's size


def geodesic(surface: Surface, asked: Measurement) -> Measured:
    """Two points or more, joined by shortest ways on the surface; points beside it are set onto it."""
    _, spread, notes = located(surface, asked, 2, 100)
    places = finder_of(surface).nearest(surface.local(np.array(asked.points)))
    total, sigma2, extra, said = 0.0, 0.0, 0.0, list(notes)
    line: list[F64] = []
    for k in range(len(places.face) - 1):
        way, exact = shortest(surface, places, k, k + 1)
        legs = np.linalg.norm(np.diff(way, axis=0), axis=1)
        total += float(legs.sum())
        extra += _roughened(surface, way, legs)
        sigma2 += _bent(surface, way)
        for end, nearby in ((k, way[:2]), (k + 1, way[:-3:-1])):
            along = nearby[1] - nearby[0]
            along = along / max(float(np.linalg.norm(along)), 1e-300)
            sigma2 += float(along @ spread[end] @ along)
        line += list(way if not line else way[1:])
        if not exact:
            said.append(
                f"a shorter way may exist far aside: more than {MOST:,} triangles lie between the points"
            )
    value = length(
        "length along the surface", total, float(np.sqrt(sigma2)), surface.mm, surface.scale.sigma, extra
    )
    return Measured(asked, value, (), as_points(np.array(line) + surface.offset), tuple(said))


def shortest(surface: Surface, places: Places, i: int, j: int) -> tuple[F64, bool]:
    """The way (K, 3), local, from place i to place j, and whether no other can be shorter.

    No way of length L leaves the ellipsoid of points whose distances to both ends add up to L, so a way along edges bounds
    where to look. Raises `InputError` where the surface does not connect them.
    """
    a, b = places.xyz[i], places.xyz[j]
    if np.linalg.norm(a - b) < _TOUCH * surface.size:
        return np.stack([a, b]), True
    if surface.component[places.face[i]] != surface.component[places.face[j]]:
        raise InputError(
            "No way along the surface joins two of the points: they lie on pieces that do not touch; measure straight"
        )
    xyz, faces = _with_places(surface, places, (i, j))
    ends = len(xyz) - 2, len(xyz) - 1
    bound, near = _along_edges(xyz, faces, *ends)
    exact = True
    kept = _between(xyz, faces, a, b, bound)
    if kept.sum() > MOST // 8:  # a better bound is worth its price
        close = _beside(xyz, faces, near)
        if close.sum() <= MOST:
            bound = _way(xyz, faces[close], *ends)[0]
            tighter = _between(xyz, faces, a, b, bound * (1 + 1e-9))
            exact = bool(tighter.sum() <= MOST)
            kept = tighter if exact else close
        elif kept.sum() > MOST:
            raise ResourceError(
                "The points are too many triangles apart; simplify the model for this, or use a chain"
            )
    return _way(xyz, faces[kept], *ends)[1], exact


def _with_places(surface: Surface, places: Places, which: tuple[int, int]) -> tuple[F64, I32]:
    """The surface's vertices and two more at the places, the last; their faces are split there."""
    xyz = np.concatenate([surface.xyz, places.xyz[list(which)]])
    faces, count = surface.faces, len(surface.xyz)
    drop: list[int] = []
    more: list[tuple[int, ...]] = []
    one_face = places.face[which[0]] == places.face[which[1]]
    for k, place in enumerate(which):
        face = int(places.face[place])
        drop.append(face)
        host: tuple[int, ...] = tuple(faces[face].tolist())
        if k == 1 and one_face:
            host = next((t for t in more if _holds(xyz, t, xyz[count + 1])), more[0])
            more.remove(host)
        more += [(host[0], host[1], count + k), (host[1], host[2], count + k), (host[2], host[0], count + k)]
    kept = np.ones(len(faces), bool)
    kept[drop] = False
    faces = np.concatenate([faces[kept], np.array(more, np.int32)])
    return _merged(xyz, faces, surface.size * _TOUCH)


def _merged(xyz: F64, faces: I32, reach: float) -> tuple[F64, I32]:
    """Places that lie at a vertex or on an edge: the flat triangles that splitting made there are opened again."""
    count = len(xyz) - 2
    for new in (count, count + 1):
        own = np.flatnonzero((faces == new).any(1))
        corners = np.unique(faces[own])
        corners = corners[corners != new]
        gap = np.linalg.norm(xyz[corners] - xyz[new], axis=1)
        if len(corners) and gap.min() <= reach:  # the vertex itself is the place: swap them
            old = int(corners[gap.argmin()])
            faces = np.where(faces == old, new, faces)
            whole = (faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 2] != faces[:, 0])
            faces = faces[whole]
            continue
        for face in own:
            x = xyz[faces[face]]
            base = float(np.linalg.norm(x[[1, 2, 0]] - x, axis=1).max())
            if np.linalg.norm(np.cross(x[1] - x[0], x[2] - x[0])) <= reach * base:
                faces = _opened(faces, int(face), new)
                break
    return xyz, faces.astype(np.int32)


def _opened(faces: I32, flat: int, new: int) -> I32:
    """The triangle across the long edge of a flat one is split at `new` instead, which lies on that edge."""
    p, q = (int(v) for v in faces[flat] if v != new)
    across = np.flatnonzero((faces == p).any(1) & (faces == q).any(1))
    across = across[(across != flat)]
    kept = np.ones(len(faces), bool)
    kept[flat] = False
    more = []
    for other in across:
        kept[other] = False
        more += [np.where(faces[other] == end, new, faces[other]) for end in (p, q)]
    return np.concatenate([faces[kept], np.array(more, np.int32).reshape(-1, 3)])


def _holds(xyz: F64, triangle: tuple[int, ...], point: F64) -> bool:
    x = xyz[list(triangle)]
    n = np.cross(x[1] - x[0], x[2] - x[0])
    sides = [np.cross(x[(k + 1) % 3] - x[k], point - x[k]) @ n for k in range(3)]
    return bool(min(sides) >= -1e-12 * float(n @ n))


def _along_edges(xyz: F64, faces: I32, i: int, j: int) -> tuple[float, F64]:
    """Length of the shortest way along edges, and its points (K, 3)."""
    pairs = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    cost = np.linalg.norm(xyz[pairs[:, 0]] - xyz[pairs[:, 1]], axis=1) + 1e-300
    ends = np.sort(pairs, axis=1)
    key, first = np.unique(ends[:, 0].astype(np.int64) << 32 | ends[:, 1], return_index=True)
    graph = coo_matrix((cost[first], (key >> 32, key & 0xFFFFFFFF)), shape=(len(xyz),) * 2).tocsr()
    reached, before = dijkstra(graph, directed=False, indices=i, return_predecessors=True)
    if not np.isfinite(reached[j]):
        raise InputError("No way along the surface joins two of the points; measure straight")
    way = [j]
    while way[-1] != i:
        way.append(int(before[way[-1]]))
    return float(reached[j]), xyz[way]


def _between(xyz: F64, faces: I32, a: F64, b: F64, bound: float) -> Bool:
    """(F,) faces of which a point may lie within the ellipsoid."""
    total = np.linalg.norm(xyz - a, axis=1) + np.linalg.norm(xyz - b, axis=1)
    corner = xyz[faces]
    longest = np.linalg.norm(corner[:, [1, 2, 0]] - corner, axis=2).max(1)
    return np.asarray(total[faces].min(1) <= bound + 2 * longest)


def _beside(xyz: F64, faces: I32, way: F64) -> Bool:
    """(F,) faces near a way along edges."""
    reach = 0.1 * float(np.linalg.norm(np.diff(way, axis=0), axis=1).sum())
    while True:
        distance = cKDTree(way).query(xyz, distance_upper_bound=reach, workers=1)[0]
        kept = np.isfinite(distance)[faces].any(1)
        if kept.sum() <= MOST // 8 or reach < 1e-6 * float(np.ptp(xyz)):
            return np.asarray(kept)
        reach /= 2


def _way(xyz: F64, faces: I32, i: int, j: int) -> tuple[float, F64]:
    """Exact on these faces; of an edge with more than two faces the first two are kept, as the method knows no others."""
    import pygeodesic.geodesic as pygeodesic

    edges = edges_of(faces)
    if (edges.count > 2).any():
        crowded = (edges.count > 2)[edges.of_face]
        first = (edges.faces[edges.of_face] == np.arange(len(faces))[:, None, None]).any(2)
        faces = faces[~(crowded & ~first).any(1)]
    used = np.unique(faces)
    if not np.isin([i, j], used).all():
        raise InputError("No way along the surface joins two of the points; measure straight")
    solver: Any = pygeodesic.PyGeodesicAlgorithmExact(xyz[used], np.searchsorted(used, faces))
    found, way = solver.geodesicDistance(int(np.searchsorted(used, i)), int(np.searchsorted(used, j)))
    if way is None or len(way) < 2 or not np.isfinite(found):
        raise InputError("No way along the surface joins two of the points; measure straight")
    forth = np.asarray(way, np.float64)
    forth = forth if np.linalg.norm(forth[0] - xyz[i]) <= np.linalg.norm(forth[-1] - xyz[i]) else forth[::-1]
    return float(found), forth


def _bent(surface: Surface, way: F64) -> float:
    """Variance of a way's length from the vertices that it bends over between its ends."""
    legs = np.diff(way, axis=0)
    along = legs / np.maximum(np.linalg.norm(legs, axis=1), 1e-300)[:, None]
    if len(along) < 2:
        return 0.0
    on, spread = finder_of(surface).nearest(way[1:-1]), spread_of(surface)
    vertices, number = np.unique(surface.faces[on.face], return_inverse=True)
    gradient = np.zeros((len(vertices), 3))
    np.add.at(gradient, number.reshape(-1, 3), on.weights[..., None] * (along[:-1] - along[1:])[:, None])
    across, own = spread.across[vertices], spread.from_file[vertices]
    alike = np.abs((gradient * surface.vertex_normals[vertices]).sum(1) * across)[~own].sum()
    return float(((gradient[own] * across[own, None]) ** 2).sum() + alike**2)


def _roughened(surface: Surface, way: F64, legs: F64) -> float:
    """By how much noise may have made the way longer: half of what it makes an area larger, which counts both directions."""
    face = finder_of(surface).nearest((way[1:] + way[:-1]) / 2).face
    return roughened(surface, face, legs / 2)
