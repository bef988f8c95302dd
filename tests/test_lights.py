"""Modes and lamps in both ways of drawing: against each other, against Lambert's law and against the sun's geometry."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import trimesh
from hypothesis import given
from hypothesis import strategies as st

from pipelines.looking_arguments import MODES
from sculpt3d.colour import to_srgb
from sculpt3d.errors import InputError
from sculpt3d.models.document import Document, Material, Part
from sculpt3d.models.normals import with_normals
from sculpt3d.types import U8
from tests.pictures import WAYS, ssim
from viewer.drawing.picture import framed
from viewer.drawing.shade import CLAY
from viewer.modes import mode, modes
from viewer.modes.measured import measured
from viewer.state.camera import OrbitCamera
from viewer.state.commands import KEYS, State, apply, drag
from viewer.state.lamps import HEAD, STUDIO, Lamp, exposed, lamp_of, swept
from viewer.state.sides import SIDES, Aim

SIZE = (240, 200)
BLACK = ((0.0, 0.0, 0.0),) * 2
RAKING = ["raking:az=30,el=8", "raking:az=200,el=55,power=1.5,fill=0.1", "raking:az=90,el=20,fixed=camera"]
WRONG = [
    "", "sun", "raking:az=x", "raking:el=91", "raking:az=1,az=2", "raking:fixed=floor", "raking:side=inside", "raking:power=-1",
    "raking:power=nan", "raking:colour=1", "raking:el=inf",
]  # fmt: skip


def body(fine: int = 5) -> Document:
    ball = trimesh.creation.icosphere(fine)
    ball.vertices *= [1, 1.3, 0.8]
    ball.vertices[:] += 0.03 * np.sin(12 * ball.vertices[:, [1, 2, 0]])
    v, f = ball.vertices.astype(np.float32), ball.faces.astype(np.int32)
    rgba = np.concatenate([(100 * np.abs(v) + 80).clip(0, 255), np.full((len(v), 1), 255)], 1).astype(
        np.uint8
    )
    small = trimesh.creation.icosphere(3)
    other = Part((0.3 * small.vertices + [0.9, 0.9, 0.9]).astype(np.float32), small.faces.astype(np.int32))
    return with_normals(Document("m", (Part(v, f, rgba=rgba), other), unit_m=0.001))


def sphere() -> Document:
    ball = trimesh.creation.icosphere(6)
    v = ball.vertices.astype(np.float32)
    return Document("m", (Part(v, ball.faces.astype(np.int32), normals=v),))


def told(document: Document) -> Document:
    """With all that modes read from files: smooth values, and a part that is marked."""
    parts = []
    for part in document.parts:
        y = part.vertices[:, 1] / np.abs(part.vertices[:, 1]).max()
        own = {"uncertainty_mm": 2 + y, "views": 5 + 4 * y, "deviation_mm": y}
        marks = {"filled": (y > 0.4).astype(np.float32), "significant": np.ones_like(y)}
        parts.append(replace(part, attributes={**own, **marks}))
    return replace(document, parts=tuple(parts))


def both(document: Document, state: State) -> tuple[U8, U8]:
    shown = measured(document, state).document
    hard, soft = (way(shown, state, SIZE) for way in WAYS.values())
    return hard, soft


@pytest.mark.parametrize("name", list(MODES))
def test_every_mode_is_the_same_picture_both_ways(name: str) -> None:
    state = framed(body(), SIZE, Aim(0.4, 0.3, 0.2))
    flat = replace(
        state, camera=replace(state.camera, flat=True), lamps=(lamp_of("raking:az=40,el=30"),), gloss=0.5
    )
    for one in (replace(state, mode=name), replace(flat, mode=name)):
        hard, soft = both(told(body()), one)
        lines = mode(name).shape != "surface"  # OpenGL rounds a line's and a point's place otherwise
        assert ssim(hard, soft) > (0.5 if lines else 0.985)
        off = np.abs(hard.astype(int) - soft).max(-1) > 10
        assert lines or off.mean() < 0.004
        assert abs(float(hard.mean()) - float(soft.mean())) < (4 if lines else 0.5)
        assert hard.std() > 5


def test_modes_are_found_and_each_has_a_key_of_its_own() -> None:
    assert set(modes()) == set(MODES)
    keys = [*KEYS, *(m.key for m in modes().values())]
    assert len(keys) == len(set(keys))
    with pytest.raises(InputError, match="textured"):
        mode("glitter")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "words",
    ["raking:az=30,el=8", "raking:az=200,el=55,power=1.5,fill=0.1", "raking:az=90,el=20,fixed=camera"],
)
@pytest.mark.parametrize("side", ["front", "right"])
def test_raking_light_obeys_lambert_to_a_code(way: str, words: str, side: str) -> None:
    """Every pixel of a ball in clay: code = sRGB(albedo (fill (0.5 + 0.2 n.y) + power max(n.l, 0)))."""
    lamp = lamp_of(words)
    state = framed(sphere(), SIZE, SIDES[side])
    camera = replace(state.camera, flat=True)
    state = replace(state, camera=camera, mode="clay", lamps=(lamp,), sky=BLACK)
    pixels = WAYS[way](sphere(), state, SIZE).astype(float)
    x, y = np.meshgrid(np.arange(SIZE[0]) + 0.5 - SIZE[0] / 2, SIZE[1] / 2 - np.arange(SIZE[1]) - 0.5)
    x, y = (v * 2 * camera.reach / SIZE[1] for v in (x, y))
    inside = np.hypot(x, y) < 0.93
    local = np.stack([x, y, np.sqrt(np.maximum(1 - x * x - y * y, 0))], -1)[inside]
    normal = local @ np.stack(camera.axes())
    a, e = np.radians([lamp.azimuth, lamp.elevation])
    towards = np.array([np.cos(e) * np.cos(a), np.cos(e) * np.sin(a), np.sin(e)])  # on the plane of the front
    lambert = (local if lamp.fixed == "camera" else normal) @ towards
    light = lamp.fill * (0.5 + 0.2 * normal[:, 1]) + lamp.power * np.maximum(lambert, 0)
    wanted = 255 * to_srgb(np.asarray(CLAY) * light[:, None])
    smooth = np.abs(lambert) > 0.05  # beside the edge of the shade, where four samples of a pixel differ
    assert np.abs(pixels[inside] - np.round(wanted))[smooth].max() <= 1
    assert smooth.mean() > 0.85


@pytest.mark.parametrize("way", WAYS)
def test_object_fixed_light_stays_with_the_object_and_camera_fixed_with_the_picture(way: str) -> None:
    found = {}
    for fixed in ("object", "camera"):
        for turn in (0.0, 0.5):
            state = framed(sphere(), SIZE, (turn, 0.0))
            lamp = lamp_of(f"raking:az=60,el=70,fixed={fixed}")
            state = replace(state, lamps=(lamp,), mode="clay", sky=BLACK)
            found[fixed, turn] = WAYS[way](sphere(), state, SIZE).astype(int)
    assert (np.abs(found["camera", 0.0] - found["camera", 0.5]).max(-1) > 2).mean() < 0.01  # of the rim alone
    assert np.abs(found["object", 0.0] - found["object", 0.5]).mean() > 5


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("elevation", [20.0, 40.0])
def test_a_shadow_is_as_long_as_the_sun_makes_it(way: str, elevation: float) -> None:
    """A wall 0.3 high on a plane that faces the front: its shadow is 0.3 / tan(elevation) long."""
    plane = trimesh.creation.box([4, 4, 0.1])
    wall = trimesh.creation.box([0.1, 1.0, 0.3])
    wall.apply_translation([0, 0, 0.2])
    parts = []
    for box in (plane, wall):
        corners = np.asarray(box.vertices, np.float32)[box.faces].reshape(-1, 3)
        faces = np.arange(36, dtype=np.int32).reshape(-1, 3)
        parts.append(Part(corners, faces, normals=np.repeat(box.face_normals, 3, 0).astype(np.float32)))
    document = Document("m", tuple(parts))
    size = (600, 600)
    state = framed(document, size, (0.0, 0.0))
    camera = replace(state.camera, flat=True)
    lamp = lamp_of(f"raking:az=180,el={elevation}")
    state = replace(state, camera=camera, mode="clay", lamps=(lamp,), shadows=True)
    pixels = WAYS[way](document, state, size).astype(int)
    row = pixels[300, :, 0]
    per_px = 2 * camera.reach / size[1]
    start = round(300 + 0.06 / per_px)
    dark = row[start : start + round(1.8 / per_px)] < 10
    assert abs(dark.sum() * per_px - (0.3 / np.tan(np.radians(elevation)) - 0.01)) < 3 * per_px
    assert dark[: dark.sum() - 1].all()
    assert not WAYS[way](document, replace(state, shadows=False), size)[300, start : start + 50].max() < 10


def test_shadows_are_the_same_both_ways() -> None:
    lamps = tuple(lamp_of(w) for w in ("raking:az=45,el=35", "raking:az=160,el=20,power=0.5,fixed=camera"))
    state = replace(framed(body(), SIZE, (0.4, 0.3)), mode="clay", lamps=lamps, shadows=True)
    hard, soft = both(body(), state)
    without = both(body(), replace(state, shadows=False))[0]
    assert ssim(hard, soft) > 0.97
    assert (np.abs(hard.astype(int) - soft).max(-1) > 10).mean() < 0.01
    assert (np.abs(hard.astype(int) - without).max(-1) > 30).mean() > 0.01


@given(
    st.floats(0, 359.9),
    st.floats(-89, 89),
    st.sampled_from(["object", "camera"]),
    st.sampled_from(list(SIDES)),
)
def test_a_lamp_is_read_as_it_is_written(azimuth: float, elevation: float, fixed: str, side: str) -> None:
    lamp = Lamp("raking", azimuth, elevation, fixed, side if fixed == "object" else "front", 1.25, 0.05)  # type: ignore[arg-type]
    again = lamp_of(lamp.words())
    assert again.azimuth == pytest.approx(azimuth, abs=1e-6) or abs(azimuth - 360) < 1e-6
    assert replace(again, azimuth=azimuth, elevation=elevation) == lamp
    camera = OrbitCamera((0, 0, 0), 1, 0.7, -0.4, roll=0.3)
    moved = lamp.at(lamp.direction(camera), camera)
    assert moved.direction(camera) == pytest.approx(lamp.direction(camera), abs=1e-9)


@pytest.mark.parametrize("words", WRONG)
def test_what_is_no_lamp_is_refused_with_an_example(words: str) -> None:
    with pytest.raises(InputError, match="raking:az=30,el=8"):
        lamp_of(words)


def test_lamps_by_keys_and_hand() -> None:
    s = framed(sphere(), SIZE, (0.0, 0.0))
    assert s.lamps == (STUDIO,)
    head = apply("light", s)
    assert head.lamps == (HEAD,)
    raking = apply("light", head)
    assert raking.lamps[0].kind == "raking" and raking.lamps[0].fixed == "object"
    turned = replace(raking, camera=raking.camera.towards(0.7, 0.2))
    fixed = apply("lamp fixed", turned)
    assert fixed.lamps[0].fixed == "camera"
    assert fixed.lamps[0].direction(turned.camera) == pytest.approx(turned.lamps[0].direction(turned.camera))
    pulled = drag(raking, 60, 0, frozenset({"ctrl", "left"}), 600)  # to the right
    assert (pulled.lamps[0].direction(s.camera) - raking.lamps[0].direction(s.camera))[0] > 0.2
    many = raking
    for _ in range(3):
        many = apply("another lamp", many)
    assert len(many.lamps) == 4 and len(apply("another lamp", many).lamps) == 1
    assert [round(swept(raking.lamps, k, 4)[0].azimuth) for k in range(4)] == [180, 270, 0, 90]
    assert exposed(90) == 1 and exposed(1) == 3


@pytest.mark.parametrize("way", WAYS)
def test_xray_shows_what_lies_behind(way: str) -> None:
    """Two squares behind each other are twice as dense as one."""

    def square(z: float, half: float) -> Part:
        corners = np.array(
            [[-half, half, z], [half, half, z], [half, -half, z], [-half, -half, z]], np.float32
        )
        return Part(corners, np.array([[0, 2, 1], [0, 3, 2]], np.int32), Material())

    document = with_normals(Document("m", (square(0.5, 0.4), square(-0.5, 1.0))))
    state = replace(framed(document, SIZE, (0.0, 0.0)), mode="xray", sky=BLACK)
    state = replace(state, camera=replace(state.camera, flat=True))
    pixels = WAYS[way](document, state, SIZE)
    middle, beside = (
        pixels[100, 120 + round(0.6 * SIZE[1] / 2 / state.camera.reach) * k].astype(float) for k in (0, 1)
    )
    one = 0.06 * 255 * np.array([0.80, 0.90, 0.96])
    assert np.abs(beside - one).max() <= 1.5
    assert np.abs(middle - one * (2 - 0.06)).max() <= 2
