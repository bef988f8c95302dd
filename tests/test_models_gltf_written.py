"""glTF as other programs write it, of the versions named: what went in comes out at the door."""

from __future__ import annotations

import importlib.metadata
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pygltflib
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from sculpt3d.colour import from_srgb, to_srgb
from sculpt3d.models.document import Document, Part
from sculpt3d.models.read import read_document
from tests.gltf_builder import Builder
from tests.test_models_gltf import FACES, FLAT, PICTURE, UV, expect, quarters, shown, wall

GLTFPACK, GLTF_TRANSFORM = "gltfpack@1.3.0", "@gltf-transform/cli@4.5.1"


def of_version(name: str, version: str) -> None:
    if importlib.metadata.version(name) != version:
        pytest.skip(f"measured with {name} {version}")


# ---- what is known of libraries (each line was measured with the version named)


def test_trimesh_5_2_writes_colours_unconverted_and_attributes_with_a_dash(tmp_path: Path) -> None:
    of_version("trimesh", "5.2.0")
    mesh = trimesh.Trimesh(
        FLAT, FACES, process=False, vertex_colors=np.full((len(FLAT), 4), [188, 64, 0, 255], np.uint8)
    )
    mesh.vertex_attributes["error"] = np.linspace(0, 3, len(FLAT)).astype(np.float32)
    mesh.export(tmp_path / "a.glb")
    part = read_document(tmp_path / "a.glb").parts[0]
    assert part.attributes["error"] == pytest.approx(np.linspace(0, 3, len(FLAT)))
    assert part.rgba is not None  # 188 of 255 of light is code 222
    assert np.abs(part.rgba[0, :3] - 255 * to_srgb(np.array([188, 64, 0]) / 255)).max() <= 1


def test_trimesh_5_2_does_not_normalise_positions_where_we_do(tmp_path: Path) -> None:
    of_version("trimesh", "5.2.0")
    b = Builder()
    b.primitive["attributes"]["POSITION"] = b.accessor(
        np.round(FLAT * 32767).astype("i2"), bounds=True, normalized=True
    )
    b.primitive["indices"] = b.accessor(FACES.reshape(-1), index=True)
    path = b.uses("KHR_mesh_quantization", required=True).glb(tmp_path / "a.glb")
    assert trimesh.load(path, process=False).to_geometry().extents.max() > 1000
    assert np.abs(read_document(path).surface().vertices.max(0) - [1, 1, 0]).max() < 1e-4


def test_pygltflib_1_16_loses_the_asset_and_keeps_the_shape(tmp_path: Path) -> None:
    of_version("pygltflib", "1.16.5")
    b = wall()
    b.base(b.texture(PICTURE)).document["asset"] |= {"copyright": "us", "extras": {"unit": "no scale"}}
    first = read_document(b.glb(tmp_path / "a.glb"))
    assert first.unit_m is None and first.provenance["copyright"] == "us"
    pygltflib.GLTF2().load(str(tmp_path / "a.glb")).save(str(tmp_path / "b.glb"))
    second = read_document(tmp_path / "b.glb")
    expect(second, quarters)
    assert second.unit_m == 1.0 and "copyright" not in second.provenance


def test_open3d_0_20_writes_a_glb_with_an_error_that_is_read(tmp_path: Path) -> None:
    of_version("open3d-cpu", "0.20.0")
    from sculpt3d._open3d import o3d

    mesh = o3d.geometry.TriangleMesh(
        o3d.utility.Vector3dVector(FLAT), o3d.utility.Vector3iVector(FACES.astype(np.int32))
    )
    assert o3d.io.write_triangle_mesh(str(tmp_path / "a.glb"), mesh)
    expect(read_document(tmp_path / "a.glb"), lambda _: 255)
    assert not len(o3d.io.read_triangle_mesh(str(tmp_path / "a.glb")).vertices)


# ---- any document by pygltflib


def _chunk(made: Any, blob: bytearray, rows: np.ndarray, kind: int, of: str, **more: Any) -> int:
    blob.extend(b"\0" * (-len(blob) % 4))
    made.bufferViews.append(pygltflib.BufferView(buffer=0, byteOffset=len(blob), byteLength=rows.nbytes))
    blob.extend(rows.tobytes())
    made.accessors.append(
        pygltflib.Accessor(
            bufferView=len(made.bufferViews) - 1, componentType=kind, count=len(rows), type=of, **more
        )
    )
    return len(made.accessors) - 1


def _any(rng: np.random.Generator, path: Path) -> list[dict[str, Any]]:
    made, blob, true = pygltflib.GLTF2(), bytearray(), []
    made.scenes, made.scene = [pygltflib.Scene(nodes=[])], 0
    far = np.round(rng.uniform(-1, 1, 3) * 10.0 ** rng.integers(0, 7), 3) * rng.integers(0, 2)
    for k in range(int(rng.integers(1, 4))):
        ball = trimesh.creation.icosphere(1, radius=rng.uniform(0.2, 2))
        v, f = ball.vertices.astype("f4"), ball.faces.astype(["u1", "u2", "u4"][rng.integers(0, 3)])
        light, error = rng.random((len(v), 4)).astype("f4"), rng.random(len(v)).astype("f4") * 9
        views = rng.integers(0, 200, len(v)).astype("u1")
        names = pygltflib.Attributes(
            POSITION=_chunk(made, blob, v, 5126, "VEC3", min=v.min(0).tolist(), max=v.max(0).tolist())
        )
        names.COLOR_0 = _chunk(made, blob, light, 5126, "VEC4")
        names._ERROR = _chunk(made, blob, error, 5126, "SCALAR")  # type: ignore[attr-defined]
        names._VIEWS = _chunk(made, blob, np.pad(views, (0, -len(views) % 4)), 5121, "SCALAR")  # type: ignore[attr-defined]
        made.accessors[-1].count = len(views)
        index = _chunk(made, blob, f.reshape(-1), {1: 5121, 2: 5123, 4: 5125}[f.itemsize], "SCALAR")
        factor, mode = rng.random(4), ["OPAQUE", "MASK", "BLEND"][rng.integers(0, 3)]
        made.materials.append(pygltflib.Material(name=f"m{k}", alphaMode=mode, alphaCutoff=0.25 if mode == "MASK" else None,
                              pbrMetallicRoughness=pygltflib.PbrMetallicRoughness(baseColorFactor=factor.tolist())))  # fmt: skip
        made.meshes.append(
            pygltflib.Mesh(primitives=[pygltflib.Primitive(attributes=names, indices=index, material=k)])
        )
        move = trimesh.transformations.compose_matrix(
            rng.uniform(0.5, 2, 3) * rng.choice([-1, 1], 3),
            angles=rng.uniform(-3, 3, 3),
            translate=far + rng.uniform(-3, 3, 3),
        )
        made.nodes.append(pygltflib.Node(mesh=k, name=f"n{k}", matrix=move.T.ravel().tolist()))
        made.scenes[0].nodes.append(k)
        volume = ball.volume * abs(np.linalg.det(move[:3, :3]))
        true.append({"v": v.astype(float) @ move[:3, :3].T + move[:3, 3], "light": light, "error": error, "views": views,
                     "factor": factor, "mode": mode.lower(), "volume": volume})  # fmt: skip
    made.buffers = [pygltflib.Buffer(byteLength=len(blob))]
    made.set_binary_blob(bytes(blob))
    made.save(str(path))
    return true


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31))
def test_any_document_as_pygltflib_writes_it(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    """Matrices that mirror, far places, three widths of indices, colours, alpha, attributes: as they were."""
    path = tmp_path_factory.mktemp("any") / "any.glb"
    true = _any(np.random.default_rng(seed), path)
    document = read_document(path)
    assert [p.name for p in document.parts] == [f"n{k}" for k in range(len(true))]
    size = max(float(np.ptp(np.concatenate([t["v"] for t in true]), axis=0).max()), 1e-9)
    for part, t in zip(document.parts, true, strict=True):
        v = part.vertices.astype(float) + document.offset
        assert np.abs(v - t["v"]).max() < 4e-6 * size  # FAR sizes of float32
        assert _volume(part) == pytest.approx(t["volume"], rel=1e-3)  # closed, and turned outside
        assert part.attributes["error"] == pytest.approx(t["error"]) and np.array_equal(
            part.attributes["views"], t["views"]
        )
        assert (
            part.rgba is not None
            and np.abs(from_srgb(part.rgba[:, :3] / 255) - t["light"][:, :3]).max() < 0.006
        )
        opaque = t["mode"] == "opaque"
        assert part.material.alpha == t["mode"] and part.material.factor[:3] == pytest.approx(t["factor"][:3])
        assert part.material.factor[3] == pytest.approx(1 if opaque else t["factor"][3])
        assert np.abs(part.rgba[:, 3] / 255 - (1 if opaque else t["light"][:, 3])).max() <= 0.5 / 255 + 1e-6
        assert t["mode"] != "mask" or part.material.cutoff == 0.25


def _volume(part: Part) -> float:
    a, b, c = (part.vertices[part.faces[:, k]].astype(float) for k in range(3))
    return float(np.einsum("ij,ij->", a - a.mean(0), np.cross(b - a.mean(0), c - a.mean(0))) / 6)


# ---- compressors of npm


def _npm(tmp_path_factory: pytest.TempPathFactory, package: str, program: str) -> Path:
    if shutil.which("npm") is None:
        pytest.skip("there is no npm here")
    folder = tmp_path_factory.mktemp("npm")
    done = subprocess.run(
        ["npm", "install", "--silent", "--prefix", str(folder), package], capture_output=True, timeout=300
    )
    found = folder / "node_modules" / ".bin" / program
    if done.returncode or not found.exists():
        pytest.skip(f"{package} cannot be fetched here")
    return found


@pytest.fixture(scope="module")
def gltfpack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _npm(tmp_path_factory, GLTFPACK, "gltfpack")


@pytest.fixture(scope="module")
def transform(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _npm(tmp_path_factory, GLTF_TRANSFORM, "gltf-transform")


def _full(path: Path) -> Path:
    """Quarters under a shift, with an attribute beyond 0..1 and one within."""
    b = wall()
    b.primitive["attributes"]["NORMAL"] = b.accessor(np.tile(np.array([0, 0, 1], "f4"), (len(FLAT), 1)))
    b.primitive["attributes"]["_ERROR"] = b.accessor((FLAT[:, 1] * 10 + 1).astype("f4"))
    b.primitive["attributes"]["_SHARE"] = b.accessor(FLAT[:, 0].copy())
    return b.base(b.texture(PICTURE)).glb(path)


def _close(document: Document) -> None:
    where, found = shown(document)
    assert np.abs(found[:, :3] - quarters(where)).max() <= 3
    points = np.concatenate([p.vertices for p in document.parts]) + document.offset
    assert np.abs([points.min(0) - [0, 0, 0], points.max(0) - [1, 1, 0]]).max() < 1e-3
    normals = np.concatenate([p.normals for p in document.parts if p.normals is not None])
    assert normals[:, 2].min() > 0.99


@pytest.mark.slow
@pytest.mark.parametrize(
    "flags", [[], ["-cc"], ["-c"], ["-cc", "-ce", "khr"], ["-vpf"], ["-vpn"], ["-vtf"], ["-noq"]]
)
def test_gltfpack_1_3(gltfpack: Path, tmp_path: Path, flags: list[str]) -> None:
    subprocess.run(
        [str(gltfpack), "-i", str(_full(tmp_path / "a.glb")), "-o", str(tmp_path / "b.glb"), *flags],
        check=True,
    )
    document = read_document(tmp_path / "b.glb")
    _close(document)
    assert "error" not in document.parts[0].attributes  # dropped whatever the flags


@pytest.mark.slow
@pytest.mark.parametrize("coding", ["ext", "khr"])
def test_gltfpack_1_3_codes_vertex_colours(gltfpack: Path, tmp_path: Path, coding: str) -> None:
    """KHR_meshopt_compression has a filter for colours of its own."""
    b = Builder().shape(FLAT, FACES)
    light = np.c_[FLAT[:, 0], FLAT[:, 1], 1 - FLAT[:, 0], np.ones(len(FLAT))]
    b.primitive["attributes"]["COLOR_0"] = b.accessor(np.round(light * 65535).astype("u2"), normalized=True)
    files = ["-i", str(b.glb(tmp_path / "a.glb")), "-o", str(tmp_path / "b.glb")]
    subprocess.run([str(gltfpack), *files, "-cc", "-ce", coding, "-vc", "8"], check=True)
    part = read_document(tmp_path / "b.glb").parts[0]
    assert part.rgba is not None
    meant = np.c_[part.vertices[:, 0], part.vertices[:, 1], 1 - part.vertices[:, 0]]
    assert np.abs(from_srgb(part.rgba[:, :3] / 255) - meant).max() < 0.01


@pytest.mark.slow
@pytest.mark.parametrize(
    "command", ["quantize", "draco", "meshopt", "webp", "avif", "optimize --simplify false", "sparse", "copy"]
)
def test_gltf_transform_4_5(transform: Path, tmp_path: Path, command: str) -> None:
    name, *flags = command.split()
    files = [str(_full(tmp_path / "a.glb")), str(tmp_path / "b.glb")]
    done = subprocess.run([str(transform), name, *files, *flags], capture_output=True)
    assert not done.returncode, done.stderr[-500:]
    document = read_document(tmp_path / "b.glb")
    where, found = shown(document)
    off = np.abs(found[:, :3] - quarters(where)).max(1)
    assert np.median(off) <= 6 and (off < 30).mean() > 0.9  # lossy pictures, at the quarters' borders too
    for part in document.parts:
        assert part.attributes["error"] == pytest.approx(part.vertices[:, 1] * 10 + 1, abs=0.02)
        assert part.attributes["share"] == pytest.approx(
            part.vertices[:, 0], abs=2e-3
        )  # 16 bits, normalised, where quantised


def test_pictures_beside_of_pygltflib(tmp_path: Path) -> None:
    """Its images beside a glTF, in a folder with a blank."""
    (tmp_path / "my maps").mkdir()
    Image.fromarray(np.asarray(PICTURE)).save(tmp_path / "my maps" / "colour 1.png")
    made = pygltflib.GLTF2()
    blob = bytearray()
    names = pygltflib.Attributes(
        POSITION=_chunk(made, blob, FLAT, 5126, "VEC3", min=[0, 0, 0], max=[1, 1, 0])
    )
    names.TEXCOORD_0 = _chunk(made, blob, UV, 5126, "VEC2")
    index = _chunk(made, blob, FACES.reshape(-1), 5125, "SCALAR")
    made.images, made.textures = (
        [pygltflib.Image(uri="my%20maps/colour%201.png")],
        [pygltflib.Texture(source=0)],
    )
    base = pygltflib.PbrMetallicRoughness(baseColorTexture=pygltflib.TextureInfo(index=0))
    made.materials = [pygltflib.Material(pbrMetallicRoughness=base)]
    made.meshes = [
        pygltflib.Mesh(primitives=[pygltflib.Primitive(attributes=names, indices=index, material=0)])
    ]
    made.nodes, made.scenes, made.scene = [pygltflib.Node(mesh=0)], [pygltflib.Scene(nodes=[0])], 0
    made.buffers = [pygltflib.Buffer(byteLength=len(blob))]
    made.set_binary_blob(bytes(blob))
    made.convert_buffers(pygltflib.BufferFormat.DATAURI)
    made.save(str(tmp_path / "a.gltf"))
    expect(read_document(tmp_path / "a.gltf"), quarters)
