"""Photo files as 8-bit sRGB pixels, as stored: JPEG, PNG, TIFF of 8 and 16 bits, HEIC, CMYK and other colour spaces.

Files come from strangers: sizes are bounded before anything is decoded, and every failure is an `UnreadableFile`.
"""

from __future__ import annotations

import io
import logging
import struct
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import tifffile
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageCms, UnidentifiedImageError

from sculpt3d.errors import UnreadableFile

SUFFIXES = {".jpg", ".jpeg", ".jpe", ".mpo", ".png", ".tif", ".tiff", ".heic", ".heif", ".webp", ".bmp"}
RAW_SUFFIXES = {".cr2", ".cr3", ".nef", ".arw", ".dng", ".orf", ".rw2", ".raf", ".pef", ".srw"}
MAX_BYTES = 4_000_000_000
MAX_PIXELS = 400_000_000  # beyond medium-format cameras; a larger header is broken or hostile
_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    EOFError,
    OverflowError,
    MemoryError,
    AttributeError,
    RuntimeError,
    struct.error,
    zlib.error,
    ImageCms.PyCMSError,
)
_EXIF_NUMBER = {name: number for number, name in ExifTags.TAGS.items()}
_T = Image.Transpose
_BACK = {2: _T.FLIP_LEFT_RIGHT, 3: _T.ROTATE_180, 4: _T.FLIP_TOP_BOTTOM, 5: _T.TRANSPOSE, 6: _T.ROTATE_90,
         7: _T.TRANSVERSE, 8: _T.ROTATE_270}  # fmt: skip
_SRGB = ImageCms.createProfile("sRGB")

Image.MAX_IMAGE_PIXELS = MAX_PIXELS
pillow_heif.register_heif_opener()
logging.getLogger("tifffile").setLevel(logging.CRITICAL)  # what is wrong is in the error


def read_bytes(path: Path) -> bytes:
    """The file as it is. Raises `UnreadableFile`."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UnreadableFile(f"{path.name} is larger than {MAX_BYTES // 10**9} GB; leave it out")
        return path.read_bytes()
    except OSError as error:
        raise UnreadableFile(
            f"{path.name} cannot be read ({error.strerror}); check its permissions or leave it out"
        ) from error


def read_photo(path: Path) -> tuple[NDArray[np.uint8], dict[str, Any], bool]:
    """Pixels (H, W, 3) sRGB, EXIF tags by number, and whether the file itself can be used as it is.

    The EXIF orientation is not applied: pixels stay as stored, as the lens calibration sees them.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        warnings.simplefilter("ignore", UserWarning)
        try:
            return _read_pillow(path)
        except (*_BROKEN, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            if path.suffix.lower() in {".tif", ".tiff"}:
                return *_read_tiff(path), False
            raise UnreadableFile(
                f"{path.name} cannot be decoded ({_short(error)}); copy it again or leave it out"
            ) from error


def read_mask(path: Path) -> NDArray[np.uint8]:
    """(H, W), 255 = object."""
    try:
        with Image.open(path) as image:
            alpha = np.asarray(image.convert("RGBA").getchannel("A"))
            if alpha.min() < 255:
                return np.where(alpha >= 128, 255, 0).astype(np.uint8)
            return np.where(np.asarray(image.convert("L")) >= 128, 255, 0).astype(np.uint8)
    except (*_BROKEN, Image.DecompressionBombError) as error:
        raise UnreadableFile(f"The mask {path.name} cannot be decoded; save it again as PNG") from error


def _read_pillow(path: Path) -> tuple[NDArray[np.uint8], dict[str, Any], bool]:
    with Image.open(path) as opened:
        if opened.width * opened.height > MAX_PIXELS:
            raise UnreadableFile(f"{path.name} claims {opened.width}x{opened.height} pixels; leave it out")
        exif = _exif(opened)
        image = _as_stored(opened, exif)
        if image.mode.startswith(("I", "F")):
            return _eight_bits(np.asarray(image)), exif, False
        profile = image.info.get("icc_profile")
        as_it_is = image.format in {"JPEG", "PNG"} and image.mode == "RGB" and _is_srgb(profile)
        rgb = image.convert("RGB") if as_it_is or not profile else _to_srgb(image, profile)
        return np.asarray(rgb, np.uint8), exif, as_it_is


def _read_tiff(path: Path) -> tuple[NDArray[np.uint8], dict[str, Any]]:
    """What Pillow does not read (16-bit RGB, planar, unusual compressions), with EXIF."""
    try:
        with tifffile.TiffFile(path) as file:
            page: Any = file.pages[0]
            if page.imagewidth * page.imagelength > MAX_PIXELS or not page.imagewidth:
                raise UnreadableFile(
                    f"{path.name} claims {page.imagewidth}x{page.imagelength} pixels; leave it out"
                )
            pixels = page.asarray()
            if page.axes.startswith("S"):
                pixels = np.moveaxis(pixels, 0, -1)
            rgb, profile = _eight_bits(pixels), page.tags.get(34675)
            if profile is not None and pixels.ndim == 3 and pixels.shape[-1] >= 3:
                rgb = np.asarray(_to_srgb(Image.fromarray(rgb), bytes(profile.value)), np.uint8)
            return rgb, _tiff_exif(page)
    except (*_BROKEN, tifffile.TiffFileError) as error:
        raise UnreadableFile(
            f"{path.name} cannot be decoded ({_short(error)}); save it again as 8-bit TIFF or PNG"
        ) from error


def _eight_bits(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    """Any depth -> (H, W, 3) u8; floats are taken as 0..1."""
    while pixels.ndim > 3:
        pixels = pixels[0]
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[..., None], 3, -1)
    pixels = pixels[..., :3] if pixels.shape[-1] >= 3 else np.repeat(pixels[..., :1], 3, -1)
    if pixels.dtype == np.uint8:
        return np.ascontiguousarray(pixels)
    if pixels.dtype.kind == "f":
        return (np.clip(np.nan_to_num(pixels), 0, 1) * 255 + 0.5).astype(np.uint8)
    top = 65535 if pixels.dtype.itemsize > 1 else 255
    return (np.clip(pixels, 0, top).astype(np.float32) * (255 / top) + 0.5).astype(np.uint8)


def _exif(image: Image.Image) -> dict[str, Any]:
    try:
        exif = image.getexif()
        return {str(k): v for k, v in {**exif, **exif.get_ifd(0x8769)}.items()}
    except _BROKEN:
        return {}


def _as_stored(image: Image.Image, exif: dict[str, Any]) -> Image.Image:
    """Pillow turns TIFFs, and only them, by their orientation while it loads them: turned back."""
    back = _BACK.get(exif.get("274", 1)) if image.format == "TIFF" else None
    return image if back is None else image.transpose(back)


def _tiff_exif(page: Any) -> dict[str, Any]:
    """As Pillow gives it: tag numbers as text, rationals as numbers."""
    inner = page.tags.get(34665)
    named = inner.value if inner is not None and isinstance(inner.value, dict) else {}
    found = {tag.code: tag.value for tag in page.tags.values()}
    found |= {_EXIF_NUMBER[name]: value for name, value in named.items() if name in _EXIF_NUMBER}
    return {str(number): _plain(value) for number, value in found.items()}


def _plain(value: Any) -> Any:
    rational = isinstance(value, tuple) and len(value) == 2 and all(isinstance(v, int) for v in value)
    return value[0] / value[1] if rational and value[1] else value


def _is_srgb(profile: bytes | None) -> bool:
    if not profile:
        return True
    try:
        name = ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(profile)))
    except _BROKEN:
        return True
    return "srgb" in name.lower()


def _to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Through the file's own profile; the plain conversion where the profile is broken."""
    try:
        source = image if image.mode in {"RGB", "CMYK", "L", "LAB"} else image.convert("RGB")
        there = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        found = ImageCms.profileToProfile(source, there, _SRGB, outputMode="RGB")
        return found if found is not None else image.convert("RGB")
    except _BROKEN:
        return image.convert("RGB")


def _short(error: BaseException) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "it is no picture"
    return (str(error).splitlines() or [type(error).__name__])[0][:120].strip() or type(error).__name__
