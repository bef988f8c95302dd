"""The materials of an OBJ file (MTL): colour, transparency and their pictures; the rest is told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from sculpt3d.colour import from_srgb
from sculpt3d.models.beside import Pictures
from sculpt3d.models.document import Material, Texture, Wrap
from sculpt3d.types import F32, U8

MAX_BYTES = 64_000_000
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$")
_OPTIONS = {
    "-s": 3,
    "-o": 3,
    "-t": 3,
    "-mm": 2,
    "-bm": 1,
    "-boost": 1,
    "-texres": 1,
}  # numbers that follow, at most
_WORDS = {"-clamp", "-blendu", "-blendv", "-cc", "-imfchan", "-type"}  # one word follows
_SMOOTH = 0.05  # share of half-transparent texels beyond which a surface shines through


@dataclass(frozen=True)
class Map:
    """A picture's name and how it is laid: uv x scale + shift, v from the bottom."""

    name: str
    scale: tuple[float, float] = (1.0, 1.0)
    shift: tuple[float, float] = (0.0, 0.0)
    clamp: bool = False

    def laid(self, uv: F32) -> F32:
        """(V, 2) texture coordinates as the picture is to be read, v from the bottom still."""
        return np.asarray(
            uv * np.array(self.scale, np.float32) + np.array(self.shift, np.float32), np.float32
        )


@dataclass
class Entry:
    """What one `newmtl` says, as it is written; `dissolve` is the alpha."""

    kd: tuple[float, float, float] | None = None
    dissolve: float | None = None
    clear: float | None = None  # Tr
    colour: Map | None = None
    alpha: Map | None = None
    normal: Map | None = None
    other: list[str] = field(default_factory=list)


def parse_mtl(text: str) -> dict[str, Entry]:
    """By name; lines that make no sense are passed over."""
    entries: dict[str, Entry] = {}
    entry = Entry()
    for key, rest in _lines(text):
        if key == "newmtl":
            entry = entries.setdefault(rest, Entry())
        elif key == "kd":
            entry.kd = _colour(rest) or entry.kd
        elif key in {"d", "tr"}:
            numbers = [float(w) for w in rest.split() if _NUMBER.match(w)]
            if numbers and key == "d":
                entry.dissolve = numbers[-1]
            elif numbers:
                entry.clear = numbers[-1]
        elif key == "map_kd":
            entry.colour = parse_map(rest)
        elif key in {"map_d", "map_opacity"}:
            entry.alpha = parse_map(rest)
        elif key == "norm":
            entry.normal = parse_map(rest)
        elif key.startswith("map_") or key in {"bump", "disp", "decal", "refl"}:
            entry.other.append(key)
    return entries


def _lines(text: str) -> Iterator[tuple[str, str]]:
    joined = re.sub(r"\\[ \t]*\r?\n", " ", text)
    for line in re.split(r"[\r\n]+", joined):
        words = line.strip().split(None, 1)
        if words and not words[0].startswith("#"):
            yield words[0].lower(), words[1].strip() if len(words) > 1 else ""


def _colour(rest: str) -> tuple[float, float, float] | None:
    words = rest.split()
    if not words or not all(_NUMBER.match(w) for w in words[:3]):  # spectral curves and the like
        return None
    values = [float(w) for w in words[:3]]
    values += [values[0]] * (3 - len(values))
    if max(values) > 1 and max(values) <= 255 and all(v == int(v) for v in values):
        values = [v / 255 for v in values]
    r, g, b = (min(max(v, 0.0), 1.0) for v in values)
    return r, g, b


def parse_map(rest: str) -> Map | None:
    """Options first, then the name, which may hold blanks and be quoted."""
    scale, shift, clamp = (1.0, 1.0), (0.0, 0.0), False
    while rest.startswith("-"):
        key, _, after = rest.partition(" ")
        option = key.lower()
        if option in _WORDS:
            word, _, rest = after.strip().partition(" ")
            clamp = word.lower() == "on" if option == "-clamp" else clamp
        elif option in _OPTIONS:
            values: list[float] = []
            rest = after.strip()
            while len(values) < _OPTIONS[option]:
                word, _, left = rest.partition(" ")
                if not left.strip() or not _NUMBER.match(word):
                    break
                values.append(float(word))
                rest = left.strip()
            if values and option in {"-s", "-o"}:
                pair = (values[0], values[1] if len(values) > 1 else (1.0 if option == "-s" else 0.0))
                scale, shift = (pair, shift) if option == "-s" else (scale, pair)
        else:
            break
        rest = rest.strip()
    name = rest.strip().strip("\"'")
    return Map(name, scale, shift, clamp) if name else None


def material_of(name: str, entry: Entry, pictures: Pictures, notes: list[str]) -> Material:
    """Kd is as a screen shows it; it dims the picture, but black under a picture was never meant."""
    picture = pictures.read(entry.colour.name) if entry.colour else None
    kd = entry.kd if entry.kd is not None else (1.0, 1.0, 1.0) if picture is not None else (0.8, 0.8, 0.8)
    if picture is not None and max(kd) == 0:
        kd = (1.0, 1.0, 1.0)
    alpha = entry.dissolve if entry.dissolve is not None else 1 - (entry.clear or 0.0)
    if not 0 < alpha <= 1:
        if alpha <= 0:
            notes.append(f"material {name} says that nothing of it can be seen: taken as opaque")
        alpha = 1.0
    if entry.other:
        notes.append(f"material {name}: {', '.join(sorted(set(entry.other))[:6])} are not kept")
    picture, kind = _with_alpha(picture, entry, pictures, notes)
    if alpha < 1:
        kind = "blend"
    wrap: Wrap = "clamp" if entry.colour and entry.colour.clamp else "repeat"
    r, g, b = (float(v) for v in from_srgb(np.array(kd)))
    return Material(
        name,
        (r, g, b, alpha),
        None if picture is None else Texture(picture, (wrap, wrap)),
        "blend" if kind == "blend" else "mask" if kind == "mask" else "opaque",
        normal_map=_normal_map(entry, pictures, notes, name),
    )


def _with_alpha(
    picture: U8 | None, entry: Entry, pictures: Pictures, notes: list[str]
) -> tuple[U8 | None, str]:
    """The colours with the alpha that map_d gives, and what to do with it. An alpha that no map_d names is none."""
    holes = pictures.read(entry.alpha.name) if entry.alpha else None
    if holes is None:
        if picture is not None and picture.shape[2] == 4:
            if picture[..., 3].min() < 255 and entry.colour is not None:
                notes.append(f"the alpha of {entry.colour.name} is left out: no map_d names it")
            picture = np.ascontiguousarray(picture[..., :3])
        return picture, "opaque"
    alpha = holes[..., 3] if holes.shape[2] == 4 else holes[..., 1]
    if picture is None:
        picture = np.full((*alpha.shape, 3), 255, np.uint8)
    if alpha.min() == 255:
        return np.ascontiguousarray(picture[..., :3]), "opaque"
    between = ((alpha > 8) & (alpha < 247)).mean()
    if alpha.shape != picture.shape[:2]:
        from PIL import Image

        size = (picture.shape[1], picture.shape[0])
        alpha = np.asarray(
            Image.fromarray(np.ascontiguousarray(alpha)).resize(size, Image.Resampling.BILINEAR)
        )
    return np.dstack([picture[..., :3], alpha]), "blend" if between > _SMOOTH else "mask"


def _normal_map(entry: Entry, pictures: Pictures, notes: list[str], name: str) -> U8 | None:
    """Where it lies as the colour does; a document's maps share its texture coordinates."""
    if entry.normal is None:
        return None
    laid = entry.colour or Map("")
    if (entry.normal.scale, entry.normal.shift) != (laid.scale, laid.shift):
        notes.append(f"material {name}: its normal map lies otherwise than its colours and is left out")
        return None
    found = pictures.read(entry.normal.name)
    return None if found is None else np.ascontiguousarray(found[..., :3])


def read_mtl(path: Path, notes: list[str]) -> dict[str, Entry]:
    """{} with a note where it cannot be used."""
    try:
        data = path.read_bytes() if path.stat().st_size <= MAX_BYTES else None
    except OSError:
        data = None
    if data is None:
        notes.append(f"the materials in {path.name} cannot be read: surfaces are without them")
        return {}
    return parse_mtl(decoded(data))


def decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")
