"""A photogrammetric network: photos with lenses, points, scale bars and control, and the linear system they make.

Dense unknowns: a pose a photo (rotation vector applied from the left, translation), what may change of each lens, and the points
that bars and control hold; all other points are eliminated one by one (Schur complement; Triggs et al. 2000, section 6.1).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sculpt3d._pycolmap import pycolmap
from sculpt3d.geometry import F64

Ints = NDArray[np.int64]
_STEP = 1e-6  # of numeric derivatives, relative to what is varied


@dataclass(frozen=True)
class Lens:
    """A COLMAP camera model. free (P, K): the directions in which its parameters may change, one a column."""

    model: str
    width: int
    height: int
    params: F64
    free: F64

    def project(self, xyz_in_cam: F64, params: F64 | None = None) -> F64:
        """(N, 3) -> pixels (N, 2), NaN behind the camera."""
        return np.asarray(self._camera(params).img_from_cam(xyz_in_cam), np.float64)

    def rays(self, pixels: F64) -> F64:
        """(N, 2) -> directions in cam (N, 3), z = 1."""
        return np.c_[np.asarray(self._camera().cam_from_img(pixels), np.float64), np.ones(len(pixels))]

    def _camera(self, params: F64 | None = None) -> Any:
        return pycolmap.Camera(
            model=self.model,
            width=self.width,
            height=self.height,
            params=self.params if params is None else params,
        )


@dataclass(frozen=True)
class Bars:
    """Known distances between points first[i] and second[i]; length and sigma in the unit that the points are to have."""

    first: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    second: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    length: F64 = field(default_factory=lambda: np.zeros(0))
    sigma: F64 = field(default_factory=lambda: np.zeros(0))


@dataclass(frozen=True)
class Control:
    """Points with known coordinates (N, 3) and their sigmas (N, 3)."""

    point: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    xyz: F64 = field(default_factory=lambda: np.zeros((0, 3)))
    sigma: F64 = field(default_factory=lambda: np.zeros((0, 3)))


@dataclass(frozen=True)
class Network:
    """Photo c has rotation[c], translation[c] (cam_from_world) and lenses[lens[c]]. Observation n: photo[n] sees point[n] at
    xy[n] pixels with sigma_px[n]."""

    rotation: F64  # (C, 3, 3)
    translation: F64  # (C, 3)
    lens: Ints  # (C,)
    lenses: tuple[Lens, ...]
    points: F64  # (P, 3)
    photo: Ints  # (N,)
    point: Ints  # (N,)
    xy: F64  # (N, 2)
    sigma_px: F64  # (N,)
    bars: Bars = field(default_factory=Bars)
    control: Control = field(default_factory=Control)
    watched: Ints = field(
        default_factory=lambda: np.zeros(0, np.int64)
    )  # points whose joint covariance is asked for

    def project(self) -> tuple[F64, F64]:
        """Where the observations should lie, (N, 2) pixels, and the points in their photos' frames, (N, 3)."""
        local = self.in_cam()
        found = np.empty_like(self.xy)
        for k, lens in enumerate(self.lenses):
            here = self.lens[self.photo] == k
            found[here] = lens.project(local[here])
        return found, local

    def in_cam(self) -> F64:
        turned = np.einsum("nij,nj->ni", self.rotation[self.photo], self.points[self.point])
        return np.asarray(turned + self.translation[self.photo], np.float64)


@dataclass(frozen=True)
class Layout:
    """Where each unknown stands: column of a photo's pose and of a lens in the dense part, of a held point in it (-1: the
    point is eliminated), and of an eliminated point among those."""

    pose: Ints
    lens: Ints
    held: Ints
    loose: Ints
    dense: int
    eliminated: int


def layout_of(network: Network) -> Layout:
    photos, count = len(network.rotation), len(network.points)
    sizes = [lens.free.shape[1] for lens in network.lenses]
    lens = 6 * photos + np.concatenate([[0], np.cumsum(sizes)])[:-1].astype(np.int64)
    named = np.unique(
        np.concatenate([network.bars.first, network.bars.second, network.control.point, network.watched])
    )
    held, loose = np.full(count, -1, np.int64), np.full(count, -1, np.int64)
    start = 6 * photos + sum(sizes)
    held[named] = start + 3 * np.arange(len(named))
    others = np.flatnonzero(held < 0)
    loose[others] = 3 * np.arange(len(others))
    return Layout(6 * np.arange(photos), lens, held, loose, start + 3 * len(named), 3 * len(others))


@dataclass(frozen=True)
class System:
    """Whitened residuals (M,) and their derivatives by the dense and by the eliminated unknowns."""

    residual: F64
    by_dense: sparse.csr_matrix
    by_loose: sparse.csr_matrix


def linearise(network: Network, layout: Layout, weight: F64) -> System:
    """weight (N,): of each observation beside its sigma (robust), 1 = full."""
    meant, local = network.project()
    scale = (np.sqrt(weight) / network.sigma_px)[:, None]
    by_xyz = np.empty((len(local), 2, 3))
    rows, columns, values = [], [], []
    number = np.arange(len(local))
    for k, lens in enumerate(network.lenses):
        here = np.flatnonzero(network.lens[network.photo] == k)
        by_xyz[here] = _by_position(lens, local[here])
        for j in range(lens.free.shape[1]):
            change = _by_parameter(lens, local[here], lens.free[:, j]) * scale[here]
            rows.append((2 * here[:, None] + [0, 1]).ravel())
            columns.append(np.full(2 * len(here), layout.lens[k] + j))
            values.append(change.ravel())
    by_xyz *= scale[..., None]
    turned = local - network.translation[network.photo]
    by_turn = np.einsum("nij,njk->nik", by_xyz, -_cross(turned))
    by_pose = np.concatenate([by_turn, by_xyz], 2)
    _put(rows, columns, values, number, layout.pose[network.photo], by_pose)
    by_point = np.einsum("nij,njk->nik", by_xyz, network.rotation[network.photo])
    held = layout.held[network.point] >= 0
    _put(rows, columns, values, number[held], layout.held[network.point[held]], by_point[held])
    residual = [((network.xy - meant) * scale).ravel()]
    count = 2 * len(number)
    count = _bars(network, layout, rows, columns, values, residual, count)
    count = _control(network, layout, rows, columns, values, residual, count)
    dense = _matrix(rows, columns, values, (count, layout.dense))
    rows, columns, values = [], [], []
    _put(rows, columns, values, number[~held], layout.loose[network.point[~held]], by_point[~held])
    return System(np.concatenate(residual), dense, _matrix(rows, columns, values, (count, layout.eliminated)))


def _bars(network: Network, layout: Layout, rows: list[Any], columns: list[Any], values: list[Any],
          residual: list[F64], count: int) -> int:  # fmt: skip
    bars = network.bars
    apart = network.points[bars.second] - network.points[bars.first]
    length = np.linalg.norm(apart, axis=1)
    towards = apart / np.maximum(length, 1e-300)[:, None] / bars.sigma[:, None]
    for ends, sign in ((bars.second, 1), (bars.first, -1)):
        rows.append(np.repeat(count + np.arange(len(length)), 3))
        columns.append((layout.held[ends][:, None] + [0, 1, 2]).ravel())
        values.append((sign * towards).ravel())
    residual.append((bars.length - length) / bars.sigma)
    return count + len(length)


def _control(network: Network, layout: Layout, rows: list[Any], columns: list[Any], values: list[Any],
             residual: list[F64], count: int) -> int:  # fmt: skip
    control = network.control
    n = 3 * len(control.point)
    rows.append(count + np.arange(n))
    columns.append((layout.held[control.point][:, None] + [0, 1, 2]).ravel())
    values.append(1 / control.sigma.ravel())
    residual.append(((control.xyz - network.points[control.point]) / control.sigma).ravel())
    return count + n


def moved(network: Network, layout: Layout, dense: F64, loose: F64) -> Network:
    """The network after a step in its unknowns."""
    from scipy.spatial.transform import Rotation

    photos = len(network.rotation)
    step = dense[: 6 * photos].reshape(photos, 6)
    lenses = tuple(
        replace(lens, params=lens.params + lens.free @ dense[at : at + lens.free.shape[1]])
        for lens, at in zip(network.lenses, layout.lens, strict=True)
    )
    points = network.points.copy()
    held, free = layout.held >= 0, layout.loose >= 0
    points[held] += dense[layout.held[held][:, None] + [0, 1, 2]]
    points[free] += loose[layout.loose[free][:, None] + [0, 1, 2]]
    turn = Rotation.from_rotvec(step[:, :3]).as_matrix()
    return replace(
        network,
        rotation=turn @ network.rotation,
        translation=network.translation + step[:, 3:],
        lenses=lenses,
        points=points,
    )


def _by_position(lens: Lens, local: F64) -> F64:
    """(N, 2, 3): how pixels move with the point, by central differences."""
    found = np.empty((len(local), 2, 3))
    size = _STEP * np.linalg.norm(local, axis=1)
    for axis in range(3):
        step = np.zeros_like(local)
        step[:, axis] = size
        found[:, :, axis] = (lens.project(local + step) - lens.project(local - step)) / (2 * size)[:, None]
    return found


def _by_parameter(lens: Lens, local: F64, direction: F64) -> F64:
    """(N, 2): how pixels move along one direction of the parameters."""
    step = _STEP * max(1.0, float(np.abs(lens.params[direction != 0]).max(initial=0.0)))
    ahead, behind = (lens.project(local, lens.params + s * step * direction) for s in (1, -1))
    return np.asarray((ahead - behind) / (2 * step), np.float64)


def _cross(v: F64) -> F64:
    """(N, 3) -> (N, 3, 3) with cross(v) @ w = v x w."""
    found = np.zeros((len(v), 3, 3))
    for i, j, k, sign in (
        (0, 1, 2, -1),
        (0, 2, 1, 1),
        (1, 0, 2, 1),
        (1, 2, 0, -1),
        (2, 0, 1, -1),
        (2, 1, 0, 1),
    ):
        found[:, i, j] = sign * v[:, k]
    return found


def _put(
    rows: list[Any], columns: list[Any], values: list[Any], number: Ints, first: Ints, blocks: F64
) -> None:
    """Blocks (N, 2, K) at the rows of observations `number` and the columns from `first` on."""
    k = blocks.shape[2]
    rows.append(np.broadcast_to((2 * number[:, None] + [0, 1])[:, :, None], blocks.shape).ravel())
    columns.append(np.broadcast_to((first[:, None] + np.arange(k))[:, None, :], blocks.shape).ravel())
    values.append(blocks.ravel())


def _matrix(
    rows: list[Any], columns: list[Any], values: list[Any], shape: tuple[int, int]
) -> sparse.csr_matrix:
    r, c, v = (np.concatenate(x) if x else np.zeros(0) for x in (rows, columns, values))
    return sparse.csr_matrix((v, (r.astype(np.int64), c.astype(np.int64))), shape)
