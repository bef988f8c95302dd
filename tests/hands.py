"""Hands for tests: a real window (without a screen where there is none), clicked and dragged in through its handlers."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyglet
import pytest
import trimesh

from pipelines.cli import main
from sculpt3d.geometry import F64
from sculpt3d.models.document import Document
from sculpt3d.models.ply import write_mesh
from sculpt3d.types import Mesh
from viewer import app
from viewer.drawing.picture import framed
from viewer.drawing.strokes import View
from viewer.drawing.window import has_screen
from viewer.files.loading import load

if not has_screen():
    pyglet.options.headless = True  # before pyglet.window is loaded, which looks for a screen
from pyglet.window import key, mouse

SIZE = (640, 480)


def saved(path: Path, mesh: trimesh.Trimesh, comments: tuple[str, ...] = ()) -> Path:
    write_mesh(path, Mesh(mesh.vertices.astype(np.float32), mesh.faces.astype(np.int32)), comments)
    return path


def opened(path: Path, windows: list[app.Desk]) -> app.Desk:
    document: Document = load(path)
    window = app.Desk(document, framed(document, SIZE), SIZE, path)
    window.desk.bench.ready()
    windows.append(window)
    return window


def at(window: app.Desk, place: F64) -> tuple[int, int]:
    """The window's pixel at a place of the model, y up."""
    xy, _ = View(window.state.camera, SIZE, 1).fall(np.asarray(place, float)[None])
    return round(xy[0, 0]), round(SIZE[1] - xy[0, 1])


def click(window: app.Desk, place: F64) -> None:
    x, y = at(window, place)
    window.on_mouse_motion(x, y, 0, 0)
    window.on_mouse_press(x, y, mouse.LEFT, 0)
    window.on_mouse_release(x, y, mouse.LEFT, 0)


def press(window: app.Desk, name: str, modifiers: int = 0) -> None:
    window.on_key_press(getattr(key, name), modifiers)


def of_command_line(model: Path, view: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    capsys.readouterr()
    assert main(["measure", str(model), "--state", str(view), "--json"]) == 0
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


def paint(window: app.Desk, way: F64) -> None:
    """A drag along places of the model."""
    spots = [at(window, p) for p in way]
    window.on_mouse_press(*spots[0], mouse.LEFT, 0)
    for (x, y), (nx, ny) in pairwise(spots):
        window.on_mouse_drag(nx, ny, nx - x, ny - y, mouse.LEFT, 0)
    window.on_mouse_release(*spots[-1], mouse.LEFT, 0)
