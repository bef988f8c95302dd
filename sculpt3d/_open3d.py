"""Open3D with the libusb it links to, from PyPI's libusb-package: no apt step on a bare machine."""

import contextlib
import ctypes
import zlib  # noqa: F401  (loaded before other native libraries bring their own)
from typing import Any

with contextlib.suppress(ImportError, OSError):
    import libusb_package

    _library = libusb_package.get_library_path()
    if _library is not None:
        ctypes.CDLL(str(_library), ctypes.RTLD_GLOBAL)

import numpy as np
import open3d

o3d: Any = open3d  # its stubs are too narrow for arrays

o3d.utility.set_verbosity_level(o3d.utility.VerbosityLevel.Error)



def triangles_for_rays(xyz: Any, faces: Any) -> Any:
    """A `RaycastingScene` of triangles: xyz (V, 3), which float32 should hold, and faces (F, 3)."""
    scene = o3d.t.geometry.RaycastingScene()
    scene.add_triangles(
        o3d.core.Tensor(np.ascontiguousarray(xyz, np.float32)), o3d.core.Tensor(np.ascontiguousarray(faces, np.uint32))
    )
    return scene


__all__ = ["o3d", "triangles_for_rays"]
