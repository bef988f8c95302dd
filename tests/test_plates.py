"""Pictures to publish: lengths in pixels against known sizes, tiles, sheets, what is written into the files, what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pipelines.cli import main
from sculpt3d.desk.viewfile import read_view
from sculpt3d.errors import InputError
from sculpt3d.models.document import Document, Part
from sculpt3d.models.normals import with_normals
from sculpt3d.models.ply import write_mesh
from sculpt3d.types import Mesh
from viewer.drawing.picture import Card, framed, whole
from viewer.drawing.software import Rays
from viewer.files.saving import told_in
from viewer.plates.marks import Marks, put_marks
from viewer.plates.render import cut_out
from viewer.plates.scale import print_scale, round_length
from viewer.state.lamps import lamp_of
from viewer.state.sides import Aim


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """100 x 60 x 40 mm, in mm, without a unit."""
    mesh = trimesh.creation.box([100, 60, 40])
    path = tmp_path_factory.mktemp("plates") / "box.ply"
    write_mesh(path, Mesh(mesh.vertices.astype(np.float32), mesh.faces.astype(np.int32)))
    return path


def render(path: Path, out: Path, *more: str) -> np.ndarray:
    assert main(["render", str(path), "-o", str(out), *more]) == 0
    return np.asarray(Image.open(out))


def extent(there: np.ndarray) -> tuple[int, int]:
    """Width and height of what is there."""
    rows, columns = np.flatnonzero(there.any(1)), np.flatnonzero(there.any(0))
    return int(columns[-1] - columns[0] + 1), int(rows[-1] - rows[0] + 1)


@pytest.mark.parametrize(
    ("more", "px"),
    [
        (("--mm-per-px", "0.2"), (500, 300)),
        (("--mm-per-px", "0.25", "--view", "right"), (160, 240)),
        (("--mm-per-px", "0.5", "--view", "top"), (200, 80)),
        (("--scale", "1:2@254dpi"), (500, 300)),
        (("--scale", "2:1@25.4dpi"), (200, 120)),
        (("--mm-per-px", "0.2", "--size", "900x700"), (500, 300)),
        (("--mm-per-px", "0.2", "--view", "roll=90"), (300, 500)),
    ],
)
def test_a_pixel_is_as_wide_as_it_says(
    box: Path, tmp_path: Path, more: tuple[str, ...], px: tuple[int, int]
) -> None:
    pixels = render(box, tmp_path / "a.png", "--unit", "mm", "--ground", "white", *more)
    wide, high = extent((pixels < 250).any(-1))
    assert abs(wide - px[0]) <= 1 and abs(high - px[1]) <= 1


@pytest.mark.parametrize("unit", ["mm", "cm", "m", "in"])
def test_the_scale_bar_is_as_long_as_it_says(box: Path, tmp_path: Path, unit: str) -> None:
    """Against the box on the same picture, whose width is known."""
    pixels = render(
        box, tmp_path / "a.png", "--unit", unit, "--scale-bar", "--ground", "white", "--size", "800x600"
    )
    told = told_in(tmp_path / "a.png")["picture"]
    mm = 100 * {"mm": 1, "cm": 10, "m": 1000, "in": 25.4}[unit]
    model = (pixels[:520] < 250).any(-1)
    assert extent(model)[0] * told["mm_per_px"] == pytest.approx(mm, rel=0.005)
    ink = 1 - (pixels[540:, :, 0].astype(float) - 20) / 235
    bar = ink[int(np.argmax(ink.sum(1)))].sum()
    length, _ = round_length(bar * told["mm_per_px"] * 1.001)
    assert bar * told["mm_per_px"] == pytest.approx(length, rel=0.001)


@settings(max_examples=40, deadline=None)
@given(st.floats(0.003, 900), st.integers(300, 3000))
def test_a_bar_holds_at_every_scale(mm_per_px: float, width: int) -> None:
    model = np.full((60, width, 3), 255, np.uint8)
    marks = Marks(bar=True, mm_per_px=mm_per_px, pixels=18)
    paper = put_marks(model, marks, np.eye(3), (1.0, 1.0, 1.0), (20, 20, 20))
    ink = ((255 - paper[60:, :, 0].astype(float)) / 235)[9:11].sum(1)
    mm, _ = round_length(ink[0] * mm_per_px * 1.0001)
    assert ink[0] * mm_per_px == pytest.approx(mm, abs=0.01 * mm_per_px)
    assert 0.1 * width < ink[0] <= 0.3 * width + 1


@pytest.mark.parametrize(
    "more",
    [
        ("--mm-per-px", "0.2"),
        ("--scale", "1:1@300dpi"),
        ("--scale-bar",),
        ("--radius-mm", "2", "--mode", "relief"),
    ],
)
def test_no_millimetres_without_a_scale(
    box: Path, tmp_path: Path, more: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["render", str(box), "-o", str(tmp_path / "a.png"), *more]) == 2
    said = capsys.readouterr().err
    assert "has no scale" in said and "--unit mm" in said
    assert not list(tmp_path.iterdir())


def lumpy() -> Document:
    ball = trimesh.creation.icosphere(5)
    ball.vertices[:] += 0.05 * np.sin(9 * ball.vertices[:, [1, 2, 0]])
    v, f = ball.vertices.astype(np.float32), ball.faces.astype(np.int32)
    rgba = np.concatenate([(90 * v + 120).clip(0, 255), np.full((len(v), 1), 255)], 1).astype(np.uint8)
    return with_normals(Document("m", (Part(v, f, rgba=rgba),), unit_m=0.001))


@pytest.mark.parametrize("kind", [Card, Rays])
@pytest.mark.parametrize("flat", [True, False])
def test_tiles_join_without_a_seam(kind: type, flat: bool) -> None:
    document, size = lumpy(), (317, 251)
    state = framed(document, size, Aim(0.3, 0.2, 0.1))
    lamps = (lamp_of("raking:az=30,el=40"),)
    state = replace(state, camera=replace(state.camera, flat=flat), lamps=lamps, shadows=True, gloss=0.5)
    draws = kind(document)
    try:
        one = draws.draw(state, size).astype(int)
        draws.tile = 64
        many = whole(draws, state, size).astype(int)
    finally:
        if isinstance(draws, Card):
            draws.close()
    off = np.abs(one - many).max(-1)
    assert off.max() <= (0 if kind is Rays else 128)
    assert (off > 1).mean() < 0.0005  # the card rounds where an edge lies to 1/256 of a pixel
    seams = np.zeros(off.shape, bool)
    seams[:, 64::64] = seams[64::64] = True
    assert (off[seams] > 1).mean() < 0.002


def test_sixteen_thousand_pixels_are_drawn_and_a_pixel_more_is_refused(
    box: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mm = 100 / (16384 * 0.93)
    more = ["--unit", "mm", "--ground", "white", "--size", "16384x256"]
    pixels = render(box, tmp_path / "a.png", "--mm-per-px", f"{mm}", *more)
    assert pixels.shape == (256, 16384, 3)
    wide = int((pixels[128] < 250).any(-1).sum())
    assert wide * mm == pytest.approx(100, abs=3 * mm)
    assert (
        main(["render", str(box), "-o", str(tmp_path / "b.png"), "--unit", "mm", "--mm-per-px", "0.005"]) == 2
    )
    assert "16384" in capsys.readouterr().err


def test_a_sheet_shows_six_sides_at_one_scale(box: Path, tmp_path: Path) -> None:
    more = "--unit mm --sheet six --scale 1:2@254dpi --ground white --light head --mode clay"
    pixels = render(box, tmp_path / "a.tif", *more.split())
    count, _, stats, _ = cv2.connectedComponentsWithStats(((pixels < 200).any(-1)).astype(np.uint8))
    found = [(int(w), int(h)) for _, _, w, h, area in stats[1:count] if area > 10_000]
    boxes = sorted(found, key=lambda wh: (round(wh[0], -1), wh[1]))
    wanted = sorted([(500, 300), (500, 300), (200, 300), (200, 300), (500, 200), (500, 200)])
    assert len(boxes) == 6 and np.abs(np.array(boxes) - wanted).max() <= 1
    with Image.open(tmp_path / "a.tif") as tiff:
        assert tiff.info["dpi"] == pytest.approx((254, 254), rel=1e-3)
        assert tiff.tag_v2[296] == 2  # an inch
    exact = render(box, tmp_path / "b.png", "--sheet", "six", "--size", "900x700")
    assert exact.shape[:2] == (700, 900)


def test_tiff_is_three_hundred_dpi_and_says_how_it_was_made(box: Path, tmp_path: Path) -> None:
    lamps = ["--light", "raking:az=30,el=8", "--light", "raking:az=120,el=20,fixed=camera"]
    more = [*lamps, "--mode", "clay", "--view", "az=10,el=5,roll=3"]
    for name in ("a.tif", "a.png"):
        render(box, tmp_path / name, *more, "--save-state", str(tmp_path / "v.json"))
        told = told_in(tmp_path / name)
        assert told["look"]["mode"] == "clay"
        assert told["camera"]["roll_deg"] == pytest.approx(3)
        assert "az=30" in told["lights"][0]["lamp"] and "fixed=object,side=front" in told["lights"][0]["lamp"]
        assert "fixed to the camera" in told["picture"]["light"][1]
        with Image.open(tmp_path / name) as image:
            assert image.info["dpi"] == pytest.approx((300, 300), rel=1e-3)
    again = render(box, tmp_path / "b.png", "--state", str(tmp_path / "v.json"))
    assert (again == np.asarray(Image.open(tmp_path / "a.png"))).all()
    assert read_view(tmp_path / "v.json")["lights"] == told["lights"]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_what_is_cut_out_lies_on_any_ground_as_if_drawn_there(seed: int) -> None:
    rng = np.random.default_rng(seed)
    alpha, colour = rng.uniform(0, 1, (8, 8, 1)), rng.uniform(0, 255, (8, 8, 3))
    white, black, grey = (np.round(alpha * colour + (1 - alpha) * g).astype(np.uint8) for g in (255, 0, 77))
    cut = cut_out(white, black).astype(float)
    laid = cut[..., :3] * cut[..., 3:] / 255 + 77 * (1 - cut[..., 3:] / 255)
    assert np.abs(laid - grey).max() <= 2


def test_a_transparent_ground_is_clear_and_the_model_is_not(box: Path, tmp_path: Path) -> None:
    pixels = render(box, tmp_path / "a.png", "--ground", "transparent", "--size", "300x200")
    assert pixels.shape == (200, 300, 4)
    assert (pixels[0, :, 3] == 0).all() and pixels[100, 150, 3] == 255


def test_a_sweep_turns_the_light_once_around(tmp_path: Path) -> None:
    ball = trimesh.creation.icosphere(4)
    write_mesh(tmp_path / "b.ply", Mesh(ball.vertices.astype(np.float32), ball.faces.astype(np.int32)))
    more = [
        "--mode",
        "clay",
        "--light",
        "raking:az=0,el=20",
        "--size",
        "161x121",
        "--sweep",
        "8",
        "--ground",
        "black",
    ]
    for out in ("s", "s.gif", "s.mp4"):
        assert main(["render", str(tmp_path / "b.ply"), "-o", str(tmp_path / out), *more]) == 0
    frames = [np.asarray(Image.open(p)).astype(float) for p in sorted((tmp_path / "s").iterdir())]
    assert len(frames) == 8
    y, x = np.mgrid[:121, :161]
    for k, frame in enumerate(frames):
        weight = frame.sum(-1)
        way = np.array([(weight * (x - 80)).sum(), -(weight * (y - 60)).sum()])
        angle = np.degrees(np.arctan2(way[1], way[0]))
        assert abs((angle - 45 * k + 180) % 360 - 180) < 3
    assert told_in(tmp_path / "s" / "002.png")["lights"][0]["lamp"].startswith("raking:az=90,")
    with Image.open(tmp_path / "s.gif") as gif:
        assert gif.n_frames == 8 and gif.size == (161, 121)
        gif.seek(3)
        assert np.abs(np.asarray(gif.convert("RGB")).astype(float) - frames[3]).mean() < 3
    video = cv2.VideoCapture(str(tmp_path / "s.mp4"))
    assert video.get(cv2.CAP_PROP_FRAME_COUNT) == 8
    shown = [video.read()[1][..., ::-1].astype(float) for _ in range(8)]
    assert shown[5].shape == (122, 162, 3)
    assert np.abs(shown[5][:121, :161] - frames[5]).mean() < 6
    assert not [p for p in tmp_path.iterdir() if ".part" in p.name]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("-o", "a.jpg"), "ends in .png or .tif"),
        (("-o", "a.png", "--sweep", "8"), "GIF, an MP4 or a folder"),
        (("-o", "a.gif"), ".png"),
        (("-o", "a.gif", "--sweep", "1"), "2 to 720"),
        (("-o", "a.png", "--projection", "perspective", "--mm-per-px", "1", "--unit", "mm"), "one scale"),
        (("-o", "a.png", "--mm-per-px", "1", "--scale", "1:1@300dpi", "--unit", "mm"), "one of them"),
        (("-o", "a.png", "--sheet", "six", "--view", "left"), "six sides"),
        (("-o", "a.png", "--caption", "石像"), "--font"),
        (("-o", "a.png", "--caption", "x", "--font", "none.ttf"), "no font"),
        (("-o", "a.png", "--limits", "2", "1"), "low value first"),
        (("-o", "a.png", "--unit", "mm", "--mode", "relief", "--radius-mm", "1e6"), "smaller"),
        (("-o", "a.png", "--unit", "m", "--mm-per-px", "1e-6"), "16384"),
        (("-o", "a.png", "--unit", "m", "--mm-per-px", "1e-6", "--sheet", "six"), "16384"),
        (("-o", "a.png", "--state", "none.json"), "no none.json"),
        (("-o", "a.png", "--scale-bar", "--unit", "mm", "--size", "20x20"), "larger --size"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_the_remedy(
    box: Path,
    tmp_path: Path,
    more: tuple[str, ...],
    says: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main(["render", str(box), *more]) == 2
    said = capsys.readouterr().err
    assert says in said and len(said.splitlines()) == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "text", ["1:2", "x@300dpi", "1:0@300dpi", "0:1@300dpi", "1:2@0dpi", "1:2@nandpi", ""]
)
def test_print_scales_are_read_or_refused(text: str) -> None:
    assert print_scale("1:2@300dpi").mm_per_px == pytest.approx(25.4 / 300 * 2)
    assert print_scale("3:1@600dpi").mm_per_px == pytest.approx(25.4 / 600 / 3)
    with pytest.raises(InputError, match="1:2@300dpi"):
        print_scale(text)


def test_a_light_from_behind_is_said(box: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    render(box, tmp_path / "a.png", "--view", "back", "--light", "raking:az=30,el=8", "--size", "64x64")
    assert "side=back" in capsys.readouterr().err
    render(
        box, tmp_path / "b.png", "--view", "back", "--light", "raking:az=30,el=8,side=back", "--size", "64x64"
    )
    assert capsys.readouterr().err == ""


def test_the_legend_has_the_colours_of_the_surface(tmp_path: Path) -> None:
    ball = trimesh.creation.icosphere(4)
    write_mesh(
        tmp_path / "b.ply", Mesh(ball.vertices.astype(np.float32), ball.faces.astype(np.int32)), ("metres",)
    )
    more = ["--mode", "mean", "--limits", "-0.001", "0.001", "--ground", "white", "--size", "600x300"]
    pixels = render(tmp_path / "b.ply", tmp_path / "a.png", *more)
    top = tuple(round(255 * c) for c in (0.40, 0.13, 0.02))
    same = np.abs(pixels.astype(int) - top).max(-1) <= 2
    assert same[:, :400].sum() > 10_000  # 1/1000 mm is the ball's curvature
    assert same[:, 400:].sum() >= 10
    plain = render(tmp_path / "b.ply", tmp_path / "c.png", *more, "--no-legend")
    assert plain.shape == pixels.shape


def test_a_cloud_has_no_relief_and_a_small_picture_no_legend(
    box: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "c.xyz").write_text("\n".join(f"{x} {x * x} {x % 3}" for x in range(50)))
    for name in ("relief", "mean", "gauss", "occlusion", "radiance"):
        assert main(["render", str(tmp_path / "c.xyz"), "-o", str(tmp_path / "a.png"), "--mode", name]) == 2
        assert "without faces" in capsys.readouterr().err
    pixels = render(box, tmp_path / "a.png", "--mode", "relief", "--size", "64x48")
    assert pixels.shape == (48, 64, 3) and "larger --size" in capsys.readouterr().err


def test_a_caption_is_written_in_the_font_that_has_its_letters(box: Path, tmp_path: Path) -> None:
    """matplotlib's DejaVu has Greek, Pillow's own has not."""
    fonts = pytest.importorskip("matplotlib")
    dejavu = Path(fonts.get_data_path()) / "fonts/ttf/DejaVuSans.ttf"
    more = ["--size", "300x200", "--ground", "white", "--caption"]
    assert main(["render", str(box), "-o", str(tmp_path / "a.png"), *more, "Ωρ"]) == 2
    pixels = render(box, tmp_path / "a.png", *more, "Ωρ", "--font", str(dejavu))
    assert (pixels[180:, :60] < 100).any()


@pytest.mark.parametrize("more", ["--mm-per-px 1e-300", "--mm-per-px nan", "--dpi 0", "--dpi 1e9", "--gloss 2", "--size 16385x16",
                                  "--sweep 0", "--radius-mm -1", "--light sun", "--mode glitter", "--view up"])  # fmt: skip
def test_values_that_are_none_are_refused_by_the_command_line(
    box: Path, tmp_path: Path, more: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["render", str(box), "-o", str(tmp_path / "a.png"), *more.split()])
    assert stopped.value.code == 2
    assert more.split()[0] in capsys.readouterr().err
