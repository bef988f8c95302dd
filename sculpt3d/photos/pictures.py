"""The one reader of photo files, as 8-bit sRGB pixels as stored: JPEG, PNG, TIFF of 8 to 16 bits, HEIC, AVIF, JPEG XL, ...

Files come from strangers: sizes are bounded before anything is decoded, and every failure is an `UnreadableFile`.
"""

from __future__ import annotations

import logging
import struct
import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import tifffile
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageCms, UnidentifiedImageError

from sculpt3d.errors import UnreadableFile
from sculpt3d.photos.colour_space import P3, Space, is_srgb, space_by_exif, through_profile
from sculpt3d.types import U8

SUFFIXES = {
    ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".tif", ".tiff", ".heic", ".heif", ".hif", ".avif", ".jxl", ".webp",
    ".bmp", ".jp2",
}  # fmt: skip
RAW_SUFFIXES = {
    ".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw", ".sr2", ".srf", ".dng", ".orf", ".rw2", ".raf", ".pef", ".srw", ".x3f",
    ".3fr", ".fff", ".iiq", ".rwl", ".mrw", ".erf", ".kdc", ".dcr", ".mos", ".mef", ".gpr",
}  # fmt: skip
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
_P3_PRIMARIES = 12  # ITU-T H.273, in HEIC

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


@dataclass(frozen=True)
class Picture:
    """pixels (H, W, 3) sRGB, as stored: the EXIF orientation is not applied, so that the lens calibration holds. alpha (H, W)
    where the file has any that is not all full. exif: tags by number as text. as_it_is: the file itself holds just these
    pixels, as 8-bit JPEG or PNG. note: what a person should know of its colours."""

    pixels: U8
    exif: dict[str, Any]
    as_it_is: bool
    alpha: U8 | None = None
    note: str = ""


def read_photo(path: Path) -> Picture:
    """Raises `UnreadableFile`; for RAW files with the remedy."""
    if path.suffix.lower() in RAW_SUFFIXES:
        raise UnreadableFile(f"{path.name} is a camera RAW file; develop it to TIFF or JPEG")
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        warnings.simplefilter("ignore", UserWarning)
        try:
            return _read_jxl(path) if _is_jxl(path) else _read_pillow(path)
        except (*_BROKEN, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            if path.suffix.lower() in {".tif", ".tiff"}:
                return _read_tiff(path)
            raise UnreadableFile(
                f"{path.name} cannot be decoded ({_short(error)}); copy it again or leave it out"
            ) from error


def read_levels(path: Path) -> tuple[NDArray[Any], U8 | None]:
    """Brightness (H, W) of any depth as stored, of a colour its largest channel; alpha where it is not all full. For masks."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            return _levels(path)
    except (*_BROKEN, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UnreadableFile(f"The mask {path.name} cannot be decoded; save it again as PNG") from error


def _levels(path: Path) -> tuple[NDArray[Any], U8 | None]:
    try:
        with Image.open(path) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise UnreadableFile(
                    f"{path.name} claims {opened.width}x{opened.height} pixels; leave it out"
                )
            image = _as_stored(opened, _exif(opened))
            alpha = _alpha(image)
            if image.mode in {"1", "L"} or image.mode.startswith(("I", "F")):
                return np.asarray(image.convert("L") if image.mode == "1" else image), alpha
            return np.asarray(image.convert("RGB")).max(2), alpha
    except _BROKEN:
        if path.suffix.lower() not in {".tif", ".tiff"}:
            raise
        with tifffile.TiffFile(path) as file:
            page: Any = file.pages[0]
            if page.imagewidth * page.imagelength > MAX_PIXELS:
                raise
            pixels = page.asarray()
            return (pixels if pixels.ndim == 2 else pixels[..., :3].max(-1)), _tiff_alpha(page, pixels)


def _read_pillow(path: Path) -> Picture:
    with Image.open(path) as opened:
        if opened.width * opened.height > MAX_PIXELS:
            raise UnreadableFile(f"{path.name} claims {opened.width}x{opened.height} pixels; leave it out")
        if opened.format == "TIFF" and max(opened.tag_v2.get(258, (8,))) > 8:  # type: ignore[attr-defined]
            return _read_tiff(path)  # Pillow 13 takes planes of 16 bits for planes of 8
        exif = _exif(opened)
        plain = _is_plain(opened, path, exif)
        image = _as_stored(opened, exif)
        if image.mode.startswith(("I", "F")):
            return Picture(_eight_bits(np.asarray(image)), exif, False)
        alpha = _alpha(image)
        profile = image.info.get("icc_profile")
        if profile and not is_srgb(profile):
            return Picture(np.asarray(through_profile(image, profile), np.uint8), exif, False, alpha)
        pixels = np.asarray(image.convert("RGB"), np.uint8)
        space, note = (None, "") if profile else _space(image, exif)
        if space is not None:
            return Picture(space.to_srgb(pixels), exif, False, alpha, note)
        return Picture(pixels, exif, plain and alpha is None, alpha, note)


def plain_size(path: Path) -> tuple[int, int] | None:
    """Width and height of a file that holds its pixels as they are wanted, from its header; None where it is another kind."""
    try:
        with Image.open(path) as opened:
            return opened.size if _is_plain(opened, path, _exif(opened)) else None
    except _BROKEN:
        return None


def _is_plain(opened: Image.Image, path: Path, exif: dict[str, Any]) -> bool:
    """An 8-bit sRGB JPEG or PNG without alpha."""
    if opened.format not in {"JPEG", "PNG"} or opened.mode != "RGB" or "transparency" in opened.info:
        return False
    if opened.format == "PNG" and _png_bits(path) > 8:
        return False
    profile = opened.info.get("icc_profile")
    return is_srgb(profile) if profile else space_by_exif(exif)[0] is None


def _space(image: Image.Image, exif: dict[str, Any]) -> tuple[Space | None, str]:
    held = image.info.get("nclx_profile")
    if isinstance(held, dict) and held.get("color_primaries") == _P3_PRIMARIES:
        return P3, ""
    return space_by_exif(exif)


def _alpha(image: Image.Image) -> U8 | None:
    """(H, W) where some of it is not full."""
    if image.mode not in {"RGBA", "LA", "PA", "La", "RGBa"} and "transparency" not in image.info:
        return None
    alpha = np.asarray(image.convert("RGBA").getchannel("A"))
    return alpha if alpha.min(initial=255) < 255 else None


def _png_bits(path: Path) -> int:
    with open(path, "rb") as f:
        return f.read(25)[24]


def _is_jxl(path: Path) -> bool:
    with open(path, "rb") as f:
        head = f.read(12)
    return head.startswith(b"\xff\x0a") or head == b"\x00\x00\x00\x0cJXL \x0d\x0a\x87\x0a"


def _read_jxl(path: Path) -> Picture:
    """By imagecodecs, which is here for TIFF already and carries libjxl; of EXIF and profile it says nothing."""
    import imagecodecs

    pixels = np.asarray(imagecodecs.jpegxl_decode(read_bytes(path)))
    if pixels.shape[0] * pixels.shape[1] > MAX_PIXELS:
        raise UnreadableFile(f"{path.name} has {pixels.shape[1]}x{pixels.shape[0]} pixels; leave it out")
    alpha = None
    if pixels.ndim == 3 and pixels.shape[2] in {2, 4}:
        alpha = _eight_bits(pixels[..., -1])[..., 0]
        pixels = pixels[..., :-1]
    full = alpha is None or alpha.min(initial=255) == 255
    return Picture(_eight_bits(pixels), {}, False, None if full else alpha)


def _read_tiff(path: Path) -> Picture:
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
            rgb, profile, exif = _eight_bits(pixels, page.bitspersample), page.tags.get(34675), _tiff_exif(page)
            alpha = _tiff_alpha(page, pixels)
            if profile is not None and pixels.ndim == 3 and pixels.shape[-1] >= 3:
                rgb = np.asarray(through_profile(Image.fromarray(rgb), bytes(profile.value)), np.uint8)
                return Picture(rgb, exif, False, alpha)
            space, note = space_by_exif(exif)
            return Picture(rgb if space is None else space.to_srgb(rgb), exif, False, alpha, note)
    except (*_BROKEN, tifffile.TiffFileError) as error:
        raise UnreadableFile(
            f"{path.name} cannot be decoded ({_short(error)}); save it again as 8-bit TIFF or PNG"
        ) from error


def _tiff_alpha(page: Any, pixels: NDArray[Any]) -> U8 | None:
    if not page.extrasamples or pixels.ndim != 3 or pixels.shape[-1] not in {2, 4}:
        return None
    alpha = _eight_bits(pixels[..., -1])[..., 0]
    return alpha if alpha.min(initial=255) < 255 else None


def _eight_bits(pixels: NDArray[Any], bits: int = 0) -> U8:
    """Any depth -> (H, W, 3) u8; floats reach to 1, 255 or 65535, as their largest says. bits: of whole numbers, 0: all."""
    while pixels.ndim > 3:
        pixels = pixels[0]
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[..., None], 3, -1)
    pixels = pixels[..., :3] if pixels.shape[-1] >= 3 else np.repeat(pixels[..., :1], 3, -1)
    if pixels.dtype == np.uint8:
        return np.ascontiguousarray(pixels)
    if pixels.dtype.kind == "f":
        real = np.nan_to_num(pixels, posinf=0, neginf=0)
        white = next((w for w in (1.0, 255.0) if real.max(initial=0) <= w * 1.001), 65535.0)
        return (np.clip(real / white, 0, 1) * 255 + 0.5).astype(np.uint8)
    top = (1 << bits) - 1 if 8 < bits < 16 else 65535 if pixels.dtype.itemsize > 1 else 255
    return (np.clip(pixels, 0, top).astype(np.float32) * (255 / top) + 0.5).astype(np.uint8)


def _exif(image: Image.Image) -> dict[str, Any]:
    try:
        exif = image.getexif()
        found = {str(k): v for k, v in {**exif, **exif.get_ifd(0x8769)}.items()}
        return found | {"interoperability": exif.get_ifd(0xA005).get(1, "")}
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


def _short(error: BaseException) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "it is no picture"
    return (str(error).splitlines() or [type(error).__name__])[0][:120].strip() or type(error).__name__
