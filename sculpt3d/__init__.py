"""Sculpt3D: photographs of a sculpture to a measured, textured 3D model.

`from sculpt3d import check_photos, map_cameras, ...`: the steps as functions; heavy modules load when first used.
"""

from importlib import import_module
from typing import Any

_HOME = {
    "check_photos": "photos", "PhotoParams": "photos", "PhotoSet": "photos",
    "map_cameras": "sfm.cameras", "SfmParams": "sfm.cameras", "SfmResult": "sfm.cameras",
    "undistort": "sfm.undistort", "load_scene": "io.colmap",
    "find_region": "region", "find_object": "mvs.scout", "find_up": "align", "place": "align", "move_scene": "align",
    "estimate_depths": "mvs.depth", "DepthParams": "mvs.depth", "fuse": "mvs.fusion", "FusionParams": "mvs.fusion",
    "reconstruct_surface": "surface.meshing", "SurfaceParams": "surface.meshing", "simplify": "surface.decimation",
    "bake_texture": "texture.bake", "TextureParams": "texture.bake",
    "write_glb": "io.gltf", "GltfInfo": "io.gltf",
    "Scene": "types", "View": "types", "PointCloud": "types", "Mesh": "types", "TexturedMesh": "types",
}  # fmt: skip
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"sculpt3d has no {name}")
    return getattr(import_module(f"sculpt3d.{_HOME[name]}"), name)
