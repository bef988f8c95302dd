"""The network's adjustment: an industrial one as another program left it, and random ones whose truth is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from sculpt3d.geometry import F64, umeyama
from sculpt3d.metric.adjust import adjust
from sculpt3d.metric.network import Bars, Control, Lens, Network
from sculpt3d.metric.outliers import without_far

INDUSTRIAL = Path(__file__).parents[2] / "shared" / "data" / "jaicov" / "example"
NOISE_PX = 0.3


def ring(
    seed: int, photos: int = 10, points: int = 40, bar: bool = True, loose: bool = True
) -> tuple[Network, F64]:
    """Cameras around a cloud of points of size 1; what is seen has noise of `NOISE_PX`. Also the true points."""
    rng = np.random.default_rng(seed)
    xyz = rng.uniform(-0.5, 0.5, (points, 3))
    free = np.zeros((4, 2))
    free[0, 0] = free[3, 1] = 1
    lens = Lens("SIMPLE_RADIAL", 4000, 3000, np.array([3500.0, 2000, 1500, -0.08]), free)
    turns, places = [], []
    for k in range(photos):
        a = 2 * np.pi * k / photos
        eye = np.array([3 * np.cos(a), 3 * np.sin(a), rng.uniform(-1, 1.5)])
        back = eye / np.linalg.norm(eye)
        right = np.cross([0, 0, 1.0], back)
        right /= np.linalg.norm(right)
        turn = Rotation.from_rotvec(rng.uniform(0, 2 * np.pi) * np.array([0, 0, 1.0])).as_matrix()
        turns.append(turn @ np.stack([right, -np.cross(back, right), -back]))
        places.append(-turns[-1] @ eye)
    photo, point = (x.ravel() for x in np.mgrid[:photos, :points])
    keep = rng.random(len(photo)) < 0.8
    bars = (
        Bars(np.array([0]), np.array([1]), np.array([np.linalg.norm(xyz[0] - xyz[1])]), np.array([1e-5]))
        if bar
        else Bars()
    )
    control = Control() if loose else Control(np.arange(points), xyz, np.full((points, 3), 1e6))
    net = Network(
        np.array(turns), np.array(places), np.zeros(photos, np.int64), (lens,), xyz, photo[keep], point[keep],
        np.zeros((keep.sum(), 2)), np.full(keep.sum(), NOISE_PX), bars, control,
    )  # fmt: skip
    return replace(net, xy=net.project()[0] + rng.normal(0, NOISE_PX, (keep.sum(), 2))), xyz


def test_stated_sigmas_are_those_of_many_networks() -> None:
    """Points off their truth, whitened by their stated covariance, scatter like chi square with three degrees of freedom."""
    squares = []
    for seed in range(40):
        net, true = ring(seed)
        found = adjust(replace(net, points=true + np.random.default_rng(seed).normal(0, 0.005, true.shape)))
        assert 0.85 < found.sigma0 < 1.15
        place = umeyama(
            found.network.points, true, with_scale=False
        )  # the datum: as the covariance, relative to all points
        off = place.apply(found.network.points) - true
        turned = place.rotation @ found.point_covariance @ place.rotation.T
        squares.append(np.einsum("ni,nij,nj->n", off, np.linalg.inv(turned), off))
    assert np.mean(squares) == pytest.approx(3, rel=0.06)
    assert np.mean(np.array(squares) < 7.815) == pytest.approx(0.95, abs=0.015)


def test_a_bar_gives_the_scale_and_its_sigma() -> None:
    """Without photos' noise to speak of, sizes are as sure as the bar."""
    net, true = ring(3)
    wrong = replace(net, points=true * 1.3, translation=net.translation * 1.3)
    found = adjust(replace(wrong, bars=replace(net.bars, sigma=np.array([1e-7]))))
    n = found.network.points
    assert np.linalg.norm(n[0] - n[1]) == pytest.approx(net.bars.length[0], abs=1e-6)
    assert umeyama(n, true).scale == pytest.approx(1, abs=3e-4)


def test_points_eliminated_or_kept_give_the_same() -> None:
    """Control so weak that it says nothing keeps all points in the dense part: same points, same sigmas of shape."""
    net, true = ring(5)
    start = true + np.random.default_rng(0).normal(0, 0.003, true.shape)
    first = adjust(replace(net, points=start))
    held = adjust(
        replace(net, points=start, control=Control(np.array([7]), start[[7]], np.full((1, 3), 1e5)))
    )
    place = umeyama(held.network.points, first.network.points, with_scale=False)
    assert np.abs(place.apply(held.network.points) - first.network.points).max() < 1e-7
    turned = place.rotation @ held.point_covariance @ place.rotation.T
    assert np.allclose(turned, first.point_covariance, rtol=0.02, atol=1e-12)


def test_gross_errors_are_weighed_down_and_left_out() -> None:
    net, true = ring(8)
    xy = net.xy.copy()
    wrong = np.arange(0, len(xy), 29)
    xy[wrong] += 25
    net = replace(net, xy=xy, points=true + 0.002)
    found = adjust(net, robust_px=3 * NOISE_PX)
    clean = without_far(net, found, 12.0)
    assert len(clean.xy) == len(xy) - len(wrong)
    assert 0.85 < adjust(clean).sigma0 < 1.15


def test_an_industrial_network_as_its_own_program_adjusted_it() -> None:
    """115 photos, 150 points with two rays or more, one bar: every point within its stated sigma, sigmas within a tenth."""
    if not INDUSTRIAL.with_suffix(".obc").is_file():
        pytest.skip("the industrial network is not here")
    net, true, sigma = industrial()
    found = adjust(replace(net, points=true + np.random.default_rng(0).normal(0, 1, true.shape)))
    assert found.redundancy == 18804  # its own protocol's
    assert found.sigma0 * 0.0005 == pytest.approx(0.000405, abs=1e-6)
    place = umeyama(found.network.points, true, with_scale=False)
    off = np.abs(place.apply(found.network.points) - true)
    assert (off < sigma).mean() >= 0.95
    turned = place.rotation @ found.point_covariance @ place.rotation.T
    ratio = np.sqrt(np.diagonal(turned, axis1=1, axis2=2)) / sigma
    assert np.abs(ratio - 1).max() < 0.1


def industrial() -> tuple[Network, F64, F64]:
    """Millimetres. Its lens, corrections balanced at radius `r0`, as COLMAP's OPENCV with one focal length; the constant affinity
    and shear of its pixels are taken off what was measured."""

    def rows(end: str) -> list[list[str]]:
        return [line.split() for line in INDUSTRIAL.with_suffix(end).read_text().splitlines() if line.strip()]

    flat = [float(v) for row in rows(".ior") for v in row]
    ck, xh, yh, a1, a2, r0, _, b1, b2, c1, c2, across, _, width, height = flat[2:]
    poses = {int(r[0]): np.array(r[2:8], float) for r in rows(".eor")}
    points = {int(r[0]): np.array(r[1:7], float) for r in rows(".obc")}
    seen = [r for r in rows(".phc") if r[8:11] == ["1", "1", "1"] and int(r[1]) in points]
    numbers, photos = sorted({int(r[1]) for r in seen}), sorted(poses)
    xy = np.array([[float(r[2]), float(r[3])] for r in seen])
    x, y = (xy - [xh, yh]).T
    px = width / across
    pixels = np.c_[width / 2 + (xy[:, 0] - c1 * x - c2 * y) * px, height / 2 - xy[:, 1] * px]
    f = -ck
    s = 1 - a1 * r0**2 - a2 * r0**4
    params = np.array([f * s * px, f * s * px, width / 2 + xh * px, height / 2 - yh * px,
                       a1 * f**2 / s, a2 * f**4 / s, -b2 * f / s, b1 * f / s])  # fmt: skip
    free = np.zeros((8, 7))
    free[0, 0] = 1
    free[1:, :] = np.eye(7)
    lens = Lens("OPENCV", int(width), int(height), params, free)
    turns = []
    for p in photos:
        back = Rotation.from_euler("XYZ", poses[p][3:]).as_matrix()
        turns.append(np.diag([1, -1, -1.0]) @ back.T)
    turn = np.array(turns)
    eye = np.array([poses[p][:3] for p in photos])
    where = {n: k for k, n in enumerate(numbers)}
    length, sure = 1389.688, 0.010
    net = Network(
        turn, -np.einsum("nij,nj->ni", turn, eye), np.zeros(len(photos), np.int64), (lens,),
        np.array([points[n][:3] for n in numbers]),
        np.array([photos.index(int(r[0])) for r in seen]), np.array([where[int(r[1])] for r in seen]),
        pixels, np.full(len(seen), 0.0005 * px),
        Bars(np.array([where[506]]), np.array([where[507]]), np.array([length]), np.array([sure])),
    )  # fmt: skip
    return net, net.points, np.array([points[n][3:] for n in numbers])
