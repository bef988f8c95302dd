"""TIFFs that Pillow does not read, or reads wrongly: more than 8 bits, planes, unusual codings and colours; by tifffile."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import ExifTags, Image

from sculpt3d.errors import UnreadableFile
from sculpt3d.photos.depths import eight_bits
from sculpt3d.types import U8

MOST_PAGES = 16  # looked at for the photo itself
_WHITE_IS_ZERO, _PALETTE, _INKS, _LAB, _ICC_LAB = 0, 3, 5, 8, 9
_SENSOR = {32803, 34892}  # what DNG holds
_PREMULTIPLIED = 1
_EXIF_NUMBER = {name: number for number, name in ExifTags.TAGS.items()}

logging.getLogger("tifffile").setLevel(logging.CRITICAL)  # what is wrong is in the error


@dataclass(frozen=True)
class Tiff:
    """image: 8 bits in mode L, RGB, CMYK or LAB. alpha (H, W) where it has any. note: what was guessed."""

    image: Image.Image
    alpha: U8 | None
    profile: bytes | None
    exif: dict[str, Any]
    note: str


def is_for_us(opened: Image.Image) -> bool:
    """Whether a TIFF that Pillow opened is better read here: Pillow 13 takes planes of 16 bits for planes of 8."""
    tags: Any = getattr(opened, "tag_v2", {})
    return bool(max(tags.get(258, (8,))) > 8 or tags.get(254, 0) & 1)


def read_tiff(path: Path, most_pixels: int) -> Tiff:
    """Raises what tifffile raises, and `UnreadableFile`."""
    with tifffile.TiffFile(path) as file:
        page = _photo(file)
        pixels = _planes(page, path.name, most_pixels)
        colours, alpha = _without_alpha(page, pixels)
        image, note = _image(page, colours)
        if alpha is not None and int(page.extrasamples[0]) == _PREMULTIPLIED:
            image = _divided(image, alpha)
        profile = page.tags.get(34675)
        exif = {**_exif(file.pages[0]), **_exif(page)}
        return Tiff(image, alpha, None if profile is None else bytes(profile.value), exif, note)


def read_levels(path: Path, most_pixels: int) -> tuple[NDArray[Any], U8 | None]:
    """(H, W) of any depth as stored, of a colour its largest channel, and alpha. For masks."""
    with tifffile.TiffFile(path) as file:
        page = _photo(file)
        colours, alpha = _without_alpha(page, _planes(page, path.name, most_pixels))
        levels = colours.max(-1)
        return (levels.max() - levels if page.photometric == _WHITE_IS_ZERO else levels), alpha


def _photo(file: tifffile.TiffFile) -> Any:
    """The largest page: previews may come first."""
    pages = [page for page, _ in zip(file.pages, range(MOST_PAGES), strict=False)]
    return max(pages, key=lambda p: p.imagewidth * p.imagelength)


def _planes(page: Any, name: str, most_pixels: int) -> NDArray[Any]:
    """(H, W, C) as stored."""
    pixels = page.imagewidth * page.imagelength
    if not 0 < pixels <= most_pixels or page.nbytes > most_pixels * 8:
        raise UnreadableFile(f"{name} claims {page.imagewidth}x{page.imagelength} pixels; leave it out")
    if int(page.photometric) in _SENSOR:
        raise UnreadableFile(f"{name} holds a sensor's raw values; develop it to TIFF or JPEG")
    planes, axes = page.asarray(), page.axes
    while len(axes) > 2 and axes[0] not in "SY":
        planes, axes = planes[0], axes[1:]
    if axes[0] == "S":
        planes = np.moveaxis(planes, 0, -1)
    if planes.ndim not in {2, 3}:
        raise UnreadableFile(f"{name} is no flat picture ({page.axes}); save it again as 8-bit TIFF or PNG")
    return planes if planes.ndim == 3 else planes[..., None]


def _without_alpha(page: Any, planes: NDArray[Any]) -> tuple[NDArray[Any], U8 | None]:
    extra = len(page.extrasamples)
    colours = planes[..., : planes.shape[-1] - extra] if 0 < extra < planes.shape[-1] else planes
    if colours is planes or int(page.extrasamples[0]) == 0:  # 0: channels of no stated meaning
        return colours, None
    alpha, _ = eight_bits(planes[..., colours.shape[-1]], page.bitspersample)
    return colours, alpha if alpha.min(initial=255) < 255 else None


def _image(page: Any, colours: NDArray[Any]) -> tuple[Image.Image, str]:
    kind = int(page.photometric)
    if kind == _PALETTE and page.colormap is not None:
        return Image.fromarray(eight_bits(page.colormap.T[colours[..., 0]], 16)[0]), ""
    if kind in {_LAB, _ICC_LAB} and colours.shape[-1] == 3:
        return _from_lab(colours, kind == _LAB), ""
    codes, note = eight_bits(colours, page.bitspersample)
    if kind == _INKS and codes.shape[-1] == 4:
        return Image.fromarray(codes, "CMYK"), note
    if kind == _INKS:
        raise UnreadableFile("its inks are not cyan, magenta, yellow and black")
    if codes.shape[-1] >= 3:
        return Image.fromarray(np.ascontiguousarray(codes[..., :3])), note
    grey = codes[..., 0]
    return Image.fromarray(255 - grey if kind == _WHITE_IS_ZERO else np.ascontiguousarray(grey)), note


def _from_lab(colours: NDArray[Any], signed: bool) -> Image.Image:
    """a and b are signed in the bytes that Pillow takes, as in TIFF's CIELAB; ICC's are 128 larger."""
    wide = colours.dtype.itemsize > 1
    codes = colours.astype(np.int64)
    if not signed:
        codes[..., 1:] -= 1 << (15 if wide else 7)
    light = np.round(codes[..., :1] / (257 if wide else 1))
    both = np.round(codes[..., 1:] / (256 if wide else 1))
    return Image.fromarray((np.concatenate([light, both], -1).astype(np.int64) & 255).astype(np.uint8), "LAB")


def _divided(image: Image.Image, alpha: U8) -> Image.Image:
    """Colours that were multiplied by alpha, as they are."""
    codes = np.asarray(image).astype(np.float32)
    full = np.maximum(alpha, 1).reshape(*alpha.shape, *(1,) * (codes.ndim - 2)) / np.float32(255)
    return Image.fromarray(np.clip(codes / full + 0.5, 0, 255).astype(np.uint8), image.mode)


def _exif(page: Any) -> dict[str, Any]:
    """As Pillow gives it: tag numbers as text, rationals as numbers."""
    inner = page.tags.get(34665)
    named = inner.value if inner is not None and isinstance(inner.value, dict) else {}
    found = {tag.code: tag.value for tag in page.tags.values()}
    found |= {_EXIF_NUMBER[name]: value for name, value in named.items() if name in _EXIF_NUMBER}
    return {str(number): _plain(value) for number, value in found.items()}


def _plain(value: Any) -> Any:
    rational = isinstance(value, tuple) and len(value) == 2 and all(isinstance(v, int) for v in value)
    return value[0] / value[1] if rational and value[1] else value
