"""Cropped photos: where their lens' axis meets them is found from the tie points, as the middle is somewhere else.

Mapping holds principal points in the middle, where they nearly are in whole photos; a free one is only as good as its
bundle. A crop 60 pixels off the middle left cameras 3.4 mm off at 0.4 m where whole photos leave 0.16.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from sculpt3d.photos.check import PhotoSet
from sculpt3d.sfm._colmap import pycolmap
from sculpt3d.sfm.lenses import sample
from sculpt3d.sfm.mapping import adjust, solve
from sculpt3d.sfm.observations import Observations, intersect, observations_of, with_points
from sculpt3d.sfm.populations import BETTER, HELD_BACK, SURE, gain

OWN_BETTER = 0.9  # of the cost with a shared centre, for one centre a photo: crops of one size cut from different places
OFF = 0.01  # of the longer side; an axis nearer to the middle is left there


@dataclass(frozen=True)
class Centred:
    """`off`: how far from the middle the axis meets these cropped `photos`, at most, as share of their longer side."""

    photos: int
    off: float


def find_centres(photo_set: PhotoSet, model: Any) -> tuple[Any, tuple[Centred, ...]]:
    """`model` with the principal points that cropped photos ask for, adjusted; itself where none is cropped or none asks."""
    cropped = _cropped(photo_set, model)
    if not cropped:
        return model, ()
    seen = sample(model)
    number = seen.numbered()[0]
    kept, judge = seen.only(number % HELD_BACK != 0), seen.only(number % HELD_BACK == 0)
    was = _bundle(model, kept, ())
    shared = _bundle(model, kept, _cameras(model, cropped))
    alone = _each_its_own(model, cropped)
    own = _bundle(alone, kept, _cameras(alone, cropped))
    best = shared if gain(shared, own, judge, cropped)[0] > OWN_BETTER else own
    ratio, sure = gain(was, best, judge, cropped)
    if ratio > BETTER or sure < SURE or max(_off(best, cropped)) < OFF:
        return model, ()
    everything = observations_of(model)
    found = _bundle(best, everything, _cameras(best, cropped))
    adjust(found)
    return found, (Centred(len(cropped), round(max(_off(found, cropped)), 3)),)


def _cameras(model: Any, photos: Collection[int]) -> set[int]:
    return {int(model.images[i].camera_id) for i in photos}


def _cropped(photo_set: PhotoSet, model: Any) -> list[int]:
    """Ids of photos that EXIF or their shape, another than most photos', say are parts of others."""
    photos = {p.name: p for p in photo_set.photos}
    ids = {int(i): photos[str(model.images[i].name)] for i in sorted(model.reg_image_ids())}
    shapes = [round(max(p.width, p.height) / min(p.width, p.height), 2) for p in ids.values()]
    usual = max(sorted(set(shapes)), key=shapes.count) if shapes else 0.0
    return [
        i
        for (i, p), shape in zip(ids.items(), shapes, strict=True)
        if p.shot.cropped or abs(shape - usual) > 0.02
    ]


def _bundle(model: Any, kept: Observations, free: Collection[int]) -> Any:
    """The tie points' bundle; principal points of the cameras `free` found, the others in the middle."""
    bundle = with_points(model, kept, intersect(model, kept))
    if free:
        solve(bundle, centres=True)
        for key, camera in bundle.cameras.items():
            if key not in free:
                params = np.array(camera.params)
                params[1:3] = camera.width / 2, camera.height / 2
                camera.params = params
    solve(bundle)
    return bundle


def _each_its_own(model: Any, photos: Collection[int]) -> Any:
    """A copy without points, in which each of these photos has a camera to itself."""
    copy = pycolmap.Reconstruction()
    first = max(int(c) for c in model.cameras) + 1
    for i in sorted(model.reg_image_ids()):
        image, old = model.images[i], model.cameras[model.images[i].camera_id]
        key = first + int(i) if i in photos else int(old.camera_id)
        if key not in copy.cameras:
            copy.add_camera_with_trivial_rig(
                pycolmap.Camera(
                    model=old.model, width=old.width, height=old.height, params=old.params, camera_id=key
                )
            )
        fresh = pycolmap.Image(name=image.name, camera_id=key, image_id=i)
        copy.add_image_with_trivial_frame(fresh, image.cam_from_world())
    return copy


def _off(model: Any, photos: Collection[int]) -> list[float]:
    """How far from the middle the axis meets each of these photos, as share of its longer side."""
    cameras = [model.cameras[model.images[i].camera_id] for i in photos]
    return [
        float(np.hypot(c.params[1] - c.width / 2, c.params[2] - c.height / 2) / max(c.width, c.height))
        for c in cameras
    ]
