"""How sure each patch of the surface will be: pixel noise carried through the rays that will be matched with one another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sculpt3d.geometry import F64
from sculpt3d.planning.visibility import Seen
from sculpt3d.types import Bool

WIDE = 25.0  # degrees between two rays up to which their photos show the same; beyond, ever less of it is matched
FADES = 20.0


@dataclass(frozen=True)
class Predicted:
    """For each patch (P,): views that see it; those of them that have a partner to be matched with; the widest angle between
    two that are matched, degrees; a pixel's size on it (median of its views); sigma along its normal, inf where no two photos
    are matched."""

    views: F64
    matched: F64
    angle_deg: F64
    pixel: F64
    sigma: F64


@dataclass(frozen=True)
class Matching:
    """Photos with the patches they see; partner (V, P): how far a photo has another that shows the same at an angle that tells
    depth, 0..1; angle_deg (P,): the widest between two that are matched."""

    seen: Seen
    normal: F64
    blur: F64
    noise_px: float
    partner: F64
    angle_deg: F64

    @staticmethod
    def of(seen: Seen, normal: F64, blur: F64, noise_px: float) -> Matching:
        """normal (P, 3), blur (P,) as a `Coarse` has them; lengths in the unit of `seen`."""
        views, patches = seen.sees.shape
        partner, angle = np.zeros((views, patches)), np.zeros(patches)
        for i in range(views):
            pair, between = _pairs(seen, seen.sees[i], seen.ray[i])
            pair[i] = 0
            partner[i] = pair.max(0)
            angle = np.maximum(angle, np.where(pair > 0.4, between, 0).max(0))
        return Matching(seen, normal, blur, noise_px, partner, angle)

    def with_view(self, options: Seen, k: int) -> Matching:
        """With view k of `options` beside mine."""
        pair, between = _pairs(self.seen, options.sees[k], options.ray[k])
        partner = np.concatenate([np.maximum(self.partner, pair), pair.max(0, keepdims=True)])
        angle = np.maximum(self.angle_deg, np.where(pair > 0.4, between, 0).max(0))
        one = np.arange(len(options.sees)) == k
        grown = self.seen.beside(options.of_views(one))
        return Matching(grown, self.normal, self.blur, self.noise_px, partner, angle)

    def of_patches(self, chosen: NDArray[np.int64]) -> Matching:
        some = self.seen.of_patches(chosen)
        blur, partner = self.blur[chosen], self.partner[:, chosen]
        return Matching(some, self.normal[chosen], blur, self.noise_px, partner, self.angle_deg[chosen])

    def matched(self) -> F64:
        """(P,) photos that have a partner."""
        return np.asarray((self.partner > 0.3).sum(0), np.float64)

    def sigma(self) -> F64:
        """(P,) along the normal; inf where no two photos are matched."""
        seen = self.seen
        weight = self.partner * seen.cosine**2 / np.maximum(self.noise_px * seen.pixel, 1e-100) ** 2
        weight = np.where(seen.sees, weight, 0.0)
        # Each photo holds the patch across its ray: the sum of w (I - r r^T).
        information = weight.sum(0)[:, None, None] * np.eye(3) - np.einsum(
            "vp,vpi,vpj->pij", weight, seen.ray, seen.ray, optimize=True
        )
        sigma = np.full(len(self.normal), np.inf)
        enough = ((self.partner > 0.05) & seen.sees).sum(0) >= 2
        held = information[enough]
        held = held + 1e-9 * np.trace(held, axis1=1, axis2=2)[:, None, None] * np.eye(3)
        n = self.normal[enough]
        sigma[enough] = np.sqrt(np.einsum("pi,pi->p", n, np.linalg.solve(held, n[..., None])[..., 0]))
        return np.asarray(sigma * self.blur, np.float64)


def predict(match: Matching) -> Predicted:
    seen = match.seen
    pixel, some = np.full(len(match.normal), np.nan), seen.sees.any(0)
    pixel[some] = np.nanmedian(np.where(seen.sees, seen.pixel, np.nan)[:, some], axis=0)
    return Predicted(
        seen.sees.sum(0).astype(np.float64), match.matched(), match.angle_deg, pixel, match.sigma()
    )


def _pairs(seen: Seen, sees: Bool, ray: F64) -> tuple[F64, F64]:
    """How far each view (V, P) shows the same patches as one more at an angle that tells depth, and the angles in degrees."""
    between = np.degrees(np.arccos(np.clip(np.einsum("pk,vpk->vp", ray, seen.ray), -1, 1)))
    return np.where(seen.sees & sees, _alike(between) * np.minimum(between / 3.0, 1.0), 0.0), between


def _alike(between_deg: F64) -> F64:
    return np.asarray(np.exp(-((np.maximum(between_deg - WIDE, 0) / FADES) ** 2)) * (between_deg < 60))
