"""Bundle adjustment of a network, and what it says of uncertainty: free of gauge, scaled by the photos' own residuals.

Gauss-Newton on the reduced normal equations; covariances in the datum of inner constraints (Baarda's S-transformation;
Luhmann et al. 2019, 2.6.6): no point is held, so each has a sigma, relative to the whole.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse
from scipy.linalg import cho_factor, cho_solve

from sculpt3d.errors import SculptError
from sculpt3d.geometry import F64
from sculpt3d.metric.network import Ints, Layout, Network, System, layout_of, linearise, moved
from sculpt3d.types import Bool

ROUNDS = 30
STILL = 1e-9  # of the residuals' sum: a smaller gain ends the rounds
_CHUNK = 3000  # rows of a block of the points' covariance


@dataclass(frozen=True)
class Adjusted:
    """sigma0: factor on the sigmas that observations were given, from their residuals. redundancy: observations more than
    unknowns. residual_px (N, 2): seen minus meant. covariance (P, 3, 3) of points and (C, 6, 6) of poses (rotation
    vector, translation), scaled by sigma0 and relative to all datum points."""

    network: Network
    sigma0: float
    redundancy: int
    residual_px: F64
    point_covariance: F64
    pose_covariance: F64

    @property
    def point_sigma(self) -> F64:
        """(P, 3)."""
        return np.sqrt(np.diagonal(self.point_covariance, axis1=1, axis2=2))


def adjust(network: Network, robust_px: float | None = None, datum: Bool | None = None) -> Adjusted:
    """robust_px: Cauchy scale, None: least squares. datum (P,): points that the covariances are relative to; None: all.

    Raises `SculptError` where the network does not hold together.
    """
    layout, now = layout_of(network), network
    weight = _weights(now, robust_px)
    system = linearise(now, layout, weight)
    cost, damping = float(system.residual @ system.residual), 1e-6
    for _ in range(ROUNDS):
        reduced = _reduce(system, damping)
        step = moved(now, layout, *_solve(reduced, _gauge(now, layout), layout))
        trial = linearise(step, layout, weight)
        new = float(trial.residual @ trial.residual)
        if not np.isfinite(new) or new > cost * (1 + 1e-12):
            damping *= 30
            if damping > 1e8:
                break
            continue
        gain, damping = cost - new, max(damping / 10, 1e-12)
        now = step
        weight = _weights(now, robust_px)
        system = trial if robust_px is None else linearise(now, layout, weight)
        cost = float(system.residual @ system.residual)
        if gain < STILL * max(cost, 1e-300):
            break
    return _judged(now, layout, linearise(now, layout, weight), datum)


def _weights(network: Network, robust_px: float | None) -> F64:
    """Cauchy's, of the residual's length."""
    if robust_px is None:
        return np.ones(len(network.xy))
    off = np.linalg.norm(network.xy - network.project()[0], axis=1)
    return np.asarray(1 / (1 + (off / robust_px) ** 2), np.float64)


@dataclass(frozen=True)
class _Reduced:
    """S x = b of the dense unknowns; inverse blocks (L, 3, 3) of the eliminated; share: V^-1 W^T."""

    matrix: F64
    right: F64
    inverse: sparse.bsr_matrix
    share: sparse.csr_matrix
    loose_right: F64


def _reduce(system: System, damping: float) -> _Reduced:
    a, b = system.by_dense, system.by_loose
    normal = np.asarray((a.T @ a).todense())
    normal[np.diag_indices_from(normal)] *= 1 + damping
    right, loose_right = a.T @ system.residual, b.T @ system.residual
    inverse = _inverse_blocks(b, damping)
    mixed = (b.T @ a).tocsr()
    share = (inverse @ mixed).tocsr()
    reduced = normal - np.asarray((mixed.T @ share).todense())
    return _Reduced(reduced, right - share.T @ loose_right, inverse, share, loose_right)


def _inverse_blocks(b: sparse.csr_matrix, damping: float) -> sparse.bsr_matrix:
    count = b.shape[1] // 3
    normal = (b.T @ b).tocoo()
    blocks = np.zeros((count, 3, 3))
    blocks[normal.row // 3, normal.row % 3, normal.col % 3] = normal.data
    blocks[:, range(3), range(3)] *= 1 + damping
    if count and np.linalg.cond(blocks).max() > 1e14:
        raise SculptError("A point of the network is seen from one direction only; leave it out")
    number = np.arange(count)
    inverse = np.linalg.inv(blocks) if count else blocks
    return sparse.bsr_matrix((inverse, number, np.arange(count + 1)), (3 * count, 3 * count))


def _solve(reduced: _Reduced, gauge: F64, layout: Layout) -> tuple[F64, F64]:
    dense = cho_solve(_factor(reduced.matrix, gauge[: layout.dense]), reduced.right)
    return dense, reduced.inverse @ reduced.loose_right - reduced.share @ dense


def _factor(matrix: F64, gauge: F64) -> tuple[F64, bool]:
    """Of the matrix made definite along its gauge directions."""
    unit = gauge / np.maximum(np.linalg.norm(gauge, axis=0), 1e-300)
    scale = float(np.median(np.diag(matrix)))
    try:
        return cho_factor(matrix + scale * unit @ unit.T, lower=True)
    except np.linalg.LinAlgError as error:
        raise SculptError(
            "The network does not hold together: photos or lenses are not determined by its points"
        ) from error


def _gauge(network: Network, layout: Layout) -> F64:
    """(dense + eliminated, G): what the observations leave open: three shifts, three turns, and scale without bars."""
    if len(network.control.point) >= 3:
        return np.zeros((layout.dense + layout.eliminated, 0))
    with_scale = not len(network.bars.length)
    photos, found = len(network.rotation), np.zeros((layout.dense + layout.eliminated, 7))
    pose = found[: 6 * photos].reshape(photos, 6, 7)
    pose[:, 3:, :3] = -network.rotation
    pose[:, :3, 3:6] = -network.rotation
    pose[:, 3:, 6] = network.translation
    at = np.where(layout.held >= 0, layout.held, layout.dense + layout.loose)
    x = network.points
    for axis in range(3):
        found[at + axis, axis] = 1
        found[at + axis, 6] = x[:, axis]
    turn = np.cross(np.eye(3)[None], x[:, None])  # (P, 3 turns, 3)
    for axis in range(3):
        found[at + axis, 3:6] = turn[:, :, axis]
    return found if with_scale else found[:, :6]


def _judged(network: Network, layout: Layout, system: System, datum: Bool | None) -> Adjusted:
    reduced, gauge = _reduce(system, 0.0), _gauge(network, layout)
    redundancy = len(system.residual) - layout.dense - layout.eliminated + gauge.shape[1]
    if redundancy < 1:
        raise SculptError("The network has no observation more than it needs: no accuracy can be stated")
    sigma0 = float(np.sqrt(system.residual @ system.residual / redundancy))
    dense = cho_solve(_factor(reduced.matrix, gauge[: layout.dense]), np.eye(layout.dense))
    relative = _Relative(
        network, layout, reduced, gauge, dense, np.ones(len(network.points), bool) if datum is None else datum
    )
    off = network.xy - network.project()[0]
    return Adjusted(
        network, sigma0, redundancy, off, sigma0**2 * relative.points(), sigma0**2 * relative.poses()
    )


class _Relative:
    """Covariance blocks in the datum of inner constraints: Q' = (I - G A) Q (I - G A)^T, A = (D^T G)^-1 D^T, D = G on datum."""

    def __init__(
        self, network: Network, layout: Layout, reduced: _Reduced, gauge: F64, dense: F64, datum: Bool
    ) -> None:
        self.layout, self.reduced, self.gauge, self.dense = layout, reduced, gauge, dense
        self.at = np.where(layout.held >= 0, layout.held, layout.dense + layout.loose)
        only = np.zeros_like(gauge)
        rows = (self.at[datum][:, None] + [0, 1, 2]).ravel()
        only[rows] = gauge[rows]
        a = np.linalg.solve(only.T @ gauge, only.T) if gauge.shape[1] else only.T
        d = layout.dense
        ahead = a[:, :d] @ dense - (reduced.share.T @ a[:, d:].T).T @ dense
        behind = (reduced.inverse @ a[:, d:].T).T - (reduced.share @ ahead.T).T
        self.aq = np.concatenate([ahead, behind], 1)  # A Q
        self.aqa = self.aq @ a.T

    def points(self) -> F64:
        """(P, 3, 3)."""
        found = np.empty((len(self.at), 3, 3))
        held = self.layout.held >= 0
        for k in np.flatnonzero(held):
            here = slice(self.layout.held[k], self.layout.held[k] + 3)
            found[k] = self.dense[here, here]
        found[~held] = self._loose()
        return self._moved(found, self.at[:, None] + [0, 1, 2])

    def poses(self) -> F64:
        """(C, 6, 6)."""
        rows = self.layout.pose[:, None] + np.arange(6)
        return self._moved(self.dense[rows[:, :, None], rows[:, None, :]], rows)

    def _loose(self) -> F64:
        blocks = self.reduced.inverse.data.copy()
        for start in range(0, 3 * len(blocks), _CHUNK):
            part = self.reduced.share[start : start + _CHUNK]
            full = part @ self.dense
            n = part.shape[0] // 3
            sides = np.asarray(part.todense()).reshape(n, 3, -1)
            blocks[start // 3 : start // 3 + n] += np.einsum("nid,njd->nij", full.reshape(n, 3, -1), sides)
        return blocks

    def _moved(self, q: F64, rows: Ints) -> F64:
        g, aq = self.gauge[rows], self.aq[:, rows]  # (N, k, G), (G, N, k)
        cross = np.einsum("nig,gnj->nij", g, aq)
        return np.asarray(
            q - cross - cross.transpose(0, 2, 1) + g @ self.aqa @ g.transpose(0, 2, 1), np.float64
        )


def without_far(network: Network, adjusted: Adjusted, times: float) -> Network:
    """Observations farther than `times` sigma0 of their own sigma left out, and then points that fewer than two photos see."""
    off = np.linalg.norm(adjusted.residual_px, axis=1) / network.sigma_px
    keep = off <= times * adjusted.sigma0
    rays = np.bincount(network.point[keep], minlength=len(network.points))
    keep &= rays[network.point] >= 2
    n = adjusted.network
    return replace(n, photo=n.photo[keep], point=n.point[keep], xy=n.xy[keep], sigma_px=n.sigma_px[keep])
