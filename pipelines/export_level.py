"""One level of an export: fitted to its limits, written, read again, and only then named."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from pipelines.source import Source
from sculpt3d.errors import InputError
from sculpt3d.progress import Progress, silent
from sculpt3d.types import U8
from sculpt3d.webasset.distance import Apart, Surface
from sculpt3d.webasset.exchange import write_obj, write_ply, write_stl, write_usdz
from sculpt3d.webasset.glb import Geometry, GlbParams, Label, build_glb
from sculpt3d.webasset.levels import Level, level_of, level_within
from sculpt3d.webasset.likeness import Gallery
from sculpt3d.webasset.maps import Asset, MapParams, bake_maps
from sculpt3d.webasset.pictures import Picture
from sculpt3d.webasset.proof import ProofFailed, prove_glb
from sculpt3d.webasset.provenance import packet

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


class Job:
    """One level, from the full mesh to the file."""

    def __init__(
        self,
        source: Source,
        measured: Surface,
        gallery: Gallery,
        preset: Preset,
        params: ExportParams,
        tell: Progress = silent,
    ) -> None:
        self.tell = tell
        self.source, self.measured, self.gallery, self.params = source, measured, gallery, params
        self.triangles = params.triangles or preset.triangles
        self.size = params.texture or preset.texture
        self.limit = params.megabytes or preset.megabytes
        self.per_unit = 1000.0 if source.metric else 1.0
        self.asset: Asset | None = None
        self.level: Level | None = None

    def write(self, preset: str, target: Path) -> Written:
        level, asset, data, coding = self._fit()
        self.level, self.asset = level, asset
        part = target.with_name(f".{target.stem}.part.glb")
        part.write_bytes(data)
        self.tell(80, 100)
        try:
            proof = prove_glb(part, asset, self.source.skins, coding.bound, target.name, self.gallery)
        except ProofFailed:
            part.unlink(missing_ok=True)
            raise
        os.replace(part, target)
        told = _rounded(asdict(replace(proof, moved=proof.moved * self.per_unit)))
        return Written(
            preset, target.name, round(len(data) / 1e6, 3), len(asset.faces), asset.colour.shape[0],
            level.apart.hausdorff * self.per_unit, level.apart.mean * self.per_unit, told,
        )  # fmt: skip

    def also(self, kind: str, target: Path) -> list[Path]:
        assert self.asset is not None and self.level is not None
        made = target.with_suffix(f".{kind}")
        if kind == "usdz":
            write_usdz(made, self.asset, self._label(self.level))
        elif kind == "obj":
            return write_obj(made, self.asset, self._label(self.level))
        elif kind == "ply":
            write_ply(made, self.source.full, self.source.metric)
        else:
            write_stl(made, self.level.mesh, self.source.metric)
        return [made]

    def _fit(self) -> tuple[Level, Asset, bytes, GlbParams]:
        """Smaller pictures first, then fewer triangles, until the file keeps its limit."""
        triangles, quality = self.triangles, 88
        level, asset = self._make(triangles)
        self.tell(65, 100)
        while True:
            coding = GlbParams(self.params.geometry, self.params.picture, self._bound(level), quality)
            data = build_glb(asset, self._label(level), coding)
            if self.limit is None or len(data) <= self.limit * 1e6:
                return level, asset, data, coding if coding.geometry != "none" else replace(coding, bound=0.0)
            if quality > LOWEST_QUALITY and len(data) < 1.3 * self.limit * 1e6:
                quality -= 6
            elif asset.colour.shape[0] > LEAST_TEXTURE and _weight_of_pictures(asset, data, coding) > 0.5:
                asset, quality = _half(asset), 88
            elif len(asset.faces) > LEAST_TRIANGLES:
                triangles, quality = round(len(asset.faces) * 0.7), 88
                level, asset = self._make(triangles)
            else:
                raise InputError(f"{self.limit} MB are too few for this model; allow more with --max-mb")

    def _make(self, triangles: int) -> tuple[Level, Asset]:
        params = MapParams(self.size, self.params.normal_map, self.params.ao)
        kept = None if params.normal_map or params.ao else self.source.as_it_is(triangles, self.size)
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
        return level, bake_maps(level, self.source.full, self.measured, self.source.skins, params)

    def _bound(self, level: Level) -> float:
        span = float(np.ptp(level.mesh.vertices, axis=0).max())
        return max(CODING_SHARE * level.apart.hausdorff, LEAST_CODING * span)

    def _label(self, level: Level) -> Label:
        s, unit = self.source, "Millimetres" if self.source.metric else "Units"
        far = {f"hausdorff{unit}": round(level.apart.hausdorff * self.per_unit, 6),
               f"meanDistance{unit}": round(level.apart.mean * self.per_unit, 6)}  # fmt: skip
        xmp = packet(s.name, s.creator, s.credit, s.date, {**s.measured, **far})
        return Label(s.name, s.credit, s.metric, xmp)


def _rounded(told: dict[str, Any]) -> dict[str, Any]:
    """For JSON."""
    return {
        k: _rounded(v) if isinstance(v, dict) else round(v, 6) if isinstance(v, float) else v
        for k, v in told.items()
    }


def _weight_of_pictures(asset: Asset, data: bytes, coding: GlbParams) -> float:
    """Their share of the file."""
    bare = replace(asset, colour=asset.colour[:8, :8], normal_map=None, ao=None)
    return 1 - len(build_glb(bare, Label(""), coding)) / len(data)


def _half(asset: Asset) -> Asset:
    """Pictures of half the side; the gutters were filled, so charts do not bleed."""

    def smaller(pixels: U8) -> U8:
        side = pixels.shape[0] // 2
        return np.asarray(cv2.resize(pixels, (side, side), interpolation=cv2.INTER_AREA), np.uint8)

    return replace(
        asset,
        colour=smaller(asset.colour),
        normal_map=None if asset.normal_map is None else smaller(asset.normal_map),
        ao=None if asset.ao is None else smaller(asset.ao),
    )
