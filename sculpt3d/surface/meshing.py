"""The surface of a fused cloud. Poisson closes everything; what no point supports is cut off or marked as filled.

F at 1 / 2 GSD, true cameras, of other ways (this one: nymph .939 / .971, 14 borders, 19 core-s): truncated distances of all depth
maps (Open3D, voxels of 1 GSD) .916 / .956, 583 borders, 25 core-s; points averaged by their errors, or Poisson's normals
scaled by them, as without; a level more .001 for 3 times the cost; cutting what depth maps see through +.0002 and 58
borders more; evidence that must lie around and not only near +.001 on nymph, -.001 on Hermes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from sculpt3d.clouds import take, thinned
from sculpt3d.errors import NotEnoughViews
from sculpt3d.geometry import F64
from sculpt3d.progress import Progress
from sculpt3d.surface.ground import without_ground
from sculpt3d.surface.poisson import poisson
from sculpt3d.surface.projection import onto_points
from sculpt3d.surface.rims import with_even_rims
from sculpt3d.surface.topology import boundary_edges, face_areas, face_components, keep_faces
from sculpt3d.types import F32, I32, Bool, Mesh, PointCloud


@dataclass(frozen=True)
class SurfaceParams:
    """max_depth: octree levels at most (finer needs more memory). evidence: how far, in point spacings, a vertex may
    lie from the cloud. fill_share: holes up to this share of the object's size are closed and marked as filled.
    min_component: smaller parts, as a share of the largest part's area, are dropped.
    """

    max_depth: int = 9
    evidence: float = 2.0  # 3: F .933 / .969 on nymph, others the same
    fill_share: float = 0.06
    min_component: float = 0.1


def reconstruct_surface(
    cloud: PointCloud, work: Path, params: SurfaceParams | None = None, progress: Progress | None = None,
    ground: F64 | None = None,
) -> Mesh:  # fmt: skip
    """Full-resolution mesh with colours and `filled` flags, in the cloud's frame, without the plane `ground` (4,).

    Raises `NotEnoughViews` if empty.
    """
    params = params or SurfaceParams()
    if len(cloud.xyz) < 500:
        raise NotEnoughViews(
            f"Only {len(cloud.xyz)} surface points were found; take more overlapping, sharp photos"
        )
    # Thinned first: what follows then needs the memory of the surface, not of the number of photos.
    low, high = np.quantile(cloud.xyz, 0.001, 0), np.quantile(cloud.xyz, 0.999, 0)
    points = without_strays(thinned(cloud, 0.7 * 1.1 * float((high - low).max()) / 2**params.max_depth))
    extent = float(np.ptp(points.xyz, axis=0).max())
    spacing = float(np.median(_nearest(points.xyz, 2)[:, 1]))
    depth = int(np.clip(np.ceil(np.log2(1.1 * extent / (1.2 * spacing))), 6, params.max_depth))
    cell = 1.1 * extent / 2**depth
    vertices, faces = poisson(points.xyz, points.normal, depth, work, progress)
    mesh = _trimmed(
        Mesh(vertices, faces), points, max(spacing, cell) * params.evidence, params.fill_share * extent
    )
    mesh = _without_small_parts(with_even_rims(without_ribbons(mesh)), params.min_component)
    mesh = onto_points(mesh, points, spacing)
    if ground is not None:
        mesh = _without_small_parts(
            with_even_rims(without_ground(mesh, ground, spacing)), params.min_component
        )
    if not len(mesh.faces):
        raise NotEnoughViews(
            "The surface points do not join into a surface; take more overlapping, sharp photos"
        )
    return Mesh(mesh.vertices, mesh.faces, _colours(mesh.vertices, points), mesh.filled)


def without_strays(cloud: PointCloud) -> PointCloud:
    """Without points that have far fewer neighbours near them than the rest, or that stand alone in small clumps."""
    distance = _nearest(cloud.xyz, 9)[:, 8]
    keep = distance < 4 * np.median(distance)
    kept = take(cloud, keep)
    if not len(kept.xyz):
        return kept
    # Clumps: join cells of six spacings that touch; drop clumps below 1 % of the largest.
    cell = 6 * float(np.median(distance))
    key = np.floor((kept.xyz - kept.xyz.min(0)) / cell).astype(np.int64)
    cells, which = np.unique(key, axis=0, return_inverse=True)
    pairs = cKDTree(cells).query_pairs(1.8, output_type="ndarray")
    graph = coo_matrix((np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), shape=(len(cells),) * 2)
    label = connected_components(graph, directed=False)[1][which.ravel()]
    size = np.bincount(label)
    return take(kept, (size >= 0.01 * size.max())[label])


def _trimmed(mesh: Mesh, points: PointCloud, reach: float, max_hole: float) -> Mesh:
    """Cut faces without evidence, except patches no wider than `max_hole` that have evidence all around."""
    filled = cKDTree(points.xyz).query(mesh.vertices, workers=1)[0] > reach
    bare = filled[mesh.faces].any(1)
    keep = ~bare
    if bare.any():
        faces = mesh.faces[bare]
        label = face_components(faces, len(mesh.vertices))
        keep[np.flatnonzero(bare)[_narrow(mesh.vertices, faces, label, max_hole)]] = True
    return keep_faces(Mesh(mesh.vertices, mesh.faces, None, filled), keep)


def _narrow(vertices: F32, faces: I32, label: I32, limit: float) -> Bool:
    """(F,) whether the patch a face belongs to is no wider than `limit`."""
    corner = vertices[faces]
    count = int(label.max()) + 1
    low, high = np.full((count, 3), np.inf), np.full((count, 3), -np.inf)
    np.minimum.at(low, label, corner.min(1))
    np.maximum.at(high, label, corner.max(1))
    narrow: Bool = (np.linalg.norm(high - low, axis=1) <= limit)[label]
    return narrow


def without_ribbons(mesh: Mesh, rings: int = 6) -> Mesh:
    """Without strips narrower than `2 * rings` triangles, open on both sides: outlines of shadows on bare ground.

    Shadows' outlines on nymph's ground: 4 rings leave two, 6 one, 8 none, but 8 cost .005 of recall in deep folds.
    An opening: what lies within `rings` of the border goes, and what then is left grows back over the mesh.
    """
    gone = np.zeros(len(mesh.vertices), bool)
    gone[boundary_edges(mesh.faces).ravel()] = True
    for _ in range(rings - 1):
        gone[mesh.faces[gone[mesh.faces].any(1)]] = True
    kept = ~gone
    for _ in range(rings + 1):
        kept[mesh.faces[kept[mesh.faces].any(1)]] = True
    return keep_faces(mesh, np.asarray(kept[mesh.faces].all(1)))


def _without_small_parts(mesh: Mesh, share: float) -> Mesh:
    if not len(mesh.faces):
        return mesh
    label = face_components(mesh.faces, len(mesh.vertices))
    area = np.bincount(label, face_areas(mesh.vertices, mesh.faces))
    return keep_faces(mesh, (area >= share * area.max())[label])


def _colours(vertices: F32, cloud: PointCloud) -> NDArray[np.uint8]:
    near = cKDTree(cloud.xyz).query(vertices, k=4, workers=1)[1]
    return np.asarray(cloud.rgb[np.minimum(near, len(cloud.rgb) - 1)].mean(1).round(), np.uint8)


def _nearest(xyz: F32, k: int) -> NDArray[np.float64]:
    """(N, k) distances to the k nearest points, itself first; inf where there are fewer."""
    return np.asarray(cKDTree(xyz).query(xyz, k=k, workers=1)[0])
