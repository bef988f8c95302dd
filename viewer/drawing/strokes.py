"""Marks as triangles and small pictures on the picture, the same for the card and without it.

Pixels here are of the whole picture, y down, `finer` of them a pixel; depth is along the view.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from sculpt3d.geometry import F64
from sculpt3d.types import F32, U8
from viewer.drawing.letters import font_of
from viewer.state.camera import HALF, OrbitCamera
from viewer.state.commands import State
from viewer.state.cuts import clipped
from viewer.state.marks import Fill, Line, Marks

LETTERS = 15  # pixels high
_PLAIN_HEIGHT = 800  # of a picture: sizes grow in taller ones
_LIFT = 1e-3  # of the model's radius: marks are so much before the surface they lie on
_LIFT_PX = 3.0  # and so many pixels
_NEAR = 1e-3  # of the camera's distance: what is nearer is left out
_SIDES = 16  # of a dot


@dataclass(frozen=True)
class Flat:
    """Triangles on the picture: xy (T, 3, 2), depth (T, 3), rgb (T, 3); strength (T,) seen, and where something is before it."""

    xy: F32
    depth: F32
    rgb: F32
    seen: F32
    hidden: F32


@dataclass(frozen=True)
class Label:
    """Straight-alpha RGBA (H, W, 4) and where its upper left corner lies."""

    pixels: U8
    left: int
    top: int


class View:
    """Where places fall."""

    def __init__(self, camera: OrbitCamera, size: tuple[int, int], finer: int) -> None:
        self.camera, self.size, self.finer = camera, size, finer
        self.right, self.up, self.back = camera.axes()
        self.grown = finer * max(1.0, size[1] / _PLAIN_HEIGHT)

    @property
    def nearest(self) -> float:
        return _NEAR * self.camera.distance

    def fall(self, places: F64) -> tuple[F64, F64]:
        """Pixels (N, 2) and depths (N,)."""
        away = places - self.camera.eye
        depth = -away @ self.back
        wide = (
            np.full(len(away), self.camera.reach)
            if self.camera.flat
            else HALF * np.maximum(depth, self.nearest)
        )
        scale = self.size[1] * self.finer / 2 / wide
        x = self.size[0] * self.finer / 2 + scale * (away @ self.right)
        return np.stack([x, self.size[1] * self.finer / 2 - scale * (away @ self.up)], 1), depth

    def pixel_at(self, depth: NDArray[np.floating]) -> F64:
        """How wide a pixel of the unmultiplied picture is there."""
        wide = (
            np.full(np.shape(depth), self.camera.reach)
            if self.camera.flat
            else HALF * np.maximum(depth, self.nearest)
        )
        return np.asarray(2 * wide / self.size[1])

    def lifted(self, depth: F64, radius: float) -> F64:
        """The depth a mark is drawn at, so that the surface it lies on does not hide it."""
        return np.asarray(depth - _LIFT * radius - _LIFT_PX * self.pixel_at(depth))


def lift(camera: OrbitCamera, radius: float, size: tuple[int, int]) -> tuple[float, float]:
    """What `View.lifted` takes off a depth: always, and for each unit of the depth (of w on the card, which is 1 in an
    orthographic picture)."""
    return _LIFT * radius, _LIFT_PX * 2 * (camera.reach if camera.flat else HALF) / size[1]


def flat(state: State, size: tuple[int, int], finer: int) -> Flat:
    """Lines and dots."""
    view, radius = View(state.camera, size, finer), state.home.radius
    found = [_line(one, view, radius) for one in state.over.lines]
    for dot in state.over.dots:
        found += _dot(dot.place, dot.size, dot.colour, dot.hidden, view, radius)
    found = [f for f in found if len(f.xy)]
    if not found:
        none = np.zeros(0, np.float32)
        return Flat(none.reshape(0, 3, 2), none.reshape(0, 3), none.reshape(0, 3), none, none)
    return Flat(
        *(np.concatenate([getattr(f, n) for f in found]) for n in ("xy", "depth", "rgb", "seen", "hidden"))
    )


def _line(line: Line, view: View, radius: float) -> Flat:
    places = np.asarray(line.places, np.float64)
    a, b = (places[::2], places[1::2]) if line.apart else (places[:-1], places[1:])
    a, b = _before(a, b, view)
    (p, from_), (q, to) = view.fall(a), view.fall(b)
    way = q - p
    length = np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-9)
    along = way / length * view.grown * line.width / 2
    side = np.stack([-along[:, 1], along[:, 0]], 1)
    p, q = p - along / 2, q + along / 2  # so that bends have no gaps
    near, far = view.lifted(from_, radius), view.lifted(to, radius)
    corners = np.stack([p + side, p - side, q - side, p + side, q - side, q + side], 1).reshape(-1, 3, 2)
    depth = np.stack([near, near, far, near, far, far], 1).reshape(-1, 3)
    return _of(corners, depth, line.colour, line.hidden)


def _before(a: F64, b: F64, view: View) -> tuple[F64, F64]:
    """What of segments lies before the camera."""
    depths = [-(x - view.camera.eye) @ view.back - view.nearest for x in (a, b)]
    kept = (depths[0] > 0) | (depths[1] > 0)
    a, b, da, db = a[kept].copy(), b[kept].copy(), depths[0][kept], depths[1][kept]
    middle = a + (b - a) * (da / np.where(da == db, 1, da - db))[:, None]
    return np.where((da <= 0)[:, None], middle, a), np.where((db <= 0)[:, None], middle, b)


def _dot(
    place: F64, size: float, colour: tuple[float, float, float], hidden: float, view: View, radius: float
) -> list[Flat]:
    """With a dark rim."""
    xy, depth = view.fall(np.asarray(place, np.float64)[None])
    if depth[0] <= view.nearest:
        return []
    turns = np.arange(_SIDES + 1) * 2 * np.pi / _SIDES
    ring = np.stack([np.cos(turns), np.sin(turns)], 1)
    found = []
    for wide, tint, nearer in ((size + 2, (0.0, 0.0, 0.0), 0.0), (size, colour, 1.0)):
        rim = xy + ring * wide / 2 * view.grown
        corners = np.stack([np.broadcast_to(xy, (_SIDES, 2)), rim[:-1], rim[1:]], 1)
        at = view.lifted(depth, radius) - nearer * view.pixel_at(depth) * 0.5
        found.append(_of(corners, np.broadcast_to(at[:, None], (_SIDES, 3)), tint, hidden))
    return found


def _of(corners: F64, depth: F64, colour: tuple[float, float, float], hidden: float) -> Flat:
    count = len(corners)
    return Flat(
        corners.astype(np.float32),
        np.ascontiguousarray(depth, np.float32),
        np.broadcast_to(np.asarray(colour, np.float32), (count, 3)),
        np.ones(count, np.float32),
        np.full(count, hidden, np.float32),
    )


def filled(fill: Fill, state: State, size: tuple[int, int], finer: int) -> Flat:
    """A filled mark's triangles that are wholly before the camera."""
    view = View(state.camera, size, finer)
    corners = np.asarray(fill.corners, np.float64)
    corners = corners if fill.solid else clipped(corners, state.cuts)  # what is cut away has no skin
    xy, depth = view.fall(corners.reshape(-1, 3))
    at = depth if fill.solid else view.lifted(depth, state.home.radius)
    kept = (depth.reshape(-1, 3) > view.nearest).all(1)
    found = _of(xy.reshape(-1, 3, 2)[kept], at.reshape(-1, 3)[kept], fill.colour, 0.0)
    return Flat(
        found.xy, found.depth, found.rgb, np.full(len(found.xy), fill.alpha, np.float32), found.hidden
    )


def labels(marks: Marks, camera: OrbitCamera, size: tuple[int, int], finer: int) -> list[Label]:
    """Words at their places, then insets down the right side, as many as have room."""
    view = View(camera, size, finer)
    found: list[Label] = []
    pixels = round(LETTERS * view.grown)
    for word in marks.words:
        xy, depth = view.fall(np.asarray(word.place, np.float64)[None])
        if depth[0] > view.nearest and word.text:
            picture = lettered(word.text, word.colour, pixels)
            gap = 7 * view.grown
            label = Label(picture, round(xy[0, 0] + gap), round(xy[0, 1] - gap - picture.shape[0]))
            found.append(_aside(label, found))
    top = round(12 * finer)
    for inset in marks.insets:
        picture = _inset(inset.pixels, inset.caption, finer)
        if top + picture.shape[0] > size[1] * finer:
            break
        found.append(Label(picture, size[0] * finer - picture.shape[1] - round(12 * finer), top))
        top += picture.shape[0] + round(8 * finer)
    return found


def _aside(label: Label, others: list[Label]) -> Label:
    """Moved down until no other is covered."""
    high, wide = label.pixels.shape[:2]
    for _ in range(len(others)):
        under = [
            o.top + o.pixels.shape[0] + 2
            for o in others
            if o.left < label.left + wide
            and label.left < o.left + o.pixels.shape[1]
            and o.top < label.top + high
            and label.top < o.top + o.pixels.shape[0]
        ]
        if not under:
            break
        label = replace(label, top=max(under))
    return label


@lru_cache(256)
def lettered(text: str, colour: tuple[float, float, float], pixels: int) -> U8:
    """RGBA on a dark plate, so that it is read over any ground."""
    font, text = font_of(text, pixels)
    left, top, right, bottom = font.getbbox(text)
    pad = max(2, pixels // 4)
    image = Image.new(
        "RGBA", (round(right - left) + 2 * pad, round(bottom - top) + 2 * pad), (15, 15, 15, 170)
    )
    ImageDraw.Draw(image).text((pad - left, pad - top), text, tuple(round(255 * c) for c in colour), font)
    return np.array(image)


def _inset(pixels: U8, caption: str, finer: int) -> U8:
    large = np.repeat(np.repeat(pixels, finer, 0), finer, 1)
    found = np.concatenate([large, np.full((*large.shape[:2], 1), 255, np.uint8)], 2)
    if caption:
        words = lettered(caption, (1.0, 1.0, 1.0), 13 * finer)[:, : found.shape[1]]
        under = found[-words.shape[0] :, : words.shape[1]]
        share = words[..., 3:] / 255
        under[..., :3] = np.round(under[..., :3] * (1 - share) + words[..., :3] * share)
    found[: 2 * finer, :, :3] = found[-2 * finer :, :, :3] = 255
    found[:, : 2 * finer, :3] = found[:, -2 * finer :, :3] = 255
    return found


HATCH_PX, HATCH_WIDE = 9, 1.6  # apart and thick, along the picture's diagonal
