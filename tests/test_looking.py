"""Everything a document can say of its looks, in both ways of drawing: against known colours, and against each other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from sculpt3d.colour import to_srgb
from sculpt3d.models.document import Document, Material, Part, Texture
from sculpt3d.models.normals import welded_normals, with_normals
from sculpt3d.types import U8
from tests.pictures import WAYS, ssim
from viewer.drawing.picture import framed
from viewer.drawing.shade import point_size
from viewer.drawing.textures import fitting, halved, look_up
from viewer.state.commands import State

SIZE = (320, 240)
BLACK = ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0))
RED, GREEN, BLUE, YELLOW = (220, 40, 40), (40, 180, 60), (40, 70, 220), (230, 200, 40)
QUARTERS = np.array([[RED, GREEN], [BLUE, YELLOW]], np.uint8).repeat(64, 0).repeat(64, 1)


def square(z: float = 0.0, half: float = 1.0, reach: tuple[float, float] = (0.0, 1.0)) -> Part:
    """Looks at +Z; its uv goes from the first of `reach` to the second, v downwards."""
    corners = np.array([[-half, half, z], [half, half, z], [half, -half, z], [-half, -half, z]], np.float32)
    low, high = reach
    uv = np.array([[low, low], [high, low], [high, high], [low, high]], np.float32)
    return Part(corners, np.array([[0, 2, 1], [0, 3, 2]], np.int32), uv=uv)


def front(document: Document, mode: str = "plain") -> State:
    return replace(framed(document, SIZE, (0.0, 0.0)), mode=mode, sky=BLACK)


def at(pixels: U8, x: float, y: float, state: State) -> tuple[int, ...]:
    """The colour of what lies at (x, y, 0)."""
    clip = state.camera.projection(*SIZE) @ state.camera.view() @ [x, y, 0, 1]
    column = int((clip[0] / clip[3] + 1) / 2 * SIZE[0])
    row = int((1 - clip[1] / clip[3]) / 2 * SIZE[1])
    return tuple(int(v) for v in pixels[row, column])


def near(found: tuple[int, ...], wanted: tuple[int, ...], within: int = 2) -> bool:
    return max(abs(a - b) for a, b in zip(found, wanted, strict=True)) <= within


def with_alpha(left: int, right: int) -> U8:
    alpha = np.full((128, 128, 1), left, np.uint8)
    alpha[:, 64:] = right
    return np.concatenate([QUARTERS, alpha], 2)


@pytest.mark.parametrize("way", WAYS)
def test_factor_texture_and_vertex_colours_multiply_in_linear_light(way: str) -> None:
    tint = np.tile(np.array([188, 255, 128, 255], np.uint8), (4, 1))
    white = Texture(np.full((4, 4, 3), 188, np.uint8))
    part = replace(square(), material=Material(factor=(0.5, 0.05, 1.0, 1), texture=white), rgba=tint)
    document = with_normals(Document("m", (part,)))
    state = front(document)
    half = ((188 / 255 + 0.055) / 1.055) ** 2.4
    third = ((128 / 255 + 0.055) / 1.055) ** 2.4
    wanted = tuple(
        round(255 * float(v)) for v in to_srgb(np.array([0.5 * half * half, 0.05 * half, half * third]))
    )
    assert near(at(WAYS[way](document, state, SIZE), 0.3, -0.4, state), wanted, 1)


@pytest.mark.parametrize("way", WAYS)
def test_texture_lies_the_right_way_and_is_read_at_every_pixel(way: str) -> None:
    document = with_normals(Document("m", (replace(square(), material=Material(texture=Texture(QUARTERS))),)))
    state = front(document)
    pixels = WAYS[way](document, state, SIZE)
    for x, y, colour in ((-0.5, 0.5, RED), (0.5, 0.5, GREEN), (-0.5, -0.5, BLUE), (0.5, -0.5, YELLOW)):
        assert near(at(pixels, x, y, state), colour)
    assert at(pixels, -1.1, 0, state) == (0, 0, 0)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("along_u", "along_v"), [("clamp", "repeat"), ("mirror", "clamp"), ("repeat", "mirror")]
)
def test_textures_go_on_beyond_their_sides_as_told(way: str, along_u: str, along_v: str) -> None:
    """uv from -1 to 2: nine fields, the middle one is the picture itself."""
    texture = Texture(QUARTERS, (along_u, along_v))  # type: ignore[arg-type]
    part = replace(square(reach=(-1.0, 2.0)), material=Material(texture=texture))
    document = with_normals(Document("m", (part,)))
    state = front(document)
    pixels = WAYS[way](document, state, SIZE)
    inside = {
        "repeat": lambda t: t % 1,
        "clamp": lambda t: min(max(t, 0), 1),
        "mirror": lambda t: 1 - abs(t % 2 - 1),
    }
    for u in (-0.75, -0.25, 0.25, 0.75, 1.25, 1.75):
        for v in (-0.75, -0.25, 0.25, 0.75, 1.25, 1.75):
            column, row = int(inside[along_u](u) > 0.5), int(inside[along_v](v) > 0.5)
            wanted = ((RED, GREEN), (BLUE, YELLOW))[row][column]
            place = (u + 1) / 3 * 2 - 1, 1 - (v + 1) / 3 * 2
            assert near(at(pixels, *place, state), wanted), (u, v)


@pytest.mark.parametrize("way", WAYS)
def test_what_is_cut_out_is_not_there_and_what_is_behind_shows(way: str) -> None:
    cut = Material(texture=Texture(with_alpha(100, 200)), alpha="mask", cutoff=0.5)
    behind = replace(square(-0.5, 2.0), material=Material(factor=(1.0, 1.0, 1.0, 1.0)))
    document = with_normals(Document("m", (replace(square(), material=cut), behind)))
    state = front(document)
    pixels = WAYS[way](document, state, SIZE)
    assert at(pixels, -0.5, 0.5, state) == (255, 255, 255)
    assert near(at(pixels, 0.5, 0.5, state), GREEN)
    opaque = replace(
        document, parts=(replace(document.parts[0], material=replace(cut, alpha="opaque")), behind)
    )
    assert near(at(WAYS[way](opaque, state, SIZE), -0.5, 0.5, state), RED)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_light_passes_through_layers_in_the_order_of_their_depth(way: str, order: tuple[int, ...]) -> None:
    alphas = np.full((4, 4), 255, np.uint8)
    alphas[:, 3] = 128
    pane = Material(factor=(1.0, 0.0, 0.0, 1.0), alpha="blend")
    nearest = replace(square(0.5), material=pane, rgba=alphas)
    second = replace(square(0.0), material=replace(pane, factor=(0.0, 1.0, 0.0, 0.25)))
    wall = replace(square(-0.5, 2.0), material=Material(factor=(0.0, 0.0, 1.0, 1.0)))
    parts = (nearest, second, wall)
    document = with_normals(Document("m", tuple(parts[k] for k in order)))
    state = front(document)
    behind = 0.25 * np.array([0, 255, 0]) + 0.75 * np.array([0, 0, 255])
    wanted = 128 / 255 * np.array([255, 0, 0]) + (1 - 128 / 255) * behind
    assert near(at(WAYS[way](document, state, SIZE), 0.2, 0.1, state), tuple(round(float(v)) for v in wanted))


def test_a_closed_body_of_glass_looks_the_same_both_ways() -> None:
    ball = trimesh.creation.icosphere(4)
    part = Part(
        ball.vertices.astype(np.float32),
        ball.faces.astype(np.int32),
        Material(factor=(0.2, 0.5, 0.9, 0.4), alpha="blend"),
    )
    document = with_normals(Document("m", (part,)))
    state = framed(document, SIZE)
    hard, soft = (way(document, state, SIZE) for way in WAYS.values())
    assert ssim(hard, soft) > 0.98
    assert np.abs(hard[120, 160].astype(int) - soft[120, 160]).max() <= 2


@pytest.mark.parametrize("mode", ["textured", "plain", "clay"])
def test_both_ways_give_the_same_picture(mode: str) -> None:
    """A figure with a fine texture, a painted ball, a cloud with normals and a bare one."""
    rng = np.random.default_rng(0)
    ball = trimesh.creation.uv_sphere(count=[40, 80])
    v, f = ball.vertices.astype(np.float32), ball.faces.astype(np.int32)
    uv = np.stack(
        [np.arctan2(v[:, 1], v[:, 0]) / 2 / np.pi * 6, np.arccos(np.clip(v[:, 2], -1, 1)) / np.pi * 3], 1
    )
    fine = rng.integers(0, 256, (512, 512, 3), dtype=np.uint8)
    painted = np.concatenate([(127 * v + 128).astype(np.uint8), np.full((len(v), 1), 255, np.uint8)], 1)
    directions = rng.normal(size=(400, 3)).astype(np.float32)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    none = np.zeros((0, 3), np.int32)
    document = with_normals(
        Document(
            "m",
            (
                Part(v, f, Material(texture=Texture(fine, ("mirror", "repeat"))), uv.astype(np.float32)),
                Part(0.6 * v + [2, 0, 0], f, rgba=painted),
                Part(0.6 * v - [2, 0, 0], f),
                Part(0.5 * directions + [0, 0, 1.8], none, normals=directions, rgba=painted[:400]),
                Part(0.5 * directions - [0, 1.8, 0], none, Material(factor=(1.0, 0.2, 0.1, 1.0))),
            ),
        )
    )
    state = replace(framed(document, SIZE), mode=mode)
    hard, soft = (way(document, state, SIZE) for way in WAYS.values())
    assert ssim(hard, soft) > 0.98
    assert np.abs(hard.astype(int) - soft).mean() < 1
    points = np.abs(hard.astype(int) - soft).max(-1) > 8  # OpenGL rounds a point's place otherwise
    assert points.mean() < 0.02


@st.composite
def layers(draw: st.DrawFn) -> Document:
    """Up to five parts, each a triangle in a plane of its own, with everything a material can say."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    depths = draw(st.permutations(range(draw(st.integers(1, 5)))))
    parts = []
    for depth in depths:
        xy = np.array([[-1, -1], [1, -0.8], [0.1, 1]]) + rng.uniform(-0.4, 0.4, (3, 2))
        size = draw(st.tuples(st.integers(1, 40), st.integers(1, 40), st.sampled_from([3, 4])))
        wrap = draw(st.tuples(*[st.sampled_from(["repeat", "clamp", "mirror"])] * 2))
        picture = rng.integers(0, 256, size, dtype=np.uint8)
        alpha = draw(st.sampled_from(["opaque", "mask", "blend"]))
        factor = tuple(float(v) for v in rng.uniform(0.2, 1, 4))
        painted = draw(st.booleans())
        parts.append(
            Part(
                np.c_[xy, np.full(3, 0.4 * depth)].astype(np.float32),
                np.array([[0, 1, 2]] if draw(st.booleans()) else [[0, 2, 1]], np.int32),
                Material(
                    factor=factor,  # type: ignore[arg-type]
                    texture=Texture(picture, wrap) if draw(st.booleans()) else None,
                    alpha=alpha,  # type: ignore[arg-type]
                    cutoff=float(rng.uniform(0.2, 0.8)),
                ),
                uv=rng.uniform(-1, 2, (3, 2)).astype(np.float32),
                rgba=rng.integers(0, 256, (3, 4), dtype=np.uint8) if painted else None,
                normals=np.tile(np.float32([0.3, 0.2, 0.9]), (3, 1)) if draw(st.booleans()) else None,
            )
        )
    return with_normals(Document("m", tuple(parts)))


@settings(max_examples=15, deadline=None)
@given(layers(), st.sampled_from(["textured", "plain", "clay"]))
def test_whatever_a_material_says_both_ways_show_it(document: Document, mode: str) -> None:
    state = replace(framed(document, SIZE, (0.2, 0.1)), mode=mode)
    hard, soft = (way(document, state, SIZE) for way in WAYS.values())
    assert ssim(hard, soft) > 0.985
    assert (np.abs(hard.astype(int) - soft).max(-1) > 12).mean() < 0.01


@pytest.mark.parametrize("way", WAYS)
def test_bare_points_are_drawn_in_their_colours(way: str) -> None:
    spots = np.array([[-1, -1, 0], [1, 1, 0], [0.5, -0.5, 0]], np.float32)
    rgba = np.array([[255, 0, 0, 255], [0, 255, 0, 255], [90, 120, 200, 255]], np.uint8)
    document = with_normals(Document("m", (Part(spots, np.zeros((0, 3), np.int32), rgba=rgba),)))
    state = front(document, "textured")
    pixels = WAYS[way](document, state, SIZE)
    for spot, colour in zip(spots, rgba, strict=True):
        assert near(at(pixels, *spot[:2], state), tuple(int(c) for c in colour[:3]), 100)
    lit = (pixels.max(-1) > 20).sum()
    assert 3 * point_size(SIZE[1]) ** 2 / 2 < lit < 3 * (point_size(SIZE[1]) + 1.5) ** 2


@pytest.mark.parametrize("way", WAYS)
def test_a_wire_shows_the_sides_and_nothing_between(way: str) -> None:
    document = with_normals(Document("m", (square(),)))
    state = front(document, "wire")
    pixels = WAYS[way](document, state, SIZE)
    assert max(at(pixels, 0.0, 0.0, state)) > 40  # the diagonal
    assert at(pixels, 0.5, -0.4, state) == (0, 0, 0)
    assert 0.005 < (pixels.max(-1) > 40).mean() < 0.05


def test_seams_do_not_show() -> None:
    """A ball cut into three parts along its faces, every face with corners of its own: shaded as the whole ball is."""
    ball = trimesh.creation.icosphere(3)
    v, f = ball.vertices.astype(np.float32), ball.faces.astype(np.int32)
    soup = [
        Part(v[f[k::3]].reshape(-1, 3), np.arange(3 * len(f[k::3]), dtype=np.int32).reshape(-1, 3))
        for k in range(3)
    ]
    cut, whole = (with_normals(Document("m", tuple(parts))) for parts in (soup, [Part(v, f)]))
    normals = whole.parts[0].normals
    assert normals is not None
    assert np.abs(normals - v).max() < 0.02
    for k, part in enumerate(cut.parts):
        assert part.normals is not None
        assert np.abs(part.normals - normals[f[k::3]].reshape(-1, 3)).max() < 1e-6
    own = replace(soup[0], normals=np.tile(np.float32([0, 0, 1]), (len(soup[0].vertices), 1)))
    assert with_normals(Document("m", (own, *soup[1:]))).parts[0] is own


def test_vertices_at_one_place_share_their_normal_whatever_the_sign_of_zero() -> None:
    flat = square()
    v = np.concatenate([flat.vertices, flat.vertices * np.float32([1, 1, -1])])  # -0 is 0
    faces = np.concatenate([flat.faces[:1], flat.faces[1:] + 4])
    tilted = v + np.where(np.arange(8) == 1, np.float32([[0, 0, 1]]).T, 0).T
    shared = welded_normals(tilted, faces)
    assert shared[0] == pytest.approx(shared[4])
    assert shared[2] == pytest.approx(shared[6])
    assert welded_normals(v, faces) == pytest.approx(np.tile([0.0, 0, 1], (8, 1)))
    assert not welded_normals(
        np.float32([[0, 0, 0], [1, 0, 0], [0, 1, 0], [5, 5, 5]]), faces[:1] * 0 + [0, 1, 2]
    )[3].any()


def test_large_textures_are_averaged_down_in_linear_light() -> None:
    board = np.zeros((1100, 1300, 4), np.uint8)
    board[::2, ::2] = board[1::2, 1::2] = 255
    small = fitting(board, 700)
    assert small.shape == (550, 650, 4)
    assert np.abs(small[..., :3].astype(int) - 188).max() <= 1  # half the light, not half the code
    assert np.abs(small[..., 3].astype(int) - 128).max() <= 1
    assert halved(np.full((1, 5, 3), 77, np.uint8)).tolist() == [[[77] * 3] * 2]


def test_texels_are_read_between_their_middles() -> None:
    row = np.array([[[0, 0, 0], [255, 255, 255]]], np.uint8)
    uv = np.array([[0.25, 0.5], [0.5, 0.5], [0.75, 0.5], [1.0, 0.5]])
    for wrap, last in (("repeat", 0.5), ("clamp", 1.0), ("mirror", 1.0)):
        found = look_up([row], (wrap, wrap), uv, np.zeros(4))  # type: ignore[arg-type]
        assert found[:, 0] == pytest.approx([0, 0.5, 1, last])
        assert (found[:, 3] == 1).all()
