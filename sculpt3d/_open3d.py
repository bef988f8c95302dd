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

import open3d

o3d: Any = open3d  # its stubs are too narrow for arrays

o3d.utility.set_verbosity_level(o3d.utility.VerbosityLevel.Error)

__all__ = ["o3d"]
