"""A textured mesh between two steps: arrays and a PNG."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from PIL import Image

from sculpt3d.geometry import Sim3
from sculpt3d.types import TexturedMesh


def save_textured(out: Path, mesh: TexturedMesh) -> None:
    """`out/texture.png` and `out/charts.npz`."""
    Image.fromarray(mesh.texture).save(out / ".texture.part.png", compress_level=3)
    os.replace(out / ".texture.part.png", out / "texture.png")
    temporary = out / ".charts.part.npz"
    np.savez(
        temporary,
        vertices=mesh.vertices,
        normals=mesh.normals,
        faces=mesh.faces,
        uv=mesh.uv,
        facts=np.array([mesh.charts, mesh.atlas_use, mesh.unseen_share]),
    )
    os.replace(temporary, out / "charts.npz")


def load_textured(folder: Path, target_from_source: Sim3) -> TexturedMesh:
    """What `save_textured` wrote, moved into another frame."""
    with (
        np.load(folder / "charts.npz", allow_pickle=False) as a,
        Image.open(folder / "texture.png") as picture,
    ):
        charts, use, unseen = (float(v) for v in a["facts"])
        return TexturedMesh(
            target_from_source.apply(a["vertices"]).astype(np.float32),
            (a["normals"] @ target_from_source.rotation.T).astype(np.float32),
            a["faces"],
            a["uv"],
            np.asarray(picture.convert("RGB")),
            int(charts),
            use,
            unseen,
        )
