"""One level of an export: fitted to its limits, written, read again, and only then named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from pipelines.source import Source
from sculpt3d.errors import InputError
from sculpt3d.files import put
from sculpt3d.models.document import Part
from sculpt3d.progress import Progress, silent
from sculpt3d.types import U8
from sculpt3d.webasset.attributes import Carrier, together
from sculpt3d.webasset.distance import Apart, Surface
from sculpt3d.webasset.exchange import write_obj, write_ply, write_stl
from sculpt3d.webasset.glb import Geometry, GlbParams, Label, OffsetIn, build_glb
from sculpt3d.webasset.levels import Level, level_of, level_within
from sculpt3d.webasset.likeness import Gallery
from sculpt3d.webasset.maps import MapParams, bake_maps
from sculpt3d.webasset.pictures import Picture
from sculpt3d.webasset.proof import ProofFailed, prove_glb, prove_source
from sculpt3d.webasset.provenance import packet
from sculpt3d.webasset.usdz import write_usdz

CODING_SHARE = 0.1  # of a level's own distance to the full mesh: how far coding may move a vertex
LEAST_CODING = 1e-5  # of the object's size, for levels that lie exactly on the full mesh
LOWEST_QUALITY = 70
LEAST_TEXTURE, LEAST_TRIANGLES = 256, 1000  # below, a file limit is refused


@dataclass(frozen=True)
class Preset:
    """Most triangles, side of the texture, most megabytes (None: no limit)."""

    triangles: int
    texture: int
    megabytes: float | None = None


# thumb: beside text; mobile: Khronos 3D Commerce's limit; ar: Apple's advice for Quick Look; web: desktop pages
PRESETS = {
    "thumb": Preset(20_000, 512),
    "mobile": Preset(100_000, 1024, 3.0),
    "ar": Preset(100_000, 2048, 8.0),
    "web": Preset(250_000, 4096, 12.0),
    "archive": Preset(1_000_000, 8192),
}


@dataclass(frozen=True)
class ExportParams:
    """What the command line asked for; None: the preset's own."""

    presets: tuple[str, ...] = ("web",)
    triangles: int | None = None
    megabytes: float | None = None
    error_mm: float | None = None
    texture: int | None = None
    geometry: Geometry = "none"
    picture: Picture = "jpeg"
    normal_map: bool = False
    ao: bool = False
    also: tuple[str, ...] = ()
    offset: OffsetIn = "note"  # where the offset of a far model goes


@dataclass(frozen=True)
class Written:
    """One level as it lies on the disk. Distances in mm, or in the model's unit where it has no scale."""

    preset: str
    file: str
    megabytes: float
    triangles: int
    texture: int
    hausdorff: float
    mean: float
    proof: dict[str, Any]
    files: dict[str, str] = field(default_factory=dict)  # name, sha256
    key: str = ""  # of what it was made from
    notes: Sequence[str] = ()  # what could not be kept


class Job:
    """One level, from the full mesh to the file."""

    def __init__(
        self, source: Source, measured: Surface, gallery: Gallery, preset: Preset, params: ExportParams,
        tell: Progress = silent,
    ) -> None:  # fmt: skip
        self.tell = tell
        self.source, self.measured, self.gallery, self.params = source, measured, gallery, params
        self.triangles = params.triangles or preset.triangles
        self.size = params.texture or preset.texture
        self.limit = params.megabytes or preset.megabytes
        self.per_unit = 1000.0 if source.metric else 1.0
        self.parts: tuple[Part, ...] = ()
        self.level: Level | None = None
        self.notes: dict[str, None] = {}

    def write(self, preset: str, target: Path) -> Written:
        level, parts, data, coding = self._fit()
        self.level, self.parts = level, parts
        part = target.with_name(f".{target.stem}.part.glb")
        part.write_bytes(data)
        self.tell(80, 100)
        by_node = self.source.offset if self.params.offset == "node" else None
        second = self.source.second
        try:
            proof = prove_glb(
                part,
                parts,
                coding.geometry,
                coding.bound,
                target.name,
                self.gallery,
                by_node,
                second.read_by if second is not None else "the same reader",
            )
            if second is not None:
                prove_source(second, parts, level.apart.hausdorff, target.name)
        except ProofFailed:
            part.unlink(missing_ok=True)
            raise
        put(part, target)
        told = _rounded(asdict(replace(proof, moved=proof.moved * self.per_unit)))
        self._tell_losses()
        return Written(
            preset, target.name, round(len(data) / 1e6, 3), sum(len(p.faces) for p in parts), _side(parts),
            level.apart.hausdorff * self.per_unit, level.apart.mean * self.per_unit, told, notes=tuple(self.notes),
        )  # fmt: skip

    def also(self, kind: str, target: Path) -> list[Path]:
        assert self.parts and self.level is not None
        made = target.with_suffix(f".{kind}")
        if kind == "usdz":
            write_usdz(made, self.parts[0], self._label(self.level))
        elif kind == "obj":
            return write_obj(made, self.parts[0], self._label(self.level))
        elif kind == "ply":
            write_ply(made, self.source.document, self.source.metric)
        else:
            write_stl(made, self.level.mesh, self.source.metric)
        return [made]

    def _fit(self) -> tuple[Level, tuple[Part, ...], bytes, GlbParams]:
        """Smaller pictures first, then fewer triangles, until the file keeps its limit."""
        triangles, quality = self.triangles, 88
        level, parts = self._make(triangles)
        self.tell(65, 100)
        while True:
            coding = GlbParams(self.params.geometry, self.params.picture, self._bound(level), quality)
            data = build_glb(parts, self._label(level), coding)
            if self.limit is None or len(data) <= self.limit * 1e6:
                return level, parts, data, coding
            count = sum(len(p.faces) for p in parts)
            if quality > LOWEST_QUALITY and len(data) < 1.3 * self.limit * 1e6 and _side(parts):
                quality -= 6
            elif _side(parts) > LEAST_TEXTURE and _weight_of_pictures(parts, data, coding) > 0.5:
                parts, quality = tuple(_half(p) for p in parts), 88
            elif count > LEAST_TRIANGLES:
                triangles, quality = round(count * 0.7), 88
                level, parts = self._make(triangles)
            else:
                raise InputError(f"{self.limit} MB are too few for this model; allow more with --max-mb")

    def _make(self, triangles: int) -> tuple[Level, tuple[Part, ...]]:
        params = MapParams(self.size, self.params.normal_map, self.params.ao)
        kept = None if params.normal_map or params.ao else self.source.as_it_is(triangles, self.size)
        if kept is not None and {"obj", "usdz"} & set(self.params.also) and not _is_simple(kept):
            kept = None  # those files hold one part with one picture
        if kept is not None and self.params.error_mm is None:
            return Level(self.source.full, Apart(0.0, 0.0)), kept
        bound = self.params.error_mm
        if bound is None:
            level = level_of(self.source.full, self.measured, triangles)
        else:
            level = level_within(
                self.source.full, self.measured, bound / self.per_unit / (1 + CODING_SHARE), triangles
            )
        self.tell(15, 100)
        for note in [n for c in self.carriers for n in c.notes]:
            self.notes.setdefault(note)
        baked = bake_maps(level, self.source.full, self.measured, self.source.parts, params, self.carriers)
        return level, (baked,)

    @cached_property
    def carriers(self) -> list[Carrier]:
        """Of the full detail's attributes, and of those that only a project's textured model has."""
        s = self.source
        unit = s.document.unit_m
        return [Carrier(s.document.parts, unit), *([Carrier(s.parts, unit)] if s.is_project else [])]

    def _tell_losses(self) -> None:
        """What this level's coding could not keep."""
        for note in together(self.parts)[1]:
            self.notes.setdefault(note)
        clear = any(p.material.alpha != "opaque" for p in self.parts)
        pictured = any(
            p.material.texture is not None and p.material.texture.pixels.shape[2] == 4 for p in self.parts
        )
        if clear and pictured and self.params.picture == "jpeg":
            self.notes.setdefault("JPEG holds no alpha: the colours are PNG; --image webp is smaller")

    def _bound(self, level: Level) -> float:
        span = float(np.ptp(level.mesh.vertices, axis=0).max())
        return max(CODING_SHARE * level.apart.hausdorff, LEAST_CODING * span)

    def _label(self, level: Level) -> Label:
        s, unit = self.source, "Millimetres" if self.source.metric else "Units"
        far = {f"hausdorff{unit}": round(level.apart.hausdorff * self.per_unit, 6),
               f"meanDistance{unit}": round(level.apart.mean * self.per_unit, 6)}  # fmt: skip
        xmp = packet(s.name, s.creator, s.credit, s.date, {**s.measured, **far})
        x, y, z = (float(v) for v in s.offset)
        return Label(s.name, s.credit, s.metric, xmp, (x, y, z), self.params.offset)


def _rounded(told: dict[str, Any]) -> dict[str, Any]:
    """For JSON."""
    return {
        k: _rounded(v) if isinstance(v, dict) else round(v, 6) if isinstance(v, float) else v
        for k, v in told.items()
    }


def _side(parts: Sequence[Part]) -> int:
    """Of the largest texture; 0 where there is none."""
    return max(
        (max(p.material.texture.pixels.shape[:2]) for p in parts if p.material.texture is not None), default=0
    )


def _is_simple(parts: Sequence[Part]) -> bool:
    """One part whose picture is all its colour."""
    part = parts[0]
    return len(parts) == 1 and part.material.texture is not None and part.rgba is None and (
        part.material.factor == (1, 1, 1, 1)
    )  # fmt: skip


def _weight_of_pictures(parts: Sequence[Part], data: bytes, coding: GlbParams) -> float:
    """Their share of the file."""
    bare = [
        replace(p, material=replace(p.material, texture=None, normal_map=None, occlusion=None)) for p in parts
    ]
    return 1 - len(build_glb(bare, Label(""), coding)) / len(data)


def _half(part: Part) -> Part:
    """Pictures of half the side; the gutters were filled, so charts do not bleed."""
    look = part.material
    if look.texture is None:
        return part
    normals, occlusion = (None if m is None else _smaller(m) for m in (look.normal_map, look.occlusion))
    texture = replace(look.texture, pixels=_smaller(look.texture.pixels))
    return replace(part, material=replace(look, texture=texture, normal_map=normals, occlusion=occlusion))


def _smaller(pixels: U8) -> U8:
    height, width = (max(n // 2, 1) for n in pixels.shape[:2])
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
