"""Bundle adjustment of a network, and what it says of uncertainty: free of gauge, scaled by the photos' own residuals.

Gauss-Newton on the reduced normal equations; covariances in the datum of inner constraints (Baarda's S-transformation;
Luhmann et al. 2019, 2.6.6): no point is held, so each has a sigma, relative to the whole.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.linalg import cho_factor, cho_solve

from sculpt3d.errors import SculptError
from sculpt3d.geometry import F64
from sculpt3d.metric.network import Ints, Layout, Network, System, layout_of, linearise, moved
from sculpt3d.types import Bool

ROUNDS = 30
STILL = 1e-9  # of the residuals' sum: a smaller gain ends the rounds
NEARLY = 1e-5  # the same where outliers are only looked for: weights go on creeping for 30 rounds and find the same ones
_CHUNK = 3000  # rows of a block of the points' covariance


@dataclass(frozen=True)
class Adjusted:
    """sigma0: factor on the sigmas that observations were given, from their residuals. redundancy: observations more than
    unknowns. residual_px (N, 2): seen minus meant. covariance (P, 3, 3) of points and (C, 6, 6) of poses (rotation
    vector, translation), scaled by sigma0 and relative to all datum points. scale_sigma: relative, of all lengths together; None
    where nothing gives the scale."""

    network: Network
    sigma0: float
    redundancy: int
    residual_px: F64
    point_covariance: F64
    pose_covariance: F64
    scale_sigma: float | None
    _held: F64  # (3 T, 3 T) of points that bars and control hold or that are watched, in any gauge
    _held_at: Ints  # (P,) first row in it, or less than 0

    def distance_sigma(self, first: int, second: int) -> float:
        """Of the distance between two points that are held or watched, in the network's unit."""
        a, b = self._held_at[first], self._held_at[second]
        apart = self.network.points[second] - self.network.points[first]
        along = np.zeros(len(self._held))
        along[b : b + 3] = apart / np.linalg.norm(apart)
        along[a : a + 3] -= apart / np.linalg.norm(apart)
        return float(max(float(along @ self._held @ along), 0.0) ** 0.5)

    @property
    def point_sigma(self) -> F64:
        """(P, 3)."""
        return np.asarray(np.sqrt(np.diagonal(self.point_covariance, axis1=1, axis2=2)), np.float64)


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
        if gain < (STILL if robust_px is None else NEARLY) * max(cost, 1e-300):
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
    dense = _inverse(reduced.matrix, gauge[: layout.dense], reduced.right)
    return dense, reduced.inverse @ reduced.loose_right - reduced.share @ dense


def _inverse(matrix: F64, gauge: F64, right: F64) -> F64:
    """matrix^-1 right, the matrix made definite along its gauge directions; unknowns of all units brought to one size."""
    size = np.sqrt(np.maximum(np.diag(matrix), 1e-300))
    unit, _ = np.linalg.qr(gauge * size[:, None])
    even = matrix / size[:, None] / size + unit @ unit.T
    try:
        factor = cho_factor(even, lower=True, overwrite_a=True)
    except (np.linalg.LinAlgError, ValueError) as error:  # not definite; of a photo that sees nothing, not finite
        raise SculptError(
            "The network does not hold together: photos or lenses are not determined by its points"
        ) from error
    scale = size if right.ndim == 1 else size[:, None]
    return np.asarray(cho_solve(factor, right / scale) / scale, np.float64)


def _gauge(network: Network, layout: Layout) -> F64:
    """(dense + eliminated, G): what the observations leave open: three shifts, three turns, and scale without bars."""
    found = _motions(network, layout)
    return found[:, : 0 if len(network.control.point) >= 3 else 6 if len(network.bars.length) else 7]


def _motions(network: Network, layout: Layout) -> F64:
    """(dense + eliminated, 7): what shifts, turns and a change of scale do to the unknowns."""
    photos, found = len(network.rotation), np.zeros((layout.dense + layout.eliminated, 7))
    pose = found[: 6 * photos].reshape(photos, 6, 7)
    pose[:, 3:, :3] = -network.rotation
    pose[:, :3, 3:6] = -network.rotation
    pose[:, 3:, 6] = network.translation
    at = np.where(layout.held >= 0, layout.held, layout.dense + layout.loose)
    x = network.points
    turn = np.cross(np.eye(3)[None], x[:, None])  # (P, 3 turns, 3)
    for axis in range(3):
        found[at + axis, axis] = 1
        found[at + axis, 3:6] = turn[:, :, axis]
        found[at + axis, 6] = x[:, axis]
    return found


def _judged(network: Network, layout: Layout, system: System, datum: Bool | None) -> Adjusted:
    reduced, gauge = _reduce(system, 0.0), _gauge(network, layout)
    redundancy = len(system.residual) - layout.dense - layout.eliminated + gauge.shape[1]
    if redundancy < 1:
        raise SculptError("The network has no observation more than it needs: no accuracy can be stated")
    sigma0 = float(np.sqrt(system.residual @ system.residual / redundancy))
    dense = _inverse(reduced.matrix, gauge[: layout.dense], np.eye(layout.dense))
    chosen = np.ones(len(network.points), bool) if datum is None else datum
    relative = _Relative(network, layout, reduced, gauge, dense, chosen)
    first = layout.dense - 3 * int((layout.held >= 0).sum())
    return Adjusted(
        network,
        sigma0,
        redundancy,
        network.xy - network.project()[0],
        sigma0**2 * relative.points(),
        sigma0**2 * relative.poses(),
        None if gauge.shape[1] == 7 else sigma0 * relative.scale_sigma(),
        sigma0**2 * dense[first:, first:],
        layout.held - first,
    )


class _Relative:
    """Covariance blocks in the datum of inner constraints: Q' = (I - G A) Q (I - G A)^T, A = (D^T G)^-1 D^T, D = G on datum."""

    def __init__(
        self, network: Network, layout: Layout, reduced: _Reduced, gauge: F64, dense: F64, datum: Bool
    ) -> None:
        self.network, self.datum = network, datum
        self.layout, self.reduced, self.gauge, self.dense = layout, reduced, gauge, dense
        self.at = np.where(layout.held >= 0, layout.held, layout.dense + layout.loose)
        a = self._inner(gauge)
        self.aq = self._through(a)
        self.aqa = self.aq @ a.T

    def scale_sigma(self) -> float:
        """Relative: of the size of the datum points together."""
        a = self._inner(_motions(self.network, self.layout))[6:]
        return float(np.sqrt((self._through(a) @ a.T).item()))

    def _inner(self, motions: F64) -> F64:
        """(G, unknowns): how far each motion is in a change of the datum points."""
        only = np.zeros_like(motions)
        rows = (self.at[self.datum][:, None] + [0, 1, 2]).ravel()
        only[rows] = motions[rows]
        return np.asarray(
            np.linalg.solve(only.T @ motions, only.T) if motions.shape[1] else only.T, np.float64
        )

    def _through(self, a: F64) -> F64:
        """a Q, for a (K, unknowns)."""
        d = self.layout.dense
        ahead = a[:, :d] @ self.dense - (self.reduced.share.T @ a[:, d:].T).T @ self.dense
        behind = (self.reduced.inverse @ a[:, d:].T).T - (self.reduced.share @ ahead.T).T
        return np.concatenate([ahead, behind], 1)

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


def lens_covariances(network: Network) -> tuple[F64, ...]:
    """Of what is free in each lens (K, K), as the network stands, scaled by its residuals; outliers weigh less."""
    off = np.linalg.norm(network.xy - network.project()[0], axis=1)
    layout = layout_of(network)
    system = linearise(network, layout, _weights(network, 3 * float(np.nanmedian(off))))
    reduced, gauge = _reduce(system, 0.0), _gauge(network, layout)
    redundancy = len(system.residual) - layout.dense - layout.eliminated + gauge.shape[1]
    if redundancy < 1:
        raise SculptError("The network has no observation more than it needs: no accuracy can be stated")
    dense = _inverse(reduced.matrix, gauge[: layout.dense], np.eye(layout.dense))
    variance = float(system.residual @ system.residual) / redundancy
    sizes = [lens.free.shape[1] for lens in network.lenses]
    return tuple(variance * dense[a : a + n, a : a + n] for a, n in zip(layout.lens, sizes, strict=True))
