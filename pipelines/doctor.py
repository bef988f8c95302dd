"""What is installed, what works on this machine, and what to do about what does not."""

from __future__ import annotations

import importlib
import importlib.util
import os
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass

from sculpt3d.errors import SculptError
from sculpt3d.system import long_paths, run
from sculpt3d.webasset.npm import PINNED, Package, cached, need, program

MODULES = (
    "numpy",
    "scipy",
    "numba",
    "pycolmap",
    "trimesh",
    "pygltflib",
    "PIL",
    "pillow_heif",
    "cv2",
    "pyglet",
    "ezdxf",
    "pygeodesic",
)


# module, and the extra that brings it
EXTRAS = {"DracoPy": "draco", "meshopt": "meshopt", "opengl_basisu": "ktx2", "pxr": "usdz", "py4dgeo": "compare"}
_OPTIONS = {
    "draco": "export --geometry draco",
    "meshopt": "export --geometry meshopt",
    "ktx2": "export --image ktx2",
    "usdz": "export --usdz",
    "compare": "compare --m3c2",
}


_AGAIN = "pip install --force-reinstall sculpt3d"
_BY_CONDA = "it has no wheel for this machine; conda-forge has it: conda install -c conda-forge pycolmap"
# pycolmap 4's wheels: Windows and Linux on x86-64, macOS 14 or newer on Apple's own processors.
NO_WHEEL = {
    ("pycolmap", "Linux", "aarch64"): _BY_CONDA,
    ("pycolmap", "Darwin", "x86_64"): _BY_CONDA,
    ("pycolmap", "Darwin", "arm64"): f"{_AGAIN}, on macOS 14 or newer: pycolmap has no wheel for older ones",
    ("pycolmap", "Windows", "ARM64"): "it has no wheel for Windows on ARM; install Python for x86-64, which runs there too",
}


@dataclass(frozen=True)
class Finding:
    what: str
    good: bool
    found: str
    remedy: str = ""


def examine() -> list[Finding]:
    """All checks; none of them raises."""
    checks: list[Callable[[], Finding]] = [
        _python,
        *(lambda m=m: _module(m) for m in MODULES),
        _open3d,
        _cuda,
        _kernel,
        *(lambda m=m, e=e: _optional(m, e) for m, e in EXTRAS.items()),
        *(lambda p=p: _npm(p) for p in PINNED),
        _memory,
        _disk,
        _paths,
        _display,
        _gl,
    ]
    return [_safe(check) for check in checks]


def _safe(check: Callable[[], Finding]) -> Finding:
    try:
        return check()
    except Exception as error:  # a broken part is a finding
        return Finding(
            getattr(check, "__name__", "check").strip("_"),
            False,
            str(error).splitlines()[0][:120],
            "reinstall: pip install --force-reinstall sculpt3d",
        )


def _python() -> Finding:
    good = sys.version_info >= (3, 11)
    return Finding(
        "Python", good, f"{platform.python_version()} on {platform.machine()}", "install Python 3.11 or newer"
    )


def _machine() -> tuple[str, str]:
    return platform.system(), platform.machine()


def _module(name: str) -> Finding:
    try:
        module = importlib.import_module(name)
    except Exception as error:
        return Finding(name, False, str(error).splitlines()[0][:120], NO_WHEEL.get((name, *_machine()), _AGAIN))
    return Finding(name, True, str(getattr(module, "__version__", getattr(module, "version", "installed"))))


def _optional(name: str, extra: str) -> Finding:
    there = importlib.util.find_spec(name) is not None
    return Finding(
        _OPTIONS[extra],
        True,
        "installed" if there else f"not installed; pip install 'sculpt3d[{extra}]' where it is wanted",
    )


def _npm(package: Package) -> Finding:
    there = cached(package) is not None
    said = "fetched" if there else "not here yet; fetched by npm at first use, or by sculpt3d doctor --fetch"
    if not there and program("npm") is None:
        said = "not here, and no npm; pip install 'sculpt3d[web]' where it is wanted"
    return Finding(f"{package.named}, {package.why.split(',')[0]}", True, said)


def fetch() -> list[Finding]:
    """Everything that npm brings, into the cache; what cannot be had is a finding."""
    return [_fetched(p) for p in PINNED]


def _fetched(package: Package) -> Finding:
    try:
        return Finding(package.named, True, str(need(package)))
    except SculptError as error:
        return Finding(package.named, False, "missing", str(error))


def _open3d() -> Finding:
    from sculpt3d._open3d import o3d

    return Finding("open3d", True, str(o3d.__version__))


def _cuda() -> Finding:
    import pycolmap

    return Finding(
        "GPU for dense stereo",
        True,
        "CUDA in pycolmap" if pycolmap.has_cuda else "none needed: the CPU does it",
    )


def _kernel() -> Finding:
    import numpy as np

    from sculpt3d.mvs.polish import surface_normals
    from sculpt3d.types import Pinhole

    normal = surface_normals(np.full((8, 8), 2, np.float32), Pinhole(8, 8, 8, 8, 4, 4))[4, 4]
    return Finding(
        "compiled kernels",
        bool(np.allclose(normal, [0, 0, -1])),
        "compile and run",
        "reinstall numba: pip install --force-reinstall numba",
    )


def _memory() -> Finding:
    import psutil

    free = psutil.virtual_memory().available / 1e9
    return Finding(
        "free memory",
        free > 3,
        f"{free:.1f} GB, {os.cpu_count()} processors",
        "close other programs or use --preset draft",
    )


def _disk() -> Finding:
    free = shutil.disk_usage(".").free / 1e9
    return Finding(
        "free disk here",
        free > 5,
        f"{free:.1f} GB",
        "free some space: a project of 50 photos takes about 3 GB",
    )


def _paths() -> Finding:
    return Finding(
        "long paths",
        long_paths(),
        "yes" if long_paths() else "up to 259 characters",
        "keep projects in a short folder (C:\\scans), or have LongPathsEnabled set in Windows' registry",
    )


def _display() -> Finding:
    return Finding(
        "screen",
        True,
        "yes"
        if importlib.import_module("viewer.drawing.window").has_screen()
        else "none: models are shown as pictures (sculpt3d view MODEL --screenshot PNG)",
    )


def _gl() -> Finding:
    command = [sys.executable, "-m", "viewer", "--probe"]
    code, output, complaint = run(command, timeout=60)
    return Finding(
        "OpenGL",
        code == 0,
        (output or complaint).strip().splitlines()[-1][:120] if output or complaint else "no answer",
        "install a graphics driver (Debian: apt install libgl1 libegl1); pictures still work, drawn without it",
    )
