"""Cameras of photos, tie points and markers as one network with bars and control: metres, and how sure they are.

The network is brought to metres by its bars first, so that it starts near; then all is adjusted together: tie points and
markers with the noise that their residuals show, bars and control with their sigmas.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sculpt3d.errors import InputError, SculptError
from sculpt3d.geometry import F64, Sim3, far_centre, umeyama
from sculpt3d.metric.adjust import Adjusted, adjust
from sculpt3d.metric.network import Bars, Control, Ints, Network
from sculpt3d.metric.outliers import compact, without_far, without_narrow
from sculpt3d.metric.reconstruction import network_of, network_with
from sculpt3d.metric.tables import Bar, Click, Known, KnownPoint
from sculpt3d.metric.targets import Sighting
from sculpt3d.metric.told import Told, one_unit, tell

# Of 13,000 tie points 3,000 give lengths of 600 mm to .03 mm for a third of the seconds, but cameras .18 mm off for .11.
MOST_TIES, FOR_SCALE = 50_000, 3000
LEAST_NOISE_PX = 0.02
CLICK_PX = 1.0  # of a point that a person points at; few of them cannot tell by themselves
LEAST_ANGLE_DEG = 1.0  # that a tie point's rays open by
GROSS = 6.0  # sigmas: observations farther off are left out


@dataclass(frozen=True)
class Survey:
    """The network in metres about `origin` (3,), which is zero unless control lies far off.

    in_bundle: adjusted together with what is known; else, where that did not hold together, only brought to its size.
    scale_sigma: relative, of all lengths together. noise_px: of tie points, markers and clicked points. photos: how many show
    each marker or point. redundancy: observations more than unknowns.
    """

    network: Network
    origin: F64
    in_bundle: bool
    scale_sigma: float
    noise_px: tuple[float, float, float]
    told: tuple[Told, ...]
    photos: Mapping[str, int]
    redundancy: int


def survey(model: Any, seen: Mapping[str, Sequence[Sighting]], known: Known, ties: int = MOST_TIES) -> Survey:
    """`model`: a `pycolmap.Reconstruction`; `seen`: markers by photo name; ties: tie points in the bundle at most.

    Raises `InputError` where what is known contradicts.
    """
    shots, full = _shots(model, seen, known)
    wanted = sorted(set(full.values()))
    clicked = {c.name for c in known.clicks}
    both, counts = network_with(network_of(model, ties), model, shots, wanted, clicked)
    known, origin = _about_origin(known)
    markers = _Markers(wanted, full, clicked)
    first = len(both.points) - len(wanted)
    at = markers.at(both)
    scaled = replace(_metric(both, at, known), watched=np.arange(first, len(both.points)))
    pinned = replace(scaled, bars=_bars(at, known.bars), control=_control(at, known.points))
    wide = _clean(pinned, len(wanted))
    noisy = _with_noise(wide, markers.kind(wide))
    try:
        found = adjust(noisy, robust_px=3 * float(np.median(noisy.sigma_px)))
        clean = _clean(without_far(noisy, found, GROSS), len(wanted))
        found = _own_noise(_with_noise(clean, markers.kind(clean)))
    except (SculptError, np.linalg.LinAlgError):
        return _only_rescaled(noisy, origin, markers.at(noisy), known, counts, markers.kind(noisy))
    if found.scale_sigma is None:
        raise InputError("Nothing known gives the scale; give a bar, or three control points")
    told = tell(found, markers.at(found.network), known, origin)
    noise = _medians(found.network.sigma_px, markers.kind(found.network))
    return Survey(found.network, origin, True, found.scale_sigma, noise, told, counts, found.redundancy)


@dataclass(frozen=True)
class _Markers:
    """Markers and clicked points are a network's last points, in the order of `wanted`; `full`: their names by given ones."""

    wanted: Sequence[str]
    full: Mapping[str, str]
    clicked: Set[str]

    def at(self, network: Network) -> dict[str, int]:
        """Which point, by the names people gave."""
        first = len(network.points) - len(self.wanted)
        return {name: first + self.wanted.index(full) for name, full in self.full.items()}

    def kind(self, network: Network) -> Ints:
        """Of each observation: 0 a tie point, 1 a marker, 2 a clicked point."""
        first = len(network.points) - len(self.wanted)
        pointed = [first + k for k, name in enumerate(self.wanted) if name in self.clicked]
        return (network.point >= first).astype(np.int64) + np.isin(network.point, pointed)


def _clean(network: Network, markers: int) -> Network:
    """Without what tells nothing of depth, and without points that nobody sees."""
    held = np.arange(len(network.points)) >= len(network.points) - markers
    return compact(without_narrow(network, LEAST_ANGLE_DEG, held), markers)


def _shots(
    model: Any, seen: Mapping[str, Sequence[Sighting]], known: Known
) -> tuple[list[tuple[str, str, F64]], dict[str, str]]:
    """Photo, full name and pixel of what is known, as markers show it or people clicked it; and full names by given ones."""
    clicked = {c.name for c in known.clicks}
    full = resolve([n for n in known.names() if n not in clicked], seen) | {
        n: n for n in known.names() if n in clicked
    }
    wanted = set(full.values())
    shots = [
        (photo, f"{s.family}:{s.number}", s.centre)
        for photo in sorted(seen)
        for s in seen[photo]
        if f"{s.family}:{s.number}" in wanted
    ]
    return shots + [
        (photo_named(model, c), c.name, np.array(c.xy)) for c in known.clicks if c.name in wanted
    ], full


def photo_named(model: Any, click: Click) -> str:
    """The photo's name in the model, by its whole name or the file's alone; one that was not placed helps nothing."""
    names = [str(model.images[i].name) for i in sorted(model.reg_image_ids())]
    fits = [n for n in names if n == click.photo] or [n for n in names if n.rsplit("/", 1)[-1] == click.photo]
    if len(fits) != 1:
        what = (
            "is none of the photos that could be placed" if not fits else f"is the name of {len(fits)} photos"
        )
        raise InputError(
            f"{click.photo}, in which {click.name} was clicked, {what}; write its name as in {names[0]}"
        )
    return fits[0]


def _about_origin(known: Known) -> tuple[Known, F64]:
    """Control about a round place near its middle, metres, where it lies far off for its size."""
    if not known.points:
        return known, np.zeros(3)
    xyz = np.array([p.xyz_mm for p in known.points]) / 1000
    origin = far_centre(xyz.min(0), xyz.max(0))
    x, y, z = (1000 * origin).tolist()
    points = [replace(p, xyz_mm=(p.xyz_mm[0] - x, p.xyz_mm[1] - y, p.xyz_mm[2] - z)) for p in known.points]
    return replace(known, points=tuple(points)), origin


def _only_rescaled(
    network: Network, origin: F64, at: Mapping[str, int], known: Known, photos: Mapping[str, int], kind: Ints
) -> Survey:
    """Brought to its size by what is known alone: what is left when the bundle does not hold together with it.

    The scale is as unsure as the worst of what it rests on: how far that is off, what was stated of it, and the markers' noise.
    """
    noise_mm, points, unsure = _marker_mm(network, kind), 1000 * network.points, 0.0
    rows: list[tuple[str, str, float, float, float, float]] = []  # the last: the length that an error counts against
    for bar in known.bars:
        found = float(np.linalg.norm(points[at[bar.first]] - points[at[bar.second]]))
        rows.append((bar.name, bar.use, bar.length_mm, found, bar.sigma_mm, bar.length_mm))
    extent = float(np.ptp([p.xyz_mm for p in known.points], axis=0).max()) if known.points else 1.0
    for point in known.points:
        for axis, name in enumerate("xyz"):
            found, off = float(points[at[point.marker], axis]), 1000 * float(origin[axis])
            sigma = point.sigma_mm[axis]
            rows.append((f"{point.marker} {name}", point.use, point.xyz_mm[axis] + off, found + off, sigma, extent))
    for _, use, length, found, sigma, against in rows:
        if use == "control":
            unsure = max(unsure, float(np.sqrt((found - length) ** 2 + sigma**2 + 2 * noise_mm**2)) / against)
    told = tuple(
        Told(name, use, length, found, float(np.hypot(sigma, unsure * against)))
        for name, use, length, found, sigma, against in rows
    )
    return Survey(network, origin, False, unsure, _medians(network.sigma_px, kind), told, photos, 0)


def _marker_mm(network: Network, kind: Ints) -> float:
    """What the noise of a marker's pixel is on it."""
    seen = kind > 0
    depth = network.in_cam()[seen, 2]
    focal = np.array([lens.params[0] for lens in network.lenses])[network.lens[network.photo[seen]]]
    return 1000 * float(np.median(network.sigma_px[seen] * depth / focal)) if seen.any() else 0.0


def _medians(sigma_px: F64, kind: Ints) -> tuple[float, float, float]:
    ties, markers, clicks = (
        float(np.median(sigma_px[kind == k])) if (kind == k).any() else 0.0 for k in range(3)
    )
    return ties, markers, clicks


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


def _metric(network: Network, at: Mapping[str, int], known: Known) -> Network:
    """Roughly in metres, and in the control's frame where there is control."""
    control = [k for k in known.points if k.use == "control"]
    if control:
        mine = network.points[[at[k.marker] for k in control]]
        return _moved(network, umeyama(mine, np.array([k.xyz_mm for k in control]) / 1000))
    held = [b for b in known.bars if b.use == "control"]
    found = np.array(
        [np.linalg.norm(network.points[at[b.first]] - network.points[at[b.second]]) for b in held]
    )
    ratio = np.array([b.length_mm for b in held]) / 1000 / found
    one_unit(held, ratio)
    return _moved(network, Sim3(float(np.median(ratio)), np.eye(3), np.zeros(3)))


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


def _with_noise(network: Network, kind: Ints) -> Network:
    """1-sigma of a coordinate of tie points (0), markers (1) and clicked points (2), from the residuals' median."""
    off = np.abs(network.xy - network.project()[0])
    sigma = np.empty(len(network.xy))
    for k, least in enumerate((LEAST_NOISE_PX, LEAST_NOISE_PX, CLICK_PX)):
        if (kind == k).any():
            sigma[kind == k] = max(1.4826 * float(np.median(off[kind == k])), least)
    return replace(network, sigma_px=sigma)
