"""A COLMAP model as a network, with markers beside its tie points, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from typing import Any

import numpy as np

from sculpt3d.errors import InputError
from sculpt3d.geometry import F64
from sculpt3d.metric.network import Lens, Network
from sculpt3d.metric.targets import Sighting
from sculpt3d.sfm.observations import (
    Observations,
    errors_px,
    intersect,
    observations_of,
    points_of,
    with_points,
)

LEAST_PHOTOS = 2
MISREAD_PX = 5.0  # a marker farther from where the other photos have it is another one
CLICKED_OFF_PX = 40.0  # and a clicked point is another spot


def network_of(model: Any, most: int) -> Network:
    """Photos in the order of their ids; of tie points at most `most`, those that most photos see; focal length and distortion may
    change."""
    photos = sorted(model.reg_image_ids())
    cameras = sorted({model.images[i].camera_id for i in photos})
    every = observations_of(model)
    seen = np.bincount(every.point, minlength=len(model.points3D))
    shuffled = np.random.default_rng(0).permutation(len(seen))  # of equally long ones, not the oldest
    kept = np.sort(shuffled[np.argsort(-seen[shuffled], kind="stable")][:most])
    ties = every.only(np.isin(every.point, kept))
    poses = np.array([model.images[i].cam_from_world().matrix() for i in photos])
    return Network(
        rotation=poses[:, :, :3],
        translation=poses[:, :, 3],
        lens=np.array([cameras.index(model.images[i].camera_id) for i in photos]),
        lenses=tuple(_lens(model.cameras[c]) for c in cameras),
        points=points_of(model)[kept],
        photo=np.searchsorted(photos, ties.image),
        point=np.searchsorted(kept, ties.point),
        xy=ties.uv,
        sigma_px=np.ones(len(ties.uv)),
    )


def _lens(camera: Any) -> Lens:
    params = np.array(camera.params, np.float64)
    bends = list(camera.extra_params_idxs())
    # Many terms are held by all tie points of all photos; the few thousand here would only loosen them.
    free = [*camera.focal_length_idxs(), *(bends if len(bends) <= 2 else [])]
    return Lens(str(camera.model.name), camera.width, camera.height, params, np.eye(len(params))[:, free])


def network_with(
    network: Network, model: Any, shots: Sequence[tuple[str, str, F64]], markers: Sequence[str],
    clicked: Set[str] = frozenset(),
) -> tuple[Network, Mapping[str, int]]:  # fmt: skip
    """The network with `markers` behind its tie points; shots: photo, marker, pixel (2,). Also in how many photos each is.
    clicked: those of them that people pointed at, less exactly.

    What photos show elsewhere than the others do is left out. Raises `InputError` where a marker is then seen too little.
    """
    ids = {str(model.images[i].name): i for i in model.reg_image_ids()}
    rows = [(markers.index(m), ids[p], *xy) for p, m, xy in shots if p in ids]
    table = np.array(rows, np.float64).reshape(-1, 4)
    seen = Observations(table[:, 0].astype(np.int64), table[:, 1].astype(np.int64), table[:, 2:])
    limit = np.array([CLICKED_OFF_PX if m in clicked else MISREAD_PX for m in markers])
    for _ in range(3):
        seen = seen.of_length(LEAST_PHOTOS)
        _all_seen(seen, markers)
        xyz = intersect(model, seen)
        error = errors_px(model, seen, xyz) / limit[seen.point]
        if error.max() <= 1:
            break
        seen = seen.only(error < max(1, float(np.median(error)) * 3))
    counts = {m: int((seen.point == k).sum()) for k, m in enumerate(markers)}
    photos = sorted(model.reg_image_ids())
    return replace(
        network,
        points=np.concatenate([network.points, xyz]),
        photo=np.r_[network.photo, np.searchsorted(photos, seen.image)],
        point=np.r_[network.point, len(network.points) + seen.point],
        xy=np.concatenate([network.xy, seen.uv]),
        sigma_px=np.ones(len(network.xy) + len(seen.uv)),
    ), counts


def _all_seen(seen: Observations, markers: Sequence[str]) -> None:
    missing = [m for k, m in enumerate(markers) if not (seen.point == k).any()]
    if missing:
        raise InputError(
            f"{'Marker ' if ':' in missing[0] else ''}{missing[0]} is seen in fewer than {LEAST_PHOTOS} of the photos that "
            "could be placed, at a place that they agree on; take more of it, larger than 20 pixels and sharp"
        )


def adjusted_model(model: Any, network: Network) -> Any:
    """The model with the network's cameras, and all its own tie points where the new rays meet."""
    from sculpt3d._pycolmap import pycolmap

    ties = observations_of(model)
    photos = sorted(model.reg_image_ids())
    cameras = sorted({model.images[i].camera_id for i in photos})
    for k, camera_id in enumerate(cameras):
        model.cameras[camera_id].params = network.lenses[k].params
    for k, i in enumerate(photos):
        pose = pycolmap.Rigid3d(np.c_[network.rotation[k], network.translation[k]])
        model.frames[model.images[i].frame_id].set_cam_from_world(model.images[i].camera_id, pose)
    moved = with_points(model, ties, intersect(model, ties))
    moved.update_point_3d_errors()
    return moved


def markers_in(model: Any, seen: Mapping[str, Sequence[Sighting]]) -> dict[str, list[float]]:
    """Where every marker lies that two placed photos or more agree on, by its full name, in the model's frame."""
    ids = {str(model.images[i].name): i for i in model.reg_image_ids()}
    shots = [(f"{s.family}:{s.number}", ids[p], *s.centre) for p in sorted(seen) if p in ids for s in seen[p]]
    names = sorted({shot[0] for shot in shots})
    rows = np.array([(names.index(n), *rest) for n, *rest in shots], np.float64).reshape(-1, 4)
    every = Observations(rows[:, 0].astype(np.int64), rows[:, 1].astype(np.int64), rows[:, 2:]).of_length(
        LEAST_PHOTOS
    )
    if not len(every.point):
        return {}
    error = errors_px(model, every, intersect(model, every))
    agreed = every.only(error < max(MISREAD_PX, 3 * float(np.median(error)))).of_length(LEAST_PHOTOS)
    if not len(agreed.point):
        return {}
    return {
        names[k]: xyz.tolist()
        for k, xyz in zip(np.unique(agreed.point), intersect(model, agreed), strict=True)
    }
