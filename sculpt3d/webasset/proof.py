"""Is the written file what was meant: decoded again, measured against its source, and looked at from around."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sculpt3d.errors import SculptError
from sculpt3d.geometry import F64
from sculpt3d.gltf_check import check_gltf
from sculpt3d.gltf_check.quality import OF_THE_MODEL
from sculpt3d.types import Mesh
from sculpt3d.webasset.distance import Surface, apart, sample
from sculpt3d.webasset.maps import Asset
from sculpt3d.webasset.read import read_gltf
from sculpt3d.webasset.skins import Colours, Skin

LOOKS = 60_000  # points of the surface whose colours are compared
SLACK = 1.02  # float32 and the corners of triangles that a vertex's movement does not bound


class ProofFailed(SculptError):
    """A written file does not keep what was promised; it was removed."""


@dataclass(frozen=True)
class Proof:
    """moved: Hausdorff distance of coded to uncoded geometry; delta_e: CIEDE2000 of the coded to the uncoded colours and
    to the source's, on points spread over the surface."""

    moved: float
    delta_e_median: float
    delta_e_p95: float
    delta_e_source_median: float
    warnings: int


def prove_glb(path: Path, asset: Asset, source: Sequence[Skin], bound: float, name: str) -> Proof:
    """Raises `ProofFailed` where the file has errors, or moved farther than `bound` (unit of the mesh)."""
    report = check_gltf(path)
    faults = [i for i in report.issues if i.severity != "note" and i.code not in OF_THE_MODEL]
    if faults:
        first = faults[0]
        raise ProofFailed(
            f"{name} was not written: it is not sound ({first.where}: {first.says}); please report it"
        )
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
    return Proof(
        far,
        float(np.median(coded)),
        float(np.quantile(coded, 0.95)),
        float(np.median(given)),
        report.warnings,
    )


def lab(light: np.ndarray) -> F64:
    """Linear sRGB (N, 3) -> CIE L*a*b* under D65."""
    to_xyz = [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
    xyz = np.clip(light, 0, None).astype(np.float64) @ np.array(to_xyz).T / [0.95047, 1.0, 1.08883]
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], 1)


def delta_e(a: F64, b: F64) -> F64:
    """CIEDE2000 of L*a*b* pairs (N, 3) -> (N,); Sharma, Wu, Dalal 2005."""
    c = (np.hypot(a[:, 1], a[:, 2]) + np.hypot(b[:, 1], b[:, 2])) / 2
    g = 0.5 * (1 - np.sqrt(c**7 / (c**7 + 25.0**7)))
    (l1, a1, b1), (l2, a2, b2) = ((v[:, 0], v[:, 1] * (1 + g), v[:, 2]) for v in (a, b))
    c1, c2 = np.hypot(a1, b1), np.hypot(a2, b2)
    h1, h2 = np.degrees(np.arctan2(b1, a1)) % 360, np.degrees(np.arctan2(b2, a2)) % 360
    grey = c1 * c2 == 0
    dh = np.where(grey, 0, (h2 - h1 + 180) % 360 - 180)
    mean_h = np.where(grey, h1 + h2, np.where(np.abs(h1 - h2) > 180, (h1 + h2 + 360) / 2, (h1 + h2) / 2))
    big_h = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(dh / 2))
    middle, cc = (l1 + l2) / 2, (c1 + c2) / 2
    t = (
        1
        - 0.17 * np.cos(np.radians(mean_h - 30))
        + 0.24 * np.cos(np.radians(2 * mean_h))
        + 0.32 * np.cos(np.radians(3 * mean_h + 6))
        - 0.2 * np.cos(np.radians(4 * mean_h - 63))
    )
    sl = 1 + 0.015 * (middle - 50) ** 2 / np.sqrt(20 + (middle - 50) ** 2)
    sc, sh = 1 + 0.045 * cc, 1 + 0.015 * cc * t
    turn = (
        2
        * np.sqrt(cc**7 / (cc**7 + 25.0**7))
        * np.sin(np.radians(60 * np.exp(-(((mean_h - 275) / 25) ** 2))))
    )
    dl, dc, dhh = (l2 - l1) / sl, (c2 - c1) / sc, big_h / sh
    return np.asarray(np.sqrt(np.maximum(dl**2 + dc**2 + dhh**2 - turn * dc * dhh, 0)))
