"""Is the written file what was meant: decoded again, measured against its source, and looked at from around."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sculpt3d.colour import delta_e, lab
from sculpt3d.errors import SculptError
from sculpt3d.gltf_check import Opened, open_gltf
from sculpt3d.gltf_check.quality import OF_THE_MODEL
from sculpt3d.models.finished import read_gltf
from sculpt3d.types import Mesh
from sculpt3d.webasset.distance import Surface, apart, sample
from sculpt3d.webasset.likeness import Gallery, Likeness
from sculpt3d.webasset.maps import Asset
from sculpt3d.webasset.skins import Colours, Skin
from sculpt3d.webasset.validator import validate

LOOKS = 60_000  # points of the surface whose colours are compared
LEAST_SSIM, MOST_DELTA_E = 0.7, 4.0  # of pictures; a thumb of 20 k triangles has .97 and .7
SLACK = 1.02  # float32 and the corners of triangles that a vertex's movement does not bound


class ProofFailed(SculptError):
    """A written file does not keep what was promised; it was removed."""


@dataclass(frozen=True)
class Proof:
    """moved: Hausdorff distance of coded to uncoded geometry; delta_e: CIEDE2000 of the coded to the uncoded colours and
    to the source's, on points spread over the surface; likeness: of pictures; khronos: whether that validator looked too."""

    moved: float
    delta_e_median: float
    delta_e_p95: float
    delta_e_source_median: float
    warnings: int
    likeness: Likeness | None = None
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
    path: Path, asset: Asset, source: Sequence[Skin], bound: float, name: str, gallery: Gallery | None = None
) -> Proof:
    """Raises `ProofFailed` where the file has errors, moved farther than `bound` (unit of the mesh), or looks different."""
    opened, khronos = prove_sound(path, name)
    decoded = read_gltf(path)
    meant = Mesh(asset.vertices, asset.faces)
    read = decoded.skins[0]
    far = apart(Surface(meant), Surface(Mesh(read.vertices, read.faces))).hausdorff
    span = float(np.ptp(asset.vertices, axis=0).max())
    if len(read.faces) != len(asset.faces) or far > SLACK * bound + 2e-6 * span:
        raise ProofFailed(
            f"{name} was not written: coding moved its surface by {far:.3g}, {bound:.3g} were allowed; "
            "use --geometry none"
        )
    points = sample(meant, LOOKS)[-LOOKS:]
    plain = lab(Colours([Skin(asset.vertices, asset.faces, asset.uv, asset.colour)]).at(points))
    coded = delta_e(lab(Colours(decoded.skins).at(points)), plain)
    given = delta_e(lab(Colours(source).at(points)), plain)
    if np.median(coded) > 2.5:
        raise ProofFailed(
            f"{name} was not written: coding changed its colours by {np.median(coded):.1f} delta E"
        )
    likeness = None if gallery is None else gallery.compare(decoded.skins)
    if likeness is not None and (likeness.ssim < LEAST_SSIM or likeness.delta_e > MOST_DELTA_E):
        raise ProofFailed(
            f"{name} was not written: it does not look like its source (SSIM {likeness.ssim:.2f}, {likeness.delta_e:.1f} "
            "delta E in pictures of both); allow more with --max-triangles and --texture"
        )
    return Proof(
        far, float(np.median(coded)), float(np.quantile(coded, 0.95)), float(np.median(given)), opened.report.warnings,
        likeness, khronos,
    )  # fmt: skip
