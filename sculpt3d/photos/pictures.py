"""The one reader of photo files, as 8-bit sRGB pixels as stored: JPEG, PNG, TIFF of 8 to 16 bits, HEIC, AVIF, JPEG XL, ...

Files come from strangers: sizes are bounded before anything is decoded, and every failure is an `UnreadableFile`.
"""

from __future__ import annotations

import struct
import warnings
import zlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image, ImageCms, UnidentifiedImageError
from tifffile import TiffFileError

from sculpt3d.errors import UnreadableFile
from sculpt3d.photos import jxl, tiff
from sculpt3d.photos.colour_space import P3, Space, is_srgb, space_by_exif, through_profile
from sculpt3d.photos.depths import eight_bits
from sculpt3d.photos.kinds import REFUSED
from sculpt3d.types import U8

_TIFF = {".tif", ".tiff"}
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
    TiffFileError,
    cv2.error,
)
_T = Image.Transpose
_BACK = {2: _T.FLIP_LEFT_RIGHT, 3: _T.ROTATE_180, 4: _T.FLIP_TOP_BOTTOM, 5: _T.TRANSPOSE, 6: _T.ROTATE_90,
         7: _T.TRANSVERSE, 8: _T.ROTATE_270}  # fmt: skip
_P3_PRIMARIES = 12  # ITU-T H.273, in HEIC

Image.MAX_IMAGE_PIXELS = MAX_PIXELS
pillow_heif.register_heif_opener()


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
    """Raises `UnreadableFile`; for RAW files and other kinds that are not read with the remedy."""
    if path.suffix.lower() in REFUSED:
        raise UnreadableFile(f"{path.name} is {REFUSED[path.suffix.lower()]}")
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        warnings.simplefilter("ignore", UserWarning)
        try:
            return _read_jxl(path) if _is_jxl(path) else _read_pillow(path)
        except UnreadableFile:
            raise
        except (*_BROKEN, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            if path.suffix.lower() in _TIFF:
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
    if _is_jxl(path):
        pixels = _jxl_pixels(path, read_bytes(path))
        alpha = pixels[..., -1] if pixels.shape[2] in {2, 4} else None
        return pixels[..., : 3 if pixels.shape[2] > 2 else 1].max(2), _some(alpha)
    try:
        with Image.open(path) as opened:
            _check_size(path, opened)
            if opened.format != "TIFF" or not tiff.is_for_us(opened):
                image = _as_stored(opened, _exif(opened))
                if image.mode == "1":
                    return np.asarray(image.convert("L")), None
                grey = image.mode == "L" or image.mode.startswith(("I", "F"))
                levels = np.asarray(image) if grey else np.asarray(image.convert("RGB")).max(2)
                return levels, _alpha(image)
    except _BROKEN:
        if path.suffix.lower() not in _TIFF:
            raise
    return tiff.read_levels(path, MAX_PIXELS)


def _read_pillow(path: Path) -> Picture:
    with Image.open(path) as opened:
        _check_size(path, opened)
        if opened.format == "TIFF" and tiff.is_for_us(opened):
            return _read_tiff(path)
        exif = _exif(opened)
        plain = _is_plain(opened, path, exif)
        image = _as_stored(opened, exif)
        alpha, profile, note = _alpha(image), image.info.get("icc_profile"), ""
        if opened.format == "PNG" and _png_bits(path) > 8:
            image, note = _deep_png(path, image)
        elif image.mode.startswith(("I", "F")):
            grey, note = eight_bits(np.asarray(image))
            image = Image.fromarray(grey)
        image.info["nclx_profile"] = opened.info.get("nclx_profile")
        return _in_srgb(image, alpha, profile, exif, note, plain and alpha is None)


def _in_srgb(
    image: Image.Image, alpha: U8 | None, profile: bytes | None, exif: dict[str, Any], note: str = "", plain: bool = False
) -> Picture:  # fmt: skip
    """8 bits of any mode, by their profile, else by what EXIF says."""
    if profile and not is_srgb(profile):
        return Picture(np.asarray(through_profile(image, profile), np.uint8), exif, False, alpha, note)
    pixels = np.asarray(image.convert("RGB"), np.uint8)
    space, told = (None, "") if profile or image.mode in {"CMYK", "LAB"} else _space(image, exif)
    note = "; ".join(n for n in (note, told) if n)
    if space is not None:
        return Picture(space.to_srgb(pixels), exif, False, alpha, note)
    return Picture(pixels, exif, plain, alpha, note)


def _deep_png(path: Path, image: Image.Image) -> tuple[Image.Image, str]:
    """16 bits of each colour; Pillow 13 keeps the upper 8 only, which is nothing of what has 12."""
    deep = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION)
    if deep is None or deep.dtype != np.uint16 or deep.shape[:2] != (image.height, image.width):
        raise ValueError("its 16 bits cannot be decoded")
    codes, note = eight_bits(deep if deep.ndim == 2 else deep[..., 2::-1])
    return Image.fromarray(codes), note


def _check_size(path: Path, opened: Image.Image) -> None:
    if opened.width * opened.height > MAX_PIXELS:
        raise UnreadableFile(f"{path.name} claims {opened.width}x{opened.height} pixels; leave it out")


def has_alpha(path: Path) -> bool:
    """Whether the file's header speaks of alpha; not of JPEG XL's."""
    try:
        with Image.open(path) as opened:
            return _speaks_of_alpha(opened)
    except _BROKEN:
        return False


def plain_size(path: Path) -> tuple[int, int] | None:
    """Width and height of a file that holds its pixels as they are wanted, from its header; None where it is another kind."""
    try:
        with Image.open(path) as opened:
            return opened.size if _is_plain(opened, path, _exif(opened)) else None
    except _BROKEN:
        return None


def plain_note(path: Path) -> str:
    """What a person should know of the colours of a plain file."""
    with Image.open(path) as opened:
        return "" if opened.info.get("icc_profile") else space_by_exif(_exif(opened))[1]


def sentences(notes: Iterable[str]) -> list[str]:
    """Notes on photos, each once and with how many it holds for."""
    told = sorted(Counter(n for n in notes if n).items())
    return [f"{count} photos: {note}" if count > 1 else f"one photo: {note}" for note, count in told]


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
    if not _speaks_of_alpha(image):
        return None
    return _some(np.asarray(image.convert("RGBA").getchannel("A")))


def _speaks_of_alpha(image: Image.Image) -> bool:
    return image.mode in {"RGBA", "LA", "PA", "La", "RGBa"} or "transparency" in image.info


def _some(alpha: NDArray[Any] | None) -> U8 | None:
    """In 8 bits, where it is not all full."""
    codes = None if alpha is None else eight_bits(alpha)[0]
    return None if codes is None or codes.min(initial=255) == 255 else codes


def _png_bits(path: Path) -> int:
    with open(path, "rb") as f:
        return f.read(25)[24]


def _is_jxl(path: Path) -> bool:
    with open(path, "rb") as f:
        return jxl.is_jxl(f.read(12))


def _read_jxl(path: Path) -> Picture:
    data = read_bytes(path)
    pixels = _jxl_pixels(path, data)
    alpha = eight_bits(pixels[..., -1])[0] if pixels.shape[2] in {2, 4} else None
    codes, note = eight_bits(pixels[..., :3] if pixels.shape[2] > 2 else pixels[..., 0])
    held = Image.Exif()
    held.load(jxl.exif_of(data))
    exif = _exif_of(held) | {"274": 1}  # turned already
    picture = _in_srgb(Image.fromarray(codes), _some(alpha), None, exif, note)
    return picture if picture.note else replace(picture, note=jxl.NOTE)


def _jxl_pixels(path: Path, data: bytes) -> NDArray[Any]:
    """(H, W, C)."""
    width, height = jxl.size_of(data)
    if width * height > MAX_PIXELS:
        raise UnreadableFile(f"{path.name} claims {width}x{height} pixels; leave it out")
    pixels = jxl.decode(data)
    return pixels[..., None] if pixels.ndim == 2 else pixels[0] if pixels.ndim == 4 else pixels


def _read_tiff(path: Path) -> Picture:
    try:
        found = tiff.read_tiff(path, MAX_PIXELS)
    except UnreadableFile:
        raise
    except _BROKEN as error:
        raise UnreadableFile(
            f"{path.name} cannot be decoded ({_short(error)}); save it again as 8-bit TIFF or PNG"
        ) from error
    return _in_srgb(found.image, found.alpha, found.profile, found.exif, found.note)


def _exif(image: Image.Image) -> dict[str, Any]:
    try:
        return _exif_of(image.getexif())
    except _BROKEN:
        return {}


def _exif_of(exif: Image.Exif) -> dict[str, Any]:
    try:
        found = {str(k): v for k, v in {**exif, **exif.get_ifd(0x8769)}.items()}
        return found | {"interoperability": exif.get_ifd(0xA005).get(1, "")}
    except _BROKEN:
        return {}


def _as_stored(image: Image.Image, exif: dict[str, Any]) -> Image.Image:
    """Pillow turns TIFFs, and only them, by their orientation while it loads them: turned back."""
    back = _BACK.get(exif.get("274", 1)) if image.format == "TIFF" else None
    return image if back is None else image.transpose(back)


def _short(error: BaseException) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "it is no picture"
    return (str(error).splitlines() or [type(error).__name__])[0][:120].strip() or type(error).__name__
