"""OBJ files with MTL that say one thing each in an unusual way, built without our writers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from tests.gltf_samples import ball, blotches

_MANY = (
    "newmtl one\nKd 0.5 0.2 0.9\n\nnewmtl two\nKd 0.5 1 0.5\nmap_Kd a.png\n\nnewmtl three\nKd 0.9 0.1 0.1\n"
)
_PLAIN = "newmtl one\nKd 1 1 1\nmap_Kd a.png\n"
SAMPLES = {
    "many": (_MANY, "usemtl one\n{first}usemtl two\n{second_from_the_end}g lower\nusemtl three\n{third}usemtl one\n{fourth}"),
    "options": ("newmtl one\nKd 1 1 1\nmap_Kd -s 2 3 1 -o 0.25 0.1 0 a.png\n", "usemtl one\n{all}"),
    "clear": ("newmtl one\nKd 0.9 0.5 0.2\nd 0.6\n", "usemtl one\n{all}"),
    "quads": (_PLAIN, "usemtl one\n{quads}"),
    "repeated": (_PLAIN, "usemtl one\n{all_over}"),
}  # fmt: skip


def write_samples(folder: Path) -> list[str]:
    """Their names."""
    xyz, _, uv, triangles = ball()
    faces = triangles.astype(int)
    height = xyz[faces].mean(1)[:, 1]
    belts = [faces[(height >= a) & (height < b)] for a, b in ((0.5, 2), (0, 0.5), (-0.5, 0), (-2, -0.5))]
    p = (np.arange(1, 15)[:, None] * 33 + np.arange(32)).ravel()
    words = {
        "all": _lines(faces + 1, 1),
        "all_over": _lines(faces + 1, 3),
        "quads": _lines(np.stack([p, p + 33, p + 34, p + 1], 1) + 1, 1),
        "first": _lines(belts[0] + 1, 1),
        "second_from_the_end": _lines(belts[1] - len(xyz), -2),
        "third": _lines(belts[2] + 1, 1),
        "fourth": _lines(belts[3] + 1, 1),
    }
    head = [f"v {x:.6f} {y:.6f} {z:.6f}" for x, y, z in xyz]
    head += [f"vt {scale * u:.6f} {scale * (1 - v):.6f}" for scale in (1, 3) for u, v in uv]
    Image.fromarray(blotches()).save(folder / "a.png")
    for name, (library, body) in SAMPLES.items():
        (folder / f"{name}.mtl").write_text(library)
        text = "\n".join([f"mtllib {name}.mtl", *head]) + "\n" + body.format(**words)
        (folder / f"{name}.obj").write_text(text)
    return [f"{name}.obj" for name in SAMPLES]


def _lines(faces: np.ndarray, coordinates: int) -> str:
    """Texture coordinates of the first block, of the second (3), or counted from the end (-2, of the first)."""
    count = len(ball()[0])
    shift = {1: 0, 3: count, -2: -count}[coordinates]
    return "".join("f " + " ".join(f"{k}/{k + shift}" for k in face) + "\n" for face in faces)
