"""Where more photos would help most: stations like those that were used, turned around the object or moved along the wall."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from sculpt3d.geometry import F64, Rigid3
from sculpt3d.planning.coarse import Coarse
from sculpt3d.planning.predict import Matching
from sculpt3d.planning.visibility import Seen, Sight
from sculpt3d.types import Bool, View

MOST = 6  # suggestions
PATCHES = 600  # that are looked at while places are weighed
LIKE = 6  # cameras that stand for all, in height, distance and aim
STEP_DEG = 10.0  # around the object
OVER_DEG = 25.0  # above the highest ring
ASIDE_DEG = (-35.0, -18.0, 0.0, 18.0, 35.0)  # to the sides of a relief
LEAST_GAIN = 0.008  # of the mean log sigma: less is not worth a photo
NEAR = 0.15  # of their distance to the object: one place
FRESH_DEG = 40.0
WORST = 12.0  # times the good patches' sigma: what has none counts as this
HEIGHT_LIKE = 12.0  # degrees: cameras of one ring


@dataclass(frozen=True)
class Station:
    """One place to shoot from, in the surface's frame: eye, target (3,); azimuth (0 = +Z, 90 = +X) and height above the horizon
    in degrees, as seen from the object; between: names of its nearest photos to the left and right in its ring, "" where there
    is none; gain: of the mean log sigma; helps (P,): how much each patch gains."""

    view: View
    eye: F64
    target: F64
    azimuth_deg: float
    height_deg: float
    distance: float
    between: tuple[str, str]
    gain: float
    helps: F64


def suggest(surface: Coarse, sight: Sight, views: Sequence[View], match: Matching) -> list[Station]:
    """Best first. views, in the surface's frame, are those of `match`."""
    places = _along(surface, views) if surface.relief else _around(surface, views)
    if not places:
        return []
    goal = _Goal.of(surface, match)
    options = sight.of(places)
    some = options.of_patches(goal.patches)
    apart = _apart(places, _middle(surface))
    goal = replace(goal, fresh=_fresh(places, views, _middle(surface)))
    chosen: list[int] = []
    gains: list[float] = []
    now = goal.match
    while len(chosen) < MOST:
        best, gain = goal.best(now, some, _free(apart, chosen))
        if gain < LEAST_GAIN or (gains and gain < 0.15 * gains[0]):
            break
        chosen.append(best)
        gains.append(gain)
        now = now.with_view(some, best)
    chosen = _spread(goal, some, chosen, apart)
    found, now, before = [], match, _loss(match, goal.good)
    for k in chosen:
        now = now.with_view(options, k)
        after = _loss(now, goal.good)
        helps = before - after
        gain = float(helps @ surface.area / surface.area.sum())
        found.append(_station(surface, views, places[k], gain, helps))
        before = after
    return found


@dataclass(frozen=True)
class _Goal:
    """The patches that are not good yet (some of them, where they are many), as matched now, and what each counts for."""

    patches: NDArray[np.int64]
    match: Matching
    weight: F64
    good: float
    fresh: F64  # (K,) factor on each place's gain: beside another photo little is new

    @staticmethod
    def of(surface: Coarse, match: Matching) -> _Goal:
        good = _good(match)
        lacking = np.flatnonzero(_loss(match, good) > 0.02)
        some = np.sort(np.random.default_rng(0).permutation(lacking)[:PATCHES])
        weight = (
            surface.area[some]
            / surface.area.sum()
            * (surface.area[lacking].sum() / max(surface.area[some].sum(), 1e-300))
        )
        return _Goal(some, match.of_patches(some), weight, good, np.ones(0))

    def loss(self, match: Matching) -> float:
        return float(_loss(match, self.good) @ self.weight)

    def best(self, now: Matching, options: Seen, free: Bool) -> tuple[int, float]:
        """The free option that helps most, and how much."""
        before = self.loss(now)
        gain = [before - self.loss(now.with_view(options, k)) if f else -np.inf for k, f in enumerate(free)]
        k = int(np.argmax(np.array(gain) * self.fresh))
        return k, gain[k]


def _spread(goal: _Goal, options: Seen, chosen: list[int], apart: F64) -> list[int]:
    """Each once more where it helps most beside the others (the first went where it helped most alone), then best first."""
    chosen = list(chosen)
    for j in range(len(chosen)):
        others, now = chosen[:j] + chosen[j + 1 :], goal.match
        for k in others:
            now = now.with_view(options, k)
        chosen[j] = goal.best(now, options, _free(apart, others))[0]
    order: list[int] = []
    now = goal.match
    while chosen:
        # Not by how much each would be missed: of several in one gap none would be.
        left = [(goal.loss(now) - goal.loss(now.with_view(options, k))) * goal.fresh[k] for k in chosen]
        order.append(chosen.pop(int(np.argmax(left))))
        now = now.with_view(options, order[-1])
    return order


def _fresh(places: Sequence[View], views: Sequence[View], middle: F64) -> F64:
    """1 where no photo was taken within FRESH_DEG, half of it beside one."""
    here, there = (
        np.array([v.cam_from_world.source_origin for v in some]) - middle for some in (places, views)
    )
    cosine = (here / np.linalg.norm(here, axis=1)[:, None]) @ (
        there / np.linalg.norm(there, axis=1)[:, None]
    ).T
    nearest = np.degrees(np.arccos(np.clip(cosine.max(1), -1, 1)))
    return np.asarray(0.5 + 0.5 * np.minimum(nearest / FRESH_DEG, 1.0), np.float64)


def _apart(places: Sequence[View], middle: F64) -> F64:
    """(K, K) between the places, as a share of their distance to the object."""
    eyes = np.array([v.cam_from_world.source_origin for v in places])
    far = np.linalg.norm(eyes - middle, axis=1)
    return np.asarray(
        np.linalg.norm(eyes[:, None] - eyes, axis=2) / np.minimum(far[:, None], far), np.float64
    )


def _free(apart: F64, chosen: Sequence[int]) -> Bool:
    return np.asarray((apart[:, list(chosen)] > NEAR).all(1))


def _good(match: Matching) -> float:
    """The sigma that the better half of what is seen has: beyond it nothing more is asked for."""
    sigma = match.sigma()
    finite = sigma[np.isfinite(sigma)]
    return float(np.quantile(finite, 0.5)) if len(finite) else 1.0


def _loss(match: Matching, good: float) -> F64:
    """(P,) how far each patch is from good: the log of its sigma's excess, and a little for photos too few to agree."""
    excess = np.log(np.clip(match.sigma() / good, 1.0, WORST))
    return np.asarray(excess + 0.25 * np.clip(4 - match.matched(), 0, 4), np.float64)


def _around(surface: Coarse, views: Sequence[View]) -> list[View]:
    """Cameras turned about the upright axis through the object's middle; the highest ring's also lifted."""
    middle = _middle(surface)
    eyes = np.array([v.cam_from_world.source_origin for v in views])
    models = _like(views, middle)
    heights = np.array([_direction(e - middle)[1] for e in eyes])
    top = int(heights.argmax())
    places = []
    for angle in np.arange(0, 360, STEP_DEG):
        turn = Rotation.from_euler("y", angle, degrees=True)
        places += [_turned(v, turn, middle) for v in models]
        if heights[top] + OVER_DEG < 80:
            eye = eyes[top] - middle
            level = np.cross([0.0, 1, 0], eye)
            lift = Rotation.from_rotvec(
                -np.radians(OVER_DEG) * level / max(float(np.linalg.norm(level)), 1e-300)
            )
            places.append(_turned(views[top], turn * lift, middle))
    floor = min(0.02 * surface.size, float(eyes[:, 1].min()))
    return [p for p in places if p.cam_from_world.source_origin[1] >= floor]


def _along(surface: Coarse, views: Sequence[View]) -> list[View]:
    """Cameras moved along the wall and turned about what they then look at."""
    low, high = np.quantile(surface.centre, [0.05, 0.95], 0)
    models, places = _like(views, _middle(surface))[:3], []
    for view in models:
        pose = view.cam_from_world
        aim = _aim(view, surface)
        straight = _turned(view, _to_front(pose.source_origin - aim), aim)
        for x in np.linspace(low[0], high[0], 7):
            for y in np.linspace(low[1], high[1], 3):
                there = _shifted(straight, np.array([x, y, aim[2]]) - aim)
                for side in ASIDE_DEG:
                    turn = Rotation.from_euler("y", side, degrees=True)
                    places.append(_turned(there, turn, np.array([x, y, aim[2]])))
    return places


def _like(views: Sequence[View], middle: F64) -> list[View]:
    """A few cameras that differ most in height, distance and where they look."""
    eyes = np.array([v.cam_from_world.source_origin for v in views]) - middle
    far = np.linalg.norm(eyes, axis=1)
    axis = np.array([v.cam_from_world.rotation[2] for v in views])
    kind = np.stack([eyes[:, 1] / far * 3, np.log(far) * 2, axis[:, 1] * 3], 1)
    chosen = [int(np.linalg.norm(kind - np.median(kind, 0), axis=1).argmin())]
    off = np.linalg.norm(kind - kind[chosen[0]], axis=1)
    while len(chosen) < LIKE and off.max() > 0.25:
        chosen.append(int(off.argmax()))
        off = np.minimum(off, np.linalg.norm(kind - kind[chosen[-1]], axis=1))
    return [views[k] for k in chosen]


def _turned(view: View, turn: Rotation, about: F64) -> View:
    """The camera carried along by a turn of space about a point."""
    pose, r = view.cam_from_world, turn.as_matrix()
    eye = about + r @ (pose.source_origin - about)
    rotation = pose.rotation @ r.T
    return replace(view, cam_from_world=Rigid3(rotation, -rotation @ eye))


def _shifted(view: View, by: F64) -> View:
    pose = view.cam_from_world
    return replace(view, cam_from_world=Rigid3(pose.rotation, -pose.rotation @ (pose.source_origin + by)))


def _to_front(towards: F64) -> Rotation:
    """About the upright axis, so that what stood aside stands straight before +Z."""
    return Rotation.from_euler("y", -np.degrees(np.arctan2(towards[0], towards[2])), degrees=True)


def _aim(view: View, surface: Coarse) -> F64:
    """Where the camera's axis meets the wall."""
    pose, wall = view.cam_from_world, float(np.median(surface.centre[:, 2]))
    axis, eye = pose.rotation[2], pose.source_origin
    reach = (wall - eye[2]) / min(float(axis[2]), -0.1)
    return np.asarray(eye + axis * reach, np.float64)


def _middle(surface: Coarse) -> F64:
    low, high = np.quantile(surface.centre, [0.02, 0.98], 0)
    return np.asarray((low + high) / 2, np.float64)


def _direction(away: F64) -> tuple[float, float]:
    """Azimuth and height in degrees."""
    return (
        float(np.degrees(np.arctan2(away[0], away[2])) % 360),
        float(np.degrees(np.arctan2(away[1], np.hypot(away[0], away[2])))),
    )


def _station(surface: Coarse, views: Sequence[View], view: View, gain: float, helps: F64) -> Station:
    eye = view.cam_from_world.source_origin
    target = _aim(view, surface) if surface.relief else _middle(surface)
    azimuth, height = _direction(eye - target)
    between = ("", "") if surface.relief else _between(views, _middle(surface), azimuth, height)
    distance = float(np.linalg.norm(eye - target))
    return Station(view, eye, target, azimuth, height, distance, between, gain, helps)


def _between(views: Sequence[View], middle: F64, azimuth: float, height: float) -> tuple[str, str]:
    """The photos next to it on either side at about its height."""
    away = [_direction(v.cam_from_world.source_origin - middle) for v in views]
    off = [
        ((a - azimuth + 180) % 360 - 180, v.name)
        for (a, h), v in zip(away, views, strict=True)
        if abs(h - height) < HEIGHT_LIKE
    ]
    right = min((o for o in off if o[0] >= 0), default=(0.0, ""))[1]
    left = max((o for o in off if o[0] < 0), default=(0.0, ""))[1]
    return left, right
