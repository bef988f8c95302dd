"""Which observations take no part in the bundle: gross errors, and points whose rays hardly open."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sculpt3d.metric.adjust import Adjusted
from sculpt3d.metric.network import Network
from sculpt3d.types import Bool


def without_far(network: Network, adjusted: Adjusted, times: float) -> Network:
    """Without observations farther off than `times` their sigma, and then without points that fewer than two photos see."""
    off = np.linalg.norm(adjusted.residual_px, axis=1) / network.sigma_px
    keep = off <= times
    rays = np.bincount(network.point[keep], minlength=len(network.points))
    keep &= rays[network.point] >= 2
    n = adjusted.network
    return replace(n, photo=n.photo[keep], point=n.point[keep], xy=n.xy[keep], sigma_px=n.sigma_px[keep])


def without_narrow(network: Network, least_deg: float, kept: Bool) -> Network:
    """Without points (but those `kept`, (P,)) whose rays open by less than `least_deg`: their depth is a guess."""
    eye = -np.einsum("nji,nj->ni", network.rotation, network.translation)
    ray = network.points[network.point] - eye[network.photo]
    ray /= np.maximum(np.linalg.norm(ray, axis=1, keepdims=True), 1e-300)
    total = np.zeros_like(network.points)
    np.add.at(total, network.point, ray)
    seen = np.maximum(np.bincount(network.point, minlength=len(network.points)), 1)
    # Two rays that open by an angle have a mean as long as the cosine of its half.
    open_ = np.linalg.norm(total, axis=1) / seen < np.cos(np.radians(least_deg) / 2)
    keep = (open_ | kept)[network.point]
    n = network
    return replace(n, photo=n.photo[keep], point=n.point[keep], xy=n.xy[keep], sigma_px=n.sigma_px[keep])


def compact(network: Network, last: int) -> Network:
    """Without the points that no photo sees any more; the `last` points, markers, stay where they are from the end."""
    n = network
    kept = np.bincount(n.point, minlength=len(n.points)) > 0
    kept[len(kept) - last :] = True
    number = np.cumsum(kept) - 1
    return replace(
        n,
        points=n.points[kept],
        point=number[n.point],
        bars=replace(n.bars, first=number[n.bars.first], second=number[n.bars.second]),
        control=replace(n.control, point=number[n.control.point]),
        watched=number[n.watched],
    )
