"""Sky and walls never colour the object, where its surface stands out beyond the outline that photos show."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import trimesh

from sculpt3d.models.texels import sample_texture
from sculpt3d.synthetic import Look, Stage, ring
from sculpt3d.texture.backdrop import behind
from sculpt3d.texture.bake import TextureParams, bake_texture
from sculpt3d.types import F32, Mesh, Scene, View
from tests.conftest import CAMERA, no_points


def _ball(out: float = 0.0) -> Mesh:
    """Of radius 1; its crown, above 50 degrees, stands out by that much."""
    ball = trimesh.creation.icosphere(5)
    height = np.clip((ball.vertices[:, 1:2] - 0.77) / 0.23, 0, 1)
    return Mesh((ball.vertices * (1 + out * height)).astype(np.float32), ball.faces.astype(np.int32))


def _paint(mesh: Mesh, light: float) -> F32:
    """Patches of two tones."""
    tone = np.where(np.sin(9 * mesh.vertices).prod(1, keepdims=True) > 0, 1.0, 0.7)
    return np.repeat(light * tone, 3, 1).astype(np.float32)


@pytest.mark.parametrize(("light", "sky"), [(0.08, 0.97), (0.7, 0.03)])
def test_a_crown_that_stands_out_is_filled_and_not_coloured_by_what_is_behind_it(
    tmp_path: Path, light: float, sky: float
) -> None:
    mesh, look = _ball(), Look(ambient=1.0, background=(sky, sky, sky), noise=1.5)
    stage, views = Stage(mesh, _paint(mesh, light)), []
    for k, pose in enumerate(ring(np.zeros(3), 5.0, 5.0, 12)):
        photo = stage.photograph(CAMERA, pose, look, seed=k)
        cv2.imwrite(str(tmp_path / f"{k}.png"), photo[..., ::-1])
        views.append(View(f"{k}.png", CAMERA, pose, tmp_path / f"{k}.png", None))
    grown = _ball(0.04)
    baked = bake_texture(grown, Scene(tuple(views), no_points()), TextureParams(512))
    found = sample_texture(baked.texture, baked.uv[baked.faces].mean(1)).mean(1)
    top = baked.vertices[baked.faces].mean(1)[:, 1] > 0.8
    assert top.sum() > 500
    if light < 0.5:
        assert found[top].max() < 1.3 * found[~top].max()
    else:
        assert found[top].min() > 0.7 * found[~top].min()


def test_only_what_hangs_together_with_the_backdrop_is_taken_away() -> None:
    photo, depth = np.full((200, 200, 3), 0.9, np.float32), np.zeros((200, 200), np.float32)
    depth[50:150, 50:150] = 1
    photo[60:150, 50:150] = 0.1  # the surface stands out by ten pixels above
    photo[100:104, 60:64] = 0.9  # a bright spot on the object, near its rim
    gone = behind(photo, depth)
    assert gone[52:58, 60:140].all() and not gone[64:].any() and not gone[depth == 0].any()
    assert not behind(np.full_like(photo, 0.5), depth).any()
    assert not behind(photo, np.zeros_like(depth)).any() and not behind(photo, np.ones_like(depth)).any()


def test_pixels_are_judged_alike_at_any_size() -> None:
    """Of a photo four times as large the same share is backdrop."""
    small, depth = np.full((450, 600, 3), 0.9, np.float32), np.zeros((450, 600), np.float32)
    cv2.circle(depth, (300, 225), 156, 1.0, -1)
    cv2.circle(small, (300, 225), 144, (0.1, 0.1, 0.1), -1)
    large = (cv2.resize(a, None, fx=4, fy=4, interpolation=cv2.INTER_NEAREST) for a in (small, depth))
    assert behind(*large).mean() == pytest.approx(behind(small, depth).mean(), rel=0.15)
