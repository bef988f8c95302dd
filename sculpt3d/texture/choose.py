"""Which photo gives the detail at each vertex, which others may join it, and what colour all of them agree on.

The choice is a labelling: how well a photo shows the place against how often the choice changes between neighbours (Lempitsky
& Ivanov 2007), by belief propagation in sweeps. Levelling: each photo is offset, vertex by vertex, to the broad colour that
all photos agree on robustly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d._kernels import njit
from sculpt3d.texture.observe import Nodes, Observed
from sculpt3d.types import F32, Bool

REACH = 3.0  # robust sigmas beyond which a photo's colour is not believed
LEAST_REACH = 0.1  # in log colour
CANDIDATES = 6
SMOOTHNESS = 0.5  # cost of a change between neighbours, in log quality
SWEEPS = 8
# Of the detail's energy: a difference of this size is no other detail. plato, PSNR: 0 36.2, 0.1 36.5, 0.5 36.7, everybody
# joins 36.7; its cameras are true, and with cameras a pixel off only the first ones stay sharp.
SAME = 0.5
LEAST_GOOD = 0.2  # quality beside the chosen photo's, below which a photo does not join


@dataclass(frozen=True)
class Chosen:
    """share (M,): weight of an entry for the detail; offset (M, 3): added to its photo times gain; broad (N, 3): the agreed
    colour; known (N,): any photo shows the node; rejected: share of the entries that were not believed."""

    share: F32
    offset: F32
    broad: F32
    known: Bool
    rejected: float


def choose(nodes: Nodes, seen: Observed, gains: F32) -> Chosen:
    colour = seen.broad * gains[seen.view]
    log = np.log(np.maximum(colour, 0.003))
    belief = _belief(seen.start, log, seen.quality)
    weight = seen.quality * belief
    node = seen.node()
    total = np.bincount(node, weight, len(nodes.xyz))
    known = total > 0
    broad = np.stack(
        [
            np.bincount(node, weight * colour[:, c], len(nodes.xyz)) / np.where(known, total, 1)
            for c in range(3)
        ],
        1,
    ).astype(np.float32)
    label = _labels(nodes, seen, belief)
    luminance = gains @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    share = _shares(
        seen.start, seen.view, seen.quality, belief, seen.fine * luminance[seen.view], (seen.noise * luminance) ** 2, label,
        nodes.start, nodes.beside, SAME, LEAST_GOOD,
    )  # fmt: skip
    offset = broad[node] - colour
    return Chosen(
        share, offset.astype(np.float32), broad, known, float((belief < 0.1).mean()) if len(belief) else 0.0
    )


def _belief(start: Any, log: F32, quality: F32) -> F32:
    """(M,) 0..1: Tukey's weight of each photo's colour against the median of all that show the place."""
    away = _away(start, log, quality)
    many = np.repeat(np.diff(start) > 2, np.diff(start))
    sigma = 1.48 * float(np.median(away[many])) if many.any() else 0.0
    reach = max(REACH * sigma, LEAST_REACH)
    return np.asarray(np.clip(1 - (away / reach) ** 2, 1e-3, 1) ** 2, np.float32)


@njit(nogil=True, cache=True)
def _away(start: Any, log: Any, quality: Any) -> Any:
    """Distance of each log colour from the weighted median, root mean square over the channels. Of two that differ the
    darker is the middle: glare only adds light."""
    away = np.zeros(len(log), np.float32)
    for i in range(len(start) - 1):
        first, last = start[i], start[i + 1]
        n = last - first
        if n < 2:
            continue
        for c in range(3):
            order = np.argsort(log[first:last, c])
            half = quality[first:last].sum() * np.float32(0.5)
            run, middle = np.float32(0.0), log[first + order[0], c]
            if n > 2:
                for o in order:
                    run += min(quality[first + o], half)  # no photo alone has the majority
                    if run >= half:
                        middle = log[first + o, c]
                        break
            for o in range(n):
                away[first + o] += (log[first + o, c] - middle) ** 2 / np.float32(3.0)
    return np.sqrt(away)


def _labels(nodes: Nodes, seen: Observed, belief: F32) -> NDArray[np.int64]:
    """(N,) the entry whose photo gives the detail; -1 where no photo shows the node."""
    entry, cost = _candidates(seen.start, seen.quality * belief)
    return _propagated(nodes.start, nodes.beside, _reverse(nodes), entry, cost, seen.view, SMOOTHNESS, SWEEPS)


def _reverse(nodes: Nodes) -> NDArray[np.int64]:
    """Where each directed edge's opposite is."""
    a = np.repeat(np.arange(len(nodes.start) - 1), np.diff(nodes.start)).astype(np.int64)
    b = nodes.beside.astype(np.int64)
    key = a * (len(nodes.start)) + b
    back = b * (len(nodes.start)) + a
    order = np.argsort(key)
    return np.asarray(order[np.searchsorted(key[order], back)], np.int64)


@njit(nogil=True, cache=True)
def _candidates(start: Any, score: Any) -> Any:
    """(N, K) best entries, -1 where there are fewer, and their costs: log of how much worse than the best."""
    n = len(start) - 1
    entry, cost = (
        np.full((n, CANDIDATES), -1, np.int64),
        np.full((n, CANDIDATES), np.float32(30.0), np.float32),
    )
    for i in range(n):
        order = np.argsort(-score[start[i] : start[i + 1]])
        for k in range(min(CANDIDATES, len(order))):
            e = start[i] + order[k]
            entry[i, k] = e
            cost[i, k] = min(
                np.log(score[start[i] + order[0]] / max(score[e], np.float32(1e-20))), np.float32(6.0)
            )
    return entry, cost


@njit(nogil=True, cache=True)
def _propagated(
    start: Any, beside: Any, back: Any, entry: Any, cost: Any, view: Any, smooth: float, sweeps: int
) -> Any:
    """Min-sum messages along the edges, forwards and backwards in the nodes' order."""
    n = len(start) - 1
    message = np.zeros(
        (len(beside), CANDIDATES), np.float32
    )  # what edge (i -> j) tells j about j's candidates
    total = np.empty(CANDIDATES, np.float32)
    here = np.empty(CANDIDATES, np.float32)
    label = np.full(n, -1, np.int64)
    for sweep in range(sweeps):
        for step in range(n):
            i = step if sweep % 2 == 0 else n - 1 - step
            if entry[i, 0] < 0:
                continue
            for k in range(CANDIDATES):
                total[k] = cost[i, k]
            for e in range(start[i], start[i + 1]):
                if entry[beside[e], 0] >= 0:
                    for k in range(CANDIDATES):
                        total[k] += message[back[e], k]
            best = 0
            for k in range(CANDIDATES):
                if entry[i, k] >= 0 and total[k] < total[best]:
                    best = k
            label[i] = entry[i, best]
            for e in range(start[i], start[i + 1]):
                j = beside[e]
                if entry[j, 0] < 0 or (j > i) != (sweep % 2 == 0):
                    continue
                least = np.float32(1e9)
                for k in range(CANDIDATES):
                    here[k] = total[k] - message[back[e], k]
                    if entry[i, k] >= 0:
                        least = min(least, here[k])
                for q in range(CANDIDATES):
                    if entry[j, q] < 0:
                        break
                    value = np.float32(smooth)
                    for k in range(CANDIDATES):
                        if entry[i, k] >= 0 and view[entry[i, k]] == view[entry[j, q]]:
                            value = min(value, here[k] - least)
                    message[e, q] = value
    return label


@njit(nogil=True, cache=True)
def _at(start: Any, view: Any, node: int, wanted: int) -> int:
    for e in range(start[node], start[node + 1]):
        if view[e] == wanted:
            return e
    return -1


@njit(nogil=True, cache=True)
def _shares(
    start: Any, view: Any, quality: Any, belief: Any, fine: Any, noise2: Any, label: Any, first: Any, beside: Any,
    same: float, least_good: float,
) -> Any:  # fmt: skip
    """The chosen photo 1; others as far as their detail around the node is the same but for noise, and they show it as well.

    So true cameras average noise away, and where cameras are off by a pixel the chosen photo stays alone and sharp.
    """
    share = np.zeros(len(view), np.float32)
    for i in range(len(start) - 1):
        chosen = label[i]
        if chosen < 0:
            continue
        share[chosen] = 1.0
        lead = view[chosen]
        for e in range(start[i], start[i + 1]):
            good = quality[e] / quality[chosen]
            if e == chosen or good < least_good:
                continue
            apart, energy, n = (fine[e] - fine[chosen]) ** 2, fine[chosen] ** 2, 1
            for k in range(first[i], first[i + 1]):
                j = beside[k]
                p, q = _at(start, view, j, lead), _at(start, view, j, view[e])
                if p >= 0 and q >= 0:
                    apart += (fine[p] - fine[q]) ** 2
                    energy += fine[p] ** 2
                    n += 1
            if n < 4:
                continue
            allowed = noise2[lead] + noise2[view[e]] + np.float32(same) * energy / n + np.float32(1e-9)
            agree = np.exp(-max(np.float32(0.0), apart / n / allowed - np.float32(1.0)))
            share[e] = belief[e] * agree * min(good, np.float32(1.0))
    return share
