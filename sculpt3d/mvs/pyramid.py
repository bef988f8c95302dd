"""Pictures, cameras and wanted pixels of all views at every scale, cropped to what is worked on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from sculpt3d.geometry import F64
from sculpt3d.mvs.stack import Stack, build_stack, pack
from sculpt3d.progress import Each, one_by_one
from sculpt3d.region import outline
from sculpt3d.types import F32, Bool, Pinhole, Region, Scene
from sculpt3d.views import finest_size, read_grey, read_mask, scaled

GRID = (
    8  # crops begin and end on it, so three halvings are exact; a photo's last few rows and columns go unused
)
MARGIN = 8  # pixels round what is wanted: windows reach over its edge


class Pyramid:
    """Scale s has 1 / 2**s of the finest pixels. Files lie in `work`; what is there already is used."""

    def __init__(
        self, scene: Scene, max_image_size: int, region: Region | None, work: Path, each: Each = one_by_one
    ) -> None:
        self.scene, self.region, self.work, self.each = scene, region, work, each
        work.mkdir(parents=True, exist_ok=True)
        sizes = [finest_size(v.camera, max_image_size) for v in scene.views]
        self.cameras = [scaled(v.camera, h, w) for v, (h, w) in zip(scene.views, sizes, strict=True)]
        self.crops = each(self._crop, range(len(scene.views)))  # x0 y0 x1 y1 in finest pixels
        self._wanted = build_stack(work / "wanted.u8", self.sizes(0), np.uint8, self._wanted_finest, each)

    def sizes(self, scale: int) -> list[tuple[int, int]]:
        """Height and width of every view's crop."""
        return [(int(y1 - y0) >> scale, int(x1 - x0) >> scale) for x0, y0, x1, y1 in self.crops]

    def camera(self, i: int, scale: int) -> Pinhole:
        """Of view i's crop."""
        c, (x0, y0, _, _), s = self.cameras[i], self.crops[i], 1 / 2**scale
        h, w = self.sizes(scale)[i]
        return Pinhole(w, h, c.fx * s, c.fy * s, (c.cx - x0) * s, (c.cy - y0) * s)

    def pictures(self, scale: int) -> Stack:
        """Grey, packed."""
        read = self._finest if scale == 0 else self._half_of(self.pictures(scale - 1))
        return build_stack(self.work / f"scale{scale}.u32", self.sizes(scale), np.uint32, read, self.each)

    def wanted(self, i: int, scale: int) -> Bool:
        """(H, W) of the crop: inside the mask and on a ray that may meet the region."""
        finest, (h, w) = np.array(self._wanted.view(i)), self.sizes(scale)[i]
        if scale == 0 or not finest.size:
            return finest > 0
        return np.asarray(cv2.resize(finest * np.uint8(255), (w, h), interpolation=cv2.INTER_AREA) >= 128)

    def wanted_whole(self, i: int) -> Bool:
        """(H, W) of the whole map: inside the mask and on a ray that may meet the region."""
        camera, view = self.cameras[i], self.scene.views[i]
        wanted = read_mask(view, camera.height, camera.width)
        return wanted if self.region is None else wanted & outline(self.region, view, camera)

    def megapixels(self) -> float:
        """Wanted at the finest scale, of all views."""
        return float(np.count_nonzero(self._wanted.flat)) / 1e6

    def warps(self, i: int, others: Sequence[int], scale: int) -> tuple[F32, F32]:
        """From view i to each of `others` and back, (S, 12): K_s R K_r^-1 row by row, then K_s t."""
        there = [self._warp(i, j, scale) for j in others]
        back = [self._warp(j, i, scale) for j in others]
        return np.array(there, np.float32).reshape(-1, 12), np.array(back, np.float32).reshape(-1, 12)

    def paste(self, i: int, crop: F32) -> F32:
        """(h, w[, C]) of the finest crop -> the whole map's size, 0 elsewhere."""
        x0, y0, x1, y1 = self.crops[i]
        whole = np.zeros((self.cameras[i].height, self.cameras[i].width, *crop.shape[2:]), np.float32)
        whole[y0:y1, x0:x1] = crop
        return whole

    def _crop(self, i: int) -> NDArray[np.int64]:
        camera = self.cameras[i]
        end = np.array([camera.height, camera.width]) // GRID * GRID
        at = np.argwhere(self.wanted_whole(i)[: end[0], : end[1]])
        if not len(at):
            return np.zeros(4, np.int64)
        low = np.maximum(at.min(0) - MARGIN, 0) // GRID * GRID
        high = np.minimum(-(-(at.max(0) + 1 + MARGIN) // GRID) * GRID, end)
        return np.array([low[1], low[0], high[1], high[0]])

    def _wanted_finest(self, i: int) -> NDArray[np.uint8]:
        x0, y0, x1, y1 = self.crops[i]
        return self.wanted_whole(i)[y0:y1, x0:x1].astype(np.uint8)

    def _finest(self, i: int) -> NDArray[np.uint32]:
        x0, y0, x1, y1 = self.crops[i]
        grey = read_grey(self.scene.views[i], self.cameras[i].height, self.cameras[i].width)
        return pack(np.ascontiguousarray(grey[y0:y1, x0:x1]))

    def _half_of(self, finer: Stack) -> Callable[[int], NDArray[np.uint32]]:
        def read(i: int) -> NDArray[np.uint32]:
            grey = (finer.view(i) & np.uint32(255)).astype(np.uint8)
            h, w = grey.shape[0] // 2, grey.shape[1] // 2
            return pack(cv2.resize(grey, (w, h), interpolation=cv2.INTER_AREA) if grey.size else grey)

        return read

    def _warp(self, i: int, j: int, scale: int) -> F64:
        move = self.scene.views[j].cam_from_world @ self.scene.views[i].cam_from_world.inverse()
        a, b = (_integer_matrix(self.camera(k, scale)) for k in (i, j))
        return np.r_[(b @ move.rotation @ np.linalg.inv(a)).ravel(), b @ move.translation]


def _integer_matrix(camera: Pinhole) -> F64:
    """Calibration for pixels whose centres are integers, as the kernels count."""
    k = camera.matrix()
    k[:2, 2] -= 0.5
    return k
