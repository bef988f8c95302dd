"""The lens as it is: each camera gets the simplest distortion that the tie points cannot tell from the richest one.

Mapping takes one radial term about the middle, which is all that a few photos carry. Once all photos stand, every fifth tie
point is held back and judges what more terms bring. Phones straighten their pictures by software and leave ripples of a
pixel that no single term follows; lenses of bigger cameras ask for nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sculpt3d.geometry import F64
from sculpt3d.sfm._colmap import pycolmap
from sculpt3d.sfm.centres import OFF
from sculpt3d.sfm.lenses import sample
from sculpt3d.sfm.mapping import adjust, solve
from sculpt3d.sfm.observations import Observations, errors_px, intersect, observations_of, with_points
from sculpt3d.sfm.populations import BETTER, HELD_BACK, SURE, gain

PHOTOS = 6  # of a camera, and
ROWS = 1_000  # observations, below which its lens stays as it is
BENT = 0.05  # of the longer side: how far a richer lens may leave the simple one where no tie point holds it
AXIS = 0.05  # of it: how far off the middle the axis may be in a whole photo
ROUGH = 1e-5  # of the cost: where bundles that only judge stop
EXACT_PX = 0.01  # there and back again


@dataclass(frozen=True)
class Form:
    """A distortion by COLMAP's name; `axis`: the principal point is found too."""

    name: str
    axis: bool

    def __str__(self) -> str:
        return f"{self.name}{' with its axis' if self.axis else ''}"


SIMPLE = Form("SIMPLE_RADIAL", False)
RICHEST = Form("FULL_OPENCV", True)
# By the number of parameters; with the axis or without, as the richest needs it.
FORMS = ("SIMPLE_RADIAL", "RADIAL", "OPENCV", "FULL_OPENCV")


@dataclass(frozen=True)
class Bent:
    """`photos` of one camera took `form`: what tie points held back miss by (median) before and with it."""

    photos: int
    form: str
    before_px: float
    after_px: float


def find_distortion(model: Any) -> tuple[Any, tuple[Bent, ...]]:
    """`model` with the lenses that its tie points ask for, adjusted; itself where none asks for more than it has."""
    photos = eligible(model)
    if not photos:
        return model, ()
    seen = sample(model)
    number = seen.numbered()[0]
    kept, judge = seen.only(number % HELD_BACK != 0), seen.only(number % HELD_BACK == 0)
    was = _bundle(model, kept, dict.fromkeys(photos, SIMPLE))
    rich = _bundle(was, kept, dict.fromkeys(photos, RICHEST))
    asking = {c: ids for c, ids in photos.items() if _brings(was, rich, judge, ids)}
    chosen, tried = _simplest(was, rich, kept, judge, asking)
    if not chosen:
        return model, ()
    everything = observations_of(model)
    found = with_points(tried, everything, intersect(tried, everything))
    adjust(found, rounds=1)
    return found, tuple(
        Bent(len(photos[c]), str(form), _error(was, judge, photos[c]), _error(tried, judge, photos[c]))
        for c, form in chosen.items()
    )


def eligible(model: Any) -> dict[int, list[int]]:
    """Image ids by camera, of the cameras that bear a richer lens."""
    photos: dict[int, list[int]] = {}
    for i in sorted(model.reg_image_ids()):
        photos.setdefault(int(model.images[i].camera_id), []).append(int(i))
    return {c: ids for c, ids in sorted(photos.items()) if len(ids) >= PHOTOS and _simple(model.cameras[c])}


def _simple(camera: Any) -> bool:
    """SIMPLE_RADIAL about the middle: neither cropped nor anybody's calibration."""
    middle = np.array([camera.width, camera.height]) / 2
    return str(camera.model.name) == SIMPLE.name and bool(
        np.abs(np.array(camera.params[1:3]) - middle).max() < 1e-6
    )


def _brings(before: Any, after: Any, judge: Observations, ids: Collection[int]) -> bool:
    if int(np.isin(judge.image, list(ids)).sum()) * (HELD_BACK - 1) < ROWS:
        return False
    ratio, sure = gain(before, after, judge, ids)
    return ratio < BETTER and sure > SURE


def _simplest(
    was: Any, rich: Any, kept: Observations, judge: Observations, photos: Mapping[int, list[int]]
) -> tuple[dict[int, Form], Any]:
    """By camera the first form that the richest does not better, and the bundle with these."""
    if not photos:
        return {}, was
    middle = _bundle(was, kept, dict.fromkeys(photos, Form(RICHEST.name, False)))
    axis = {
        c: _shift(rich.cameras[c], was.cameras[c]) > OFF and _brings(middle, rich, judge, ids)
        for c, ids in photos.items()
    }
    chosen: dict[int, Form] = {}
    for name in FORMS:
        asked = {c: Form(name, axis[c]) for c in photos if c not in chosen and Form(name, axis[c]) != SIMPLE}
        tried = _bundle(was, kept, asked) if asked else was
        for c, form in asked.items():
            better = _brings(was, tried, judge, photos[c]) and not _brings(tried, rich, judge, photos[c])
            if better and _sound(tried.cameras[c], was.cameras[c]):
                chosen[c] = form
        if asked and chosen == asked:  # the same for all: it is made already
            return chosen, tried
    return chosen, _bundle(was, kept, chosen)


def _sound(camera: Any, simple: Any) -> bool:
    """Whether every pixel has one ray and back, and the rim, which few tie points hold, lies near where it was."""
    x, y = np.meshgrid(np.linspace(0, camera.width, 41), np.linspace(0, camera.height, 41))
    grid = np.stack([x.ravel(), y.ravel()], 1)
    rays = np.asarray(camera.cam_from_img(grid), np.float64).reshape(-1, 2)
    there = np.asarray(camera.img_from_cam(np.c_[rays, np.ones(len(rays))]), np.float64)
    if not (np.isfinite(there).all() and float(np.abs(there - grid).max()) < EXACT_PX):
        return False
    field = rays.reshape(41, 41, 2)
    across, down = np.diff(field, axis=1)[:-1], np.diff(field, axis=0)[:, :-1]
    turned = across[..., 0] * down[..., 1] - across[..., 1] * down[..., 0]
    shift = np.array(camera.params)[_axis(camera)] - np.array(simple.params)[_axis(simple)]
    before = np.asarray(simple.img_from_cam(np.c_[rays, np.ones(len(rays))]), np.float64) + shift
    off = float(np.linalg.norm(before - grid, axis=1).max()) / max(camera.width, camera.height)
    return bool((turned > 0).all()) and off < BENT and _shift(camera, simple) < AXIS


def _shift(camera: Any, simple: Any) -> float:
    """How far the axis of one lies from that of the other, as share of the photo's longer side."""
    off = np.array(camera.params)[_axis(camera)] - np.array(simple.params)[_axis(simple)]
    return float(np.linalg.norm(off)) / max(camera.width, camera.height)


def _bundle(model: Any, kept: Observations, forms: Mapping[int, Form]) -> Any:
    """The tie points' bundle with these cameras' lenses of these forms, from where `model` has them."""
    bundle = pycolmap.Reconstruction(model)
    for c, form in forms.items():
        _reform(bundle.cameras[c], form.name)
    bundle = with_points(bundle, kept, intersect(bundle, kept))
    free = {c for c, form in forms.items() if form.axis}
    held = {
        c: np.array(camera.params)[_axis(camera)] for c, camera in bundle.cameras.items() if c not in free
    }
    solve(bundle, centres=bool(free), tolerance=ROUGH)
    if free and held:
        for c, place in held.items():
            params = np.array(bundle.cameras[c].params)
            params[_axis(bundle.cameras[c])] = place
            bundle.cameras[c].params = params
        solve(bundle, tolerance=ROUGH)
    return bundle


def _axis(camera: Any) -> list[int]:
    return list(camera.principal_point_idxs())


def _reform(camera: Any, name: str) -> None:
    """The same lens in a richer form; in place. A form that it has already stays."""
    if str(camera.model.name) == name:
        return
    f, x, y, k1 = _simple_params(camera)
    fresh = pycolmap.Camera.create_from_model_name(
        int(camera.camera_id), name, f, camera.width, camera.height
    )
    params: F64 = np.zeros(len(fresh.params))
    params[list(fresh.focal_length_idxs())] = f
    params[list(fresh.principal_point_idxs())] = x, y
    params[next(iter(fresh.extra_params_idxs()))] = k1
    camera.model, camera.params = fresh.model, params


def _simple_params(camera: Any) -> tuple[float, float, float, float]:
    f, x, y, k1 = np.array(camera.params)[:4]
    return float(f), float(x), float(y), float(k1)


def _error(model: Any, judge: Observations, ids: Collection[int]) -> float:
    mine = np.isin(judge.image, list(ids))
    return round(float(np.median(errors_px(model, judge, intersect(model, judge))[mine])), 4)
