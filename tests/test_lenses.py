"""Two lenses in one set of photos, by EXIF and without it: each is found, and cameras are as good as with one lens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.spatial.transform import Rotation

from pipelines.parallel import run_each
from sculpt3d.compare.registration import robust_umeyama
from sculpt3d.models.colmap import camera_poses
from sculpt3d.photos.check import Photo, PhotoSet, check_photos
from sculpt3d.photos.shots import shot_from_exif
from sculpt3d.progress import one_by_one
from sculpt3d.sfm._colmap import pycolmap
from sculpt3d.sfm.cameras import SfmParams, map_cameras
from sculpt3d.sfm.features import _focal, create_database
from sculpt3d.sfm.lenses import Lens, fit
from sculpt3d.sfm.result import SfmResult, load_sfm
from tests.conftest import ROOT, SHARED

FOCAL = 1150.0  # of the sample photos, without distortion
SERIAL, EQUIVALENT, ZOOM, MM = 0xA431, 41989, 41988, 37386
Tags = dict[int, object]
Look = Callable[[int], tuple[Lens | None, Tags | None]]  # of photo k: another lens; EXIF, None = none at all


def _through(rgb: np.ndarray, lens: Lens) -> np.ndarray:
    """A photo of the sample as `lens` would have taken it, at the same size."""
    height, width = rgb.shape[:2]
    u, v = np.meshgrid(np.arange(width) + 0.5 - width / 2, np.arange(height) + 0.5 - height / 2)
    radius = np.hypot(u, v) / lens.focal
    straight = radius.copy()
    for _ in range(30):
        straight = radius / (1 + lens.k1 * straight**2)
    times = FOCAL / lens.focal * straight / np.maximum(radius, 1e-12)
    x, y = (u * times + width / 2 - 0.5), (v * times + height / 2 - 0.5)
    return cv2.remap(
        rgb, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REPLICATE
    )


def _photos(folder: Path, look: Look, count: int = 26) -> Path:
    folder.mkdir()
    for k, path in enumerate(sorted((ROOT / "sample_data" / "photos").glob("*.jpg"))[:count]):
        lens, tags = look(k)
        rgb = np.asarray(Image.open(path).convert("RGB"))
        exif = Image.Exif()
        if tags is not None:
            exif[0x010F], exif[0x0110] = "Sculpt3D", "synthetic"
            inner = exif.get_ifd(0x8769)
            inner |= {EQUIVALENT: 41} | tags
        picture = Image.fromarray(rgb if lens is None else _through(rgb, lens))
        picture.save(folder / path.name, exif=exif, quality=95, subsampling=0)
    return folder


def _cameras(folder: Path, features: int = 1200) -> tuple[PhotoSet, SfmResult]:
    photo_set = check_photos(folder, folder.parent / "photos", each=run_each(2))
    found = map_cameras(photo_set, folder.parent / "sfm", SfmParams(max_features=features), run_each(2))
    assert found == load_sfm(folder.parent / "sfm")
    return photo_set, found


def _errors(found: SfmResult) -> np.ndarray:
    """Metres that the cameras are off; the object is 0.4 m high."""
    mine, true = camera_poses(found.model), camera_poses(ROOT / "sample_data" / "truth" / "cameras")
    names = sorted(mine)
    a, b = (np.array([poses[n].source_origin for n in names]) for poses in (mine, true))
    return np.linalg.norm(robust_umeyama(a, b).apply(a) - b, axis=1)


def _lenses(found: SfmResult) -> list[tuple[int, float]]:
    return sorted((lens["photos"], lens["focal_px"]) for lens in found.cameras)


BODIES = Lens(FOCAL * 1.08, -0.10)
ZOOMED = Lens(FOCAL * 1.4, 0.0)


def _two_bodies(k: int) -> tuple[Lens | None, Tags | None]:
    return (BODIES, {SERIAL: "1002"}) if k % 2 else (None, {SERIAL: "1001"})


def _digital_zoom(k: int) -> tuple[Lens | None, Tags | None]:
    tags: Tags = {MM: 4.25, EQUIVALENT: 57 if k % 2 else 41, ZOOM: 1.4 if k % 2 else 1.0}
    return (ZOOMED if k % 2 else None), tags


def _without(look: Look, exif: Tags | None) -> Look:
    return lambda k: (look(k)[0], exif)


def test_exif_tells_bodies_and_zoom_apart(tmp_path: Path) -> None:
    for name, look, times in (("bodies", _two_bodies, 1.0), ("zoom", _digital_zoom, 57 / 41)):
        photos = check_photos(_photos(tmp_path / name, look, 6), tmp_path / f"{name}-out").photos
        keys = [p.camera_key for p in photos]
        assert len(set(keys[::2])) == len(set(keys[1::2])) == 1
        assert keys[0] != keys[1]
        focal = [p.focal_px or 0.0 for p in photos]
        assert focal[1::2] == pytest.approx([focal[0] * times] * 3)


def test_two_bodies_without_serials_are_told_apart_by_residuals(tmp_path: Path) -> None:
    _, found = _cameras(_photos(tmp_path / "in", _without(_two_bodies, {}), 20))
    (first, mine), (second, other) = sorted(_lenses(found), key=lambda lens: lens[1])
    assert (first, second) == (10, 10)
    assert mine == pytest.approx(1150, abs=2)
    assert other == pytest.approx(1242, abs=3)
    assert "one camera was 2" in found.sentences()[0]
    (told,) = found.divided
    assert told["photos"] == [10, 10]
    assert told["error_px"] < 0.6 * told["error_as_one_px"]
    assert np.median(_errors(found)) < 0.0003  # the plain set's: 0.16 mm; as one camera 21 mm


def test_digital_zoom_without_exif_is_told_apart_by_residuals(tmp_path: Path) -> None:
    """The ring of 14 photos only: fewer tie points, and the sooner done."""
    _, found = _cameras(_photos(tmp_path / "in", _without(_digital_zoom, None), 14))
    (first, mine), (second, other) = sorted(_lenses(found), key=lambda lens: lens[1])
    assert (first, second) == (7, 7)
    assert mine == pytest.approx(1150, rel=0.01)
    assert other == pytest.approx(1610, rel=0.01)
    assert np.median(_errors(found)) < 0.001  # as one camera 93 mm


@pytest.mark.slow
@pytest.mark.parametrize(("look", "other", "off"), [(_two_bodies, 1242, 3), (_digital_zoom, 1610, 5)])
def test_cameras_that_exif_tells_apart(tmp_path: Path, look: Look, other: float, off: float) -> None:
    _, found = _cameras(_photos(tmp_path / "in", look), 3000)
    (_, a), (_, b) = sorted(_lenses(found), key=lambda lens: lens[1])
    assert (a, b) == (pytest.approx(1150, abs=2), pytest.approx(other, abs=off))
    assert found.divided == ()
    assert np.median(_errors(found)) < 0.0002


@pytest.mark.slow
@pytest.mark.parametrize(
    ("lenses", "counts"),
    [
        ({1: Lens(FOCAL * 1.08, -0.05), 2: Lens(FOCAL * 1.17, 0.03)}, [9, 9, 8]),
        ({1: Lens(FOCAL, -0.03)}, [13, 13]),
        ({1: Lens(FOCAL * 1.02, 0.0)}, [13, 13]),
        ({1: Lens(FOCAL * 2, 0.0)}, [13, 13]),
    ],
)
def test_other_lenses_without_exif(tmp_path: Path, lenses: dict[int, Lens], counts: list[int]) -> None:
    """Three bodies; the same focal length with other distortion; two bodies 2 % apart; twice the focal length."""
    _, found = _cameras(_photos(tmp_path / "in", lambda k: (lenses.get(k % len(counts)), None)))
    wanted = [FOCAL, *(lens.focal for lens in lenses.values())]
    got = sorted(lens["focal_px"] for lens in found.cameras)
    assert got == pytest.approx(sorted(wanted), rel=0.002)
    assert sorted(lens["photos"] for lens in found.cameras) == sorted(counts)
    assert np.median(_errors(found)) < 0.0004


@pytest.mark.slow
@pytest.mark.parametrize("alike", [True, False])
def test_cropped_photos_beside_whole_ones(tmp_path: Path, alike: bool) -> None:
    """Every second one 600 x 800 of 800 x 1000, all from one place or each from its own; EXIF keeps the camera's size."""
    tags: Tags = {40962: 800, 40963: 1000}
    folder, rng = _photos(tmp_path / "in", lambda k: (None, tags)), np.random.default_rng(1)
    for path in sorted(folder.iterdir())[1::2]:
        x, y = (60, 150) if alike else rng.integers(0, 200, 2).tolist()
        with Image.open(path) as image:
            cut = image.crop((x, y, x + 600, y + 800))
            cut.save(path, exif=image.getexif(), quality=95, subsampling=0)
    photo_set, found = _cameras(folder)
    assert [p.shot.cropped for p in photo_set.photos] == [False, True] * 13
    assert found.cropped[0]["photos"] == 13
    assert len(found.cameras) == (2 if alike else 14)
    focal = [lens["focal_px"] for lens in found.cameras if lens["photos"] > 1]
    assert focal == pytest.approx([1150] * len(focal), rel=0.005)
    assert np.median(_errors(found)) < 0.0008  # with the axis in the middle 3.4 and 7.1 mm


@pytest.mark.slow
def test_a_few_photos_of_another_body_are_found(tmp_path: Path) -> None:
    _, found = _cameras(_photos(tmp_path / "in", lambda k: (BODIES if k in (5, 16) else None, None)))
    assert [lens["photos"] for lens in found.cameras] == [24, 2]
    assert found.cameras[1]["focal_px"] == pytest.approx(1242, abs=4)


@pytest.mark.slow
def test_a_lens_that_breathes_stays_few_cameras(tmp_path: Path) -> None:
    """Focal lengths spread evenly over 6 %: no two populations."""
    times = 1.002 + 0.06 * np.random.default_rng(3).permutation(26) / 25
    _, found = _cameras(_photos(tmp_path / "in", lambda k: (Lens(FOCAL * float(times[k]), 0.0), None)))
    assert len(found.cameras) == 1
    assert found.divided == ()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["photos/sakharov", "rendered/nymph", "rendered/gutenberg"])
def test_one_true_camera_stays_one(tmp_path: Path, name: str) -> None:
    if not (SHARED / name / "images").is_dir():
        pytest.skip("needs ../shared/data")
    photo_set = check_photos(SHARED / name / "images", tmp_path / "photos", each=run_each(2))
    found = map_cameras(photo_set, tmp_path / "sfm", SfmParams(max_features=3000), run_each(2))
    assert len(found.cameras) == 1
    assert found.divided == ()


@pytest.mark.slow
def test_the_same_bytes_whatever_the_workers(tmp_path: Path) -> None:
    photo_set = check_photos(_photos(tmp_path / "in", _without(_two_bodies, {})), tmp_path / "photos")
    models = []
    for name, each in (("one", one_by_one), ("two", run_each(3))):
        found = map_cameras(photo_set, tmp_path / name, SfmParams(max_features=800), each)
        assert len(found.divided) == 1
        models.append({p.name: p.read_bytes() for p in found.model.iterdir()})
    assert models[0] == models[1]


def test_focal_lengths_that_only_the_list_of_sensors_knows() -> None:
    """pycolmap 4.2.1, asked of the photo, takes 65535 mm for a focal length; a Canon PowerShot G9 is 7.53 mm wide."""
    listed = {"271": "Canon", "272": "Canon PowerShot G9", "37386": 7.4, "41989": 65535}
    for exif, size in (
        (listed, (4000, 3000)),
        (listed | {"40962": 4000, "40963": 3000}, (1000, 750)),
        (listed | {"40962": 4000, "40963": 3000}, (2500, 2500)),
    ):
        shot = shot_from_exif(exif, *size)
        photo = Photo("a.jpg", "a.jpg", *size, shot.focal_px, "", 1.0, 0.5, 0.0, "", shot=shot)
        whole = 1000 if size == (1000, 750) else 4000
        assert _focal(photo) == pytest.approx(7.4 / 7.53 * whole, rel=0.02)
    unknown = shot_from_exif(listed | {"272": "No such camera"}, 4000, 3000)
    assert _focal(Photo("a.jpg", "a.jpg", 4000, 3000, None, "", 1.0, 0.5, 0.0, "", shot=unknown)) is None


def test_an_absurd_equivalent_is_no_focal_length(tmp_path: Path) -> None:
    """pycolmap, importing the photo by itself, would start at 1,800 times the width and hold on to it."""
    folder = _photos(tmp_path / "in", lambda k: (None, {EQUIVALENT: 65535}), 3)
    create_database(check_photos(folder, tmp_path / "out"), tmp_path / "a.db")
    database = pycolmap.Database.open(tmp_path / "a.db")
    (camera,) = database.read_all_cameras()
    database.close()
    assert camera.params == pytest.approx([1200, 400, 500, 0])
    assert not camera.has_prior_focal_length


@settings(max_examples=40)
@given(
    st.floats(600, 4000), st.floats(-0.15, 0.15), st.floats(0.93, 1.08), st.floats(-0.05, 0.05), st.integers(0, 99)
)  # fmt: skip
def test_a_photo_alone_tells_its_lens(focal: float, k1: float, off: float, bent: float, seed: int) -> None:
    """Exact pixels, a start that is off in lens and pose: focal length to 1e-5, distortion to 1e-5."""
    rng = np.random.default_rng(seed)
    turn = Rotation.random(random_state=seed).as_matrix()
    points = rng.normal(size=(150, 3))
    spread = 1600 / focal  # so that the points fill the picture
    shift = np.array([0.0, 0.0, 2.2 / spread + 3.0])
    in_cam = points @ turn.T + shift
    ray = in_cam[:, :2] / in_cam[:, 2:]
    ray_square = (ray**2).sum(1, keepdims=True)
    centre = np.array([800.0, 600.0])
    uv = centre + focal * ray * (1 + k1 * ray_square)
    nudged = Rotation.from_rotvec(rng.normal(0, 0.01, 3)).as_matrix() @ turn
    start = np.c_[nudged, shift * off]
    found, error = fit(start, centre, Lens(focal * off, k1 + bent), points, uv)
    assert found.focal == pytest.approx(focal, rel=1e-5)
    assert found.k1 == pytest.approx(k1, abs=1e-5)
    assert error < 1e-3 * focal / 600
