"""Photos at the door: what is taken as it is, what is converted, what is left out and why."""

from __future__ import annotations

import hashlib
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from sculpt3d.errors import InputError, NotEnoughPhotos, UnreadableFile
from sculpt3d.photos.check import check_photos, load_photo_set
from sculpt3d.photos.finding import safe_name
from sculpt3d.photos.masks import match_masks
from sculpt3d.photos.pictures import read_photo
from sculpt3d.photos.sharpness import blur_sigma
from sculpt3d.photos.shots import shot_from_exif
from tests.conftest import SHARED


def scene_picture(seed: int = 0, size: tuple[int, int] = (300, 400)) -> np.ndarray:
    rng = np.random.default_rng(seed)
    blocks = rng.integers(20, 235, (size[0] // 10, size[1] // 10, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(blocks).resize(size[::-1], Image.Resampling.NEAREST))


def write_photos(folder: Path, count: int = 4) -> None:
    folder.mkdir(exist_ok=True)
    for i in range(count):
        Image.fromarray(scene_picture(i)).save(folder / f"p{i}.jpg", quality=95)


def test_plain_jpegs_are_taken_byte_for_byte_and_inputs_stay_untouched(tmp_path: Path) -> None:
    write_photos(tmp_path / "in")
    before = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in (tmp_path / "in").iterdir()}
    found = check_photos(tmp_path / "in", tmp_path / "out")
    assert [p.name for p in found.photos] == ["p0.jpg", "p1.jpg", "p2.jpg", "p3.jpg"]
    assert {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in (tmp_path / "in").iterdir()} == before
    assert (tmp_path / "out/images/p1.jpg").read_bytes() == (tmp_path / "in/p1.jpg").read_bytes()
    assert load_photo_set(tmp_path / "out") == found


def test_each_bad_file_is_named_with_its_reason(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    write_photos(folder)
    (folder / "garbage.jpg").write_bytes(b"not a photo" * 99)
    (folder / "empty.png").write_bytes(b"")
    (folder / "cut.jpg").write_bytes((folder / "p0.jpg").read_bytes()[:3000])
    (folder / "twin.jpg").write_bytes((folder / "p1.jpg").read_bytes())
    (folder / "raw.cr2").write_bytes(b"II*\0")
    Image.fromarray(np.full((300, 400, 3), 255, np.uint8)).save(folder / "white.png")
    Image.fromarray(scene_picture(9, (100, 120))).save(folder / "tiny.png")
    Image.fromarray(cv2.GaussianBlur(scene_picture(8), (0, 0), 14)).save(folder / "blurred.jpg")
    reasons = {r.name: r.reason for r in check_photos(folder, tmp_path / "out").rejected}
    assert set(reasons) == {
        "garbage.jpg",
        "empty.png",
        "cut.jpg",
        "twin.jpg",
        "raw.cr2",
        "white.png",
        "tiny.png",
        "blurred.jpg",
    }
    assert "p1.jpg" in reasons["twin.jpg"]
    assert "blurred" in reasons["blurred.jpg"]
    assert "RAW" in reasons["raw.cr2"]


def test_sixteen_bits_cmyk_grey_and_orientation(tmp_path: Path) -> None:
    rgb = scene_picture()
    tifffile.imwrite(tmp_path / "deep.tif", rgb.astype(np.uint16) * 257, photometric="rgb")
    assert np.array_equal(read_photo(tmp_path / "deep.tif").pixels, rgb)
    Image.fromarray(rgb).convert("CMYK").save(tmp_path / "cmyk.jpg", quality=98)
    cmyk = read_photo(tmp_path / "cmyk.jpg")
    pixels, as_it_is = cmyk.pixels, cmyk.as_it_is
    assert not as_it_is
    assert np.median(np.abs(pixels.astype(int) - rgb)) < 12
    Image.fromarray(rgb[..., 0]).save(tmp_path / "grey.png")
    assert np.array_equal(read_photo(tmp_path / "grey.png").pixels, np.repeat(rgb[..., :1], 3, -1))
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(rgb).save(tmp_path / "turned.jpg", exif=exif)
    assert read_photo(tmp_path / "turned.jpg").pixels.shape == rgb.shape  # as stored


def test_one_photo_is_not_enough(tmp_path: Path) -> None:
    write_photos(tmp_path / "in", 1)
    with pytest.raises(NotEnoughPhotos, match="three"):
        check_photos(tmp_path / "in", tmp_path / "out")


def test_masks(tmp_path: Path) -> None:
    write_photos(tmp_path / "in")
    masks = tmp_path / "masks"
    masks.mkdir()
    with pytest.raises(InputError, match="bears a photo's name"):
        match_masks(masks, ["p0.jpg"])
    for name in ("p0.png", "p1.jpg.png"):
        Image.fromarray(np.zeros((300, 400), np.uint8)).save(masks / name)
    with pytest.raises(InputError, match="black"):
        check_photos(tmp_path / "in", tmp_path / "b", match_masks(masks, [f"p{i}.jpg" for i in range(9)]))
    Image.fromarray(np.full((150, 200), 255, np.uint8)).save(masks / "p0.png")
    found = check_photos(tmp_path / "in", tmp_path / "c", match_masks(masks, [f"p{i}.jpg" for i in range(9)]))
    assert [p.mask for p in found.photos] == [True, True, False, False]
    with Image.open(tmp_path / "c/masks/p0.jpg.png") as mask:
        assert mask.size == (400, 300)


def test_blur_is_measured() -> None:
    sharp = cv2.cvtColor(scene_picture(size=(900, 1200)), cv2.COLOR_RGB2GRAY)
    measured = [blur_sigma(cv2.GaussianBlur(sharp, (0, 0), s)) for s in (1.0, 2.0, 4.0)]
    assert measured == sorted(measured)
    assert abs(measured[2] - 4.0) < 1.2
    assert blur_sigma(sharp) < 2.0


@given(st.text(min_size=1, max_size=30))
def test_safe_names_hold_no_spaces_and_stay_distinct(name: str) -> None:
    safe = safe_name(name.replace("/", "_") + ".jpg")
    assert not any(c.isspace() for c in safe)
    assert safe_name("a b.jpg") != safe_name("a_b.jpg")


@pytest.mark.skipif(not SHARED.is_dir(), reason="the evaluation data is not here")
def test_awkward_files_pass_without_a_traceback() -> None:
    taken = 0
    for path in sorted((SHARED / "awkward").rglob("*")):
        if path.suffix.lower() in {".jpg", ".png", ".tif", ".tiff", ".heic", ".heif"}:
            try:
                pixels = read_photo(path).pixels
            except UnreadableFile as error:
                assert path.name in str(error)
            else:
                taken += 1
                assert pixels.dtype == np.uint8
                assert pixels.ndim == 3
    assert taken >= 25


def test_sixteen_bit_tiff_keeps_its_profile_and_exif(tmp_path: Path) -> None:
    """What a RAW developer writes: wide-gamut 16 bits with a profile; colours come out as sRGB, the lens is known."""
    from PIL import ImageCms

    wide = scene_picture(3)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    tags = [
        (271, 2, 0, "Maker", True),
        (272, 2, 0, "Camera", True),
        (41989, 3, 1, 50, True),
        (274, 3, 1, 6, True),
    ]
    tifffile.imwrite(
        tmp_path / "a.tif",
        wide.astype(np.uint16) * 257,
        photometric="rgb",
        iccprofile=profile,
        extratags=tags,
    )
    read = read_photo(tmp_path / "a.tif")
    pixels, exif, as_it_is = read.pixels, read.exif, read.as_it_is
    assert not as_it_is
    assert np.abs(pixels.astype(int) - wide).max() <= 1
    assert (exif["271"], exif["272"], exif["274"]) == ("Maker", "Camera", 6)
    assert shot_from_exif(exif, 400, 300).focal_px == pytest.approx(
        50 / 43.2666 * 500, rel=1e-4
    )  # the diagonal


def test_masks_and_projects_inside_the_photos_folder_are_no_photos(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    write_photos(folder)
    (folder / "masks").mkdir()
    (folder / "project" / "work").mkdir(parents=True)
    for i in range(4):
        Image.new("L", (400, 300), 255).save(folder / "masks" / f"p{i}.png")
        Image.fromarray(scene_picture(i)).save(folder / "project" / "work" / f"p{i}.png")
    found = check_photos(
        folder,
        tmp_path / "out",
        match_masks(folder / "masks", [f"p{i}.jpg" for i in range(9)]),
        apart=(folder / "masks", folder / "project"),
    )
    assert [p.source for p in found.photos] == [f"p{i}.jpg" for i in range(4)]
    assert all(p.mask for p in found.photos)
    assert not found.rejected


def test_odd_names_links_and_what_is_no_file(tmp_path: Path) -> None:
    import os

    folder = tmp_path / "in"
    write_photos(folder)
    for i, name in enumerate(
        ("a b.jpg", "\u00fcn\u00ef.jpg", "line\nbreak.jpg", "p0.png", "sub/p0.jpg", "-rf.jpg")
    ):
        (folder / name).parent.mkdir(exist_ok=True)
        Image.fromarray(scene_picture(20 + i)).save(folder / name)
    os.symlink(folder, folder / "sub" / "loop")
    os.symlink("self.jpg", folder / "self.jpg")
    os.symlink("/dev/zero", folder / "zero.jpg")
    os.mkfifo(folder / "pipe.jpg")
    (folder / "folder.jpg").mkdir()
    with open(folder / "vast.jpg", "wb") as f:
        f.truncate(5 * 10**9)
    found = check_photos(folder, tmp_path / "out")
    assert len(found.photos) == 10
    assert len({p.name for p in found.photos}) == 10
    assert all((tmp_path / "out" / "images" / p.name).is_file() for p in found.photos)
    assert not any(c.isspace() for p in found.photos for c in p.name)
    assert [(r.name, "4 GB" in r.reason) for r in found.rejected] == [("vast.jpg", True)]
    assert found == load_photo_set(tmp_path / "out")


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("ending", ["tif", "jpg", "png", "webp"])
def test_pixels_are_used_as_stored(tmp_path: Path, ending: str, orientation: int) -> None:
    pixels = scene_picture(4)
    exif = Image.Exif()
    exif[274] = orientation
    path = tmp_path / f"a.{ending}"
    if ending == "tif":
        tifffile.imwrite(path, pixels, photometric="rgb", extratags=[(274, 3, 1, orientation, True)])
    else:
        lossless = {"lossless": True} if ending == "webp" else {"quality": 95}
        Image.fromarray(pixels).save(path, exif=exif, **({} if ending == "png" else lossless))
    read = read_photo(path)
    found, tags = read.pixels, read.exif
    assert found.shape == pixels.shape
    assert np.abs(found.astype(int) - pixels).mean() < (10 if ending == "jpg" else 0.01)
    assert tags["274"] == orientation
