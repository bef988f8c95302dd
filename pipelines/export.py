"""`sculpt3d export`: a finished model as files a web team ships. Every file is read again before it gets its name."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from pipelines.annotations import Annotation, annotations_of, read_annotations
from pipelines.source import Source, load_source
from pipelines.webpage import Entry, Subject, write_page
from sculpt3d.errors import InputError
from sculpt3d.io.ply import write_atomic
from sculpt3d.types import U8
from sculpt3d.webasset.distance import Apart, Surface
from sculpt3d.webasset.exchange import write_obj, write_ply, write_stl, write_usdz
from sculpt3d.webasset.glb import Geometry, GlbParams, Label, build_glb
from sculpt3d.webasset.levels import Level, level_of, level_within
from sculpt3d.webasset.likeness import Gallery
from sculpt3d.webasset.maps import Asset, MapParams, bake_maps
from sculpt3d.webasset.pictures import Picture, encode_picture
from sculpt3d.webasset.poster import portrait
from sculpt3d.webasset.proof import ProofFailed, prove_glb
from sculpt3d.webasset.provenance import packet

CODING_SHARE = 0.1  # of a level's own distance to the full mesh: how far coding may move a vertex
LEAST_CODING = 1e-5  # of the object's size, for levels that lie exactly on the full mesh
LOWEST_QUALITY = 70
LEAST_TEXTURE, LEAST_TRIANGLES = 256, 1000  # below, a file limit is refused
POSTER = (1200, 900)
POSTER_TEXELS = 2048  # a texture this large is enough for the poster


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


Say = Callable[[str], None]


def export(
    path: Path, out: Path, params: ExportParams, page: bool = False, poster: bool = False, say: Say = print
) -> list[Written]:
    """Write the levels, the other formats, and `export.json`. `out`: a folder, or NAME.glb for a single level."""
    one = out.suffix.lower() == ".glb"
    if page and (one or params.geometry == "draco" or params.picture == "ktx2"):
        raise InputError(
            "A page needs a folder with -o, and works without a network, which the decoders of Draco and KTX2 in browsers "
            "do not: use --geometry meshopt and --image webp"
        )
    if one and len(params.presets) > 1:
        raise InputError(f"{len(params.presets)} levels do not fit one file; give a folder with -o")
    source = load_source(path)
    folder = out.parent if one else out
    folder.mkdir(parents=True, exist_ok=True)
    measured, gallery = Surface(source.full), Gallery(source.skins, source.views)
    notes = read_annotations(annotations_of(path), source.full, measured) if page else ()
    written: list[Written] = []
    asset: Asset | None = None
    for name in params.presets:
        target = out if one else folder / f"{_file_name(source.name)}-{name}.glb"
        job = _Job(source, measured, gallery, PRESETS[name], params)
        say(
            f"{name}: at most {job.triangles:,} triangles, texture {job.size} ..."
        )  # charts of large meshes take minutes
        written.append(job.write(name, target))
        say(in_words(written[-1], source.metric))
        for extra in params.also:
            for made in job.also(extra, target):
                say(f"  {made.name}: {made.stat().st_size / 1e6:.2f} MB")
        if asset is None or asset.colour.shape[0] < POSTER_TEXELS:
            asset = job.asset
    if asset is not None and (page or poster):
        picture = portrait(asset, *POSTER)
        write_atomic(folder / "poster.jpg", encode_picture(picture, "jpeg", 88))
        say(f"  poster.jpg: {POSTER[0]} x {POSTER[1]}")
    if page:
        say(
            f"  {write_page(folder, _subject(source, folder, written, notes), [_entry(w) for w in written]).name}"
        )
    facts = {"unit": "mm" if source.metric else "no scale", "source_triangles": len(source.full.faces)}
    report = {"name": source.name, **facts, "levels": [asdict(w) for w in written]}
    write_atomic(folder / "export.json", json.dumps(report, indent=1).encode())
    return written


def _entry(w: Written) -> Entry:
    return Entry(w.preset, w.file, w.megabytes, w.triangles)


def _subject(
    source: Source, folder: Path, written: Sequence[Written], notes: Sequence[Annotation]
) -> Subject:
    size = 1000 * np.ptp(source.full.vertices, axis=0)
    packed = [p.name for w in written if (p := folder / w.file).with_suffix(".usdz").is_file()]
    return Subject(
        source.name, source.credit, (float(size[0]), float(size[1]), float(size[2])) if source.metric else None,
        Path(packed[-1]).with_suffix(".usdz").name if packed else None, notes,
    )  # fmt: skip


def in_words(w: Written, metric: bool) -> str:
    unit = "mm" if metric else "units"
    far = "on the full mesh" if w.hausdorff == 0 else (
        f"at most {w.hausdorff:.3g} {unit} from the full mesh, {w.mean:.2g} on average"
    )  # fmt: skip
    seen, looks = w.proof.get("likeness") or {}, ""
    if seen:
        looks = f"; pictures: SSIM {seen['ssim']:.3f}, {seen['delta_e']:.1f} delta E to the source"
    if seen.get("photo_delta_e") is not None:
        looks += f", {seen['photo_ssim']:.3f}, {seen['photo_delta_e']:.1f} to the photos"
    return f"{w.file}: {w.megabytes:.2f} MB, {w.triangles:,} triangles, texture {w.texture}; {far}{looks}"


class _Job:
    """One level, from the full mesh to the file."""

    def __init__(
        self, source: Source, measured: Surface, gallery: Gallery, preset: Preset, params: ExportParams
    ) -> None:
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


def _file_name(name: str) -> str:
    """Safe on every web server."""
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "-" for c in name.lower())
    return "-".join(part for part in kept.split("-") if part) or "model"


def chosen(preset: str) -> Sequence[str]:
    return tuple(PRESETS) if preset == "all" else (preset,)
