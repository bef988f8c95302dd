"""Two epochs from files to figures: units, registration, signed distances, significant change, M3C2."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sculpt3d.desk.change import Change, Patch, change, summary
from sculpt3d.desk.colours import round_limit
from sculpt3d.desk.epochs import Epoch, looks_inwards, read_epochs
from sculpt3d.desk.m3c2 import M3c2, m3c2
from sculpt3d.desk.quantity import Region
from sculpt3d.desk.regions import covered
from sculpt3d.desk.settle import Registration, as_given, read_pairs, register_auto, register_pairs
from sculpt3d.errors import InputError, UnreadableFile
from sculpt3d.geometry import F64, Sim3
from sculpt3d.types import Bool

_MAX_TABLE = 16_000_000
Pair = tuple[float, float, float, float, float, float]


@dataclass(frozen=True)
class How:
    """register: "auto", "none", a table of picked pairs, or "pairs": those given, places on A then on B, each in its own
    coordinates. stable: where nothing changed, on A in its own coordinates."""

    register: str | Path = "auto"
    stable: Region | None = None
    with_m3c2: bool = False
    unit_a: str | None = None
    unit_b: str | None = None
    pairs: tuple[Pair, ...] = ()


@dataclass(frozen=True)
class Comparison:
    """offset (3,): of A in mm, which local coordinates are about."""

    a: Epoch
    b: Epoch
    offset: F64
    registration: Registration
    change: Change
    averaged: M3c2 | None
    sizes: tuple[float, float]

    def a_from_b(self) -> Sim3:
        """Between the files' own coordinates."""
        mm_a, mm_b = (e.scale.needed(e.name) for e in (self.a, self.b))
        pose = self.registration.pose
        shift = pose.translation - pose.rotation @ self.offset + self.offset
        return Sim3(mm_b / mm_a, pose.rotation, shift / mm_a)

    def in_file(self, xyz: F64) -> F64:
        """A's own coordinates of local ones."""
        return (xyz + self.offset) / self.a.scale.needed(self.a.name)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        r = self.registration
        return {
            "a": _epoch(self.a, self.sizes[0]),
            "b": _epoch(self.b, self.sizes[1]),
            "registration": {
                "how": r.how,
                "a_from_b": self.a_from_b().matrix().tolist(),
                "scatter_mm": r.scatter,
                "share_used": r.share,
                "median_sigma_mm": self.registration_sigma(),
            },
            "deviation": summary(self.change),
            "patches": [self.patch(p) for p in self.change.patches],
            **({} if self.averaged is None else {"m3c2": _m3c2(self.averaged)}),
            "notes": list(self.notes()),
        }

    def patch(self, patch: Patch) -> dict[str, Any]:
        return {
            "peak_mm": patch.peak,
            "plus_minus_mm": patch.plus_minus,
            "mean_mm": patch.mean,
            "area_mm2": patch.area,
            "volume_mm3": patch.volume,
            "points": patch.points,
            "at": self.in_file(patch.at).tolist(),
        }

    def registration_sigma(self) -> float:
        found = self.change.found
        return float(np.median(self.registration.sigma_at(found.places.xyz, found.normal)))

    def limit(self) -> float:
        """The ends of the bar in mm where none are given: all that changed, else nearly all."""
        size = np.abs(self.change.signed[np.isfinite(self.change.signed)])
        peaks = [abs(p.peak) for p in self.change.patches]
        level = float(np.median(self.change.level))
        return round_limit(max([float(np.quantile(size, 0.995)), level, *peaks[:1]]))

    def notes(self) -> tuple[str, ...]:
        own = [f"{e.name}: {n}" for e in (self.a, self.b) for n in e.notes]
        turned = "the faces of A look inwards, so signs are the other way round: raised reads as sunk"
        return (*own, *self.registration.notes, *([turned] if looks_inwards(self.a) else []))


def compare(a: Path, b: Path, how: How) -> Comparison:
    """B against A, the reference. Raises `SculptError` with the remedy."""
    first, second, offset = read_epochs(a, b, how.unit_a, how.unit_b)
    sizes = _diagonal(first.xyz), _diagonal(second.xyz)
    registration = _registered(first, second, offset, how)
    placed = second.moved(registration.pose)
    changed = change(first, placed, registration)
    if not np.isfinite(changed.signed).any():
        raise InputError(
            f"Nothing of {b.name} lies over {a.name}: register them, with --register auto or points.csv"
        )
    averaged = None
    if how.with_m3c2:
        found = changed.found
        sigma = float(np.median(registration.sigma_at(found.places.xyz, found.normal)))
        averaged = m3c2(first, placed, sigma)
    return Comparison(first, placed, offset, registration, changed, averaged, sizes)


def _registered(a: Epoch, b: Epoch, offset: F64, how: How) -> Registration:
    stable = None if how.stable is None else _stable_faces(a, offset, how.stable)
    if how.register == "none":
        return as_given()
    mm = np.repeat([a.scale.needed(a.name), b.scale.needed(b.name)], 3)
    if how.register == "pairs":
        own = np.array(how.pairs, np.float64).reshape(-1, 6)
        return register_pairs(a, b, own * mm - np.tile(offset, 2), stable)
    if how.register == "auto":
        ratio = _diagonal(b.xyz) / _diagonal(a.xyz)
        if not 1 / 3 < ratio < 3:
            raise InputError(
                f"{b.name} is {ratio:.3g} times as large as {a.name}, so they do not show the same: crop the larger one, or give "
                "--register points.csv, or none"
            )
        return register_auto(a, b, stable)
    table = Path(how.register)
    if not table.is_file() or table.stat().st_size > _MAX_TABLE:
        raise UnreadableFile(
            f"There is no table {table}; --register is auto, none, or a file of picked pairs"
        )
    pairs = read_pairs(table.read_text("utf-8-sig", errors="replace"), table.name)
    return register_pairs(a, b, pairs * mm - np.tile(offset, 2), stable)


def _stable_faces(a: Epoch, offset: F64, region: Region) -> Bool:
    """(F,) of A, the region being in its own coordinates and unit."""
    assert a.surface is not None
    mm = a.scale.needed(a.name)
    local = Region(
        brush=tuple(
            (*(float(v) for v in np.array(s[:3]) * mm - offset), s[3] * mm)  # type: ignore[misc]
            for s in region.brush
        ),
        polygon=tuple(tuple(float(v) for v in np.array(p) * mm - offset) for p in region.polygon),  # type: ignore[misc]
    )
    return covered(a.surface, local) > 0.5


def read_stable(path: Path) -> Region:
    """Of a table: x, y, z, radius a line, in A's own coordinates and unit. Raises `InputError`."""
    if not path.is_file() or path.stat().st_size > _MAX_TABLE:
        raise UnreadableFile(f"There is no table {path} of the stable area")
    rows = [
        r.replace(";", ",").split(",")
        for r in path.read_text("utf-8-sig", errors="replace").splitlines()
        if r.strip()
    ]
    try:
        float(rows[0][0])
    except (ValueError, IndexError):
        rows = rows[1:]
    try:
        found = [tuple(float(v) for v in row) for row in rows]
    except ValueError:
        found = []
    if not found or not all(len(s) == 4 and s[3] > 0 and np.isfinite(s).all() for s in found):
        raise InputError(
            f"{path.name} is no table of a stable area: x,y,z,radius a line, in A's own coordinates and unit"
        )
    return Region(brush=tuple((s[0], s[1], s[2], s[3]) for s in found))


def _diagonal(xyz: F64) -> float:
    return max(float(np.linalg.norm(np.ptp(xyz, axis=0))), 1e-300)


def _epoch(epoch: Epoch, size: float) -> dict[str, Any]:
    return {
        "file": epoch.name,
        "unit": epoch.scale.name,
        "unit_source": epoch.scale.source,
        "diagonal_mm": size,
        "points": len(epoch.xyz),
        "triangles": 0 if epoch.surface is None else len(epoch.surface.faces),
        "errors_in_file": bool(epoch.from_file.any()),
    }


def _m3c2(found: M3c2) -> dict[str, Any]:
    sure = np.isfinite(found.level) & np.isfinite(found.distance)
    d = found.distance[sure]
    return {
        "core_points": len(found.core),
        "compared": len(d),
        "radius_mm": found.params.radius,
        "reach_mm": found.params.reach,
        **(
            {}
            if not len(d)
            else {
                "median_mm": float(np.median(d)),
                "least_mm": float(d.min()),
                "most_mm": float(d.max()),
                "level_of_detection_mm": float(np.median(found.level[sure])),
                "significant_share": float(found.significant[sure].mean()),
            }
        ),
    }
