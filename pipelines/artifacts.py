"""What one step hands to another through its folder: the scene, the placement, the textured mesh."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pipelines.workspace import Step
from sculpt3d.align import Placement
from sculpt3d.files import put, write_atomic
from sculpt3d.geometry import Sim3
from sculpt3d.types import F32, Scene, TexturedMesh, TextureFacts


def save_textured(out: Path, mesh: TexturedMesh) -> None:
    """`out/texture.png`, `out/charts.npz` and `out/facts.json`."""
    Image.fromarray(mesh.texture).save(out / ".texture.part.png", compress_level=3)
    put(out / ".texture.part.png", out / "texture.png")
    temporary = out / ".charts.part.npz"
    np.savez(
        temporary,
        vertices=mesh.vertices,
        normals=mesh.normals,
        faces=mesh.faces,
        uv=mesh.uv,
        unseen=mesh.unseen,
    )
    put(temporary, out / "charts.npz")
    write_atomic(out / "facts.json", json.dumps(asdict(mesh.facts)).encode())


def load_textured(folder: Path, target_from_source: Sim3) -> TexturedMesh:
    """What `save_textured` wrote, moved into another frame."""
    with (
        np.load(folder / "charts.npz", allow_pickle=False) as a,
        Image.open(folder / "texture.png") as picture,
    ):
        return TexturedMesh(
            target_from_source.apply(a["vertices"]).astype(np.float32),
            (a["normals"] @ target_from_source.rotation.T).astype(np.float32),
            a["faces"],
            a["uv"],
            np.asarray(picture.convert("RGB")),
            a["unseen"],
            TextureFacts(**json.loads((folder / "facts.json").read_text("utf-8"))),
        )


@lru_cache(maxsize=1)
def scene_of(flat: Step) -> Scene:
    """The undistorted photos, in the sfm frame; several steps ask for the same ones."""
    from sculpt3d.models.colmap import load_scene

    return load_scene(flat.path)


def save_place(out: Path, placed: Placement) -> None:
    """`out/place.json`."""
    move = placed.world_from_sfm
    frame = {
        "scale": move.scale,
        "rotation": move.rotation.tolist(),
        "translation": move.translation.tolist(),
    }
    said = {"metric": placed.metric, "source": placed.source, "relief": placed.relief, "size": placed.size}
    write_atomic(out / "place.json", json.dumps(frame | said).encode())


def save_control(out: Path, control_from_world: Sim3) -> None:
    """`out/control.json`: where control points' own coordinates lie from the world frame, metres."""
    write_atomic(
        out / "control.json",
        json.dumps({"control_from_world": control_from_world.matrix().tolist()}).encode(),
    )


def load_control(folder: Path) -> dict[str, Any]:
    """What `save_control` wrote; nothing where there was no control."""
    path = folder / "control.json"
    return dict(json.loads(path.read_text("utf-8"))) if path.is_file() else {}


def uncertainty_of(placed: Path, mesh: TexturedMesh | None = None) -> tuple[str, F32]:
    """Name and values of the placed surface's uncertainty, uncertainty_mm where it has a scale; at `mesh`'s vertices if given."""
    from sculpt3d.metric.uncertainty import carried
    from sculpt3d.models.ply import read_column

    column, sigma, vertices = read_column(placed / "mesh.ply", "uncertainty")
    if mesh is None:
        return column, sigma
    per_unit = 1000.0 if column.endswith("_mm") else 1.0
    return column, carried(mesh.vertices * per_unit, mesh.normals, vertices * per_unit, sigma)


def load_place(folder: Path) -> Placement:
    """What `save_place` wrote."""
    text = json.loads((folder / "place.json").read_text("utf-8"))
    move = Sim3(text["scale"], np.array(text["rotation"]), np.array(text["translation"]))
    size = None
    if text.get("size") is not None:
        width, height, depth = map(float, text["size"])
        size = (width, height, depth)
    return Placement(move, bool(text["metric"]), str(text["source"]), bool(text.get("relief", False)), size)
