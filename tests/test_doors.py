"""Pictures, masks and workspaces as people have them: each kind comes in as what it means, or is refused with the remedy."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import cv2
import imagecodecs
import numpy as np
import pillow_heif
import pytest
import tifffile
from PIL import Image, ImageCms
from scipy.spatial.transform import Rotation

from pipelines.densify import densify
from pipelines.settings import How
from pipelines.texture import texture
from pipelines.workspace_photos import photos_of_model
from sculpt3d._pycolmap import pycolmap
from sculpt3d.align import with_photos
from sculpt3d.colour import from_srgb, to_srgb
from sculpt3d.compare.evaluate import evaluate
from sculpt3d.errors import InputError, UnreadableFile
from sculpt3d.geometry import Rigid3
from sculpt3d.models.colmap import load_scene, read_model
from sculpt3d.models.colmap_find import choose_model
from sculpt3d.models.read import read_document
from sculpt3d.mvs.depth import DepthParams
from sculpt3d.photos.check import check_photos
from sculpt3d.photos.finding import masks_among_photos
from sculpt3d.photos.jxl import size_of
from sculpt3d.photos.masks import match_masks, read_mask
from sculpt3d.photos.pictures import read_photo
from sculpt3d.sfm.undistort import notes_of, undistort
from sculpt3d.texture.bake import TextureParams
from sculpt3d.types import Pinhole, View
from sculpt3d.views import read_grey, read_rgb
from sculpt3d.views import read_mask as view_mask
from tests.conftest import ROOT, SHARED

PHOTOS, TRUTH = ROOT / "sample_data" / "photos", ROOT / "sample_data" / "truth" / "cameras"
FAR = np.array([465123.25, 210.5, -5530987.5])


def scene(seed: int = 0, size: tuple[int, int] = (320, 240)) -> np.ndarray:
    rng = np.random.default_rng(seed)
    noise = cv2.GaussianBlur(rng.uniform(0, 255, (size[1], size[0], 3)).astype(np.float32), (0, 0), 2)
    return np.clip((noise - noise.mean()) * 8 + 128, 0, 255).astype(np.uint8)


def tagged(
    tags: dict[int, Any], inner: dict[int, Any] | None = None, interoperability: str = ""
) -> Image.Exif:
    exif = Image.Exif()
    for tag, value in tags.items():
        exif[tag] = value
    for tag, value in (inner or {}).items():
        exif.get_ifd(0x8769)[tag] = value
    if interoperability:
        exif.get_ifd(0x8769)[0xA005] = {1: interoperability}
    return exif


# ---- pictures


def linear_grey_profile() -> bytes:
    """The least that ICC.1 9.3 wants of a grey display profile, with gamma 1."""

    def xyz(*values: float) -> bytes:
        return b"XYZ " + bytes(4) + b"".join(round(v * 65536).to_bytes(4, "big") for v in values)

    text = b"linear grey\0"
    tags = {
        b"desc": b"desc" + bytes(4) + len(text).to_bytes(4, "big") + text + bytes(78),
        b"wtpt": xyz(0.9642, 1.0, 0.8249),
        b"kTRC": b"curv" + bytes(4) + (1).to_bytes(4, "big") + (256).to_bytes(2, "big"),
        b"cprt": b"text" + bytes(4) + b"none\0",
    }
    at, table, data = 128 + 4 + 12 * len(tags), b"", b""
    for sign, body in tags.items():
        body += bytes(-len(body) % 4)
        table += sign + (at + len(data)).to_bytes(4, "big") + len(body).to_bytes(4, "big")
        data += body
    head = (
        (at + len(data)).to_bytes(4, "big") + b"none" + bytes([2, 0x40, 0, 0]) + b"mntrGRAYXYZ " + bytes(12) + b"acsp"
        + bytes(28) + xyz(0.9642, 1.0, 0.8249)[8:]
    )  # fmt: skip
    return head.ljust(128, b"\0") + len(tags).to_bytes(4, "big") + table + data


def _grey16(path: Path, rgb: np.ndarray) -> None:
    cv2.imwrite(str(path), rgb[..., 1].astype(np.uint16) * 257)


def _rgb16(path: Path, rgb: np.ndarray) -> None:
    cv2.imwrite(str(path), rgb[..., ::-1].astype(np.uint16) * 257)


def _jxl(path: Path, rgb: np.ndarray) -> None:
    path.write_bytes(imagecodecs.jpegxl_encode(rgb, lossless=True))


def _preview_first(path: Path, rgb: np.ndarray) -> None:
    with tifffile.TiffWriter(path) as file:
        file.write(np.ascontiguousarray(rgb[::4, ::4]), photometric="rgb", subfiletype=1)
        file.write(rgb, photometric="rgb")


WRITERS = {
    "png": (lambda p, a: Image.fromarray(a).save(p), ".png", False),
    "16-bit PNG": (_rgb16, ".png", False),
    "16-bit grey PNG": (_grey16, ".png", True),
    "16-bit grey TIFF": (lambda p, a: tifffile.imwrite(p, a[..., 1].astype(np.uint16) * 257), ".tif", True),
    "planar 16-bit TIFF": (lambda p, a: tifffile.imwrite(
        p, np.moveaxis(a.astype(np.uint16) * 257, -1, 0), photometric="rgb", planarconfig="separate"), ".tiff", False),
    "float TIFF": (lambda p, a: tifffile.imwrite(p, a.astype(np.float32) / 255, photometric="rgb"), ".tif", False),
    "float TIFF to 255": (lambda p, a: tifffile.imwrite(p, a.astype(np.float32), photometric="rgb"), ".tif", False),
    "grey": (lambda p, a: Image.fromarray(a[..., 1]).save(p), ".PNG", True),
    "grey with alpha": (lambda p, a: Image.merge("LA", [Image.fromarray(a[..., 1]), Image.new("L", a.shape[1::-1], 255)]).save(p),
                        ".png", True),
    "white is zero": (lambda p, a: tifffile.imwrite(p, 65535 - a[..., 1].astype(np.uint16) * 257, photometric="miniswhite"),
                      ".tif", True),
    "32-bit grey TIFF": (lambda p, a: tifffile.imwrite(p, a[..., 1].astype(np.uint32) * 16843009), ".tif", True),
    "16-bit inks": (lambda p, a: tifffile.imwrite(p, np.asarray(Image.fromarray(a).convert("CMYK")).astype(np.uint16) * 257,
                                                  photometric="separated"), ".tif", False),
    "colours times alpha": (lambda p, a: tifffile.imwrite(
        p, np.dstack([a, np.full(a.shape[:2], 255, np.uint8)]).astype(np.uint16) * 257, photometric="rgb",
        extrasamples=["assocalpha"]), ".tif", False),
    "preview first": (_preview_first, ".tif", False),
    "half floats": (lambda p, a: tifffile.imwrite(p, (a / 255).astype(np.float16), photometric="rgb"), ".tif", False),
    "12 of 16 bits": (lambda p, a: cv2.imwrite(str(p), np.round(a[..., ::-1] * (4095 / 255)).astype(np.uint16)), ".png", False),
    "PPM": (lambda p, a: Image.fromarray(a).save(p), ".ppm", False),
    "JPEG XL": (_jxl, ".jxl", False),
    "16-bit JPEG XL": (lambda p, a: _jxl(p, a.astype(np.uint16) * 257), ".jxl", False),
    "lossless WebP": (lambda p, a: Image.fromarray(a).save(p, lossless=True), ".webp", False),
    "BMP": (lambda p, a: Image.fromarray(a).save(p), ".BMP", False),
}  # fmt: skip


@pytest.mark.parametrize("kind", WRITERS)
def test_pixels_of_every_kind(tmp_path: Path, kind: str) -> None:
    write, suffix, grey = WRITERS[kind]
    rgb = scene()
    write(tmp_path / f"a{suffix}", rgb)
    read = read_photo(tmp_path / f"a{suffix}")
    assert np.array_equal(read.pixels, np.repeat(rgb[..., 1:2], 3, 2) if grey else rgb)
    assert read.alpha is None and read.as_it_is == (kind == "png")


def test_lab_of_any_depth(tmp_path: Path) -> None:
    """Photoshop's Lab TIFFs: a and b signed, of 8 bits as Pillow reads them, and of 16."""
    rgb = cv2.GaussianBlur(scene(), (0, 0), 3)
    profiles = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    lab = ImageCms.profileToProfile(Image.fromarray(rgb), *profiles, outputMode="LAB")
    assert lab is not None
    lab.save(tmp_path / "8.tif")
    codes = np.asarray(lab).astype(np.uint16)  # a and b in two's complement
    codes = np.concatenate([codes[..., :1] * 257, codes[..., 1:] << 8], -1)
    tifffile.imwrite(tmp_path / "16.tif", codes, photometric="cielab")
    both = [read_photo(tmp_path / f"{n}.tif").pixels.astype(int) for n in ("8", "16")]
    assert np.abs(both[0] - both[1]).max() <= 1 and np.abs(both[1] - rgb).mean() < 3


def test_jpeg_xl_says_its_size_before_it_is_decoded_and_brings_its_exif(tmp_path: Path) -> None:
    exif = tagged({271: "Acme", 274: 6}, {0x920A: 50.0}).tobytes()[6:]

    def box(kind: bytes, body: bytes) -> bytes:
        return (len(body) + 8).to_bytes(4, "big") + kind + body

    for height, width in ((123, 457), (64, 128), (1000, 1500), (480, 640), (2000, 257)):
        for usecontainer in (False, True):
            data = imagecodecs.jpegxl_encode(np.zeros((height, width, 3), np.uint8), usecontainer=usecontainer)
            assert size_of(data) == (width, height)
    data = imagecodecs.jpegxl_encode(scene(), lossless=True, usecontainer=True)
    for held in (box(b"Exif", bytes(4) + exif), box(b"brob", b"Exif" + imagecodecs.brotli_encode(bytes(4) + exif))):
        (tmp_path / "a.jxl").write_bytes(data + held)
        found = read_photo(tmp_path / "a.jxl")
        assert found.exif["271"] == "Acme" and float(found.exif["37386"]) == 50 and found.exif["274"] == 1
        assert "sRGB" in found.note
    huge = int("1" * 30 + "11" + "000" + "1" * 30 + "11" + "0", 2).to_bytes(10, "little")
    (tmp_path / "bomb.jxl").write_bytes(b"\xff\x0a" + huge + bytes(40))
    with pytest.raises(UnreadableFile, match="claims 1073741824x1073741824"):
        read_photo(tmp_path / "bomb.jxl")


def test_grey_profiles_count_at_any_depth(tmp_path: Path) -> None:
    """A grey picture of gamma 1: linear light as its profile says it."""
    icc = linear_grey_profile()
    grey = np.tile(np.linspace(0, 255, 256).round().astype(np.uint8), (64, 1))
    Image.fromarray(grey).save(tmp_path / "8.png", icc_profile=icc)
    tifffile.imwrite(tmp_path / "16.tif", grey.astype(np.uint16) * 257, iccprofile=icc)
    for name in ("8.png", "16.tif"):
        found = read_photo(tmp_path / name).pixels[0, :, 1]
        assert np.abs(found - 255 * to_srgb(np.arange(256) / 255)).max() < 3, name


@pytest.mark.parametrize("suffix", [".avif", ".heic"])
def test_lossy_kinds(tmp_path: Path, suffix: str) -> None:
    rgb = cv2.GaussianBlur(scene(), (0, 0), 3)
    path = tmp_path / f"a{suffix}"
    if suffix == ".heic":
        pillow_heif.from_pillow(Image.fromarray(rgb)).save(path, quality=95)
    else:
        Image.fromarray(rgb).save(path, quality=95)
    assert np.abs(read_photo(path).pixels.astype(int) - rgb).mean() < 5


@pytest.mark.parametrize("turned", range(1, 9))
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp", ".avif"])
def test_pixels_stay_as_stored_whatever_the_orientation(tmp_path: Path, suffix: str, turned: int) -> None:
    rgb = cv2.GaussianBlur(scene(), (0, 0), 3)
    Image.fromarray(rgb).save(tmp_path / f"a{suffix}", exif=tagged({274: turned}), quality=95)
    found = read_photo(tmp_path / f"a{suffix}")
    assert found.pixels.shape == rgb.shape and np.abs(found.pixels.astype(int) - rgb).mean() < 5
    assert found.exif.get("274", 1) == turned


def test_colour_spaces_by_exif_alone(tmp_path: Path) -> None:
    """Adobe RGB's (162, 74, 67) is sRGB's (186, 73, 64); a phone's Display P3 as ICC profiles have it; else a line."""
    patch = Image.new("RGB", (64, 64), (162, 74, 67))

    def read(name: str, exif: Image.Exif) -> Any:
        patch.save(tmp_path / name, exif=exif)
        return read_photo(tmp_path / name)

    uncalibrated = {40961: 65535}
    for found in (
        read("r03.jpg", tagged({}, uncalibrated, "R03")),
        read("two.jpg", tagged({}, {40961: 2})),
    ):
        assert np.abs(found.pixels.reshape(-1, 3).mean(0) - (186, 73, 64)).max() <= 2 and not found.note
    phone = read("phone.jpg", tagged({271: "Apple"}, uncalibrated))
    light = from_srgb(np.array([162, 74, 67]) / 255)
    to_xyz = [[0.48657, 0.26567, 0.19822], [0.22897, 0.69174, 0.07929], [0.0, 0.04511, 1.04394]]
    xyz = np.array(to_xyz) @ light
    from_xyz = [
        [3.2404542, -1.5371385, -0.4985314],
        [-0.969266, 1.8760108, 0.041556],
        [0.0556434, -0.2040259, 1.0572252],
    ]
    assert (
        np.abs(phone.pixels[0, 0] - 255 * to_srgb(np.array(from_xyz) @ xyz)).max() <= 2.5
        and "Display P3" in phone.note
    )
    unknown = read("unknown.jpg", tagged({271: "Acme"}, uncalibrated))
    assert np.abs(unknown.pixels[0, 0].astype(int) - (162, 74, 67)).max() <= 2 and "unknown" in unknown.note
    plain = read("srgb.jpg", tagged({}, {40961: 1}))
    assert plain.as_it_is and not plain.note
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    patch.save(tmp_path / "p.jpg", quality=98, exif=tagged({}, uncalibrated, "R03"), icc_profile=profile)
    profiled = read_photo(tmp_path / "p.jpg").pixels[0, 0].astype(int)
    assert np.abs(profiled - (162, 74, 67)).max() <= 2  # the profile counts before EXIF


def test_raw_files_are_named_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "a.CR3").write_bytes(b"raw")
    with pytest.raises(UnreadableFile, match="develop it to TIFF or JPEG"):
        read_photo(tmp_path / "a.CR3")


# ---- masks


def mask_of(rgb: np.ndarray) -> np.ndarray:
    mask = np.zeros(rgb.shape[:2], np.uint8)
    cv2.circle(mask, (rgb.shape[1] // 2, rgb.shape[0] // 2), rgb.shape[0] // 3, 255, -1)
    return mask


def photos_in(folder: Path, count: int = 4) -> tuple[list[str], np.ndarray]:
    folder.mkdir()
    for k in range(count):
        Image.fromarray(scene(k)).save(folder / f"IMG_{k}.JPG", quality=97)
    return sorted(p.name for p in folder.iterdir()), mask_of(scene())


NAMES = {
    "stem": "IMG_{k}.png",
    "whole name": "IMG_{k}.JPG.png",
    "upper case": "IMG_{k}.PNG",
    "lower case": "img_{k}.jpg.png",
    "the photo's own": "IMG_{k}.JPG",
    "behind": "IMG_{k}_mask.png",
    "behind the whole name": "IMG_{k}.JPG_mask.png",
    "before": "mask_IMG_{k}.png",
    "TIFF": "IMG_{k}_mask.tif",
    "JPEG": "IMG_{k}.jpeg",
    "WebP": "IMG_{k}.webp",
    "GIF": "IMG_{k}.gif",
}


@pytest.mark.parametrize("kind", NAMES)
def test_masks_of_any_name(tmp_path: Path, kind: str) -> None:
    names, mask = photos_in(tmp_path / "photos")
    (tmp_path / "masks").mkdir()
    for k in range(len(names)):
        Image.fromarray(mask).save(
            tmp_path / "masks" / NAMES[kind].format(k=k), **({"quality": 98} if kind in {"JPEG", "the photo's own"} else {})
        )
    found = match_masks(tmp_path / "masks", names)
    assert set(found.found) == set(names) and not found.sentences()
    for name, path in found.found.items():
        assert name[:5].lower() in path.name.lower()
        assert (read_mask(path) == mask).mean() > (0.99 if kind in {"JPEG", "the photo's own", "WebP"} else 0.9999)


def _alpha(path: Path, mask: np.ndarray) -> None:
    Image.fromarray(np.dstack([np.full((*mask.shape, 3), 90, np.uint8), mask])).save(path)


DEPTHS = {
    "one bit": lambda p, m: Image.fromarray(m).convert("1").save(p),
    "0 and 1": lambda p, m: Image.fromarray(m // 255).save(p),
    "16 bits": lambda p, m: cv2.imwrite(str(p), m.astype(np.uint16) * 257),
    "16 bits, 0 and 1": lambda p, m: cv2.imwrite(str(p), m.astype(np.uint16) // 255),
    "16 bits, 0 and 255": lambda p, m: cv2.imwrite(str(p), m.astype(np.uint16)),
    "palette": lambda p, m: Image.fromarray(m).convert("P").save(p),
    "colour": lambda p, m: Image.fromarray(np.dstack([m, m * 0, m * 0])).save(p),
    "alpha": _alpha,
}


@pytest.mark.parametrize("kind", DEPTHS)
def test_masks_of_any_depth(tmp_path: Path, kind: str) -> None:
    mask = mask_of(scene())
    DEPTHS[kind](tmp_path / "m.png", mask)
    assert np.array_equal(read_mask(tmp_path / "m.png"), mask)
    half = read_mask(tmp_path / "m.png", (160, 120))
    assert half.shape == (120, 160) and np.abs(half.mean() - mask.mean()) < 3
    with pytest.raises(UnreadableFile, match="without turning it"):
        read_mask(tmp_path / "m.png", (120, 160))


SHAPES = {
    "in the middle": ((100, 60), (220, 180)),
    "standing on the border": ((100, 60), (220, 239)),
    "from border to border": ((100, 0), (220, 239)),
    "nearly all": ((10, 10), (310, 230)),
    "small": ((150, 110), (165, 125)),
    "a corner cut off": ((0, 60), (220, 239)),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_inverted_masks_are_asked_about(tmp_path: Path, shape: str) -> None:
    names, _ = photos_in(tmp_path / "photos")
    mask = cv2.rectangle(np.zeros((240, 320), np.uint8), *SHAPES[shape], 255, -1)
    (tmp_path / "right").mkdir()
    for name in names:
        Image.fromarray(mask).save(tmp_path / "right" / f"{name}.png")
    assert not match_masks(tmp_path / "right", names).invert
    (tmp_path / "masks").mkdir()
    for name in names:
        Image.fromarray(255 - mask).save(tmp_path / "masks" / f"{name}.png")
    with pytest.raises(InputError, match="--invert-masks"):
        match_masks(tmp_path / "masks", names)
    turned = match_masks(tmp_path / "masks", names, invert=True)
    assert np.array_equal(read_mask(turned.found[names[0]], invert=turned.invert), mask)
    assert np.array_equal(
        read_mask(match_masks(tmp_path / "masks", names, invert=False).found[names[0]]), 255 - mask
    )


def test_masks_that_are_missing_or_left_over_are_told(tmp_path: Path) -> None:
    names, mask = photos_in(tmp_path / "photos")
    folder = tmp_path / "masks"
    folder.mkdir()
    for name in ("IMG_0.png", "IMG_1.JPG.png", "IMG_1_mask.png", "DSC_7.png"):
        Image.fromarray(mask).save(folder / name)
    found = match_masks(folder, names)
    told = " ".join(found.sentences())
    assert (
        "2 photos have no mask (IMG_2.JPG, IMG_3.JPG)" in told and "1 masks fit no photo (DSC_7.png)" in told
    )
    assert found.doubled == ("IMG_1.JPG",) and found.found["IMG_1.JPG"].name == "IMG_1.JPG.png"
    with pytest.raises(InputError, match=r"x\.jpg\.png"):
        match_masks(folder, ["x.jpg"])


def test_masks_among_the_photos_and_in_folders_like_theirs(tmp_path: Path) -> None:
    names, mask = photos_in(tmp_path / "photos")
    for name in names:
        Image.fromarray(mask).save(tmp_path / "photos" / f"{Path(name).stem}_mask.png")
    beside = match_masks(tmp_path / "photos", names, photos=tmp_path / "photos")
    assert masks_among_photos(tmp_path / "photos") == sorted(p.name for p in beside.found.values())
    out = check_photos(tmp_path / "photos", tmp_path / "out", beside)
    assert [p.source for p in out.photos] == names and all(p.mask for p in out.photos)
    for side in ("left", "right"):
        (tmp_path / "masks" / side).mkdir(parents=True)
        Image.fromarray(mask if side == "left" else mask // 2).save(tmp_path / "masks" / side / "a.png")
    found = match_masks(tmp_path / "masks", ["left/a.jpg", "Right/A.jpg"]).found
    assert {n: p.parent.name for n, p in found.items()} == {"left/a.jpg": "left", "Right/A.jpg": "right"}


def test_masks_of_a_museum_are_right_and_would_be_asked_about_when_turned() -> None:
    folder = SHARED / "photos" / "panel17"
    if not folder.is_dir():
        pytest.skip("the relief's photos are not here")
    names = sorted(p.name for p in (folder / "images").iterdir())
    found = match_masks(folder / "masks", names)
    assert len(found.found) == 28 and not found.sentences()
    assert all(p.name == f"{Path(n).stem}_mask.png" for n, p in found.found.items())


def test_black_masks_are_refused(tmp_path: Path) -> None:
    names, mask = photos_in(tmp_path / "photos")
    (tmp_path / "masks").mkdir()
    for name in names:
        Image.fromarray(mask * 0).save(tmp_path / "masks" / f"{name}.png")
    with pytest.raises(InputError, match="paint the object white"):
        match_masks(tmp_path / "masks", names)


def test_the_object_in_a_photos_own_alpha(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    mask = mask_of(scene())
    for k in range(4):
        Image.fromarray(np.dstack([scene(k), mask])).save(tmp_path / "photos" / f"{k}.png")
    found = check_photos(tmp_path / "photos", tmp_path / "out")
    for photo in found.photos:
        assert photo.mask and np.array_equal(
            read_mask(tmp_path / "out" / "masks" / f"{photo.name}.png"), mask
        )
    assert found.sentences() == ["4 photos: masked by its own alpha"]


# ---- workspaces


def add_points(model: Any, count: int = 200) -> None:
    """Tie points in the figure's place, each in about half of the photos."""
    rng = np.random.default_rng(0)
    xyz = rng.uniform((-0.08, 0.02, -0.08), (0.08, 0.4, 0.08), (count, 3))
    shown = {i: rng.random(count) < 0.5 for i in model.reg_image_ids()}
    for i, seen in shown.items():
        image, camera = model.images[i], model.cameras[model.images[i].camera_id]
        pixels = camera.img_from_cam(image.cam_from_world() * xyz[seen])
        image.points2D = pycolmap.Point2DList([pycolmap.Point2D(xy) for xy in pixels])
    place = {i: np.cumsum(seen) - 1 for i, seen in shown.items()}
    for k in range(count):
        track = pycolmap.Track()
        for i, seen in shown.items():
            if seen[k]:
                track.add_element(i, int(place[i][k]))
        if track.length() > 1:
            model.add_point3D(xyz[k], track, np.zeros(3, np.uint8))


def workspace(folder: Path, count: int = 8, edit: Any = None, points: bool = False) -> Path:
    """A COLMAP workspace of some of the sample's photos and true cameras; `edit(model)` changes the model."""
    model = pycolmap.Reconstruction(str(TRUTH))
    names = sorted(str(model.images[i].name) for i in model.reg_image_ids())[:count]
    for i in list(model.reg_image_ids()):
        if str(model.images[i].name) not in names:
            pycolmap.ObservationManager(model).deregister_frame(model.images[i].frame_id)
    (folder / "images").mkdir(parents=True)
    for name in names:
        shutil.copy(PHOTOS / name, folder / "images" / name)
    (folder / "sparse").mkdir()
    if points:
        add_points(model)
    if edit is not None:
        edit(model)
    model.write(str(folder / "sparse"))
    return folder


def test_the_largest_of_several_models_is_taken_and_told(tmp_path: Path) -> None:
    small, large = (workspace(tmp_path / n, k, points=True) for n, k in (("a", 3), ("b", 6)))
    for number, source in ((0, small), (1, large)):
        shutil.copytree(source / "sparse", tmp_path / "both" / "sparse" / str(number))
    found, told = choose_model(tmp_path / "both")
    assert found.name == "1" and "1 with 6 photos" in told and "0 with 3" in told
    assert choose_model(tmp_path / "both", 0)[0].name == "0"
    with pytest.raises(InputError, match="there are: 0, 1"):
        choose_model(tmp_path / "both", 7)
    cloud = read_document(tmp_path / "both")
    assert len(cloud.points()) == len(read_document(large).points()) and any("1 with 6" in n for n in cloud.notes)
    text = pycolmap.Reconstruction(str(tmp_path / "both" / "sparse" / "1"))
    for file in (tmp_path / "both" / "sparse" / "1").iterdir():
        file.unlink()
    text.write_text(str(tmp_path / "both" / "sparse" / "1"))
    assert choose_model(tmp_path / "both")[0].name == "1"
    scored = evaluate(small, large, align="sim3", cameras=(tmp_path / "both", large))
    assert any("1 with 6 photos" in note for note in scored.notes) and scored.accuracy_mm.median < 1e-3


def test_names_with_blanks_and_folders_in_text(tmp_path: Path) -> None:
    """pycolmap 4.2.1 reads a name in images.txt up to its first blank."""

    def rename(model: Any) -> None:
        for i in model.reg_image_ids():
            model.images[i].name = f"day 1/{str(model.images[i].name).replace('.', ' x.')}"

    folder = workspace(tmp_path / "w", 4, rename)
    model = read_model(folder)
    names = sorted(str(model.images[i].name) for i in model.reg_image_ids())
    for file in (folder / "sparse").iterdir():
        file.unlink()
    model.write_text(str(folder / "sparse"))
    again = read_model(folder)
    assert sorted(str(again.images[i].name) for i in again.reg_image_ids()) == names and " x." in names[0]


def test_rigs_in_binary_and_text_give_each_photo_its_own_pose(tmp_path: Path) -> None:
    """Two cameras on one rig, three places: cam_from_world = sensor_from_rig o rig_from_world."""
    model, rng = pycolmap.Reconstruction(), np.random.default_rng(1)
    sensor_from_rig = pycolmap.Rigid3d(pycolmap.Rotation3d([0.0, 0.3, 0.0]), np.array([-0.2, 0.01, 0.03]))
    rig = pycolmap.Rig(rig_id=1)
    for k in (1, 2):
        model.add_camera(pycolmap.Camera(model="PINHOLE", width=320, height=240, params=[300, 300, 160, 120], camera_id=k))
    rig.add_ref_sensor(pycolmap.sensor_t(pycolmap.SensorType.CAMERA, 1))
    rig.add_sensor(pycolmap.sensor_t(pycolmap.SensorType.CAMERA, 2), sensor_from_rig)
    model.add_rig(rig)
    truth = {}
    for f in range(3):
        pose = pycolmap.Rigid3d(pycolmap.Rotation3d(rng.normal(size=3)), rng.normal(size=3) * 10)
        frame = pycolmap.Frame(frame_id=f + 1, rig_id=1, rig_from_world=pose)
        images = []
        for k in (1, 2):
            image = pycolmap.Image(name=f"cam {k}/{f}.png", camera_id=k, image_id=2 * f + k, frame_id=f + 1)
            frame.add_data_id(image.data_id)
            images.append(image)
            truth[image.name] = (pose if k == 1 else sensor_from_rig * pose).matrix()
        model.add_frame(frame)
        for image in images:
            model.add_image(image)
        model.register_frame(f + 1)
    for kind in ("write_binary", "write_text"):
        (tmp_path / kind / "sparse" / "0").mkdir(parents=True)
        getattr(model, kind)(str(tmp_path / kind / "sparse" / "0"))
        found = {v.name: v.cam_from_world for v in load_scene(tmp_path / kind).views}
        assert found.keys() == truth.keys()
        for name, pose in found.items():
            assert np.abs(np.c_[pose.rotation, pose.translation] - truth[name]).max() < 1e-9


def test_photos_that_are_missing_and_masks_beside(tmp_path: Path) -> None:
    folder = workspace(tmp_path / "w", 6, points=True)
    gone = sorted((folder / "images").iterdir())[0]
    gone.unlink()
    (folder / "masks").mkdir()
    for photo in (folder / "images").iterdir():
        Image.fromarray(np.pad(np.full((400, 400), 255, np.uint8), ((300, 300), (200, 200)))).save(
            folder / "masks" / f"{photo.name}.png"
        )
    found = photos_of_model(folder, None, None)
    assert found.missing == (gone.name,) and len(found.names) == 5 and len(found.masks.found) == 5
    assert any("left out" in note and gone.name in note for note in found.notes)
    whole = load_scene(folder)
    rest = with_photos(whole)
    assert [v.name for v in rest.views] == list(found.names) and len(whole.views) == 6
    assert len(whole.points.xyz) > 100
    for k in range(len(whole.points.xyz)):
        seen = [{s.views[i].name for i in s.points.view_index[s.points.start[k] : s.points.start[k + 1]]} for s in (whole, rest)]
        assert seen[1] == seen[0] - {gone.name}
    for photo in sorted((folder / "images").iterdir())[1:]:
        photo.unlink()
    with pytest.raises(InputError, match="--images"):
        photos_of_model(folder, None, None)


KINDS = {
    "16-bit grey": lambda p, a: _grey16(
        p, np.repeat(np.asarray(Image.fromarray(a).convert("L"))[..., None], 3, 2)
    ),
    "grey with alpha": lambda p, a: Image.merge(
        "LA", [Image.fromarray(a).convert("L"), Image.new("L", a.shape[1::-1], 255)]
    ).save(p),
    "JPEG XL": _jxl,
    "16-bit TIFF": lambda p, a: tifffile.imwrite(p, a.astype(np.uint16) * 257, photometric="rgb"),
}


@pytest.mark.parametrize(("kind", "suffix"), [("16-bit grey", ".png"), ("grey with alpha", ".png"), ("JPEG XL", ".jxl"),
                                              ("16-bit TIFF", ".tif")])  # fmt: skip
def test_workspaces_of_any_kind_of_photo_become_plain_ones(tmp_path: Path, kind: str, suffix: str) -> None:
    """Straightened, they are the 8-bit photos' own pixels, by names that every program reads."""

    def rename(model: Any) -> None:
        for i in model.reg_image_ids():
            model.images[i].name = Path(str(model.images[i].name)).stem + suffix

    folder = workspace(tmp_path / "w", 3, rename)
    for photo in sorted((folder / "images").iterdir()):
        pixels = np.asarray(Image.open(photo).convert("RGB"))
        photo.unlink()
        KINDS[kind](photo.with_suffix(suffix), pixels)
        np.save(photo.with_suffix(".npy"), pixels)
    undistort(folder / "sparse", folder / "images", tmp_path / "flat")
    flat = read_model(tmp_path / "flat")
    for i in flat.reg_image_ids():
        name = str(flat.images[i].name)
        meant = np.load(folder / "images" / f"{name.split('.')[0]}.npy")
        found = cv2.imread(str(tmp_path / "flat" / "images" / name), cv2.IMREAD_COLOR_RGB)
        if "grey" in kind:
            meant = np.repeat(np.asarray(Image.fromarray(meant).convert("L"))[..., None], 3, 2)
        assert np.abs(found.astype(int) - meant).max() <= 1


def test_grey_of_16_bits_is_that_of_8_bits_and_unknown_colours_are_told(tmp_path: Path) -> None:
    """Byte by byte what stereo works on; a photo "uncalibrated" and without profile has a line."""

    def rename(model: Any) -> None:
        for i in model.reg_image_ids():
            model.images[i].name = Path(str(model.images[i].name)).stem + ".png"

    for bits in (8, 16):
        folder = workspace(tmp_path / str(bits), 3, rename)
        for photo in sorted((folder / "images").iterdir()):
            grey = np.asarray(Image.open(photo).convert("L"))
            photo.unlink()
            cv2.imwrite(str(photo.with_suffix(".png")), grey if bits == 8 else grey.astype(np.uint16) * 257)
        undistort(folder / "sparse", folder / "images", tmp_path / f"flat{bits}")
    for photo in (tmp_path / "flat8" / "images").iterdir():
        assert photo.read_bytes() == (tmp_path / "flat16" / "images" / photo.name).read_bytes()
    assert notes_of(tmp_path / "flat16") == []
    folder = workspace(tmp_path / "w", 3)
    for photo in sorted((folder / "images").iterdir())[:2]:
        with Image.open(photo) as opened:
            opened.save(photo, quality=95, exif=tagged({271: "Acme"}, {40961: 65535}))
    undistort(folder / "sparse", folder / "images", tmp_path / "flat")
    assert len(notes_of(tmp_path / "flat")) == 1 and "2 photos: its colour space is unknown" in notes_of(tmp_path / "flat")[0]


def test_a_model_in_far_coordinates_gives_the_local_cloud_moved(tmp_path: Path) -> None:
    """Half a millimetre in the median was 95 without a word; the sample's unit is the metre."""
    turn = np.array([[0.6, -0.8, 0], [0.8, 0.6, 0], [0, 0, 1.0]])

    def move(model: Any) -> None:
        model.transform(pycolmap.Sim3d(np.c_[turn, FAR]))

    how, params = How(2), DepthParams(max_image_size=260, fast=True)
    near = workspace(tmp_path / "near", 8)
    far = workspace(tmp_path / "far", 8, move)
    densify(near, tmp_path / "a", how=how, params=params)
    report = densify(far, tmp_path / "b", how=how, params=params)
    here, there = (read_document(tmp_path / n / "cloud.ply") for n in ("a", "b"))
    assert np.abs(there.offset - FAR).max() < 2 and np.abs(np.array(report["offset"]) - FAR).max() < 20
    a = here.points().astype(np.float64) + here.offset
    b = (there.points().astype(np.float64) + there.offset - FAR) @ turn
    assert len(a) > 1000 and abs(len(a) / len(b) - 1) < 0.05
    from scipy.spatial import cKDTree

    assert np.median(cKDTree(b).query(a)[0]) < 0.0005


def test_alpha_masks_the_photos_of_a_workspace(tmp_path: Path) -> None:
    def rename(model: Any) -> None:
        for i in model.reg_image_ids():
            model.images[i].name = Path(str(model.images[i].name)).stem + ".png"

    folder = workspace(tmp_path / "w", 3, rename)
    mask = np.zeros((1000, 800), np.uint8)
    mask[200:800, 200:600] = 255
    for photo in sorted((folder / "images").iterdir()):
        pixels = np.asarray(Image.open(photo).convert("RGB"))
        photo.unlink()
        shape = mask if pixels.shape[:2] == mask.shape else mask.T
        Image.fromarray(np.dstack([pixels, shape])).save(photo.with_suffix(".png"))
    undistort(folder / "sparse", folder / "images", tmp_path / "flat")
    found = sorted((tmp_path / "flat" / "masks").rglob("*.png"))
    assert len(found) == 3 and all((read_mask(p) > 0).mean() == pytest.approx(0.3, abs=0.01) for p in found)


def test_what_a_workspaces_masks_are_is_told(tmp_path: Path) -> None:
    """Masks of half the size, one photo with its own alpha, one without anything."""
    folder = workspace(tmp_path / "w", 4)
    names = sorted(p.name for p in (folder / "images").iterdir())
    (folder / "masks").mkdir()
    for name in names[:2]:
        with Image.open(folder / "images" / name) as photo:
            half = photo.width // 2, photo.height // 2
        Image.new("L", half, 255).save(folder / "masks" / f"{Path(name).stem}_MASK.PNG")
    with Image.open(folder / "images" / names[2]) as photo:
        photo.convert("RGBA").save(folder / "images" / names[2], "PNG")
    told = " ".join(photos_of_model(folder, None, None).notes)
    assert "2 photos have no mask" in told and f"1 photos have alpha ({names[2]}" in told
    assert "2 masks have another size than their photo" in told and "scaled" in told
    with Image.open(folder / "images" / names[0]) as photo:
        size = photo.size
    Image.new("L", (size[1], size[0]), 255).save(folder / "masks" / f"{Path(names[0]).stem}_MASK.PNG")
    with pytest.raises(UnreadableFile, match="without turning it"):
        shots = photos_of_model(folder, None, None)
        undistort(shots.model, shots.folder, tmp_path / "flat", shots.masks)


CUBE = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], float)
CUBE_FACES = np.array([[0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1], [2, 3, 7], [2, 7, 6], [0, 2, 6],
                       [0, 6, 4], [1, 5, 7], [1, 7, 3]])  # fmt: skip


def painted(document: Any) -> tuple[np.ndarray, np.ndarray]:
    """Points on a grid of each triangle in the file's own coordinates, and their colours."""
    part = document.parts[0]
    a, b = (v.ravel() for v in np.meshgrid(*(np.linspace(0.1, 0.8, 24),) * 2))
    weights = np.stack([a, b, 1 - a - b], 1)[a + b < 0.9]
    xyz, uv = (np.einsum("pw,fwk->fpk", weights, x[part.faces].astype(float)) for x in (part.vertices, part.uv))
    pixels = part.material.texture.pixels
    at = (uv * pixels.shape[1::-1]).astype(int)
    return xyz + document.offset, pixels[at[..., 1], at[..., 0], :3].astype(int)


@pytest.mark.parametrize("far", [pytest.param(FAR, marks=pytest.mark.slow), np.array([4.02e6, 3.1e5, -6.4e6])])
def test_texture_of_a_far_mesh_from_far_cameras_is_the_local_one(tmp_path: Path, far: np.ndarray) -> None:
    turn = Rotation.from_euler("xyz", (20, -130, 70), degrees=True).as_matrix()
    corners = CUBE * (0.07, 0.18, 0.07) + (0, 0.2, 0)

    def move(model: Any) -> None:
        model.transform(pycolmap.Sim3d(np.c_[turn, far]))

    found = {}
    for name, place, edit in (("near", lambda x: x, None), ("far", lambda x: x @ turn.T + far, move)):
        folder = workspace(tmp_path / name, 8, edit)
        lines = [f"v {x:.9f} {y:.9f} {z:.9f}" for x, y, z in place(corners)]
        lines += [f"f {a + 1} {b + 1} {c + 1}" for a, b, c in CUBE_FACES]
        (tmp_path / f"{name}.obj").write_text("\n".join(lines))
        out = tmp_path / f"{name}.glb"
        report = texture(tmp_path / f"{name}.obj", folder, out, params=TextureParams(size=2048), how=How(2))
        found[name] = report, read_document(out)
    (here, near), (there, away) = (painted(d) for _, d in found.values())
    assert np.abs((there - far) @ turn - here).max() < 1e-5
    assert np.abs(np.array(found["far"][0]["offset"]) - far).max() < 2
    shares = [r["texture"]["unseen_share"] for r, _ in found.values()]
    assert shares[0] < 0.6 and abs(shares[0] - shares[1]) < 0.01
    assert near.std() > 10 and np.median(np.abs(near - away)) <= 2 and np.abs(near - away).mean() < 4, np.abs(near - away).mean()
    with pytest.raises(InputError, match="frame"):  # the mesh left where it was
        texture(tmp_path / "near.obj", tmp_path / "far", tmp_path / "x.glb", how=How(2))


def test_reading_costs_nothing_where_it_need_not(tmp_path: Path) -> None:
    """Plain photos of cameras that distort nothing are copied byte by byte."""
    folder = workspace(tmp_path / "w", 3)
    undistort(folder / "sparse", folder / "images", tmp_path / "flat")
    for photo in (folder / "images").iterdir():
        assert (tmp_path / "flat" / "images" / photo.name).read_bytes() == photo.read_bytes()


def test_views_read_what_is_not_plain_by_the_same_reader(tmp_path: Path) -> None:
    """16-bit inks and a mask of 0 and 1, of a scene that nobody undistorted."""
    rgb = cv2.GaussianBlur(scene(), (0, 0), 2)
    WRITERS["16-bit inks"][0](tmp_path / "a.tif", rgb)
    Image.fromarray(rgb).save(tmp_path / "b.png")
    _alpha(tmp_path / "m.png", mask_of(rgb))
    lens, here = Pinhole(320, 240, 300, 300, 160, 120), Rigid3(np.eye(3), np.zeros(3))
    inks, plain = (View(n, lens, here, tmp_path / n, tmp_path / "m.png") for n in ("a.tif", "b.png"))
    for size in ((240, 320), (60, 80)):
        for read in (read_rgb, read_grey):
            assert np.abs(read(inks, *size).astype(int) - read(plain, *size)).max() <= 1
    assert np.array_equal(view_mask(inks, 240, 320), mask_of(rgb) > 0)
    cv2.imwrite(str(tmp_path / "m.png"), (mask_of(rgb) // 255).astype(np.uint16))
    assert np.array_equal(view_mask(inks, 240, 320), mask_of(rgb) > 0)


def test_awkward_files_are_pictures_or_refused() -> None:
    folder = ROOT.parent / "shared" / "data" / "awkward"
    if not folder.is_dir():
        pytest.skip("the awkward photos are not here")
    read = 0
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix not in {".txt", ".rst"}):
        try:
            pixels = read_photo(path).pixels
            assert pixels.ndim == 3 and pixels.dtype == np.uint8
            read += 1
        except UnreadableFile as error:
            assert "\n" not in str(error)
    assert read >= 30
