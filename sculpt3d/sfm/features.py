"""SIFT features: one small database a photo, so that workers share nothing and a killed run goes on."""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from sculpt3d.photos.check import Photo, PhotoSet
from sculpt3d.progress import Each, Progress, one_by_one
from sculpt3d.sfm._colmap import pycolmap, seed_this_thread, without_database


@dataclass(frozen=True)
class FeatureParams:
    """max_features and max_image_size (px) a photo; `strong`: affine shape and domain-size pooling for pale stone."""

    max_features: int = 8192
    max_image_size: int = 3200
    strong: bool = False


def extract_features(
    photo_set: PhotoSet, out: Path, params: FeatureParams, each: Each = one_by_one, progress: Progress | None = None,
) -> list[Path]:  # fmt: skip
    """One database a photo below `out`, in the photos' order; what is there already is kept."""
    out.mkdir(parents=True, exist_ok=True)
    paths = [out / f"{i:06d}.db" for i in range(len(photo_set.photos))]

    def one(i: int) -> None:
        if not paths[i].exists():
            _extract(photo_set, photo_set.photos[i], paths[i], params)

    each(one, range(len(paths)), progress)
    return paths


def _extract(photo_set: PhotoSet, photo: Photo, path: Path, params: FeatureParams) -> None:
    options = pycolmap.FeatureExtractionOptions()
    options.num_threads = 1
    options.use_gpu = False
    options.max_image_size = params.max_image_size
    options.sift.max_num_features = params.max_features
    if params.strong:
        options.sift.peak_threshold = 0.002
        options.sift.estimate_affine_shape = True
        options.sift.domain_size_pooling = True
    reader = pycolmap.ImageReaderOptions()
    if photo.mask:
        reader.mask_path = photo_set.root / "masks"
    temporary = without_database(path.with_name(f".{path.name}.part"))
    seed_this_thread()
    pycolmap.extract_features(
        temporary,
        photo_set.root / "images",
        [photo.name],
        pycolmap.CameraMode.PER_IMAGE,
        reader,
        options,
        pycolmap.Device.cpu,
    )
    os.replace(temporary, path)


def create_database(photo_set: PhotoSet, path: Path) -> dict[str, int]:
    """A database of cameras and images, no features; photos with equal `camera_key` share intrinsics. Name -> id."""
    pycolmap.Database.open(without_database(path)).close()
    by_key = sorted(photo_set.photos, key=lambda p: (p.camera_key, p.name))
    for _, group in groupby(by_key, key=lambda p: p.camera_key):
        photos = list(group)
        focal = _focal(photo_set, photos[0])
        options = pycolmap.ImageReaderOptions()
        options.camera_model = "SIMPLE_RADIAL"
        if focal is not None:
            options.camera_params = f"{focal},{photos[0].width / 2},{photos[0].height / 2},0"
        pycolmap.import_images(
            path, photo_set.root / "images", pycolmap.CameraMode.SINGLE, [p.name for p in photos], options
        )
    database = pycolmap.Database.open(path)
    ids = {str(image.name): int(image.image_id) for image in database.read_all_images()}
    database.close()
    return ids


def _focal(photo_set: PhotoSet, photo: Photo) -> float | None:
    """From EXIF, else from pycolmap's list of sensors; None = unknown."""
    if photo.focal_px is not None:
        return photo.focal_px
    camera = pycolmap.infer_camera_from_image(photo_set.root / "images" / photo.name)
    return float(camera.mean_focal_length()) if camera.has_prior_focal_length else None


def copy_features(target: Any, image_id: int, path: Path) -> None:
    """From a photo's own database into `target`, an open database."""
    source = pycolmap.Database.open(path)
    mine = source.read_all_images()[0].image_id
    target.write_keypoints(image_id, source.read_keypoints(mine))
    target.write_descriptors(image_id, source.read_descriptors(mine))
    source.close()
