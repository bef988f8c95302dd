"""Cameras of photos, tie points and markers as one network with bars and control: metres, and how sure they are.

The network is brought to metres by its bars first, so that it starts near; then all is adjusted together: tie points and
markers with the noise that their residuals show, bars and control with their sigmas.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sculpt3d.errors import InputError
from sculpt3d.geometry import F64, Sim3, umeyama
from sculpt3d.metric.adjust import Adjusted, adjust, without_far
from sculpt3d.metric.network import Bars, Control, Network
from sculpt3d.metric.reconstruction import network_of, network_with
from sculpt3d.metric.tables import Bar, KnownPoint
from sculpt3d.metric.targets import Sighting
from sculpt3d.types import Bool

# Of 13,000 tie points 3,000 give lengths of 600 mm to .03 mm for a third of the seconds, but cameras .18 mm off for .11.
MOST_TIES, FOR_SCALE = 50_000, 3000
LEAST_NOISE_PX = 0.02
GROSS = 6.0  # sigmas: observations farther off are left out
AGREE = 5.0  # sigmas: known lengths that contradict each other by more are an error
_FACTORS = {
    1000.0: "metres for millimetres",
    25.4: "inches for millimetres",
    10.0: "centimetres for millimetres",
}


@dataclass(frozen=True)
class Told:
    """A known length, or one coordinate of a known point, and what the adjusted network makes of it, mm.

    sigma_mm: of the difference, as the network and the known value's own sigma say.
    """

    name: str
    use: str
    known_mm: float
    found_mm: float
    sigma_mm: float


@dataclass(frozen=True)
class Survey:
    """The adjusted network in metres. scale_sigma: relative, of all lengths together. noise_px: of tie points and of markers.
    photos: how many show each marker."""

    adjusted: Adjusted
    scale_sigma: float
    noise_px: tuple[float, float]
    told: tuple[Told, ...]
    photos: Mapping[str, int]


def survey(
    model: Any, seen: Mapping[str, Sequence[Sighting]], bars: Sequence[Bar], known: Sequence[KnownPoint] = (),
    ties: int = MOST_TIES,
) -> Survey:  # fmt: skip
    """`model`: a `pycolmap.Reconstruction`; `seen`: markers by photo name; ties: tie points in the bundle at most.

    Raises `InputError` where what is known contradicts.
    """
    names = list(dict.fromkeys([n for b in bars for n in (b.first, b.second)] + [k.marker for k in known]))
    full = resolve(names, seen)
    wanted = sorted(set(full.values()))
    shots = [
        (photo, s) for photo in sorted(seen) for s in seen[photo] if f"{s.family}:{s.number}" in set(wanted)
    ]
    plain = network_of(model, ties)
    both, counts = network_with(
        plain, model, [(p, f"{s.family}:{s.number}", s.centre) for p, s in shots], wanted
    )
    first_marker = len(plain.points)
    at = {name: first_marker + wanted.index(full[name]) for name in names}
    watched = np.arange(first_marker, len(both.points))
    scaled = replace(_metric(both, at, bars, known), watched=watched)
    marker = scaled.point >= first_marker
    pinned = replace(scaled, bars=_bars(at, bars), control=_control(at, known))
    noisy = _with_noise(pinned, marker)
    found = adjust(noisy, robust_px=3 * float(np.median(noisy.sigma_px)))
    clean = without_far(noisy, found, GROSS)
    found = _own_noise(_with_noise(clean, clean.point >= first_marker))
    told = _told(found, at, bars, known)
    if found.scale_sigma is None:
        raise InputError("Nothing known gives the scale; give a bar, or three control points")
    marker = found.network.point >= first_marker
    noise = tuple(float(np.median(found.network.sigma_px[m])) for m in (~marker, marker))
    return Survey(found, found.scale_sigma, (noise[0], noise[1]), told, counts)


def _own_noise(network: Network) -> Adjusted:
    """Adjusted with the photos' noise as large as its own residuals say, so that bars keep the sigmas they were given."""
    for _ in range(3):
        found = adjust(network)
        if abs(found.sigma0 - 1) < 0.03:
            break
        network = replace(found.network, sigma_px=network.sigma_px * found.sigma0)
    return found


def resolve(names: Sequence[str], seen: Mapping[str, Sequence[Sighting]]) -> dict[str, str]:
    """Full names family:number of markers as people write them. Raises `InputError` where one is not seen or not clear."""
    known = sorted({f"{s.family}:{s.number}" for shots in seen.values() for s in shots})
    found = {}
    for name in names:
        fits = [k for k in known if name in (k, k.split(":")[1])]
        if not fits:
            raise InputError(
                f"Marker {name} is in no photo; the photos show {', '.join(known[:12]) or 'no marker'}"
            )
        if len(fits) > 1:
            raise InputError(f"Marker {name} is in several families: write one of {', '.join(fits)}")
        found[name] = fits[0]
    return found


def _metric(
    network: Network, at: Mapping[str, int], bars: Sequence[Bar], known: Sequence[KnownPoint]
) -> Network:
    """Roughly in metres, and in the control's frame where there is control."""
    control = [k for k in known if k.use == "control"]
    if control:
        mine = network.points[[at[k.marker] for k in control]]
        return _moved(network, umeyama(mine, np.array([k.xyz_mm for k in control]) / 1000))
    held = [b for b in bars if b.use == "control"]
    found = np.array(
        [np.linalg.norm(network.points[at[b.first]] - network.points[at[b.second]]) for b in held]
    )
    ratio = np.array([b.length_mm for b in held]) / 1000 / found
    _one_unit(held, ratio)
    return _moved(network, Sim3(float(np.median(ratio)), np.eye(3), np.zeros(3)))


def _one_unit(bars: Sequence[Bar], ratio: F64) -> None:
    """Raises `InputError` where bars give scales that differ by the factor of two units."""
    middle = float(np.median(ratio))
    for bar, r in zip(bars, ratio, strict=True):
        for factor, what in _FACTORS.items():
            if any(abs(r / middle / f - 1) < 0.05 for f in (factor, 1 / factor)):
                raise InputError(
                    f"Bar {bar.name} differs from the others by a factor of {factor:g} ({what}?); correct its length"
                )


def _moved(network: Network, move: Sim3) -> Network:
    rotation = network.rotation @ move.rotation.T
    eye = move.apply(-np.einsum("nji,nj->ni", network.rotation, network.translation))
    return replace(
        network,
        rotation=rotation,
        translation=-np.einsum("nij,nj->ni", rotation, eye),
        points=move.apply(network.points),
    )


def _bars(at: Mapping[str, int], bars: Sequence[Bar]) -> Bars:
    held = [b for b in bars if b.use == "control"]
    ends = np.array([[at[b.first], at[b.second]] for b in held], np.int64).reshape(-1, 2)
    values = np.array([[b.length_mm, b.sigma_mm] for b in held]).reshape(-1, 2) / 1000
    return Bars(ends[:, 0], ends[:, 1], values[:, 0], values[:, 1])


def _control(at: Mapping[str, int], known: Sequence[KnownPoint]) -> Control:
    held = [k for k in known if k.use == "control"]
    places = np.array([at[k.marker] for k in held], np.int64)
    xyz, sigma = (
        np.array([getattr(k, n) for k in held]).reshape(-1, 3) / 1000 for n in ("xyz_mm", "sigma_mm")
    )
    return Control(places, xyz, sigma)


def _with_noise(network: Network, marker: Bool) -> Network:
    ties, markers = _noise(network, marker)
    return replace(network, sigma_px=np.where(marker, markers, ties))


def _noise(network: Network, marker: Bool) -> tuple[float, float]:
    """1-sigma of a coordinate of tie points and of markers, from the residuals' median."""
    off = network.xy - network.project()[0]
    found = [
        1.4826 * float(np.median(np.abs(off[m]))) if m.any() else LEAST_NOISE_PX for m in (~marker, marker)
    ]
    return max(found[0], LEAST_NOISE_PX), max(found[1], LEAST_NOISE_PX)


def _told(
    found: Adjusted, at: Mapping[str, int], bars: Sequence[Bar], known: Sequence[KnownPoint]
) -> tuple[Told, ...]:
    points, told = found.network.points, []
    for bar in bars:
        a, b = at[bar.first], at[bar.second]
        mine = found.distance_sigma(a, b) * 1000
        sigma = float(np.hypot(mine, bar.sigma_mm)) if bar.use == "check" else bar.sigma_mm
        length = float(np.linalg.norm(points[a] - points[b])) * 1000
        told.append(Told(f"{bar.first}-{bar.second}", bar.use, bar.length_mm, length, sigma))
        if abs(length - bar.length_mm) > AGREE * max(sigma, mine):
            _contradiction(told[-1])
    for point in known:
        spread = found.point_sigma[at[point.marker]] * 1000
        for axis, name in enumerate("xyz"):
            sigma = float(np.hypot(spread[axis], point.sigma_mm[axis]))
            place = float(points[at[point.marker], axis]) * 1000
            told.append(Told(f"{point.marker} {name}", point.use, point.xyz_mm[axis], place, sigma))
            if point.use == "control" and abs(place - point.xyz_mm[axis]) > AGREE * sigma:
                _contradiction(told[-1])
    return tuple(told)


def _contradiction(told: Told) -> None:
    if told.use == "control":
        times = abs(told.found_mm - told.known_mm) / told.sigma_mm
        raise InputError(
            f"{told.name} is given as {told.known_mm:.3f} mm, but the photos and what else is known make it "
            f"{told.found_mm:.3f} mm ({times:.0f} times its sigma); measure it again, or set its use to check"
        )
