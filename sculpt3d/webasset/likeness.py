"""Does a file look like its source: both drawn from the photos' cameras, and the file beside the photos themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from sculpt3d.colour import delta_e, lab, linear, to_srgb
from sculpt3d.geometry import F64
from sculpt3d.types import F32, Bool, View
from sculpt3d.views import finest_size, read_mask, read_rgb, scaled
from sculpt3d.webasset.skins import Colours, Skin

VIEWS = 6  # of the photos, spread over their order
SIDE = 480  # pixels, of the pictures compared
RAYS = 2  # squared: a pixel's
GREY = 0.2  # linear, behind the object
_C1, _C2 = 0.01**2, 0.03**2  # Wang et al. 2004, for values in 0..1
_SIGMA = 1.5


@dataclass(frozen=True)
class Likeness:
    """Means over the views: SSIM of brightness, and the median CIEDE2000, of pixels on the object. photo_*: against the
    photos, each brought to the texture's exposure first; None where the photos are not there."""

    ssim: float
    delta_e: float
    photo_ssim: float | None = None
    photo_delta_e: float | None = None


@dataclass(frozen=True)
class _Drawn:
    """light (H, W, 3) linear; cover (H, W): share of the pixel that the object fills."""

    light: F32
    cover: F32


class Gallery:
    """The source drawn once; each file is compared with it."""

    def __init__(self, source: Sequence[Skin], views: Sequence[View]) -> None:
        """Views with photos or, where `image` is no file, without."""
        some = np.unique(np.linspace(0, len(views) - 1, min(VIEWS, len(views))).round().astype(int))
        self.views = [_small(views[i]) for i in some]
        self.pictures = _draw(source, self.views)

    def compare(self, skins: Sequence[Skin]) -> Likeness:
        found, beside = [], []
        for view, meant, drawn in zip(self.views, self.pictures, _draw(skins, self.views), strict=True):
            found.append(_alike(drawn.light, meant.light, (drawn.cover > 0) | (meant.cover > 0)))
            if view.image.is_file():
                beside.append(_beside_photo(view, drawn))
        ssim, off = np.mean(found, axis=0)
        if not beside:
            return Likeness(float(ssim), float(off))
        photo_ssim, photo_off = np.mean(beside, axis=0)
        return Likeness(float(ssim), float(off), float(photo_ssim), float(photo_off))


def _small(view: View) -> View:
    camera = scaled(view.camera, *finest_size(view.camera, SIDE))
    return View(view.name, camera, view.cam_from_world, view.image, view.mask)


def _draw(skins: Sequence[Skin], views: Sequence[View]) -> list[_Drawn]:
    """Colours as they are, without light: the photos' own shading is in the texture."""
    middle = np.concatenate([s.vertices for s in skins]).mean(0, dtype=np.float64)
    finest = max(v.camera.fx / float(np.linalg.norm(v.cam_from_world.source_origin - middle)) for v in views)
    colours = Colours(skins, RAYS * finest)
    return [_picture(colours, view) for view in views]


def _picture(colours: Colours, view: View) -> _Drawn:
    c, pose = view.camera, view.cam_from_world
    rows, columns = np.mgrid[: c.height * RAYS, : c.width * RAYS]
    x, y = (columns.ravel() + 0.5) / RAYS, (rows.ravel() + 0.5) / RAYS
    towards = np.stack([(x - c.cx) / c.fx, (y - c.cy) / c.fy, np.ones(len(x))], 1) @ pose.rotation
    seen, face, weights = colours.surface.hits(pose.source_origin, towards)
    light = np.full((len(x), 3), GREY, np.float32)
    light[seen] = colours.on(face, weights)
    shape = (c.height, RAYS, c.width, RAYS)
    cover = seen.reshape(shape).mean((1, 3), dtype=np.float32)
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
