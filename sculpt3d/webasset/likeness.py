"""Does a file look like its source: both drawn from the photos' cameras, and the file beside the photos themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from sculpt3d.colour import delta_e, lab, linear, to_srgb
from sculpt3d.geometry import F64
from sculpt3d.models.colouring import texels_per_unit
from sculpt3d.models.document import Part
from sculpt3d.types import F32, Bool, View
from sculpt3d.views import finest_size, read_mask, read_rgb, scaled
from sculpt3d.webasset.colours import Colours

VIEWS = 6  # of the photos, spread over their order
SIDE = 480  # pixels, of the pictures compared
RAYS = 2  # squared: a pixel's
GREY = 0.2  # linear, behind the object
_C1, _C2 = 0.01**2, 0.03**2  # Wang et al. 2004, for values in 0..1
_SIGMA = 1.5
_LAYERS = 8  # surfaces a ray passes that are not opaque
_CLEAR = 0.999  # opacity from which nothing shines through
_STEP = 1e-5  # of the way, behind a surface that lets light through


@dataclass(frozen=True)
class Likeness:
    """Means over the views: SSIM of brightness, and the median CIEDE2000, of pixels on the object; cover: share of those that
    only one of the two fills. photo_*: against the photos, each brought to the texture's exposure first; None where the
    photos are not there."""

    ssim: float
    delta_e: float
    cover: float
    photo_ssim: float | None = None
    photo_delta_e: float | None = None


@dataclass(frozen=True)
class _Drawn:
    """light (H, W, 3) linear; cover (H, W): share of the pixel that the object fills."""

    light: F32
    cover: F32


class Gallery:
    """The source drawn once; each file is compared with it."""

    def __init__(self, source: Sequence[Part], views: Sequence[View]) -> None:
        """Views with photos or, where `image` is no file, without."""
        some = np.unique(np.linspace(0, len(views) - 1, min(VIEWS, len(views))).round().astype(int))
        self.views = [_small(views[i]) for i in some]
        self.source = source
        self.pictures = _draw(source, self.views)

    def compare(self, parts: Sequence[Part]) -> Likeness:
        found, beside = [], []
        for view, meant, drawn in zip(self.views, self.pictures, _draw(parts, self.views), strict=True):
            on = (drawn.cover > 0) | (meant.cover > 0)
            missing = float((np.abs(drawn.cover - meant.cover)[on] > 0.5).mean()) if on.any() else 0.0
            found.append((*_alike(drawn.light, meant.light, on), missing))
            if view.image.is_file():
                beside.append(_beside_photo(view, drawn))
        ssim, off, cover = (float(v) for v in np.mean(found, axis=0))
        if not beside:
            return Likeness(ssim, off, cover)
        photo_ssim, photo_off = np.mean(beside, axis=0)
        return Likeness(ssim, off, cover, float(photo_ssim), float(photo_off))

    def compare_colours(self, parts: Sequence[Part]) -> float:
        """delta E of the pictures of a file beside pictures of the same shape in the source's colours, both as fine as the
        file's texture: what a small file cannot show does not count."""
        fine = min(texels_per_unit(p) for p in parts)
        ideal = Colours(self.source, min(fine, RAYS * _finest(parts, self.views)))
        own, off = Colours(parts, RAYS * _finest(parts, self.views)), []
        for view in self.views:
            drawn, meant = _picture(own, view), _picture(own, view, ideal)
            on = drawn.cover > 0
            x, y = (
                np.asarray(cv2.GaussianBlur(p.light, (0, 0), 2 * _SIGMA), np.float32) for p in (drawn, meant)
            )
            off.append(_alike(x, y, on)[1])
        return float(np.mean(off))


def _small(view: View) -> View:
    camera = scaled(view.camera, *finest_size(view.camera, SIDE))
    return View(view.name, camera, view.cam_from_world, view.image, view.mask)


def _finest(parts: Sequence[Part], views: Sequence[View]) -> float:
    """Pixels a unit of length in the view that is nearest."""
    middle = np.concatenate([p.vertices for p in parts]).mean(0, dtype=np.float64)
    return max(v.camera.fx / float(np.linalg.norm(v.cam_from_world.source_origin - middle)) for v in views)


def _draw(parts: Sequence[Part], views: Sequence[View]) -> list[_Drawn]:
    """Colours as they are, without light: the photos' own shading is in the texture."""
    colours = Colours(parts, RAYS * _finest(parts, views))
    return [_picture(colours, view) for view in views]


def _picture(colours: Colours, view: View, wearing: Colours | None = None) -> _Drawn:
    """wearing: whose colours, at the nearest points, are shown instead of the surface's own."""
    c, pose = view.camera, view.cam_from_world
    rows, columns = np.mgrid[: c.height * RAYS, : c.width * RAYS]
    x, y = (columns.ravel() + 0.5) / RAYS, (rows.ravel() + 0.5) / RAYS
    towards = np.stack([(x - c.cx) / c.fx, (y - c.cy) / c.fy, np.ones(len(x))], 1) @ pose.rotation
    light, left = np.zeros((len(x), 3), np.float32), np.ones(len(x), np.float32)
    alive, start = np.arange(len(x)), np.zeros(len(x))
    for _ in range(_LAYERS):
        origins = pose.source_origin + towards[alive] * start[alive, None]
        seen, face, weights, far = colours.surface.hits(origins, towards[alive])
        alive = alive[seen]
        if not len(alive):
            break
        start[alive] += far
        found = colours.on(face, weights)
        if wearing is not None:
            found = wearing.at(pose.source_origin + towards[alive] * start[alive, None])
        light[alive] += (left[alive] * found[:, 3])[:, None] * found[:, :3]
        left[alive] *= 1 - found[:, 3]
        start[alive] *= 1 + _STEP
        alive = alive[found[:, 3] < _CLEAR]
    light += left[:, None] * GREY
    shape = (c.height, RAYS, c.width, RAYS)
    cover = 1 - left.reshape(shape).mean((1, 3), dtype=np.float32)
    return _Drawn(light.reshape(*shape, 3).mean((1, 3)), np.asarray(cover, np.float32))


def _beside_photo(view: View, drawn: _Drawn) -> tuple[float, float]:
    height, width = drawn.cover.shape
    photo = linear(read_rgb(view, height, width))
    inside = cv2.erode((drawn.cover >= 1).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    on = inside & read_mask(view, height, width)
    if not on.any():
        return 1.0, 0.0
    gain = np.median(drawn.light[on], axis=0) / np.maximum(np.median(photo[on], axis=0), 1e-4)
    return _alike(drawn.light, np.where(on[..., None], photo * gain, drawn.light).astype(np.float32), on)


def _alike(a: F32, b: F32, on: Bool) -> tuple[float, float]:
    """SSIM and median CIEDE2000 of two pictures in linear light where `on`."""
    if not on.any():
        return 1.0, 0.0
    off = delta_e(lab(np.clip(a[on], 0, 1)), lab(np.clip(b[on], 0, 1)))
    x, y = (to_srgb(v @ np.array([0.2126, 0.7152, 0.0722])) for v in (a, b))
    mx, my = _blur(x), _blur(y)
    vx, vy, both = _blur(x * x) - mx * mx, _blur(y * y) - my * my, _blur(x * y) - mx * my
    ssim = (2 * mx * my + _C1) * (2 * both + _C2) / ((mx * mx + my * my + _C1) * (vx + vy + _C2))
    return float(ssim[on].mean()), float(np.median(off))


def _blur(picture: F64) -> F64:
    return np.asarray(cv2.GaussianBlur(picture, (11, 11), _SIGMA), np.float64)
