"""A plan in numbers for programs and in sentences for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from pipelines.fronts import PLACES
from sculpt3d.planning.plan import Plan
from sculpt3d.planning.suggest import Station
from sculpt3d.planning.weak import UNSURE, Weak, good_sigma
from sculpt3d.relief import extent


def plan_facts(plan: Plan) -> dict[str, Any]:
    """What plan.json holds. Lengths in mm where there is a scale, else as multiples of a photo's pixel on the object (gsd)."""
    found, surface = plan.found, plan.surface
    pixel = float(np.nanmedian(found.pixel)) if np.isfinite(found.pixel).any() else float("nan")
    unit = 0.001 if surface.metric else pixel
    area, lost = surface.area, ~np.isfinite(found.sigma)
    good = good_sigma(found)
    unsure = ~lost & (found.sigma > UNSURE * good)
    sigma = found.sigma[~lost] / unit
    return {
        "photos": len(plan.scene.views),
        "tie_points": len(surface.tie),
        "noise_px": _r(plan.noise_px),
        "relief": surface.relief,
        "metric": surface.metric,
        "unit": "mm" if surface.metric else "gsd",
        "gsd_mm": _r(1000 * pixel) if surface.metric else None,
        "sigma": {
            name: _r(float(np.quantile(sigma, q))) if len(sigma) else None
            for name, q in (("median", 0.5), ("worst_tenth", 0.9))
        },
        "views_median": float(np.median(found.views)),
        "angle_median_deg": _r(float(np.median(found.angle_deg[~lost]))) if len(sigma) else None,
        "hole_share": _r(float(area[lost].sum() / area.sum())),
        "weak_share": _r(float(area[unsure].sum() / area.sum())),
        "weak": [_weak(plan, w, unit) for w in plan.weak],
        "stations": [_station(plan, s, k + 1, unit) for k, s in enumerate(plan.stations)],
    }


def _weak(plan: Plan, weak: Weak, unit: float) -> dict[str, Any]:
    return {
        "kind": "hole" if weak.hole else "weak",
        "where": where(plan, weak),
        "share": _r(weak.share),
        "sigma": None if weak.hole else _r(weak.sigma / unit),
        "views": _r(weak.views),
        "angle_deg": _r(weak.angle_deg),
        "centre": [_r(float(v)) for v in weak.centre],
        "normal": [_r(float(v)) for v in weak.normal],
    }


def _station(plan: Plan, station: Station, number: int, unit: float) -> dict[str, Any]:
    back = plan.surface.world_from_source.inverse()
    return {
        "number": number,
        "azimuth_deg": _r(station.azimuth_deg),
        "height_deg": _r(station.height_deg),
        "distance": _r(station.distance / unit) if plan.surface.metric else _r(station.distance),
        "distance_of_others": _r(_others(plan, station) / unit)
        if plan.surface.metric
        else _r(_others(plan, station)),
        "between": list(station.between),
        "nearest": _nearest(plan, station),
        "at": _place(plan, station.target) if plan.surface.relief else "",
        "gain": _r(station.gain),
        "eye": [_r(float(v)) for v in station.eye],
        "target": [_r(float(v)) for v in station.target],
        "eye_in_model": [_r(float(v)) for v in back.apply(station.eye)],
        "target_in_model": [_r(float(v)) for v in back.apply(station.target)],
    }


def _nearest(plan: Plan, station: Station) -> str:
    away = [float(np.linalg.norm(v.cam_from_world.source_origin - station.eye)) for v in plan.scene.views]
    return plan.scene.views[int(np.argmin(away))].name


def _others(plan: Plan, station: Station) -> float:
    eyes = np.array([v.cam_from_world.source_origin for v in plan.scene.views])
    near = np.argsort(np.linalg.norm(eyes - station.eye, axis=1))[:3]
    return float(np.median(np.linalg.norm(eyes[near] - station.target, axis=1)))


def where(plan: Plan, weak: Weak) -> str:
    """In words: which way it faces and how high, or where on a relief."""
    if plan.surface.relief:
        return f"at the {_place(plan, weak.centre)}"
    low, high = np.quantile(plan.surface.centre, [0.0, 1.0], 0)
    share = np.clip((weak.centre - low) / np.maximum(high - low, 1e-300), 0, 1)
    up = float(weak.normal[1])
    facing = "upwards" if up > 0.7 else "downwards" if up < -0.7 else f"{azimuth(weak.normal):.0f}°"
    return f"facing {facing}, at {share[1]:.0%} of the height"


def _place(plan: Plan, spot: Any) -> str:
    """Which ninth of a relief."""
    low, high = extent(plan.surface.tie)
    share = np.clip((np.asarray(spot) - low) / np.maximum(high - low, 1e-300), 0, 1)
    x, y = np.minimum((share[:2] * 3).astype(int), 2)
    return PLACES[y][x]


def azimuth(direction: Any) -> float:
    """Whole degrees from +Z to +X, 0..359."""
    return float(round(float(np.degrees(np.arctan2(direction[0], direction[2])))) % 360)


def lines(facts: Mapping[str, Any]) -> list[str]:
    """What is foreseen, a sentence each."""
    s, unit = facts["sigma"], "mm" if facts["metric"] else "pixels on the object"
    found = [
        f"{facts['photos']} photos, tie points to {facts['noise_px']:.2f} pixels; half of the surface is seen by "
        f"{facts['views_median']:.0f} photos or more."
    ]
    if s["median"] is not None:
        found.append(
            f"Expected sigma of the surface: {_length(s['median'])} {unit} in the median, "
            f"{_length(s['worst_tenth'])} in the worst tenth."
        )
    if facts["relief"]:
        found.append("It has a front only, like a relief or a wall; nothing behind it is missed.")
    if facts["hole_share"] + facts["weak_share"] < 0.005:
        found.append("No hole and no weak part is foreseen.")
    else:
        found.append(
            f"{facts['hole_share']:.1%} of the surface will stay open or filled in, {facts['weak_share']:.1%} will be unsure "
            f"(sigma beyond {UNSURE:g} times the median)."
        )
    return found


def weak_line(weak: Mapping[str, Any], unit: str) -> str:
    if weak["kind"] == "hole":
        return f"{weak['share']:.1%} {weak['where']}: no two photos show it from angles that match; {weak['views']:.0f} see it."
    return (
        f"{weak['share']:.1%} {weak['where']}: sigma {_length(weak['sigma'])} {'mm' if unit == 'mm' else 'pixels'}, "
        f"{weak['views']:.0f} photos, up to {weak['angle_deg']:.0f}° between them."
    )


def station_line(station: Mapping[str, Any], relief: bool, metric: bool) -> str:
    """Where to stand, by what a photographer sees: photos taken already, degrees, the distance of others."""
    height = station["height_deg"]
    level = f"{abs(height):.0f}° {'above' if height >= 0 else 'below'} level"
    far = station["distance"] / station["distance_of_others"]
    distance = (
        "as far away as the photos there"
        if 0.85 < far < 1.18
        else f"{far:.1f} times as far away as the photos there"
    )
    if metric:
        distance = f"{station['distance'] / 1000:.2f} m away"
    if relief:
        side = (station["azimuth_deg"] + 180) % 360 - 180
        aside = (
            "straight on" if abs(side) < 4 else f"{abs(side):.0f}° from the {'right' if side > 0 else 'left'}"
        )
        return f"at the {station['at']}: {aside}, {level}, {distance}"
    left, right = station["between"]
    beside = (
        f"between {left} and {right}"
        if left and right and left != right
        else f"nearest to {station['nearest']}"
    )
    return f"from {station['azimuth_deg']:.0f}°, {beside}, {level}, {distance}"


def _length(value: float) -> str:
    return f"{value:.2g}" if value < 10 else f"{value:.0f}"


def _r(value: float) -> float:
    return float(f"{value:.5g}")
