"""Colours for what no photo shows: over the surface from its surroundings, and into the gaps between charts."""

from __future__ import annotations

import cv2
import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import cg

from sculpt3d.texture.observe import Nodes
from sculpt3d.types import F32, I32, U8, Bool

GREY = 0.2  # linear light, where a part of the mesh is in no photo at all


def over_surface(nodes: Nodes, colour: F32, known: Bool) -> F32:
    """(N, 3): unknown nodes take the membrane that hangs between the known ones around them (Laplace's equation)."""
    if known.all():
        return colour
    count = len(known)
    a = np.repeat(np.arange(count), np.diff(nodes.start))
    b = nodes.beside
    part = connected_components(coo_matrix((np.ones(len(a), bool), (a, b)), shape=(count, count)), False)[1]
    reached = np.bincount(part, known) > 0
    middle = np.median(colour[known], 0) if known.any() else np.full(3, GREY)
    filled = np.where(known[:, None], colour, middle).astype(np.float32)
    open_ = np.flatnonzero(~known & reached[part])
    if not len(open_):
        return filled
    number = np.full(count, -1)
    number[open_] = np.arange(len(open_))
    here = number[a] >= 0
    row, other = number[a[here]], b[here]
    inner = number[other] >= 0
    degree = np.bincount(row, minlength=len(open_)).astype(np.float64)
    matrix = coo_matrix(
        (
            np.concatenate([degree, -np.ones(int(inner.sum()))]),
            (
                np.concatenate([np.arange(len(open_)), row[inner]]),
                np.concatenate([np.arange(len(open_)), number[other[inner]]]),
            ),
        )
    ).tocsr()
    jacobi = coo_matrix((1 / degree, (np.arange(len(open_)), np.arange(len(open_))))).tocsr()
    for c in range(3):
        right = np.bincount(row[~inner], filled[other[~inner], c], len(open_))
        filled[open_, c], _ = cg(matrix, right, filled[open_, c], rtol=1e-3, maxiter=400, M=jacobi)
    return filled


def nearest_texel(covered: Bool) -> I32:
    """(S, S) index of the nearest covered texel: so that no mipmap level mixes in black."""
    _, label = cv2.distanceTransformWithLabels(
        (~covered).astype(np.uint8), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL
    )
    of_label = np.zeros(int(label.max()) + 1, np.int32)
    flat = np.flatnonzero(covered)
    of_label[label.ravel()[flat]] = flat
    return of_label[label]


def between_charts(picture: U8, covered: Bool) -> U8:
    """(S, S, 3) with every empty texel in its nearest chart's colour."""
    if not covered.any():
        return picture
    return picture.reshape(-1, 3)[nearest_texel(covered)]
