"""Is the written file what was meant, and what the user gave: decoded again, array beside array, and looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sculpt3d.errors import SculptError
from sculpt3d.geometry import F64
from sculpt3d.gltf_check import Opened, open_gltf
from sculpt3d.gltf_check.quality import OF_THE_MODEL
from sculpt3d.models.document import Part
from sculpt3d.models.gltf import document_of
from sculpt3d.webasset.coded import Differs, Looks, at_same_points, movement, rounding
from sculpt3d.webasset.codings import Geometry, arranged
from sculpt3d.webasset.likeness import Gallery, Likeness
from sculpt3d.webasset.second import Second, lost
from sculpt3d.webasset.validator import validate

LEAST_SSIM, MOST_DELTA_E = 0.7, 4.0  # of pictures; a thumb of 20 k triangles has .97 and .7
MOST_CODED, MOST_CLEAR = (
    2.5,
    0.1,
)  # delta E of patches, mean difference of alpha: what pictures' coding may change
SLACK = 1.02  # a grid's corner


class ProofFailed(SculptError):
    """A written file does not keep what was promised; it was removed."""


@dataclass(frozen=True)
class Proof:
    """moved: how far coding moved the farthest vertex; delta_e: CIEDE2000 of the coded to the uncoded colours on points spread
    over the surface, and on means over patches; likeness: of pictures to the source as `read_by` reads it; khronos: whether
    that validator looked too."""

    moved: float
    delta_e_median: float
    delta_e_p95: float
    delta_e_patches: float
    warnings: int
    likeness: Likeness | None = None
    read_by: str = ""
    khronos: bool = False


def prove_sound(path: Path, name: str) -> tuple[Opened, bool]:
    """The file, and whether the Khronos validator looked too; `ProofFailed` where either finds a fault in it."""
    opened = open_gltf(path)
    faults = [i for i in opened.report.issues if i.severity != "note" and i.code not in OF_THE_MODEL]
    if faults:
        first = faults[0]
        raise ProofFailed(
            f"{name} was not written: it is not sound ({first.where}: {first.says}); please report it"
        )
    said = validate(path)
    if said:
        raise ProofFailed(f"{name} was not written: the Khronos validator says {said[0]}; please report it")
    return opened, said is not None


def prove_glb(
    path: Path, parts: Sequence[Part], geometry: Geometry, bound: float, name: str, gallery: Gallery | None = None,
    offset: F64 | None = None, read_by: str = "",
) -> Proof:  # fmt: skip
    """Raises `ProofFailed` where the file has errors, holds something else than `parts`, moved farther than `bound` (unit of
    the mesh), or looks different from the gallery's source. offset: what a node of the file adds to the vertices."""
    opened, khronos = prove_sound(path, name)
    read = document_of(opened, path.stem).parts
    meant = arranged(parts, geometry)
    moved_by = np.zeros(3) if offset is None else offset
    try:
        far = movement(read, meant, geometry, moved_by)
    except Differs as what:
        raise ProofFailed(f"{name} was not written: {what}; please report it") from what
    allowed = (0.0 if geometry == "none" else SLACK * bound) + rounding(meant)
    if far > allowed:
        raise ProofFailed(
            f"{name} was not written: coding moved its surface by {far:.3g}, {allowed:.3g} were allowed; "
            "use --geometry none"
        )
    held = [_about(p, moved_by) for p in read]
    looks = at_same_points(held, meant, geometry != "draco")
    _prove_coded(looks, name)
    likeness = None if gallery is None else gallery.compare(held)
    if gallery is not None and likeness is not None:
        _prove_alike(likeness, gallery, held, name)
    return Proof(
        far, float(np.median(looks.delta_e)), float(np.quantile(looks.delta_e, 0.95)), float(np.median(looks.patches)),
        opened.report.warnings, likeness, read_by, khronos,
    )  # fmt: skip


def prove_source(second: Second, parts: Sequence[Part], told: float, name: str) -> None:
    """What was written beside what another reader finds in the input. told: the distance of the full mesh that is told."""
    what = lost(second, parts, told)
    if what:
        raise ProofFailed(f"{name} was not written: {what} of the input is not in it; please report it")


def _about(part: Part, offset: F64) -> Part:
    local = np.ascontiguousarray(part.vertices - offset if offset.any() else part.vertices, np.float32)
    return replace(part, vertices=local)


def _prove_coded(looks: Looks, name: str) -> None:
    off = float(np.median(looks.patches))
    if off > MOST_CODED:
        raise ProofFailed(f"{name} was not written: coding changed its colours by {off:.1f} delta E")
    if looks.clear > MOST_CLEAR:
        raise ProofFailed(f"{name} was not written: coding changed what is transparent; please report it")


def _prove_alike(likeness: Likeness, gallery: Gallery, parts: Sequence[Part], name: str) -> None:
    """Pictures that differ may do so because the file is small: then its colours decide, on its own shape."""
    if likeness.ssim >= LEAST_SSIM and likeness.delta_e <= MOST_DELTA_E:
        return
    off = gallery.compare_colours(parts)
    if off > MOST_DELTA_E:
        raise ProofFailed(
            f"{name} was not written: it does not look like its source ({off:.1f} delta E in pictures of both); "
            "please report it"
        )
