"""The report's pictures: the surface from four sides, the cloud, depth maps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from pipelines.workspace import Step
from sculpt3d.progress import Progress
from sculpt3d.types import U8, Mesh, PointCloud, Scene


def agreeing_views(mesh: Mesh, cloud: PointCloud) -> NDArray[np.float64]:
    """(V,) how many photos agree on the surface near each vertex: mean of the six nearest points; 0 where filled in."""
    near = cKDTree(cloud.xyz).query(mesh.vertices, k=6, workers=1)[1]
    found = cloud.views[np.minimum(near, len(cloud.xyz) - 1)].mean(1)
    return np.asarray(found if mesh.filled is None else np.where(mesh.filled, 0.0, found))


def depth_pictures(scene: Scene, depth: Step) -> dict[str, U8]:
    """The depth maps of four photos spread over the set, by the photos' names."""
    from sculpt3d.mvs.fusion import FusionParams, confident
    from sculpt3d.mvs.maps import DepthFolder
    from sculpt3d.preview import depth_picture

    maps, views = DepthFolder(depth.path, scene), scene.views
    some = views[len(views) // 8 :: max(1, len(views) // 4)][:4]
    params = FusionParams()
    return {v.name: depth_picture(confident(maps[v.name], v, params)) for v in some}


def make_pictures(
    mesh: Mesh, agreeing: NDArray[np.float64], cloud: PointCloud, tell: Progress
) -> dict[str, list[U8]]:
    """Four sides in colour, as clay, coloured by how many photos agree on the surface, and of the cloud."""
    from sculpt3d.preview import cloud_turntable, heat, turntables

    evidence = heat(agreeing, 2, 10)
    evidence[agreeing == 0] = (90, 90, 90)
    around = turntables(mesh, (mesh.rgb, None, evidence))
    tell(5, 6)
    return dict(zip(("colour", "clay", "evidence"), around, strict=True)) | {"cloud": cloud_turntable(cloud)}
