"""Files from strangers: broken or hostile models are refused in one sentence, and nothing outside their folder is touched."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pycolmap
import pytest
import trimesh

from sculpt3d.compare.evaluate import read_surface
from sculpt3d.errors import InputError, UnreadableFile
from sculpt3d.models.colmap import read_model
from sculpt3d.models.ply import read_mesh
from tests.conftest import ROOT
from viewer.files.loading import load

TRUE_CAMERAS = ROOT / "sample_data" / "truth" / "cameras"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """The sample's true cameras in binary, to be spoilt."""
    folder = tmp_path / "sparse"
    folder.mkdir()
    pycolmap.Reconstruction(str(TRUE_CAMERAS)).write(str(folder))
    return folder


@pytest.mark.parametrize("name", ["points3D.bin", "frames.bin"])
@pytest.mark.parametrize("how", ["empty", "cut", "huge", "longer"])
def test_a_model_that_pycolmap_would_read_for_ever_is_refused(model: Path, name: str, how: str) -> None:
    data = (model / name).read_bytes()
    spoilt = {
        "empty": b"",
        "cut": data[: len(data) // 2],
        "huge": struct.pack("<Q", 2**62) + data[8:],
        "longer": data + b"more",
    }[how]
    if name == "points3D.bin" and len(data) == 8:
        spoilt = spoilt if how != "cut" else data[:4]
    (model / name).write_bytes(spoilt)
    with pytest.raises(UnreadableFile, match="export"):
        read_model(model)


@pytest.mark.parametrize(
    "name", ["../../up.jpg", "/etc/passwd", "..\\up.jpg", "C:\\x.jpg", "a/../../b.jpg", "a\nb.jpg"]
)
def test_photo_names_stay_below_their_folder(model: Path, name: str) -> None:
    spoilt = pycolmap.Reconstruction(str(model))
    spoilt.images[spoilt.reg_image_ids()[0]].name = name
    spoilt.write(str(model))
    with pytest.raises(InputError, match="outside"):
        read_model(model)


@pytest.mark.parametrize("focal", [0.0, -5.0, float("nan")])
def test_cameras_without_focal_length_are_refused(model: Path, focal: float) -> None:
    spoilt = pycolmap.Reconstruction(str(model))
    for camera in spoilt.cameras.values():
        values = camera.params.copy()
        values[:] = focal
        camera.params = values
    spoilt.write(str(model))
    with pytest.raises(InputError, match="focal length"):
        read_model(model)


def ply(vertices: np.ndarray, faces: np.ndarray, sides: int = 3) -> bytes:
    rows = np.zeros(len(faces), [("n", "u1"), ("v", "<i4", 3)])
    rows["n"], rows["v"] = sides, faces
    head = (
        f"ply\nformat binary_little_endian 1.0\nelement vertex {len(vertices)}\nproperty float x\nproperty float y\n"
        f"property float z\nelement face {len(faces)}\nproperty list uchar int vertex_indices\nend_header\n"
    )
    return head.encode() + vertices.astype("<f4").tobytes() + rows.tobytes()


def test_meshes_that_are_none(tmp_path: Path) -> None:
    ball = trimesh.creation.icosphere(2)
    wild = ball.vertices.copy()
    wild[3] = np.nan
    cases = {
        "empty.ply": ply(np.zeros((0, 3)), np.zeros((0, 3))),
        "nan.ply": ply(wild, ball.faces),
        "beyond.ply": ply(np.where(np.isnan(wild), 1e38, wild), ball.faces),
        "outside.ply": ply(ball.vertices, ball.faces + 1000),
        "bare.ply": b"ply\nformat binary_little_endian 1.0\nelement vertex 4000000000\nend_header\n",
        "cycle.gltf": json.dumps(
            {"asset": {"version": "2.0"}, "scenes": [{"nodes": [0]}], "nodes": [{"children": [0]}]}
        ).encode(),
    }
    for name, data in cases.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(UnreadableFile, match=r"export|check"):
            load(tmp_path / name)
        with pytest.raises(UnreadableFile):
            read_surface(tmp_path / name)
    (tmp_path / "quads.ply").write_bytes(ply(ball.vertices, ball.faces, sides=4))  # there are three corners each
    with pytest.raises(UnreadableFile, match="cut short"):
        read_mesh(tmp_path / "quads.ply")


@pytest.mark.parametrize("uri", ["../secret.bin", "/etc/passwd", "http://127.0.0.1:9/x.bin", "/dev/zero"])
def test_gltf_reads_nothing_outside_its_folder(tmp_path: Path, uri: str) -> None:
    (tmp_path / "secret.bin").write_bytes(np.random.default_rng(0).random(900, np.float32).tobytes())
    (tmp_path / "in").mkdir()
    document = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}}]}],
        "accessors": [
            {
                "bufferView": 0,
                "componentType": 5126,
                "count": 300,
                "type": "VEC3",
                "min": [0, 0, 0],
                "max": [1, 1, 1],
            }
        ],
        "bufferViews": [{"buffer": 0, "byteLength": 3600}],
        "buffers": [{"uri": uri, "byteLength": 3600}],
    }
    (tmp_path / "in" / "m.gltf").write_text(json.dumps(document))
    with pytest.raises(UnreadableFile, match=r"m\.gltf"):
        load(tmp_path / "in" / "m.gltf")


def test_a_hostile_model_costs_no_traceback(model: Path, tmp_path: Path) -> None:
    (model / "points3D.bin").write_bytes(b"")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pipelines.cli",
            "densify",
            str(tmp_path),
            "--images",
            str(tmp_path),
            "-o",
            str(tmp_path / "out"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "export the model again" in done.stderr
    assert not (tmp_path / "out").exists()
