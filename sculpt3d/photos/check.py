"""Photos and masks at the door: found, decoded, measured, and made ready as plain 8-bit sRGB files."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sculpt3d.errors import NotEnoughPhotos, UnreadableFile
from sculpt3d.files import put, write_atomic
from sculpt3d.photos.exif import credit_from_exif, number
from sculpt3d.photos.finding import find_photos, safe_name
from sculpt3d.photos.kinds import REFUSED
from sculpt3d.photos.masks import NONE, Masks, as_mask, fitted, read_mask
from sculpt3d.photos.pictures import Picture, read_bytes, read_photo, sentences
from sculpt3d.photos.sharing import camera_keys, find_copies, focal_lengths, thumbnail
from sculpt3d.photos.sharpness import blur_sigma
from sculpt3d.photos.shots import Shot, shot_from_exif
from sculpt3d.progress import Each, Progress, one_by_one
from sculpt3d.types import U8


@dataclass(frozen=True)
class PhotoParams:
    """max_blur_px: blur (sigma, at 2000 px on the longer side) beyond which a photo is left out; min_side: pixels."""

    max_blur_px: float = 6.0
    min_side: int = 200


@dataclass(frozen=True)
class Photo:
    """A usable photo. `name` is below images/, `source` below the folder that was given."""

    name: str
    source: str
    width: int
    height: int
    focal_px: float | None  # from EXIF
    camera_key: str  # photos with equal keys share intrinsics
    blur_px: float  # sigma of the sharpest quarter of the edges, at 2000 px on the longer side
    exposure: float  # mean luminance 0..1
    clipped: float  # share of pixels at black or white
    sha256: str
    orientation: int = 1  # EXIF; pixels are never turned by it
    mask: bool = False
    credit: str = ""  # EXIF copyright, else artist
    shot: Shot = field(default_factory=Shot)
    notes: tuple[str, ...] = ()  # what a person should know of how it was read
    thumbnail: str = ""  # SIDE x SIDE grey levels, hexadecimal


@dataclass(frozen=True)
class Rejected:
    name: str
    reason: str


@dataclass(frozen=True)
class PhotoSet:
    """root/images/<name> and root/masks/<name>.png."""

    root: Path
    photos: tuple[Photo, ...]
    rejected: tuple[Rejected, ...]

    def sentences(self) -> list[str]:
        """What a person should know of how the photos were read: a sentence and how many it holds for."""
        return sentences(note for p in self.photos for note in p.notes)

    @property
    def credit(self) -> str:
        """Whom the photos name as their owners, for the model's copyright line."""
        return "; ".join(sorted({p.credit for p in self.photos} - {""}))[:300]


def check_photos(
    folder: Path, out: Path, masks: Masks = NONE, params: PhotoParams | None = None,
    each: Each = one_by_one, progress: Progress | None = None, apart: tuple[Path, ...] = (),
) -> PhotoSet:  # fmt: skip
    """Make `out/images`, `out/masks` and `out/photos.json` of the photos in `folder`, with subfolders except `apart`.

    Raises `NotEnoughPhotos` below three usable photos.
    """
    params = params or PhotoParams()
    given = set(masks.found.values())
    names = [n for n in find_photos(folder, apart) if folder / n not in given]
    (out / "checked").mkdir(parents=True, exist_ok=True)

    def one(name: str) -> Photo | Rejected:
        return _checked(folder, name, masks, out, params)

    results = each(one, names, progress)
    photos, rejected = _without_twins(results)
    photos, copies = _without_copies(photos)
    rejected += copies
    if len(photos) < 3:
        raise NotEnoughPhotos(
            f"Only {len(photos)} of {len(names)} files in {folder.resolve().name} can be used{_why(rejected)}; "
            "give at least three sharp photos of the object from different places, better thirty"
        )
    found = PhotoSet(out, tuple(photos), tuple(rejected))
    text = {"photos": [asdict(p) for p in photos], "rejected": [asdict(r) for r in rejected]}
    write_atomic(out / "photos.json", json.dumps(text, indent=1).encode())
    return found


def load_photo_set(root: Path) -> PhotoSet:
    """What `check_photos` wrote."""
    text = json.loads((root / "photos.json").read_text("utf-8"))
    return PhotoSet(
        root, tuple(_photo(p) for p in text["photos"]), tuple(Rejected(**r) for r in text["rejected"])
    )


def _photo(text: dict[str, Any]) -> Photo:
    """From JSON."""
    shot = text["shot"]
    own = {"shot": Shot(**{**shot, "frame": tuple(shot["frame"])}), "notes": tuple(text["notes"])}
    return Photo(**{**text, **own})


def _why(rejected: list[Rejected]) -> str:
    """The first reasons, for a sentence."""
    if not rejected:
        return ""
    first = "; ".join(f"{r.name}: {r.reason.split(';')[0]}" for r in rejected[:2])
    return f" ({first}{f'; and {len(rejected) - 2} more' if len(rejected) > 2 else ''})"


def _checked(folder: Path, name: str, masks: Masks, out: Path, params: PhotoParams) -> Photo | Rejected:
    """One photo; the answer is kept in out/checked, so that a killed run does not decode it again."""
    note = out / "checked" / (hashlib.sha256(os.fsencode(name)).hexdigest()[:24] + ".json")
    if note.exists():
        kept = json.loads(note.read_text("utf-8"))
        return _photo(kept) if "width" in kept else Rejected(**kept)
    try:
        result: Photo | Rejected = _prepare(folder, name, masks, out, params)
    except UnreadableFile as error:
        result = Rejected(name, str(error).removeprefix(f"{Path(name).name} "))
    write_atomic(note, json.dumps(asdict(result)).encode())
    return result


def _prepare(folder: Path, name: str, masks: Masks, out: Path, params: PhotoParams) -> Photo | Rejected:
    if Path(name).suffix.lower() in REFUSED:
        return Rejected(name, f"is {REFUSED[Path(name).suffix.lower()]}")
    raw = read_bytes(folder / name)
    picture = read_photo(folder / name)
    pixels, exif = picture.pixels, picture.exif
    height, width = pixels.shape[:2]
    if min(height, width) < params.min_side:
        return Rejected(name, f"has only {width}x{height} pixels; give the original photo")
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    clipped = float(((grey <= 2) | (grey >= 253)).mean())
    if float(grey.max()) - float(grey.min()) < 12 or clipped > 0.995:
        return Rejected(name, "shows nothing: it is all black, white or one colour")
    blur = blur_sigma(grey)
    if blur > params.max_blur_px:
        return Rejected(
            name, f"is blurred ({blur:.1f} px, up to {params.max_blur_px:.0f} can be used); take it again"
        )
    target = _place(name, picture, raw, out)
    mask, notes = _mask(name, picture, masks)
    if mask is not None:
        (out / "masks" / target).parent.mkdir(parents=True, exist_ok=True)
        _save(out / "masks" / f"{target}.png", mask)
    shot = shot_from_exif(exif, width, height)
    return Photo(
        target,
        name,
        width,
        height,
        shot.focal_px,
        "",  # which of the photos share a lens, all of them tell
        blur,
        round(float(grey.mean()) / 255, 4),
        round(clipped, 4),
        hashlib.sha256(raw).hexdigest(),
        int(number(exif.get("274")) or 1),
        mask is not None,
        credit_from_exif(exif),
        shot,
        notes,
        thumbnail(np.asarray(grey, np.uint8)).tobytes().hex(),
    )


def _place(name: str, picture: Picture, raw: bytes, out: Path) -> str:
    """Write the photo as a plain file below `out/images`; its name there."""
    target = safe_name(name)
    if not picture.as_it_is:
        lossy = Path(name).suffix.lower() in {
            ".jpg",
            ".jpeg",
            ".jpe",
            ".jfif",
            ".mpo",
            ".heic",
            ".heif",
            ".hif",
            ".avif",
        }
        target += ".jpg" if lossy else ".png"
    path = out / "images" / target
    path.parent.mkdir(parents=True, exist_ok=True)
    if picture.as_it_is:
        write_atomic(path, raw)
    else:
        _save(path, picture.pixels)
    return target


def _mask(name: str, picture: Picture, masks: Masks) -> tuple[U8 | None, tuple[str, ...]]:
    """From its file, else from the photo's own alpha; and what a person should know."""
    notes = (picture.note,) if picture.note else ()
    size = picture.pixels.shape[1], picture.pixels.shape[0]
    given = masks.found.get(name)
    if given is None:
        return (
            (None, notes)
            if picture.alpha is None
            else (as_mask(picture.alpha), (*notes, "masked by its own alpha"))
        )
    mask = read_mask(given, invert=masks.invert)
    if mask.shape != size[::-1]:
        notes = (*notes, f"its mask had {mask.shape[1]}x{mask.shape[0]} pixels and was scaled")
    return fitted(mask, size, given.name), notes


def _save(path: Path, pixels: NDArray[np.uint8]) -> None:
    temporary = path.with_name(f".part.{path.name}")
    options: dict[str, Any] = (
        {"quality": 97, "subsampling": 0} if path.suffix == ".jpg" else {"compress_level": 3}
    )
    Image.fromarray(pixels).save(temporary, **options)
    put(temporary, path)


def _without_twins(results: list[Photo | Rejected]) -> tuple[list[Photo], list[Rejected]]:
    """The same file twice adds nothing and breaks the geometry of two-view matching."""
    photos: list[Photo] = []
    rejected: list[Rejected] = []
    first: dict[str, str] = {}
    for r in results:
        if isinstance(r, Rejected):
            rejected.append(r)
        elif r.sha256 in first:
            rejected.append(Rejected(r.source, f"is the same file as {first[r.sha256]}"))
        else:
            first[r.sha256] = r.source
            photos.append(r)
    return photos, rejected


def _without_copies(photos: list[Photo]) -> tuple[list[Photo], list[Rejected]]:
    """Without photos that are another one made smaller, cropped, turned or edited; lenses as the whole set tells."""
    if not photos:
        return [], []
    shots, sizes = [p.shot for p in photos], [(p.width, p.height) for p in photos]
    copies = find_copies(shots, sizes, [np.frombuffer(bytes.fromhex(p.thumbnail), np.uint8) for p in photos])
    rejected = [
        Rejected(
            photos[i].source,
            f"is a copy of {photos[j].source}, which has {photos[j].width}x{photos[j].height} pixels",
        )
        for i, j in sorted(copies.items())
    ]
    told = zip(photos, focal_lengths(shots), camera_keys(shots, sizes), strict=True)
    settled = [replace(p, focal_px=focal, camera_key=key) for p, focal, key in told]
    return [p for i, p in enumerate(settled) if i not in copies], rejected
