"""How sound a network of cameras is: what residuals leave in each lens, what its lenses cannot tell apart, which photos hang
by a thread. From a sample of the tie points, so that it costs next to nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sculpt3d.errors import SculptError
from sculpt3d.geometry import F64
from sculpt3d.metric.adjust import lens_covariances
from sculpt3d.metric.network import Network
from sculpt3d.metric.reconstruction import network_of
from sculpt3d.sfm.observations import Observations

SAMPLE = 6000  # tie points that residuals are taken from
TIES = 1500  # that the lenses' covariance is taken from
PHOTOS = 40  # that it is taken from
GRID = (9, 12)  # cells of a residual map
LEAST = 8  # residuals in a cell
FEW_POINTS = 0.15  # of the median photo's tie points
MUCH = 2.0  # times the median photo's residual
TOLD = 0.5  # correlation from which on a pair is listed
HELD = 12  # observations that a photo's pose needs
NARROW_DEG = 3.0  # of the widest two rays of a point
PARALLEL_DEG = 8.0  # of four in five optical axes about their mean


@dataclass(frozen=True)
class LensQuality:
    """map (R, C, 2): mean residual (seen minus meant, px) in each cell of the picture, NaN where too few; pattern_px: its root
    mean square; rms_px: of all residuals; focal_sigma: relative, None where the network does not hold; correlated: pairs of
    parameters and their correlation, strongest first."""

    name: str
    photos: int
    width: int
    height: int
    map: F64
    pattern_px: float
    rms_px: float
    focal_sigma: float | None
    correlated: tuple[tuple[str, str, float], ...]


@dataclass(frozen=True)
class Photo:
    name: str
    tie_points: int
    residual_px: float
    parallax_deg: float  # median over its tie points of the widest angle between two of their rays


@dataclass(frozen=True)
class Quality:
    """suspicious: photos with few tie points or large residuals; narrow: those whose rays meet the others' at less than
    NARROW_DEG, narrow_share: tie points with such rays; axis_spread_deg: four in five optical axes lie within it about their
    mean; turned: some were taken with the camera on its side."""

    lenses: tuple[LensQuality, ...]
    suspicious: tuple[Photo, ...]
    narrow: tuple[Photo, ...]
    narrow_share: float
    axis_spread_deg: float
    turned: bool

    @property
    def doming(self) -> bool:
        """A curved lens and a curved surface look alike to parallel cameras: either can stand for the other."""
        return self.axis_spread_deg < PARALLEL_DEG


def network_quality(model: Any) -> Quality:
    """Of a COLMAP model with its tie points."""
    seen, xyz = _sampled(model)
    residual = _residuals(model, seen, xyz)
    parallax = _parallax(model, seen, xyz)
    photos = _photos(model, seen, residual, parallax)
    points = np.array([p.tie_points for p in photos])
    misfit = np.array([p.residual_px for p in photos])
    off = (points < FEW_POINTS * np.median(points)) | (misfit > MUCH * max(float(np.median(misfit)), 0.2))
    narrow = tuple(p for p in photos if p.parallax_deg < NARROW_DEG)
    turns = np.array(
        [model.images[i].cam_from_world().matrix()[:, :3] for i in sorted(model.reg_image_ids())]
    )
    return Quality(
        _lenses(model, seen, residual),
        tuple(p for p, odd in zip(photos, off, strict=True) if odd),
        narrow,
        float((parallax < NARROW_DEG).mean()) if len(parallax) else 0.0,
        _spread(turns[:, 2]),
        _turned(turns),
    )


def _sampled(model: Any) -> tuple[Observations, F64]:
    """Observations of at most SAMPLE tie points, numbered from 0, and these points' places (N, 3)."""
    ids = np.array(sorted(model.points3D), np.int64)
    ids = np.sort(np.random.default_rng(0).permutation(ids)[:SAMPLE])
    rows, xyz = [], []
    for number, k in enumerate(ids.tolist()):
        point = model.points3D[k]
        xyz.append(point.xyz)
        rows += [
            (number, e.image_id, *model.images[e.image_id].points2D[e.point2D_idx].xy)
            for e in point.track.elements
        ]
    table = np.array(rows, np.float64).reshape(-1, 4)
    seen = Observations(table[:, 0].astype(np.int64), table[:, 1].astype(np.int64), table[:, 2:])
    return seen, np.array(xyz, np.float64).reshape(-1, 3)


def _residuals(model: Any, seen: Observations, xyz: F64) -> F64:
    """(M, 2) seen minus meant; NaN behind the camera."""
    found = np.full((len(seen.point), 2), np.nan)
    for i in np.unique(seen.image):
        mine, image = seen.image == i, model.images[int(i)]
        pose = image.cam_from_world().matrix()
        local = xyz[seen.point[mine]] @ pose[:, :3].T + pose[:, 3]
        found[mine] = seen.uv[mine] - np.asarray(model.cameras[image.camera_id].img_from_cam(local))
    return found


def _parallax(model: Any, seen: Observations, xyz: F64) -> F64:
    """(N,) widest angle of a point's rays about their mean, twice; degrees."""
    eyes = {int(i): model.images[int(i)].projection_center() for i in np.unique(seen.image)}
    ray = np.array([eyes[int(i)] for i in seen.image]).reshape(-1, 3) - xyz[seen.point]
    ray /= np.maximum(np.linalg.norm(ray, axis=1, keepdims=True), 1e-300)
    mean = np.stack([np.bincount(seen.point, ray[:, k], len(xyz)) for k in range(3)], 1)
    mean = mean / np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-300)
    widest = np.zeros(len(xyz))
    np.maximum.at(widest, seen.point, np.degrees(np.arccos(np.clip((ray * mean[seen.point]).sum(1), -1, 1))))
    return 2 * widest


def _photos(model: Any, seen: Observations, residual: F64, parallax: F64) -> list[Photo]:
    length = np.linalg.norm(residual, axis=1)
    found = []
    for i in sorted(model.reg_image_ids()):
        mine = (seen.image == i) & np.isfinite(length)
        some = bool(mine.any())
        found.append(
            Photo(
                str(model.images[i].name),
                int(model.images[i].num_points3D),
                float(np.median(length[mine])) if some else float("inf"),
                float(np.median(parallax[seen.point[mine]])) if some else 0.0,
            )
        )
    return found


def _spread(axes: F64) -> float:
    mean = axes.mean(0)
    if np.linalg.norm(mean) < 0.1:
        return 180.0
    cosine = axes @ mean / np.linalg.norm(mean)
    return float(np.quantile(np.degrees(np.arccos(np.clip(cosine, -1, 1))), 0.8))


def _turned(turns: F64) -> bool:
    """Whether at least a tenth of the photos were taken with the camera on its side, as against the others."""
    side = turns[:, 0] - (turns[:, 0] @ turns[:, 2].mean(0))[:, None] * turns[:, 2].mean(0)
    first = np.linalg.eigh(side.T @ side)[1][:, 2]
    across = np.abs(side @ first) / np.maximum(np.linalg.norm(side, axis=1), 1e-300) < 0.5
    return bool(0.1 <= across.mean() <= 0.9)


def _lenses(model: Any, seen: Observations, residual: F64) -> tuple[LensQuality, ...]:
    cameras = sorted({model.images[i].camera_id for i in model.reg_image_ids()})
    held = _covariances(model)
    camera_of = {int(i): model.images[i].camera_id for i in model.reg_image_ids()}
    of = np.array([camera_of[int(i)] for i in seen.image])
    found = []
    for k, c in enumerate(cameras):
        camera, mine = model.cameras[c], (of == c) & np.isfinite(residual).all(1)
        grid, pattern = residual_map(seen.uv[mine], residual[mine], int(camera.width), int(camera.height))
        names = [n.strip() for n in str(camera.params_info).split(",")]
        sigma, pairs = (None, ()) if held is None else _told(camera, names, held[k])
        found.append(
            LensQuality(
                str(camera.model.name),
                sum(v == c for v in camera_of.values()),
                int(camera.width),
                int(camera.height),
                grid,
                pattern,
                float(np.sqrt((residual[mine] ** 2).sum(1).mean())) if mine.any() else 0.0,
                sigma,
                pairs,
            )
        )
    return tuple(found)


def residual_map(uv: F64, residual: F64, width: int, height: int) -> tuple[F64, float]:
    """(R, C, 2) mean residual in each cell of the picture, NaN where fewer than LEAST fall, and its root mean square without what
    noise alone would leave. Outliers count as far as others do."""
    rows, columns = GRID if width >= height else GRID[::-1]
    length = np.linalg.norm(residual, axis=1)
    limit = 3 * float(np.median(length)) if len(length) else 0.0
    kept = residual * np.minimum(1, limit / np.maximum(length, 1e-300))[:, None]
    row = np.clip((uv[:, 1] / height * rows).astype(int), 0, rows - 1)
    column = np.clip((uv[:, 0] / width * columns).astype(int), 0, columns - 1)
    cell, cells = row * columns + column, rows * columns
    count = np.bincount(cell, minlength=cells)
    total = np.stack([np.bincount(cell, kept[:, k], cells) for k in range(2)], 1)
    square = np.bincount(cell, (kept**2).sum(1), cells)
    enough = count >= LEAST
    mean = np.where(enough[:, None], total / np.maximum(count, 1)[:, None], np.nan)
    size = (mean[enough] ** 2).sum(1)
    noise = (square[enough] / count[enough] - size) / (count[enough] - 1)
    pattern = float(np.sqrt(max(float((size - noise).mean()), 0.0))) if enough.any() else 0.0
    return np.asarray(mean.reshape(rows, columns, 2), np.float64), pattern


def _covariances(model: Any) -> tuple[F64, ...] | None:
    """Of each lens' parameters, all of them free, in the order of the cameras' ids; None where the network does not hold that."""
    network = _few_photos(network_of(model, TIES))
    if network is None:
        return None
    lenses = tuple(replace(lens, free=np.eye(len(lens.params))) for lens in network.lenses)
    try:
        return lens_covariances(replace(network, lenses=lenses))
    except (SculptError, np.linalg.LinAlgError):
        return None


def _few_photos(network: Network) -> Network | None:
    """About PHOTOS of them, spread over the set and over its lenses, with the points that two of them see; None where there are
    too many lenses for that."""
    count = len(network.rotation)
    firm = np.flatnonzero(np.bincount(network.photo, minlength=count) >= HELD)
    if not len(firm):
        return None
    spread = firm[np.linspace(0, len(firm) - 1, min(len(firm), PHOTOS)).round().astype(np.int64)]
    of_each = [firm[network.lens[firm] == k][:3] for k in range(len(network.lenses))]
    if not all(len(some) for some in of_each):
        return None
    chosen = np.unique(np.concatenate([spread, *of_each]))
    if len(chosen) > 3 * PHOTOS:
        return None
    number = np.full(count, -1, np.int64)
    number[chosen] = np.arange(len(chosen))
    here = number[network.photo] >= 0
    rays = np.bincount(network.point[here], minlength=len(network.points))
    kept = np.flatnonzero(rays >= 2)
    place = np.full(len(network.points), -1, np.int64)
    place[kept] = np.arange(len(kept))
    here &= place[network.point] >= 0
    return replace(
        network,
        rotation=network.rotation[chosen],
        translation=network.translation[chosen],
        lens=network.lens[chosen],
        points=network.points[kept],
        photo=number[network.photo[here]],
        point=place[network.point[here]],
        xy=network.xy[here],
        sigma_px=network.sigma_px[here],
    )


def _told(
    camera: Any, names: Sequence[str], covariance: F64
) -> tuple[float, tuple[tuple[str, str, float], ...]]:
    """Relative sigma of the focal length, and strong correlations, without those among terms of distortion: they are strong in
    every lens and harm nobody."""
    sigma = np.sqrt(np.maximum(np.diag(covariance), 1e-300))
    correlation = covariance / sigma[:, None] / sigma
    bends = set(camera.extra_params_idxs())
    focal = list(camera.focal_length_idxs())
    pairs = [
        (names[a], names[b], float(correlation[a, b]))
        for a in range(len(names))
        for b in range(a + 1, len(names))
        if abs(correlation[a, b]) > TOLD and not {a, b} <= bends and not {a, b} <= set(focal)
    ]
    params = np.asarray(camera.params)
    relative = float(max(sigma[f] / params[f] for f in focal))
    return relative, tuple(sorted(pairs, key=lambda p: -abs(p[2]))[:12])
