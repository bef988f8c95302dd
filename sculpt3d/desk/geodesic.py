"""Along the surface: the shortest way on its triangles, exact (Mitchell, Mount & Papadimitriou 1987; pygeodesic)."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from sculpt3d.desk.lengths import located
from sculpt3d.desk.nearest import Places, finder_of, weights_of
from sculpt3d.desk.quantity import Measured, Measurement, as_points, length
from sculpt3d.desk.spread import roughened, spread_of
from sculpt3d.desk.surface import I64, Surface, around, edges_of
from sculpt3d.errors import InputError, ResourceError
from sculpt3d.geometry import F64
from sculpt3d.system import run
from sculpt3d.types import I32, Bool

MOST = 400_000  # faces asked at once: half a minute
_TOUCH = 1e-9  # of the surface's size
THIN = 1e-5  # of a triangle: nearer to an edge, a place is set onto it; the solver fails on thinner triangles


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
    xyz, faces, ends = _with_places(surface, places, i, j)
    if ends[0] == ends[1]:
        return np.stack([a, b]), True
    bound, near = _along_edges(
        xyz, faces[_between(xyz, faces, a, b, 2 * float(np.linalg.norm(a - b)))], *ends
    )
    if not np.isfinite(bound):
        bound, near = _along_edges(xyz, faces, *ends)
    if not np.isfinite(bound):
        raise InputError(
            "No way along the surface joins two of the points: they lie on pieces that do not touch; measure straight"
        )
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
    way = _way(xyz, faces[kept], *ends)[1].copy()
    way[0], way[-1] = a, b
    return way, exact


def _with_places(surface: Surface, places: Places, i: int, j: int) -> tuple[F64, I32, tuple[int, int]]:
    """The surface's triangles split so that both places are vertices; and which these are."""
    xyz, faces, split = surface.xyz, surface.faces, np.zeros(0, np.int64)
    ends = []
    for k in (i, j):
        hosts = np.unique(np.r_[places.face[k], split])
        xyz, faces, end, more = _inserted(xyz, faces, hosts, places.xyz[k])
        split = np.concatenate([split, more])
        ends.append(end)
    return xyz, faces, (ends[0], ends[1])


def _inserted(xyz: F64, faces: I32, hosts: I64, point: F64) -> tuple[F64, I32, int, I64]:
    """A vertex at a point of one of the host faces: an old one, on an edge, or within; and the faces that are new."""
    corners = xyz[faces[hosts]]
    found = weights_of(corners, np.broadcast_to(point, (len(hosts), 3)))
    off = np.linalg.norm((corners * found[..., None]).sum(1) - point, axis=1)
    host, weights = int(hosts[off.argmin()]), found[off.argmin()]
    weights = np.where(weights < THIN, 0, weights)
    weights /= weights.sum()
    around = faces[host][weights > 0]
    if len(around) == 1:
        return xyz, faces, int(around[0]), np.zeros(0, np.int64)
    new = len(xyz)
    xyz = np.concatenate([xyz, weights[None] @ xyz[faces[host]]])
    cut = np.array([host]) if len(around) == 3 else np.flatnonzero(np.isin(faces, around).sum(1) == 2)
    more = [
        np.where(faces[f] == v, new, faces[f])
        for f in cut
        for v in (around if len(around) == 2 else faces[f])
    ]
    kept = np.concatenate([faces, np.array(more, np.int32)])
    kept[cut] = kept[-len(cut) :]  # the old numbers stay those of other faces
    kept = kept[: len(kept) - len(cut)]
    return xyz, kept, new, np.r_[cut, np.arange(len(faces), len(kept))]


def _along_edges(xyz: F64, faces: I32, i: int, j: int) -> tuple[float, F64]:
    """Length of the shortest way along edges, and its points (K, 3); infinite where there is none."""
    pairs = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    cost = np.linalg.norm(xyz[pairs[:, 0]] - xyz[pairs[:, 1]], axis=1) + 1e-300
    ends = np.sort(pairs, axis=1)
    key, first = np.unique(ends[:, 0].astype(np.int64) << 32 | ends[:, 1], return_index=True)
    graph = coo_matrix((cost[first], (key >> 32, key & 0xFFFFFFFF)), shape=(len(xyz),) * 2).tocsr()
    reached, before = dijkstra(graph, directed=False, indices=i, return_predecessors=True)
    if not np.isfinite(reached[j]):
        return np.inf, xyz[:0]
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
    edges = edges_of(faces)
    if (edges.count > 2).any():
        crowded = (edges.count > 2)[edges.of_face]
        first = (edges.faces[edges.of_face] == np.arange(len(faces))[:, None, None]).any(2)
        faces = faces[~(crowded & ~first).any(1)]
    used = np.unique(faces)
    if not np.isin([i, j], used).all():
        raise InputError(
            "No way along the surface joins two of the points, as edges there have more than two faces; repair the model in "
            "MeshLab, or measure straight"
        )
    start, goal = (int(v) for v in np.searchsorted(used, [i, j]))
    found = _in_child(xyz[used], np.searchsorted(used, faces).astype(np.int32), start, goal)
    if found is None or len(found) < 2:
        raise InputError("No way along the surface joins two of the points; measure straight")
    length_, way = float(np.linalg.norm(np.diff(found, axis=0), axis=1).sum()), found
    return length_, way if np.linalg.norm(way[0] - xyz[i]) <= np.linalg.norm(way[-1] - xyz[i]) else way[::-1]


def _in_child(xyz: F64, faces: I32, start: int, goal: int) -> F64 | None:
    """The way (K, 3) by pygeodesic in a process of its own: on needles of triangles it aborts, and prints as it works."""
    with tempfile.TemporaryDirectory() as folder:
        given, made = Path(folder) / "mesh.npz", Path(folder) / "way.npy"
        np.savez(given, xyz=xyz, faces=faces, ends=np.array([start, goal]))
        command = [sys.executable, str(Path(__file__).with_name("_geodesic_child.py")), str(given), str(made)]
        run(command, timeout=600)
        return np.load(made) if made.is_file() else None


def _bent(surface: Surface, way: F64) -> float:
    """Variance of a way's length from the vertices that it bends over between its ends."""
    legs = np.diff(way, axis=0)
    along = legs / np.maximum(np.linalg.norm(legs, axis=1), 1e-300)[:, None]
    if len(along) < 2:
        return 0.0
    on = finder_of(surface).nearest(way[1:-1])
    piece = around(surface, surface.faces[on.face])
    surface, spread = piece.surface, spread_of(piece.surface)
    vertices, number = np.unique(surface.faces[piece.face(on.face)], return_inverse=True)
    gradient = np.zeros((len(vertices), 3))
    np.add.at(gradient, number.reshape(-1, 3), on.weights[..., None] * (along[:-1] - along[1:])[:, None])
    across, own = spread.across[vertices], spread.from_file[vertices]
    alike = np.abs((gradient * surface.vertex_normals[vertices]).sum(1) * across)[~own].sum()
    return float(((gradient[own] * across[own, None]) ** 2).sum() + alike**2)


def _roughened(surface: Surface, way: F64, legs: F64) -> float:
    """By how much noise may have made the way longer: half of what it makes an area larger, which counts both directions."""
    face = finder_of(surface).nearest((way[1:] + way[:-1]) / 2).face
    return roughened(surface, face, legs / 2)
