"""SIFT features: one small database a photo, so that workers share nothing and a killed run goes on."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from sculpt3d.files import put
from sculpt3d.photos.check import Photo, PhotoSet
from sculpt3d.photos.shots import Shot
from sculpt3d.progress import Each, Progress, one_by_one
from sculpt3d.sfm._colmap import pycolmap, seed_this_thread, without_database
from sculpt3d.sfm.feature_files import read_features

MORE = 1.25  # times as many are asked for at a coarser sampling, whose finest level finds fewer and places them worse
OCTAVE_MORE = 2.4  # times the features an octave finer has at least
DENSEST = 5e-3  # features a pixel that no photo surpasses before it is doubled
USUAL_FOCAL = 1.2  # of the longer side, where nothing is known; mapping then tries others too


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
    """At the coarsest sampling that yields all features asked for: of more, those of small scale are left out anyway.

    Halving both sides costs a quarter. A look at half size tells how far to go, where the photo is large enough for that.
    """
    temporary = path.with_name(f".{path.name}.part")
    longer, wanted = max(photo.width, photo.height), params.max_features
    full = min(params.max_image_size, longer)
    half_pixels = photo.width * photo.height * (full / longer / 2) ** 2
    found, more = 0, replace(params, max_features=round(MORE * wanted))
    if not params.strong and OCTAVE_MORE * DENSEST * half_pixels > more.max_features:
        found = _sift(photo_set, photo, temporary, more, 0, full // 2)
        if found < more.max_features <= OCTAVE_MORE * found:
            found = _sift(photo_set, photo, temporary, more, 0, full)
    if found < more.max_features:
        _sift(photo_set, photo, temporary, params, -1, full)
    put(temporary, path)


def _sift(photo_set: PhotoSet, photo: Photo, path: Path, params: FeatureParams, octave: int, size: int) -> int:
    """Write them anew to `path`; their number. octave -1: of the picture at twice its size."""
    options = pycolmap.FeatureExtractionOptions()
    options.num_threads = 1
    options.use_gpu = False
    options.max_image_size = size
    options.sift.first_octave = octave
    options.sift.max_num_features = params.max_features
    if params.strong:
        options.sift.peak_threshold = 0.002
        options.sift.estimate_affine_shape = True
        options.sift.domain_size_pooling = True
    reader = pycolmap.ImageReaderOptions()
    if photo.mask:
        reader.mask_path = photo_set.root / "masks"
    seed_this_thread()
    pycolmap.extract_features(
        without_database(path),
        photo_set.root / "images",
        [photo.name],
        pycolmap.CameraMode.PER_IMAGE,
        reader,
        options,
        pycolmap.Device.cpu,
    )
    return len(read_features(path).affine)


def create_database(photo_set: PhotoSet, path: Path) -> dict[str, int]:
    """A database of cameras and images, no features; photos with equal `camera_key` share intrinsics. Name -> id."""
    pycolmap.Database.open(without_database(path)).close()
    by_key = sorted(photo_set.photos, key=lambda p: (p.camera_key, p.name))
    guessed = []
    for _, group in groupby(by_key, key=lambda p: p.camera_key):
        photos = list(group)
        focal = _focal(photos[0])
        guess = focal or USUAL_FOCAL * max(photos[0].width, photos[0].height)
        options = pycolmap.ImageReaderOptions()
        options.camera_model = "SIMPLE_RADIAL"
        options.camera_params = f"{guess},{photos[0].width / 2},{photos[0].height / 2},0"
        pycolmap.import_images(
            path, photo_set.root / "images", pycolmap.CameraMode.SINGLE, [p.name for p in photos], options
        )
        guessed += [photos[0].name] if focal is None else []
    database = pycolmap.Database.open(path)
    images = {str(image.name): image for image in database.read_all_images()}
    for name in guessed:
        camera = database.read_camera(images[name].camera_id)
        camera.has_prior_focal_length = False
        database.update_camera(camera)
    database.close()
    return {name: int(image.image_id) for name, image in images.items()}


def _focal(photo: Photo) -> float | None:
    """From EXIF's lengths, else from pycolmap's list of sensors; None = unknown."""
    if photo.focal_px is not None:
        return photo.focal_px
    share = _listed_focal(photo.shot)
    return None if share is None else share * max(photo.shot.frame) * photo.shot.scale * photo.shot.zoom


def _listed_focal(shot: Shot) -> float | None:
    """Focal length over the frame's longer side, for cameras whose sensor pycolmap knows.

    Asked by a picture of its own that says no more than maker, model and focal length: of the photo itself pycolmap takes an
    equivalent of 65535 mm for one (1,800 times the width), and the pixel pitch of a reduced photo for that of the original.
    """
    if shot.focal_mm is None or not shot.camera:
        return None
    exif = Image.Exif()
    exif[271], exif[272] = shot.maker, shot.camera
    exif.get_ifd(0x8769)[37386] = IFDRational(round(shot.focal_mm * 1000), 1000)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "asked.jpg"
        Image.new("L", (600, 400)).save(path, exif=exif)
        camera = pycolmap.infer_camera_from_image(path)
    share = float(camera.mean_focal_length()) / 600
    return share if camera.has_prior_focal_length and 0.3 < share < 50 else None


def copy_features(target: Any, image_id: int, path: Path) -> None:
    """From a photo's own database into `target`, an open database."""
    source = pycolmap.Database.open(path)
    mine = source.read_all_images()[0].image_id
    target.write_keypoints(image_id, source.read_keypoints(mine))
    target.write_descriptors(image_id, source.read_descriptors(mine))
    source.close()
