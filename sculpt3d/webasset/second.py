"""The input read a second time by other code, and what the door made of it held against that.

glTF: `second_gltf.py`. PLY, OBJ and STL: trimesh, where it reads rightly; what it is known to get wrong is not asked of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import trimesh
from numpy.typing import NDArray

from sculpt3d.geometry import F64
from sculpt3d.models.colouring import texels_per_unit
from sculpt3d.models.document import Material, Part, Texture
from sculpt3d.types import U8
from sculpt3d.webasset.coded import compared
from sculpt3d.webasset.colours import Colours, joined
from sculpt3d.webasset.distance import Surface, apart, points_on, spread
from sculpt3d.webasset.second_gltf import NotKnown, second_gltf

_PLACE = 2e-5  # of the size: what two readers may differ by, as one of them works in float32
_POINTS, _SAMPLES = 20_000, 60_000  # whose colours are compared; whose distances
MOST_BYTES = 500_000_000  # of a file that is read twice
MOST_OFF, FAR_OFF, FEW = (
    3.0,
    10.0,
    0.05,
)  # median delta E; a colour this far off is another one; share that may be
_CLEAR = 0.02  # mean difference of alpha
SAMPLED = 1.3  # distances on other samples of the same surfaces
MOST_PATCHES, MOST_CLEAR = (
    0.25,
    0.1,
)  # share of patches of another colour, mean difference of alpha, on a coarse level


@dataclass(frozen=True)
class Second:
    """parts: in the document's local coordinates. coloured: whether this reader knows how the file shows colours. detail: a
    finer shape than the coloured parts', where a project keeps both."""

    parts: tuple[Part, ...]
    coloured: bool
    read_by: str
    detail: tuple[Part, ...] = ()

    @cached_property
    def shape(self) -> Surface:
        return Surface(joined(self.detail or self.parts), _SAMPLES)


def read_again(path: Path, offset: F64, scale: float = 1.0) -> Second | None:
    """None where no second reader knows the file. offset (3,), scale: `scale * file - offset` is local."""
    if path.stat().st_size > MOST_BYTES:
        return None
    try:
        if path.suffix.lower() in {".glb", ".gltf"}:
            found, coloured, by = second_gltf(path), True, "a second glTF reader"
        else:
            found, coloured = _by_trimesh(path)
            by = "trimesh"
        parts = [p for p in (_local(p, offset, scale) for p in found) if len(p.faces)]
    except NotKnown:
        return None
    except Exception:  # readers raise whatever they meet; the door decides what can be read
        return None
    coloured = coloured and any(
        p.coloured for p in parts
    )  # what it finds no colours in may have some all the same
    return Second(tuple(parts), coloured, by) if parts else None


def disagreement(full: Surface, parts: Sequence[Part], second: Second) -> str:
    """What the door's reading (full shape; parts with the colours) and a second one do not have in common, as the rest of a
    sentence; empty where they agree."""
    far = apart(full, second.shape).hausdorff
    if far > _PLACE * _span(second):
        return f"by {far:.3g} in place"
    if not second.coloured:
        return ""
    mesh = joined(parts)
    face, weights = spread(mesh, _POINTS)
    points = points_on(mesh, face, weights)
    looks = compared(Colours(parts).on(face, weights), Colours(second.parts).at(points), points)
    other_colour = float((looks.delta_e > FAR_OFF).mean())
    if np.median(looks.delta_e) > MOST_OFF or other_colour > FEW:
        return f"in colour on {100 * other_colour:.0f} % of the surface"
    return "in what is transparent" if looks.clear > _CLEAR else ""


def _span(second: Second) -> float:
    return float(np.ptp(second.shape.mesh.vertices, axis=0).max())


def lost(second: Second, parts: Sequence[Part], told: float) -> str:
    """What of a second reading is not in the parts of a file, in a word; empty where all is. told: how far the file's surface
    is said to be from the input's."""
    mesh = joined(parts)
    if apart(second.shape, Surface(mesh, _SAMPLES)).hausdorff > SAMPLED * told + _PLACE * _span(second):
        return "a part of the shape"
    if not second.coloured:
        return ""
    face, weights = spread(mesh, _POINTS)
    points = points_on(mesh, face, weights)
    fine = min(texels_per_unit(p) for p in parts)
    looks = compared(Colours(parts).on(face, weights), Colours(second.parts, fine).at(points), points)
    if np.median(looks.patches) > MOST_OFF or (looks.patches > FAR_OFF).mean() > MOST_PATCHES:
        return "the colour"
    return "what is transparent" if looks.clear > MOST_CLEAR else ""


def _local(part: Part, offset: F64, scale: float) -> Part:
    """float32 about the offset; faces without area are no surface."""
    v = np.asarray(part.vertices, np.float64) * scale - offset
    a, b, c = (v[part.faces[:, k]] for k in range(3))
    whole = np.linalg.norm(np.cross(b - a, c - a), axis=1) > 0
    return replace(part, vertices=v.astype(np.float32), faces=part.faces[whole])


def _by_trimesh(path: Path) -> tuple[list[Part], bool]:
    kind = path.suffix.lower()
    libraries = _libraries(path) if kind == ".obj" else set[bytes]()
    coloured = _plain_ply(path) if kind == ".ply" else kind == ".obj" and _plain_obj(path, libraries)
    loaded = trimesh.load(path, process=False)
    meshes: Sequence[Any] = loaded.dump() if isinstance(loaded, trimesh.Scene) else [loaded]
    # trimesh 5 gives coordinates without a material a grey picture of its own, two by two
    made_up = kind == ".obj" and not libraries
    return [_part(m, not made_up) for m in meshes if len(getattr(m, "faces", ()))], coloured


def _part(mesh: Any, pictured: bool) -> Part:
    v, f = np.asarray(mesh.vertices, np.float64), np.asarray(mesh.faces, np.int32)
    material, uv = getattr(mesh.visual, "material", None), getattr(mesh.visual, "uv", None)
    picture = getattr(material, "image", None) if pictured else None
    beside = mesh.vertex_attributes.get("color")  # an OBJ's vertex colours, where it has coordinates too
    rgba = None if beside is None or len(beside) != len(v) else _codes(np.asarray(beside)[:, :3])
    if uv is not None and picture is not None:
        down = np.stack([uv[:, 0], 1 - uv[:, 1]], 1).astype(np.float32)
        pixels = np.asarray(picture.convert("RGB"))
        return Part(v, f, Material(texture=Texture(pixels)), down, rgba)
    if mesh.visual.kind == "vertex":
        return Part(v, f, rgba=np.asarray(mesh.visual.vertex_colors, np.uint8))
    return Part(v, f, rgba=rgba)


def _codes(rgb: NDArray[Any]) -> U8:
    """(V, 3) bytes, or floats 0..1 -> (V, 4)."""
    codes = rgb if rgb.dtype == np.uint8 else np.round(np.clip(rgb, 0, 1) * 255)
    return np.c_[codes, np.full(len(codes), 255)].astype(np.uint8)


def _plain_ply(path: Path) -> bool:
    """Whether trimesh reads its colours rightly: bytes at vertices; `NotKnown` where not even its shape."""
    with open(path, "rb") as f:
        head = f.read(65536).split(b"end_header")[0].decode("ascii", "replace")
    names = re.findall(r"property\s+(?:list\s+\S+\s+)?(\S+)\s+(\S+)", head)
    if "\r" in head or sum("list" in line for line in head.splitlines()) != 1:
        raise NotKnown
    kinds = {name: kind for kind, name in names}
    strange = {"s", "t", "u", "v", "texture_u", "texture_v", "alpha", "r", "g", "b"} & set(kinds)
    strange |= {n for n in kinds if n.startswith(("diffuse_", "texcoord", "texnumber"))}
    face = head.split("element face")[-1]
    bare = "red" not in kinds
    plain = kinds.get("red") in ("uchar", "uint8") and " red" not in face
    return not strange and "TextureFile" not in head and (bare or plain)


def _libraries(path: Path) -> set[bytes]:
    with open(path, "rb") as f:
        return {
            line.split(None, 1)[1].strip()
            for line in f
            if line.startswith(b"mtllib") and b" " in line.strip()
        }


def _plain_obj(path: Path, libraries: set[bytes]) -> bool:
    """Whether trimesh reads its colours rightly: none, at the vertices, or one picture a material with nothing beside it."""
    for name in libraries:
        file = path.with_name(Path(name.decode(errors="replace").replace("\\", "/")).name)
        rows = [r.split() for r in file.read_bytes().splitlines()] if file.is_file() else [[b"missing"]]
        if any(r[0] in (b"d", b"Tr", b"map_d", b"missing") for r in rows if r):
            return False
        kd = [r[1:] for r in rows if r and r[0] == b"Kd"]
        maps = [r for r in rows if r and r[0].lower() == b"map_kd"]
        if any(k != [b"1"] * 3 and any(float(v) != 1 for v in k) for k in kd) or any(
            len(m) != 2 or b"\\" in m[1] for m in maps
        ):
            return False
    return True
