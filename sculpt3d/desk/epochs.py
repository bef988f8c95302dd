"""Two models to be compared, A the reference: what their units are, and both in millimetres about A's offset."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sculpt3d.desk.spread import spread_of
from sculpt3d.desk.surface import Surface, measured
from sculpt3d.desk.units import MM_OF, Scale, scale_of
from sculpt3d.errors import InputError
from sculpt3d.geometry import F64, Rigid3
from sculpt3d.models.document import Document
from sculpt3d.models.read import read_document
from sculpt3d.types import Bool

MILLIMETRES = Scale(1.0, "brought to millimetres")
_FACTORS = {
    1000.0: "m and mm",
    100.0: "m and cm",
    39.37: "m and inches",
    25.4: "inches and mm",
    10.0: "cm and mm",
}
_NEAR = {
    10.0: 1.03
}  # so much may two states of one object differ in size: a detail of ten times less is no rarity
_ELSE = 1.15


@dataclass(frozen=True)
class Epoch:
    """xyz (N, 3) in mm, local to A's offset. normal (N, 3): of its own surface, zero of a cloud. across (N,): 1-sigma in mm
    along it; from_file (N,): whether the file says so. surface: None of a cloud. area (N,): mm² that each point stands for."""

    name: str
    xyz: F64
    normal: F64
    across: F64
    from_file: Bool
    area: F64
    scale: Scale
    surface: Surface | None
    notes: tuple[str, ...] = ()

    def moved(self, pose: Rigid3) -> Epoch:
        """In another place."""
        surface = None if self.surface is None else replace(self.surface, xyz=pose.apply(self.surface.xyz))
        return replace(self, xyz=pose.apply(self.xyz), normal=self.normal @ pose.rotation.T, surface=surface)


def read_epochs(a: Path, b: Path, unit_a: str | None, unit_b: str | None) -> tuple[Epoch, Epoch, F64]:
    """Both, and A's offset in mm. Raises `InputError` where A is no surface, a unit is missing, or units contradict the sizes."""
    documents = [_document(p) for p in (a, b)]
    scales = [scale_of(d, f, u) for (d, f), u in zip(documents, (unit_a, unit_b), strict=True)]
    _check_units([d for d, _ in documents], scales, (a.name, b.name))
    (first, first_file), (second, second_file) = documents
    offset = first.offset * scales[0].needed(a.name)
    return (
        _epoch(first, first_file, scales[0], offset, a.name, surface_only=True),
        _epoch(second, second_file, scales[1], offset, b.name, surface_only=False),
        offset,
    )


def looks_inwards(epoch: Epoch) -> bool:
    """Whether the faces of a closed surface do: then outside is inside, and signs are the other way round."""
    surface = epoch.surface
    if surface is None or (surface.edges.count == 1).any():
        return False
    x = surface.xyz[surface.faces] - surface.xyz.mean(0)
    return bool(np.einsum("ni,ni->", x[:, 0], np.cross(x[:, 1], x[:, 2])) < 0)


def _document(path: Path) -> tuple[Document, Path]:
    file = path / "mesh.ply" if (path / "mesh.ply").is_file() else path
    return read_document(file), file


def _epoch(document: Document, file: Path, scale: Scale, about: F64, name: str, surface_only: bool) -> Epoch:
    mm = scale.needed(name)
    move = document.offset * mm - about
    if any(len(p.faces) for p in document.parts) or surface_only:
        own = measured(document, file, scale)
        spread = spread_of(own)
        surface = replace(
            own, xyz=own.xyz * mm + move, offset=np.zeros(3), scale=MILLIMETRES, sigma=own.sigma * mm
        )
        corners = surface.faces.ravel()
        share = np.asarray(
            np.bincount(corners, np.repeat(surface.areas / 3, 3), len(surface.xyz)), np.float64
        )
        return Epoch(
            name,
            surface.xyz,
            own.vertex_normals,
            spread.across * mm,
            spread.from_file,
            share,
            scale,
            surface,
            own.notes,
        )
    xyz = document.points().astype(np.float64) * mm + move
    sigma = _cloud_sigma(document, mm)
    known = np.isfinite(sigma)
    zero = np.zeros(len(xyz))
    return Epoch(
        name,
        xyz,
        np.zeros((len(xyz), 3)),
        np.where(known, sigma, 0.0),
        known,
        zero,
        scale,
        None,
        document.notes,
    )


def _cloud_sigma(document: Document, mm: float) -> F64:
    found = []
    for part in document.parts:
        values = np.full(len(part.vertices), np.nan)
        for name, factor in (("error", mm), ("uncertainty", mm), ("uncertainty_mm", 1.0)):
            given = part.attributes.get(name)
            if given is not None and np.ndim(given) == 1:
                values = np.asarray(given, np.float64) * factor
        found.append(np.where(values > 0, values, np.nan))
    return np.concatenate(found)


def _check_units(documents: list[Document], scales: list[Scale], names: tuple[str, str]) -> None:
    sizes = [_size(d) for d in documents]
    for k, option in enumerate(("--unit-a", "--unit-b")):
        if scales[k].mm is None:
            other = scales[1 - k].mm
            fits = ""
            if other is not None:
                likely = min(MM_OF, key=lambda u: abs(np.log(sizes[k] * MM_OF[u] / (sizes[1 - k] * other))))
                ratio = sizes[k] * MM_OF[likely] / (sizes[1 - k] * other)
                fits = f"; in {likely} it would be {ratio:.3g} times as large as the other"
            raise InputError(f"{names[k]} names no unit: say it with {option} mm (or cm, m, in){fits}")
    ratio = sizes[1] * scales[1].needed("") / (sizes[0] * scales[0].needed(""))
    for factor, what in _FACTORS.items():
        for found, larger in ((ratio / factor, 1), (ratio * factor, 0)):
            if abs(np.log(found)) < np.log(_NEAR.get(factor, _ELSE)):
                taken = " and ".join(
                    f"{n} was taken in {s.name} ({s.source})" for n, s in zip(names, scales, strict=True)
                )
                raise InputError(
                    f"{names[larger]} is about {factor:g} times as large as {names[1 - larger]}, as {what} are mistaken for each "
                    f"other: {taken}; say which is wrong with --unit-a or --unit-b"
                )


def _size(document: Document) -> float:
    """Root mean square distance of points from their middle; of surfaces, by area, so that dense places count no more."""
    points = document.points().astype(np.float64)
    faces = document.triangles()
    weight = np.ones(len(points))
    if len(faces):
        x = points[faces]
        areas = np.linalg.norm(np.cross(x[:, 1] - x[:, 0], x[:, 2] - x[:, 0]), axis=1)
        points, weight = x.mean(1), areas
    total = max(float(weight.sum()), 1e-300)
    middle = (points * weight[:, None]).sum(0) / total
    return max(float(np.sqrt((((points - middle) ** 2).sum(1) * weight).sum() / total)), 1e-300)
