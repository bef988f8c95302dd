"""Plane, sphere, circle and cylinder through places on a surface: least squares of distances, with residual and errors.

The errors of the points are those that the fit leaves, or the surface's own where these are larger.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import least_squares

from sculpt3d.desk.lengths import located, unit
from sculpt3d.desk.nearest import finder_of
from sculpt3d.desk.quantity import Measured, Measurement, Quantity, degrees, length
from sculpt3d.desk.regions import vertices_in
from sculpt3d.desk.spread import covariance, spread_of
from sculpt3d.desk.surface import Surface, around
from sculpt3d.errors import InputError
from sculpt3d.geometry import F64

MOST = 50_000  # points that a fit looks at


@dataclass(frozen=True)
class Points:
    """xyz (N, 3) local, unit normals (N, 3) of the surface there, 1-sigma (N,); and what must be said."""

    xyz: F64
    normal: F64
    sigma: F64
    notes: tuple[str, ...] = ()


def points_of(surface: Surface, asked: Measurement, least: int, skip: int = 0) -> Points:
    """The points given after the first `skip`, or the vertices of the region. Raises `InputError` where they are too few."""
    if asked.region is not None:
        index = vertices_in(surface, asked.region)
        index = index[:: max(-(-len(index) // MOST), 1)]
        if len(index) < least:
            raise InputError(
                f"The region holds {len(index)} vertices, and a {asked.kind} needs {least}; paint more of the surface"
            )
        piece = around(surface, index)
        own = piece.vertex(index)
        return Points(
            surface.xyz[index], piece.surface.vertex_normals[own], spread_of(piece.surface).across[own]
        )
    xyz, spread3, notes = located(surface, asked, least + skip)
    places = finder_of(surface).nearest(xyz)
    normal = surface.face_normals[places.face]
    sigma = np.sqrt(np.einsum("ni,nij,nj->n", normal, spread3, normal))
    return Points(xyz[skip:], normal[skip:], sigma[skip:], notes)


@dataclass(frozen=True)
class Plane:
    """normal (3,) unit; centre (3,) local; spread: 1-sigma of a point of it; roots (3, 2): the plane's own axes over their
    spreads, which its errors follow from."""

    normal: F64
    centre: F64
    noise: float
    axes: F64
    reach: F64
    count: int

    def height(self, xyz: F64) -> F64:
        return np.asarray((xyz - self.centre) @ self.normal)

    def sigma_at(self, xyz: F64) -> F64:
        """(N,) 1-sigma of the plane's own height there."""
        t = (xyz - self.centre) @ self.axes.T / self.reach
        return np.asarray(self.noise * np.sqrt((1 + (t**2).sum(1)) / self.count))


def plane_through(points: Points) -> Plane:
    """Raises `InputError` where the points lie on a line."""
    centre = points.xyz.mean(0)
    _, size, axes = np.linalg.svd(points.xyz - centre, full_matrices=False)
    if size[1] < 1e-9 * max(size[0], 1e-300):
        raise InputError("The points lie on a line, and no plane is through them alone; give others")
    normal = axes[2] if axes[2] @ points.normal.sum(0) >= 0 else -axes[2]
    off = (points.xyz - centre) @ normal
    count = len(off)
    noise = max(float(np.sqrt((off**2).sum() / max(count - 3, 1))), float(np.sqrt((points.sigma**2).mean())))
    return Plane(normal, centre, noise, axes[:2], size[:2] / np.sqrt(count), count)


def flatness(surface: Surface, asked: Measurement) -> Measured:
    """From the lowest to the highest place over the plane that fits a region or points best."""
    points = points_of(surface, asked, 4)
    plane = plane_through(points)
    off = plane.height(points.xyz)
    ends = int(off.argmin()), int(off.argmax())
    sigma = float(np.hypot(points.sigma[ends[0]], points.sigma[ends[1]]))
    extra = min(expected_range(points.sigma), float(np.ptp(off)))
    mm, of_scale = surface.mm, surface.scale.sigma
    rms = float(np.sqrt((off**2).mean()))
    more = (
        length("residual (rms)", rms, _of_rms(rms, len(off)), mm, of_scale),
        length("highest", float(off.max()), float(points.sigma[ends[1]]), mm, of_scale),
        length("lowest", float(off.min()), float(points.sigma[ends[0]]), mm, of_scale),
    )
    return Measured(
        asked, length("flatness", float(np.ptp(off)), sigma, mm, of_scale, extra), more, notes=points.notes
    )


def height(surface: Surface, asked: Measurement) -> Measured:
    """The first point over the plane through the region, or through the points after it."""
    at, spread, notes = located(surface, Measurement(asked.kind, asked.points[:1], asked.name), 1)
    points = points_of(surface, asked, 3, 0 if asked.region is not None else 1)
    plane = plane_through(points)
    own = float(plane.normal @ spread[0] @ plane.normal)
    sigma = float(np.sqrt(own + plane.sigma_at(at)[0] ** 2))
    value = length(
        "height over the plane", float(plane.height(at)[0]), sigma, surface.mm, surface.scale.sigma
    )
    return Measured(
        asked, value, (_residual(surface, plane.height(points.xyz), 3),), notes=notes + points.notes
    )


def plane(surface: Surface, asked: Measurement) -> Measured:
    """How far points lie off their best plane; with its lean from the vertical and its direction."""
    points = points_of(surface, asked, 4)
    found = plane_through(points)
    up = unit(asked.up, "up")
    tilt = abs(float(np.arcsin(np.clip(found.normal @ up, -1, 1))))
    residual = _residual(surface, found.height(points.xyz), 3)
    more = (
        degrees("deviation from vertical", tilt, _tilt_sigma(found, up)),
        *(Quantity(f"normal {axis}", float(v), "", 0.0) for axis, v in zip("xyz", found.normal, strict=True)),
    )
    return Measured(asked, residual, more, notes=points.notes)


def plane_lean(surface: Surface, asked: Measurement) -> Measured:
    """How far the plane through a region, or through three points or more, leans from the vertical."""
    points = points_of(surface, asked, 3)
    found = plane_through(points)
    up = unit(asked.up, "up")
    tilt = abs(float(np.arcsin(np.clip(found.normal @ up, -1, 1))))
    return Measured(
        asked, degrees("deviation from vertical", tilt, _tilt_sigma(found, up)), notes=points.notes
    )


def _tilt_sigma(found: Plane, up: F64) -> float:
    """1-sigma in radians: along the plane, in the direction up."""
    t = found.axes @ (up - (up @ found.normal) * found.normal)
    t = t / max(float(np.linalg.norm(t)), 1e-300)
    return float(found.noise * np.linalg.norm(t / found.reach) / np.sqrt(found.count))


def sphere(surface: Surface, asked: Measurement) -> Measured:
    """Diameter of the sphere through a region or through four points or more."""
    points = points_of(surface, asked, 4)
    a = np.c_[2 * points.xyz, np.ones(len(points.xyz))]
    start = np.linalg.lstsq(a, (points.xyz**2).sum(1), rcond=None)[0]
    radius = np.sqrt(max(start[3] + start[:3] @ start[:3], 1e-300))

    def off(p: F64) -> F64:
        return np.asarray(np.linalg.norm(points.xyz - p[:3], axis=1) - p[3])

    return _round(surface, asked, points, off, np.r_[start[:3], radius])


def circle(surface: Surface, asked: Measurement) -> Measured:
    """Diameter of the circle through three points or more, in their own plane; or around a region's vertices."""
    points = points_of(surface, asked, 3)
    flat = plane_through(points)
    uv = (points.xyz - flat.centre) @ flat.axes.T
    a = np.c_[2 * uv, np.ones(len(uv))]
    start = np.linalg.lstsq(a, (uv**2).sum(1), rcond=None)[0]
    radius = np.sqrt(max(start[2] + start[:2] @ start[:2], 1e-300))

    def off(p: F64) -> F64:
        return np.asarray(np.linalg.norm(uv - p[:2], axis=1) - p[2])

    def centre(p: F64) -> F64:
        return flat.centre + p[:2] @ flat.axes

    return _round(surface, asked, _in_plane(surface, points), off, np.r_[start[:2], radius], centre)


def cylinder(surface: Surface, asked: Measurement) -> Measured:
    """Diameter of the cylinder through a region or through six points or more, of any direction."""
    points = points_of(surface, asked, 6)
    middle = points.xyz.mean(0)
    x = points.xyz - middle
    by_normals = np.linalg.svd(points.normal, full_matrices=False)[2][2]
    starts = [by_normals, *np.linalg.svd(x, full_matrices=False)[2], *np.eye(3)]
    best = min((_cylinder_from(x, axis) for axis in starts), key=lambda found: found.cost)
    p = best.x
    frame = _frame(_axis(p))
    shift = p[2:4] @ frame[:2]

    def off(q: F64) -> F64:
        return _off_cylinder(x, q)

    axis = _axis(p)
    up = unit(asked.up, "up")
    tilt = float(np.arccos(np.clip(abs(axis @ up), 0, 1)))
    found = _round(surface, asked, points, off, p, lambda q: middle + shift)
    jacobian = best.jac
    noise = _noise(off(p), points.sigma, 5)
    lean_sigma = float(noise * np.sqrt(np.diag(np.linalg.pinv(jacobian.T @ jacobian))[:2].max()))
    return Measured(
        asked, found.value,
        (*found.more, degrees("axis from vertical", tilt, lean_sigma)), notes=found.notes,
    )  # fmt: skip


def _cylinder_from(x: F64, axis: F64) -> Any:
    polar = float(np.arccos(np.clip(axis[2], -1, 1)))
    turn = float(np.arctan2(axis[1], axis[0]))
    flat = x @ _frame(_axis(np.array([polar, turn])))[:2].T
    a = np.c_[2 * flat, np.ones(len(flat))]
    c = np.linalg.lstsq(a, (flat**2).sum(1), rcond=None)[0]
    radius = np.sqrt(max(c[2] + c[:2] @ c[:2], 1e-300))
    return least_squares(
        lambda q: _off_cylinder(x, q), np.r_[polar, turn, c[:2], radius], method="lm", max_nfev=400
    )


def _axis(p: F64) -> F64:
    """(3,) of polar angle and turn."""
    return np.array([np.sin(p[0]) * np.cos(p[1]), np.sin(p[0]) * np.sin(p[1]), np.cos(p[0])])


def _frame(axis: F64) -> F64:
    """(3, 3) rows: two at right angles to the axis, and it."""
    other = np.cross(axis, np.eye(3)[int(np.abs(axis).argmin())])
    other = other / np.linalg.norm(other)
    return np.stack([other, np.cross(axis, other), axis])


def _off_cylinder(x: F64, p: F64) -> F64:
    flat = x @ _frame(_axis(p))[:2].T
    return np.asarray(np.linalg.norm(flat - p[2:4], axis=1) - p[4])


def _in_plane(surface: Surface, points: Points) -> Points:
    """With the spread along the surface too: a circle's points are off within its plane, where the surface may lie flat."""
    places = finder_of(surface).nearest(points.xyz)
    spread = covariance(surface, surface.faces[places.face], places.weights)
    return Points(points.xyz, points.normal, np.sqrt(np.linalg.eigvalsh(spread)[:, 2]), points.notes)


def _round(
    surface: Surface, asked: Measurement, points: Points, off: Callable[[F64], F64], start: F64,
    centre_of: Callable[[F64], F64] = lambda p: p[:3],
) -> Measured:  # fmt: skip
    """Diameter (the last parameter is the radius), residual and centre."""
    found = least_squares(off, start, method="lm" if len(points.xyz) >= len(start) else "trf", x_scale="jac")
    p, residual = found.x, off(found.x)
    if not np.isfinite(p).all() or abs(p[-1]) > 1e4 * surface.size:
        raise InputError(
            f"The points of the {asked.kind} lie too straight to tell how large it is; take them farther around"
        )
    noise = _noise(residual, points.sigma, len(start))
    root = float(noise * np.sqrt(np.linalg.pinv(found.jac.T @ found.jac)[-1, -1]))
    mm, of_scale = surface.mm, surface.scale.sigma
    centre = centre_of(p) + surface.offset
    more = (
        length("radius", abs(float(p[-1])), root, mm, of_scale),
        _residual(surface, residual, len(start)),
        *(Quantity(f"centre {a}", float(v), "file unit", 0.0) for a, v in zip("xyz", centre, strict=True)),
    )
    return Measured(
        asked, length("diameter", 2 * abs(float(p[-1])), 2 * root, mm, of_scale), more, notes=points.notes
    )


def _noise(residual: F64, sigma: F64, parameters: int) -> float:
    left = float(np.sqrt((residual**2).sum() / max(len(residual) - parameters, 1)))
    return max(left, float(np.sqrt((sigma**2).mean())))


def _residual(surface: Surface, off: F64, parameters: int) -> Quantity:
    rms = float(np.sqrt((off**2).sum() / max(len(off) - parameters, 1)))
    return length("residual (rms)", rms, _of_rms(rms, len(off)), surface.mm, surface.scale.sigma)


def _of_rms(rms: float, count: int) -> float:
    return rms / np.sqrt(2 * max(count - 1, 1))


def expected_range(sigma: F64) -> float:
    """From the lowest to the highest of so many that are noise alone: grows with their number, slowly."""
    return 2 * float(sigma.mean()) * float(np.sqrt(2 * np.log(max(len(sigma), 2))))
