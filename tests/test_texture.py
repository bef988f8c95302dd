"""Unwrap and bake on the painted sphere: the texture gives back the paint."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from sculpt3d.preview import linear
from sculpt3d.surface.topology import vertex_normals
from sculpt3d.texture.bake import TextureParams, bake_texture, to_srgb
from sculpt3d.texture.unwrap import rasterise, unwrap
from sculpt3d.texture.visibility import clearance, depth_image, weights
from sculpt3d.types import Mesh, TexturedMesh
from tests.conftest import Ball


def small_ball() -> Mesh:
    ball = trimesh.creation.icosphere(4)
    return Mesh(ball.vertices.astype(np.float32), ball.faces.astype(np.int32))


@pytest.fixture(scope="module")
def baked(ball: Ball) -> TexturedMesh:
    return bake_texture(small_ball(), ball.scene, TextureParams(512))


def test_texture_gives_back_the_paint(ball: Ball, baked: TexturedMesh) -> None:
    middle_uv = baked.uv[baked.faces].mean(1)
    middle = baked.vertices[baked.faces].mean(1)
    at = (middle_uv * 512).astype(int)
    found = linear(baked.texture[at[:, 1], at[:, 0]])
    true = ball.colour[cKDTree(ball.mesh.vertices).query(middle)[1]]
    # The light of the sample falls off downwards, so compare where it is the same for all: the paint's ratios.
    seen = middle[:, 1] > -0.5
    ratio = found[seen] / true[seen]
    assert np.median(np.abs(ratio / np.median(ratio) - 1)) < 0.12
    assert 0.0 < baked.facts.unseen_share < 0.35  # nobody looks from below
    assert baked.facts.atlas_use > 0.6


def test_no_texel_is_left_black(baked: TexturedMesh) -> None:
    assert baked.texture.reshape(-1, 3).max(1).min() > 10


def test_charts_do_not_overlap_and_uv_stays_inside() -> None:
    flat = unwrap(small_ball(), 512)
    assert flat.uv.min() >= 0
    assert flat.uv.max() <= 1
    face, weight = rasterise(flat.uv, flat.faces, 512)
    a, b, c = (flat.uv[flat.faces[:, k]] * 512 for k in range(3))
    area = np.abs((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]) / 2
    assert (
        abs((face >= 0).sum() / area.sum() - 1) < 0.1
    )  # overlapping charts would cover fewer texels than their area
    assert (weight[face >= 0] >= -1e-5).all()


def test_the_far_side_is_not_seen(ball: Ball) -> None:
    view, mesh = ball.scene.views[0], small_ball()
    depth = depth_image(mesh.vertices, mesh.faces, view)
    index, uv, how = weights(
        view, depth, clearance(depth, view), mesh.vertices, vertex_normals(mesh.vertices, mesh.faces)
    )
    towards = view.cam_from_world.source_origin / np.linalg.norm(view.cam_from_world.source_origin)
    assert (mesh.vertices[index] @ towards > 0.2).all()
    assert len(index) > 0.25 * len(mesh.vertices)
    assert (how > 0).all()
    assert np.isfinite(uv).all()


@given(st.integers(0, 255))
@settings(max_examples=256)
def test_srgb_goes_there_and_back(code: int) -> None:
    assert to_srgb(linear(np.array([code], np.uint8)))[0] == code
