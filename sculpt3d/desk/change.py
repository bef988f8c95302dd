"""What changed between two epochs, told apart from noise.

A point's deviation is beyond its level of detection where it is larger than 1.96 (sqrt(sA² + sB²) + sR): the errors of both
surfaces along the normal, and of the registration there. Of many points 5 in 100 are so by chance. So a patch of neighbours to
one side counts as change only where one of them is beyond what chance gives anywhere on the model, or where at least `TOGETHER`
are beyond their level.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from scipy.special import ndtri

from sculpt3d.desk.deviation import Deviations, deviations
from sculpt3d.desk.epochs import Epoch
from sculpt3d.desk.quantity import COVER
from sculpt3d.desk.settle import Registration
from sculpt3d.desk.surface import I64
from sculpt3d.geometry import F64
from sculpt3d.types import Bool

TOGETHER = 10
_FINEST = 1e-6  # of the size: coordinates themselves are rounded to a tenth of that


@dataclass(frozen=True)
class Patch:
    """A place that changed. peak, mean: in mm, positive where there is more; plus_minus: of the peak, 95 %; area in mm²,
    volume in mm³ (both 0 of a cloud); at (3,): the peak, local; points: how many."""

    peak: float
    mean: float
    plus_minus: float
    area: float
    volume: float
    at: F64
    points: int


@dataclass(frozen=True)
class Change:
    """Of B's points, in place: signed (N,) mm, NaN where there is nothing to compare with; level (N,) mm; significant (N,)."""

    epoch: Epoch
    found: Deviations
    signed: F64
    level: F64
    significant: Bool
    patches: tuple[Patch, ...]
    noise: str


def change(a: Epoch, b: Epoch, registration: Registration) -> Change:
    """b has been moved into place already. Distances are to A's triangles, positive outside of A."""
    assert a.surface is not None
    found = deviations(a.surface, b.xyz)
    signed = np.where(found.beyond, np.nan, found.signed)
    sigma, noise = _sigma(a, b, found, signed)
    level = COVER * (sigma + registration.sigma_at(found.places.xyz, found.normal))
    beyond = np.abs(signed) > level  # not where NaN
    anywhere = float(-ndtri(0.05 / max(2 * np.isfinite(signed).sum(), 1))) / COVER
    label = _labels(b, beyond, signed)
    sure = np.zeros(len(signed), bool)
    patches = []
    for k in range(int(label.max(initial=-1)) + 1):
        own = np.flatnonzero(label == k)
        if len(own) < TOGETHER and not (np.abs(signed[own]) > anywhere * level[own]).any():
            continue
        sure[own] = True
        patches.append(_patch(b, own, signed, level))
    patches.sort(key=lambda p: -abs(p.peak))
    return Change(b, found, signed, level, sure, tuple(patches), noise)


def _sigma(a: Epoch, b: Epoch, found: Deviations, signed: F64) -> tuple[F64, str]:
    """(N,) 1-sigma in mm of both surfaces together along the normal, and where it comes from.

    Errors in the files are taken as they are. What triangles may hide is an upper bound, and the same in two states of one mesh:
    it is brought to what most of the deviations show.
    """
    assert a.surface is not None
    corners, weights = a.surface.faces[found.places.face], found.places.weights
    own_a, own_b = a.across[corners], b.across
    known_a, known_b = a.from_file[corners].all(1), b.from_file
    at_a = np.where(known_a, np.sqrt(((weights * own_a) ** 2).sum(1)), (weights * own_a).sum(1))
    hidden = np.hypot(np.where(known_a, 0, at_a), np.where(known_b, 0, own_b))
    given = np.hypot(np.where(known_a, at_a, 0), np.where(known_b, own_b, 0))
    floor = _FINEST * a.surface.size
    if known_a.all() and known_b.all():
        return np.hypot(given, floor), "the errors that both files give"
    seen = np.abs(signed[np.isfinite(signed)])
    left = 1.4826 * float(np.median(seen)) if len(seen) else 0.0
    usual = float(np.median(hidden[hidden > 0])) if (hidden > 0).any() else 0.0
    scaled = hidden * min(left / usual, 1.0) if usual > 0 else hidden
    hidden = np.where(
        known_a & known_b, 0.0, np.maximum(scaled, left)
    )  # sharp edges and flat faces hide nothing, and are off
    words = "what most of the deviations show, more where triangles hide more"
    if known_a.any() or known_b.any():
        words = f"the errors that a file gives, and {words}"
    return np.sqrt(given**2 + hidden**2 + floor**2), words


def _labels(b: Epoch, beyond: Bool, signed: F64) -> I64:
    """(N,) number of the patch of neighbours beyond their level to one side, -1 elsewhere."""
    if b.surface is not None:
        pairs = b.surface.edges.ends.astype(np.int64)
    else:
        near = cKDTree(b.xyz).query(b.xyz[beyond], k=min(7, len(b.xyz)), workers=1)[1]
        pairs = np.stack([np.repeat(np.flatnonzero(beyond), near.shape[1]), near.ravel()], 1)
    same = beyond[pairs].all(1) & (np.sign(signed[pairs[:, 0]]) == np.sign(signed[pairs[:, 1]]))
    pairs = pairs[same]
    graph = coo_matrix((np.ones(len(pairs), bool), tuple(pairs.T)), shape=(len(beyond),) * 2)
    label = connected_components(graph, directed=False)[1]
    found = np.full(len(beyond), -1, np.int64)
    if beyond.any():
        found[beyond] = np.unique(label[beyond], return_inverse=True)[1]
    return found


def _patch(b: Epoch, own: I64, signed: F64, level: F64) -> Patch:
    k = own[np.abs(signed[own]).argmax()]
    area = b.area[own]
    mean = float((signed[own] * area).sum() / area.sum()) if area.sum() > 0 else float(signed[own].mean())
    return Patch(
        float(signed[k]),
        mean,
        float(level[k]),
        float(area.sum()),
        float((signed[own] * area).sum()),
        b.xyz[k],
        len(own),
    )


def summary(changed: Change) -> dict[str, Any]:
    """Figures in mm of all that can be compared."""
    d = changed.signed[np.isfinite(changed.signed)]
    if not len(d):
        return {"compared": 0}
    size = np.abs(d)
    return {
        "compared": len(d),
        "beyond_the_rim": int(np.isnan(changed.signed).sum()),
        "mean_mm": float(d.mean()),
        "median_mm": float(np.median(d)),
        "rms_mm": float(np.sqrt((d**2).mean())),
        "median_size_mm": float(np.median(size)),
        "p95_size_mm": float(np.quantile(size, 0.95)),
        "least_mm": float(d.min()),
        "most_mm": float(d.max()),
        "level_of_detection_mm": float(np.median(changed.level)),
        "significant_share": float(changed.significant[np.isfinite(changed.signed)].mean()),
        "noise_from": changed.noise,
    }
