"""One camera that was several: photos whose lenses differ, though EXIF does not say so, are told apart by their residuals.

Each photo of the finished bundle is asked for its own lens. Where that fits markedly better than the shared one, the photos are
divided in two, the bundle is adjusted with two lenses, and every photo goes to the lens that fits it better, until none
changes; tie points that took no part judge. Lenses that are not clearly apart are those of one camera that focuses: it stays
one. Only one part is divided at a time: a bundle bent by wrong lenses must be made anew before it can tell more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sculpt3d.geometry import F64
from sculpt3d.sfm._colmap import pycolmap
from sculpt3d.sfm.lenses import Fit, Lens, errors_with, fit_photos, lens_of, sample
from sculpt3d.sfm.mapping import solve
from sculpt3d.sfm.observations import Observations, errors_px, intersect, with_points

HELD_BACK = 5  # every fifth tie point takes no part and judges
PHOTOS = 6  # of a camera, below which it is left alone
FEWEST = 2  # photos of a lens
MOST = 4  # lenses that one camera becomes
ROUNDS = 6
# Own lens over shared one, error of a photo: two bodies .70-.89, true single cameras .96-1.03 (five sets).
HINT = 0.95
# Cost of tie points held back, with two lenses over with one, in the smaller part: lenses 1 % apart .97, 8 % .55; one camera
# .994-1.01. And how sure that is, in standard errors over the points: 1 % apart 6, one camera -2.4 to 4.2.
BETTER = 0.98
SURE = 4.5
CLEAR = 4.0  # distance of two parts over the scatter within them; any bell halved has 2.7, an even spread 2.7 to 3.5
FIRST = 3.0  # of this after one round: phones that focus have 0.3 to 3.2, two bodies 5 to 90
APART = 0.003  # of the focal length, or of the magnification at the corner
FAR = 4.0  # times the usual error; what misses by more counts no more


@dataclass(frozen=True)
class Division:
    """`camera`: what its EXIF says; `parts`: names of its photos by lens, without those that have too few tie points to tell.

    Errors are those of tie points held back. `clear`: the lenses lie apart by what the photos say one by one. `changed`: the
    model does not have these parts yet.
    """

    camera: str
    parts: tuple[tuple[str, ...], ...]
    lenses: tuple[Lens, ...]
    before_px: float
    after_px: float
    clear: bool
    changed: bool


@dataclass(frozen=True)
class _State:
    """A bundle of tie points in which photo `ids[k]` has the lens `label[k]`."""

    model: Any
    ids: tuple[int, ...]
    label: tuple[int, ...]
    fits: Mapping[int, Fit]

    def part(self, number: int) -> list[int]:
        return [i for i, mine in zip(self.ids, self.label, strict=True) if mine == number]


def divide(model: Any, cameras: Mapping[str, str]) -> tuple[Division, ...]:
    """The cameras that are several. `cameras`: photo's name -> what its EXIF says took it; `model` may know better already.

    Tie points, poses and lenses of `model` are left as they are.
    """
    seen = sample(model)
    groups: dict[str, list[int]] = {}
    for i in sorted(model.reg_image_ids()):
        groups.setdefault(cameras[str(model.images[i].name)], []).append(int(i))
    found = (_divide(model, seen, key, groups[key]) for key in sorted(groups))
    return tuple(d for d in found if d is not None)


def _divide(model: Any, seen: Observations, camera: str, photos: list[int]) -> Division | None:
    number = seen.numbered()[0]
    kept, judge = seen.only(number % HELD_BACK != 0), seen.only(number % HELD_BACK == 0)
    was = _start(model, kept, photos)
    state = _without_singles(was, kept)
    known = len(set(state.label))
    if len(state.ids) < PHOTOS or (known == 1 and not _hint(state, kept)):
        return None
    one = _adjusted(state, kept, (0,) * len(state.ids))
    now = one if known == 1 else _settled(state, kept, state.label)
    if known < MOST:
        tried = [t for t in (_halved(now, kept, judge, g) for g in sorted(set(now.label))) if t]
        now = min(tried, key=lambda t: _error(t, judge, t.ids), default=now)
    parts = sorted(set(now.label), key=lambda g: now.ids.index(now.part(g)[0]))
    if len(parts) < 2:
        return None
    names = {i: str(model.images[i].name) for i in photos}
    return Division(
        camera,
        tuple(tuple(sorted(names[i] for i in now.part(g))) for g in parts),
        tuple(_lens(now, g) for g in parts),
        _error(one, judge, one.ids),
        _error(now, judge, now.ids),
        all(_clear(now, a, b) for a in parts for b in parts if a < b),
        now.label != was.label,
    )


def _start(model: Any, kept: Observations, photos: list[int]) -> _State:
    """As the model has it; photos with too few tie points to tell take no part."""
    fits = {i: f for i, f in fit_photos(model, kept, intersect(model, kept)).items() if i in set(photos)}
    ids = tuple(sorted(fits))
    cameras = [int(model.images[i].camera_id) for i in ids]
    return _State(model, ids, tuple(sorted(set(cameras)).index(c) for c in cameras), fits)


def _without_singles(state: _State, kept: Observations) -> _State:
    """Photos whose camera nobody shares (they were unsure before) go to the shared lens that fits them best."""
    groups = [g for g in sorted(set(state.label)) if state.label.count(g) >= FEWEST]
    if len(groups) == len(set(state.label)):
        return state
    if not groups:
        return _State(state.model, state.ids, (0,) * len(state.ids), state.fits)
    best = _nearest(state, kept, groups)
    label = tuple(g if g in groups else b for g, b in zip(state.label, best, strict=True))
    return _State(state.model, state.ids, label, state.fits)


def _hint(state: _State, kept: Observations) -> bool:
    """Whether its own lens fits markedly better in photos enough for a part, and the lenses differ."""
    shared = errors_with(state.model, kept, intersect(state.model, kept), _lens(state, 0))
    ratio = sorted(state.fits[i].error_px / max(shared[i], 1e-9) for i in state.ids)
    own = _places(state, state.ids)
    return ratio[FEWEST - 1] < HINT and float(np.ptp(own, axis=0).max()) > APART


def _halved(state: _State, kept: Observations, judge: Observations, number: int) -> _State | None:
    """The state with one of its parts in two; None where the tie points held back gain nothing by it."""
    part = state.part(number)
    if len(part) < 2 * FEWEST:
        return None
    high, new = _two(_places(state, part)), max(state.label) + 1
    moved = {i for i, up in zip(part, high, strict=True) if up}
    label = tuple(new if i in moved else g for i, g in zip(state.ids, state.label, strict=True))
    # One round first: lenses that vary from photo to photo show already, and a bundle of 129 photos takes 4 s.
    tried = _adjusted(state, kept, label)
    if not _clear(tried, number, new, FIRST):
        return None
    tried = _settled(tried, kept, label)
    parts = [tried.part(number), tried.part(new)]
    small = min(parts, key=len)
    if len(small) < FEWEST or len(set(tried.label)) < len(set(label)):
        return None
    ratio, _ = gain(state.model, tried.model, judge, small)
    return tried if ratio < BETTER and gain(state.model, tried.model, judge, state.ids)[1] > SURE else None


def gain(
    before: Any, after: Any, judge: Observations, ids: Any, moved: Observations | None = None
) -> tuple[float, float]:
    """Cost of the tie points held back in these photos, in model `after` over `before`; by how many standard errors it fell.

    moved: the same rows as `after` has their pixels, where these differ.
    """
    mine = np.isin(judge.image, list(ids))
    number, count = judge.numbered()
    rows = ((before, judge), (after, judge if moved is None else moved))
    errors = [errors_px(m, seen, intersect(m, seen))[mine] for m, seen in rows]
    usual = max(float(np.median(errors[0])), 1e-9)
    cost = [np.minimum(e / usual, FAR) for e in errors]
    fallen = np.bincount(number[mine], cost[0] - cost[1], count)
    return float(cost[1].sum() / cost[0].sum()), float(fallen.sum() / max(np.sqrt((fallen**2).sum()), 1e-9))


def _settled(state: _State, kept: Observations, label: tuple[int, ...]) -> _State:
    """The bundle adjusted, every photo with the lens that fits it best."""
    state, groups = _adjusted(state, kept, label), sorted(set(label))
    for _ in range(ROUNDS):
        best = _nearest(state, kept, groups)
        if best == state.label and (alone := _strays_alone(state)) != state.label:
            # A photo with the wrong lens bends its points to fit; without it they tell which is the right one.
            best = _nearest(_adjusted(state, kept, alone), kept, groups)
        if best == state.label or min(best.count(g) for g in groups) < FEWEST:
            break
        state = _adjusted(state, kept, best)
    return state


def _adjusted(state: _State, kept: Observations, label: tuple[int, ...]) -> _State:
    model = _with_lenses(state, label)
    model = with_points(model, kept, intersect(model, kept))
    solve(model)
    fits = fit_photos(model, kept, intersect(model, kept))
    return _State(model, state.ids, label, {i: fits.get(i, state.fits[i]) for i in state.ids})


def _nearest(state: _State, kept: Observations, groups: list[int]) -> tuple[int, ...]:
    """The label whose lens fits best, photo by photo."""
    xyz = intersect(state.model, kept)
    errors = [errors_with(state.model, kept, xyz, _lens(state, g)) for g in groups]
    return tuple(groups[int(np.argmin([e[i] for e in errors]))] for i in state.ids)


def _strays_alone(state: _State) -> tuple[int, ...]:
    """The labels; photos whose own lens is far from their part's have one to themselves."""
    label = list(state.label)
    for number in sorted(set(state.label)):
        part = state.part(number)
        places = _places(state, part)
        off = np.abs(places - np.median(places, 0)) > CLEAR * np.maximum(_spread(places), APART / 4)
        for i in np.flatnonzero(off.any(1)):
            label[state.ids.index(part[int(i)])] = max(label) + 1
    return tuple(label)


def _with_lenses(state: _State, label: tuple[int, ...]) -> Any:
    """A model without points: all photos as they stand, those of a label with one camera, at the median of their own lenses.

    Photos that take no part keep their cameras.
    """
    model = pycolmap.Reconstruction()
    first = max(int(c) for c in state.model.cameras) + 1
    mine = dict(zip(state.ids, label, strict=True))
    camera_of = {}
    for i in sorted(state.model.reg_image_ids()):
        old = _camera(state.model, i)
        camera_of[i] = first + mine[i] if i in mine else int(old.camera_id)
        if camera_of[i] in model.cameras:
            continue
        params = np.array(old.params)
        if i in mine:
            fits = [state.fits[j].lens for j in state.ids if mine[j] == mine[i]]
            params[[0, 3]] = np.median([(lens.focal, lens.k1) for lens in fits], axis=0)
        model.add_camera_with_trivial_rig(
            pycolmap.Camera(
                model=old.model, width=old.width, height=old.height, params=params, camera_id=camera_of[i]
            )
        )
    for i, camera in camera_of.items():
        image = state.model.images[i]
        copy = pycolmap.Image(name=image.name, camera_id=camera, image_id=i)
        model.add_image_with_trivial_frame(copy, image.cam_from_world())
    return model


def _camera(model: Any, image_id: int) -> Any:
    return model.cameras[model.images[image_id].camera_id]


def _lens(state: _State, number: int) -> Lens:
    return lens_of(_camera(state.model, state.part(number)[0]))


def _error(state: _State, judge: Observations, ids: Any) -> float:
    """Median over the rows of these photos."""
    found = errors_px(state.model, judge, intersect(state.model, judge))[np.isin(judge.image, list(ids))]
    return float(np.median(found)) if len(found) else np.inf


def _places(state: _State, ids: Any) -> F64:
    """(N, 2) the photos' own lenses: logarithm of the focal length, distortion at the corner as share of the radius."""
    rows = []
    for i in ids:
        lens, camera = state.fits[i].lens, _camera(state.model, i)
        corner = 0.5 * np.hypot(camera.width, camera.height) / lens.focal
        rows.append((np.log(lens.focal), lens.k1 * corner**2))
    return np.array(rows)


def _two(places: F64) -> Any:
    """(N,) the upper of two parts: divided along the column, and there, where least scatter is left within the parts."""
    best, chosen = np.inf, np.zeros(len(places), bool)
    for column in places.T:
        ordered = np.sort(column)
        for k in range(FEWEST, len(ordered) - FEWEST + 1):
            low, high = ordered[:k], ordered[k:]
            within = (k * low.var() + len(high) * high.var()) / max(len(ordered) * ordered.var(), 1e-30)
            if within < best:
                best, chosen = within, column > (low[-1] + high[0]) / 2
    return chosen


def _clear(state: _State, a: int, b: int, times: float = CLEAR) -> bool:
    """Whether two parts' lenses lie apart, by what the photos say one by one."""
    one, two = _places(state, state.part(a)), _places(state, state.part(b))
    apart = np.abs(np.median(one, 0) - np.median(two, 0))
    scatter = np.sqrt((_spread(one) ** 2 + _spread(two) ** 2) / 2)
    return bool(((apart > times * scatter) & (apart > APART)).any())


def _spread(places: F64) -> F64:
    """Robust: 1.48 of the median distance from the median, as a bell's standard deviation."""
    return np.asarray(1.48 * np.median(np.abs(places - np.median(places, 0)), 0))
