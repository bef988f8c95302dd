"""Sculpt3D: photographs of a sculpture to a measured, textured 3D model.

`from sculpt3d import check_photos, map_cameras, ...`: the steps as functions; heavy modules load when first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # for type checkers and editors; nothing is loaded before it is used
    from sculpt3d.align import (  # noqa: I001
        find_up as find_up,
        move_scene as move_scene,
        place as place,
    )
    from sculpt3d.models.colmap import load_scene as load_scene
    from sculpt3d.models.glb_write import GltfInfo as GltfInfo, write_glb as write_glb
    from sculpt3d.mvs.depth import DepthParams as DepthParams, estimate_depths as estimate_depths
    from sculpt3d.mvs.fusion import FusionParams as FusionParams, fuse as fuse
    from sculpt3d.mvs.scout import find_object as find_object
    from sculpt3d.photos.check import PhotoParams as PhotoParams, PhotoSet as PhotoSet, check_photos as check_photos
    from sculpt3d.region import find_region as find_region
    from sculpt3d.sfm.cameras import SfmParams as SfmParams, map_cameras as map_cameras
    from sculpt3d.sfm.refine import RefineParams as RefineParams, refine_cameras as refine_cameras
    from sculpt3d.sfm.result import SfmResult as SfmResult
    from sculpt3d.sfm.undistort import undistort as undistort
    from sculpt3d.surface.decimation import simplify as simplify
    from sculpt3d.surface.meshing import (
        SurfaceParams as SurfaceParams,
        reconstruct_surface as reconstruct_surface,
    )
    from sculpt3d.texture.bake import TextureParams as TextureParams, bake_texture as bake_texture
    from sculpt3d.types import (
        Mesh as Mesh,
        PointCloud as PointCloud,
        Scene as Scene,
        TexturedMesh as TexturedMesh,
        View as View,
    )

_HOME = {
    "check_photos": "photos.check", "PhotoParams": "photos.check", "PhotoSet": "photos.check",
    "map_cameras": "sfm.cameras", "SfmParams": "sfm.cameras", "SfmResult": "sfm.result",
    "refine_cameras": "sfm.refine", "RefineParams": "sfm.refine", "undistort": "sfm.undistort", "load_scene": "models.colmap",
    "find_region": "region", "find_object": "mvs.scout", "find_up": "align", "place": "align", "move_scene": "align",
    "estimate_depths": "mvs.depth", "DepthParams": "mvs.depth", "fuse": "mvs.fusion", "FusionParams": "mvs.fusion",
    "reconstruct_surface": "surface.meshing", "SurfaceParams": "surface.meshing", "simplify": "surface.decimation",
    "bake_texture": "texture.bake", "TextureParams": "texture.bake",
    "write_glb": "models.glb_write", "GltfInfo": "models.glb_write",
    "Scene": "types", "View": "types", "PointCloud": "types", "Mesh": "types", "TexturedMesh": "types",
}  # fmt: skip
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"sculpt3d has no {name}")
    return getattr(import_module(f"sculpt3d.{_HOME[name]}"), name)
