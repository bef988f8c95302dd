"""The picture without OpenGL: ray cast on the processor."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sculpt3d.colour import linear
from sculpt3d.errors import ResourceError
from sculpt3d.geometry import Rigid3
from sculpt3d.preview import CLAY
from sculpt3d.synthetic import Look, Stage
from sculpt3d.types import Mesh, Pinhole
from viewer.camera import FIELD_OF_VIEW
from viewer.commands import State, light_direction
from viewer.loading import Model


def draw(model: Model, state: State, size: tuple[int, int]) -> NDArray[np.uint8]:
    """(H, W, 3). Textures are taken at the vertices; clouds are not drawn."""
    if not len(model.faces):
        raise ResourceError(
            "Clouds need OpenGL 3.3 to be shown; install a graphics driver, or look at the mesh"
        )
    width, height = size
    focal = height / 2 / np.tan(FIELD_OF_VIEW / 2)
    right, up, back = state.camera.axes()
    rotation = np.stack([right, -up, -back])
    pose = Rigid3(rotation, -rotation @ state.camera.eye)
    stage = Stage(Mesh(model.vertices, model.faces), _colours(model, state), model.normals)
    look = Look(ambient=0.55, light=light_direction(state), background=(0.17, 0.17, 0.17))
    return stage.photograph(Pinhole(width, height, focal, focal, width / 2, height / 2), pose, look)


def _colours(model: Model, state: State) -> NDArray[np.float32]:
    if state.style == "textured" and model.texture is not None and model.uv is not None:
        h, w = model.texture.shape[:2]
        at = np.clip((model.uv * [w, h]).astype(int), 0, [w - 1, h - 1])
        return linear(model.texture[at[:, 1], at[:, 0]])
    if state.style == "textured" and model.rgb is not None:
        return linear(model.rgb)
    return np.broadcast_to(np.array(CLAY, np.float32) ** 2.2, model.vertices.shape).astype(np.float32)
