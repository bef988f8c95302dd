"""GLB files against the Khronos validator: no errors, no warnings."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh

from sculpt3d.errors import ResourceError
from sculpt3d.models.glb_write import GltfInfo, write_glb
from sculpt3d.types import TexturedMesh, TextureFacts
from sculpt3d.webasset.npm import VALIDATOR, Package, need, program

_SCRIPT = """
const v = require(process.argv[1]), fs = require('fs');
v.validateBytes(new Uint8Array(fs.readFileSync(process.argv[2]))).then(r => console.log(JSON.stringify(r)));
"""


def fetched(package: Package) -> Path:
    """Its folder in the cache; the test is skipped, saying so, where it cannot be had."""
    try:
        return need(package)
    except ResourceError as error:
        pytest.skip(str(error))


def validate(path: Path) -> dict[str, Any]:
    """The Khronos validator's report."""
    node = program("node")
    if node is None:
        pytest.skip("there is no node here")
    command = [node, "-e", _SCRIPT, str(fetched(VALIDATOR)), str(path)]
    return dict(json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout))


def square(side: float = 1.0) -> TexturedMesh:
    v = np.array([[0, 0, 0], [side, 0, 0], [side, side, 0], [0, side, 0]], np.float32)
    uv = np.array([[0, 1], [1, 1], [1, 0], [0, 0]], np.float32)
    texture = np.zeros((64, 64, 3), np.uint8)
    texture[:32] = (200, 40, 30)
    texture[32:] = (30, 60, 200)
    return TexturedMesh(
        v,
        np.tile(np.float32([0, 0, 1]), (4, 1)),
        np.array([[0, 1, 2], [0, 2, 3]], np.int32),
        uv,
        texture,
        np.array([False, False, True, False]),
        TextureFacts(1, 1.0, 1.0, 0.0, 0.0, 0.0, {}),
    )


def test_validator_finds_nothing(tmp_path: Path) -> None:
    write_glb(
        tmp_path / "a.glb", square(), GltfInfo("Square", "A. Person, CC0", True, {"scale_source": "ruler"})
    )
    report = validate(tmp_path / "a.glb")
    assert report["issues"]["numErrors"] == report["issues"]["numWarnings"] == 0, report["issues"]["messages"]
    assert report["info"]["totalTriangleCount"] == 2
    assert report["info"]["generator"].startswith("Sculpt3D")


def test_what_another_reader_sees(tmp_path: Path) -> None:
    write_glb(tmp_path / "a.glb", square(0.5), GltfInfo("Square", metric=False))
    scene = trimesh.load(tmp_path / "a.glb", process=False)
    mesh = scene.to_geometry()
    assert np.allclose(mesh.bounds, [[0, 0, 0], [0.5, 0.5, 0]])
    # uv's origin is the top left: the picture's upper, red half is at the top of the square.
    picture = np.asarray(mesh.visual.material.baseColorTexture.convert("RGB"))
    top = mesh.visual.uv[mesh.vertices[:, 1] > 0.4][0]
    row = int(np.clip((1 - top[1]) * 64, 0, 63))
    assert picture[row, 32, 0] > 150
    head = json.loads(
        (tmp_path / "a.glb")
        .read_bytes()[20:]
        .split(b"\0")[0]
        .split(b"BIN")[0]
        .decode("utf8", "ignore")
        .rsplit("}", 1)[0]
        + "}"
    )
    assert head["asset"]["extras"]["unit"] == "no scale"
    assert mesh.vertex_attributes["_UNSEEN"].ravel().tolist() == [0, 0, 1, 0]
