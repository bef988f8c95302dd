"""One picture of a document, without a window: by OpenGL where it works, else ray cast."""

from __future__ import annotations

import io
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from sculpt3d.errors import InputError, ResourceError
from sculpt3d.files import write_atomic
from sculpt3d.models.document import Document
from sculpt3d.types import U8
from viewer.drawing.window import open_window
from viewer.state.camera import OrbitCamera
from viewer.state.commands import State, Style

SIZE = (1280, 720)
_SMALL = (64, 64)  # of the window that nobody sees; the picture has pixels of its own


def framed(document: Document, size: tuple[int, int], aim: tuple[float, float] | None = None) -> State:
    """A camera that holds the whole model. aim: azimuth and elevation in radians; slightly from above where None."""
    camera = OrbitCamera.framing(document.points(), size[0] / size[1], aim)
    return State(camera, camera)


def render(
    document: Document, out: Path, aim: tuple[float, float] = (0.0, 0.0), size: tuple[int, int] = SIZE,
    style: Style = "textured",
) -> None:  # fmt: skip
    """Write one PNG of it with nothing over it."""
    save_picture(out, picture(document, replace(framed(document, size, aim), style=style), size))


def picture(document: Document, state: State, size: tuple[int, int]) -> U8:
    """(H, W, 3)."""
    try:
        return by_opengl(document, state, size)
    except ResourceError:
        print("OpenGL does not work here; drawing without it", file=sys.stderr)
    from viewer.drawing.software import draw

    return draw(document, state, size)


def by_opengl(document: Document, state: State, size: tuple[int, int]) -> U8:
    """(H, W, 3); raises `ResourceError` where there is none."""
    window = open_window(_SMALL, visible=False)
    from pyglet.gl.lib import GLException
    from pyglet.graphics.shader import ShaderException

    from viewer.drawing.offscreen import Offscreen
    from viewer.drawing.renderer import Renderer

    window.switch_to()
    try:
        target = Offscreen(*size)
        Renderer(document).draw(state, *size, target.finer)
        return target.read()
    except (GLException, ShaderException) as error:
        raise ResourceError(f"OpenGL failed ({str(error)[:80]}); update the graphics driver") from error
    finally:
        window.close()


def check_target(path: Path) -> None:
    """Raises `InputError` where no PNG can be written, before anything is drawn."""
    if path.suffix.lower() != ".png":
        raise InputError(f"{path.name} is no PNG; give a name that ends in .png")
    if not path.absolute().parent.is_dir():
        raise InputError(f"There is no folder {path.parent}; make it, or give a picture in another one")


def save_picture(path: Path, pixels: U8) -> None:
    """PNG, whole or not at all."""
    data = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(data, "PNG")
    write_atomic(path, data.getvalue())
