"""What EXIF says of lens and frame, on what cameras and programs write; the same photo given twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from sculpt3d.photos.check import PhotoSet, check_photos, load_photo_set
from sculpt3d.photos.sharing import camera_keys, find_copies, focal_lengths, thumbnail
from sculpt3d.photos.shots import Shot, shot_from_exif
from tests.conftest import ROOT, SHARED

DIAGONAL = float(np.hypot(36, 24))
CANON = {"37386": 50.0, "41486": 4368 / 35.96, "41488": 4, "40962": 4368, "40963": 2912}  # 35.96 mm wide


def _focal(exif: dict[str, Any], width: int, height: int) -> float | None:
    return shot_from_exif(exif, width, height).focal_px


@pytest.mark.parametrize(
    ("exif", "size", "focal"),
    [
        ({"41989": 50}, (6000, 4000), 50 / 36 * 6000),  # 3:2: side and diagonal agree
        ({"41989": 26}, (1200, 900), 26 / DIAGONAL * 1500),
        ({"41989": 24}, (1600, 900), 24 / 36 * 1600),  # a cut frame: its longer side is whole
        (CANON, (4368, 2912), 50 / 35.96 * 4368),
        (CANON, (1092, 728), 50 / 35.96 * 1092),  # made smaller, EXIF left as it was
        (CANON, (728, 1092), 50 / 35.96 * 1092),  # and turned
        (CANON, (1000, 667), 50 / 35.96 * 1000),  # sides rounded
        (CANON, (3000, 2912), 50 / 35.96 * 4368),  # cut at the sides: the pixels are as they were
        (CANON, (2600, 2600), 50 / 35.96 * 4368),
        (CANON, (1000, 1000), 50 / 35.96 * 4368 * 1000 / 2912),  # cut and made smaller
        (CANON | {"41988": 2.0}, (4368, 2912), 2 * 50 / 35.96 * 4368),  # the pitch knows nothing of the zoom
        ({"41989": 26, "40962": 4032, "40963": 3024}, (2566, 3313), 26 / DIAGONAL * 5040),
        ({"41989": 0}, (100, 100), None),
        ({"41989": 65535}, (100, 100), None),
        ({"41989": "nonsense", "37386": 0.0}, (100, 100), None),
        ({"41989": 500, "37386": 4.2}, (4000, 3000), None),  # 120 times the focal length is no lens
        (CANON | {"41989": 0}, (4368, 2912), 50 / 35.96 * 4368),
        (CANON | {"41488": 2}, (4368, 2912), None),  # a sensor of 0.9 m: the unit is wrong
        (CANON | {"40962": 0, "40963": 10**9}, (4368, 2912), 50 / 35.96 * 4368),
        ({}, (100, 100), None),
    ],
)
def test_focal_length(exif: dict[str, Any], size: tuple[int, int], focal: float | None) -> None:
    found = _focal(exif, *size)
    assert found == (None if focal is None else pytest.approx(focal, rel=2e-3))


@given(st.integers(200, 4368))
def test_a_reduced_photo_sees_as_much_as_its_original(width: int) -> None:
    """The angle of view stays, whatever the size; its key differs from the original's."""
    height = round(width * 2912 / 4368)
    shot, whole = shot_from_exif(CANON, width, height), shot_from_exif(CANON, 4368, 2912)
    assert shot.focal_px is not None
    assert whole.focal_px is not None
    assert shot.focal_px / width == pytest.approx(whole.focal_px / 4368, rel=1.6 / width)
    assert not shot.cropped
    keys = camera_keys([shot, whole], [(width, height), (4368, 2912)])
    assert (keys[0] == keys[1]) == (width == 4368)


_TEXT = {"271": "Maker", "272": "Camera", "42033": "1001", "42036": "50 mm", "42037": "77"}
_NUMBERS = {"37386": 50.0, "41989": 50, "41988": 1.0}


@pytest.mark.parametrize("tag", [*_TEXT, *_NUMBERS])
def test_each_tag_tells_cameras_apart(tag: str) -> None:
    exif = _TEXT | _NUMBERS
    other = exif | {tag: 1.4 if tag == "41988" else exif[tag] + ("2" if tag in _TEXT else 7)}  # type: ignore[operator]
    shots = [shot_from_exif(e, 600, 400) for e in (exif, other, dict(exif))]
    keys = camera_keys(shots, [(600, 400)] * 3)
    assert keys[0] == keys[2] != keys[1]


def test_a_phone_that_focuses_stays_one_camera() -> None:
    """Its zoom ratio is 1.0007 or 1.003, its lens 4.24 to 4.26 mm; a lens that goes on and on is not one setting."""

    def cameras(values: list[tuple[float, float]]) -> int:
        shots = [
            shot_from_exif({"272": "Phone", "37386": focal, "41989": 26, "41988": zoom}, 4032, 3024)
            for zoom, focal in values
        ]
        return len(set(camera_keys(shots, [(4032, 3024)] * len(shots))))

    assert cameras([(1.0, 4.25), (1.0007, 4.25), (1.003, 4.26), (1.006, 4.24)]) == 1
    assert cameras([(1.0, 4.25), (1.4, 4.25), (1.41, 4.25), (2.0, 4.25)]) == 3
    assert cameras([(1.0, float(f)) for f in np.geomspace(24, 24 * 1.12, 26)]) == 4


def test_an_equivalent_that_leaves_the_zoom_out_is_seen_by_the_set() -> None:
    plain = {"272": "C", "37386": 6.0, "41989": 35, "41988": 1.0}
    zoomed = plain | {"41988": 2.0}
    told = zoomed | {"41989": 70}
    shots = [shot_from_exif(e, 600, 400) for e in (plain, zoomed)]
    assert focal_lengths(shots) == pytest.approx([35 / 36 * 600, 70 / 36 * 600])
    shots = [shot_from_exif(e, 600, 400) for e in (plain, told)]
    assert focal_lengths(shots) == pytest.approx([35 / 36 * 600, 70 / 36 * 600])


def test_a_program_that_corrected_the_size_and_not_the_pitch() -> None:
    small = CANON | {"40962": 1092, "40963": 728}
    shots = [shot_from_exif(CANON, 4368, 2912), shot_from_exif(small, 1092, 728)]
    assert focal_lengths(shots) == pytest.approx([50 / 35.96 * 4368, 50 / 35.96 * 1092])


def test_real_phones_focal_lengths() -> None:
    """By the longer side, as before, they were 3 and 4 % too short; 1.9 and 1.4 micrometres a pixel."""
    folder = SHARED / "awkward" / "phone_heic"
    if not folder.is_dir():
        pytest.skip("needs ../shared/data/awkward")
    from sculpt3d.photos.pictures import read_photo

    found = {}
    for path in sorted(folder.iterdir()):
        read = read_photo(path)
        pixels, exif = read.pixels, read.exif
        found[exif.get("272", "")] = shot_from_exif(exif, pixels.shape[1], pixels.shape[0]).focal_px
    assert found["iPhone 13 Pro Max"] == pytest.approx(5700 / 1.9, rel=0.012)
    assert found["iPhone 11 Pro Max"] == pytest.approx(4250 / 1.4, rel=0.012)  # cropped by a program


def _set(folder: Path, count: int = 5) -> list[Path]:
    paths = sorted((ROOT / "sample_data" / "photos").glob("*.jpg"))[:count]
    folder.mkdir()
    for path in paths:
        (folder / path.name).write_bytes(path.read_bytes())
    return paths


def _checked(folder: Path) -> PhotoSet:
    found = check_photos(folder, folder.parent / "out")
    assert load_photo_set(folder.parent / "out") == found
    return found


@pytest.mark.parametrize("change", ["smaller", "turned", "cropped", "edited"])
def test_a_copy_beside_its_original_is_left_out(tmp_path: Path, change: str) -> None:
    folder = tmp_path / "in"
    path = _set(folder)[2]
    image = Image.open(path)
    exif = image.getexif()
    inner = exif.get_ifd(0x8769)
    if change in {"cropped", "edited"}:  # only EXIF tells; with the fraction of the second
        inner |= {36867: "2026:05:04 12:00:01", 37521: "37", 40962: 800, 40963: 1000}
        image.save(folder / path.name, exif=exif, quality=92)
    changed = {
        "smaller": lambda: image.resize((480, 600)),
        "turned": lambda: image.transpose(Image.Transpose.ROTATE_270),
        "cropped": lambda: image.crop((150, 200, 750, 800)),
        "edited": lambda: image.point(lambda v: min(255, int(30 + 1.1 * v))),
    }[change]()
    changed.save(folder / "a_copy.jpg", exif=exif, quality=80)
    found = _checked(folder)
    kept = "a_copy.jpg" if change in {"turned", "edited"} else path.name  # as many pixels: the first by name
    gone = path.name if kept == "a_copy.jpg" else "a_copy.jpg"
    assert len(found.photos) == 5
    assert [r.name for r in found.rejected] == [gone]
    assert kept in found.rejected[0].reason


def test_photos_that_only_look_alike_are_kept(tmp_path: Path) -> None:
    """A burst, two frames of equal size, and two times that contradict: no copies."""
    look = np.asarray(Image.open(ROOT / "sample_data" / "photos" / "figure_00.jpg").convert("L"))
    same = [thumbnail(look), thumbnail(look)]
    at = [Shot(moment="2026:05:04 12:00:01."), Shot(moment="2026:05:04 12:00:01.")]
    assert find_copies(at, [(800, 1000)] * 2, same) == {}
    later = [at[0], Shot(moment="2026:05:04 12:00:02.")]
    assert find_copies(later, [(800, 1000), (400, 500)], same) == {}
    assert find_copies([Shot(), Shot()], [(800, 1000)] * 2, same) == {}
    assert find_copies([Shot(), Shot()], [(400, 500), (800, 1000)], same) == {0: 1}


@pytest.mark.parametrize("name", ["photos/sakharov", "photos/panel17", "rendered/plato", "rendered/nymph"])
def test_no_photo_of_a_real_set_is_a_copy(name: str) -> None:
    folder = SHARED / name / "images"
    if not folder.is_dir():
        pytest.skip("needs ../shared/data")
    shots, sizes, looks = [], [], []
    for path in sorted(folder.iterdir()):
        with Image.open(path) as image:
            image.draft("L", (800, 800))
            looks.append(thumbnail(np.asarray(image.convert("L"))))
            exif = image.getexif()
            tags = {str(k): v for k, v in {**exif, **exif.get_ifd(0x8769)}.items()}
        with Image.open(path) as image:
            sizes.append(image.size)
        shots.append(shot_from_exif(tags, *sizes[-1]))
    assert find_copies(shots, sizes, looks) == {}
    silent = [Shot() for _ in shots]
    assert find_copies(silent, [(i, i) for i in range(len(sizes))], looks) == {}  # not even by their looks


def test_thumbnails_do_not_depend_on_the_size() -> None:
    grey = np.asarray(Image.open(ROOT / "sample_data" / "photos" / "figure_00.jpg").convert("L"))
    small = cv2.resize(grey, (300, 375), interpolation=cv2.INTER_AREA)
    assert np.abs(thumbnail(grey).astype(int) - thumbnail(np.asarray(small, np.uint8)).astype(int)).max() <= 6
