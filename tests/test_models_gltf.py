"""GLB and glTF read as what they show: every kind of file that comes, held against what its bytes were made to say."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from sculpt3d.colour import from_srgb, to_srgb
from sculpt3d.errors import SculptError, UnreadableFile
from sculpt3d.models.document import Document, Part
from sculpt3d.models.read import read_document
from tests.gltf_builder import Builder, png

SHARED = Path(__file__).parents[2] / "shared" / "data"
RED, GREEN, BLUE, YELLOW = (220, 40, 40), (40, 180, 60), (40, 70, 220), (230, 200, 40)
QUARTERS = np.array([[RED, GREEN], [BLUE, YELLOW]], np.uint8).repeat(32, 0).repeat(32, 1)
PICTURE = Image.fromarray(QUARTERS)

_N = 6
_GRID = np.stack(np.meshgrid(np.arange(_N + 1), np.arange(_N + 1)), -1).reshape(-1, 2) / _N
UV = _GRID.astype("f4")  # v runs down
FLAT = np.c_[_GRID[:, 0], 1 - _GRID[:, 1], np.zeros(len(_GRID))].astype("f4")  # a wall of 1 x 1, seen from +Z
_Q = np.array([[r * (_N + 1) + c for c in range(_N)] for r in range(_N)]).ravel()
QUADS = np.stack([_Q, _Q + _N + 1, _Q + _N + 2, _Q + 1], 1)
FACES = np.concatenate([QUADS[:, [0, 1, 2]], QUADS[:, [0, 2, 3]]]).astype("u4")


def wall(uv: Any = UV, vertices: Any = FLAT) -> Builder:
    return Builder().shape(vertices, FACES, uv)


def shown(document: Document) -> tuple[np.ndarray, np.ndarray]:
    """Middles of all triangles in the file's own coordinates, and what colour they have: sRGB and alpha, 0..255."""
    where, colours = [], []
    for part in document.parts:
        corners = part.vertices[part.faces].astype(np.float64) + document.offset
        where.append(corners.mean(1))
        colours.append(_colour(part))
    return np.concatenate(where), np.concatenate(colours)


def _colour(part: Part) -> np.ndarray:
    light = np.tile(np.array(part.material.factor), (len(part.faces), 1))
    if part.material.texture is not None:
        assert part.uv is not None
        picture = part.material.texture.pixels
        at = part.uv[part.faces].astype(np.float64).mean(1)
        for axis, wrap in enumerate(part.material.texture.wrap):
            t = at[:, axis]
            at[:, axis] = (
                np.clip(t, 0, 1) if wrap == "clamp" else t % 1 if wrap == "repeat" else 1 - np.abs(t % 2 - 1)
            )
        size = np.array(picture.shape[1::-1])
        column, row = np.minimum((at * size).astype(int), size - 1).T
        texel = picture[row, column] / 255
        light[:, :3] *= from_srgb(texel[:, :3])
        light[:, 3] *= texel[:, 3] if texel.shape[1] == 4 else 1
    if part.rgba is not None:
        vertex = part.rgba / 255
        light[:, :3] *= from_srgb(vertex[:, :3])[part.faces].mean(1)
        light[:, 3] *= vertex[:, 3][part.faces].mean(1)
    return np.c_[to_srgb(light[:, :3]), light[:, 3]] * 255


def quarters(where: np.ndarray) -> np.ndarray:
    column, row = (where[:, 0] > 0.5).astype(int), (where[:, 1] < 0.5).astype(int)
    return np.array([[RED, GREEN], [BLUE, YELLOW]])[row, column]


def expect(
    document: Document, colour: Callable[[np.ndarray], Any], triangles: int = len(FACES), within: float = 2
) -> None:
    where, found = shown(document)
    assert len(where) == triangles
    local = document.surface().vertices.astype(np.float64) + document.offset
    assert np.abs([local.min(0) - [0, 0, 0], local.max(0) - [1, 1, 0]]).max() < 4e-5  # of 16 bits
    corners = document.surface()
    a, b, c = (corners.vertices[corners.faces[:, k]].astype(np.float64) for k in range(3))
    assert np.cross(b - a, c - a)[:, 2].min() > 0  # all seen from +Z
    assert np.abs(found[:, :3] - colour(where)).max() <= within


GLOSS = "KHR_materials_pbrSpecularGlossiness"
MOVE = "KHR_texture_transform"
BACK = np.array([[0, -1], [1, 0]], float)  # a quarter turn of coordinates, backwards


def _gloss(b: Builder) -> Builder:
    held = {"diffuseTexture": {"index": b.texture(PICTURE)}, "specularFactor": [0.04, 0.04, 0.04]}
    return b.material(extensions={GLOSS: held}).uses(GLOSS)


def _glow(b: Builder) -> Builder:
    dark = {"baseColorFactor": [0, 0, 0, 1]}
    return b.material(
        pbrMetallicRoughness=dark, emissiveFactor=[1, 1, 1], emissiveTexture={"index": b.texture(PICTURE)}
    )


def _second_set(b: Builder) -> Builder:
    b.primitive["attributes"]["TEXCOORD_1"] = b.accessor(UV)
    return b.base(b.texture(PICTURE), texCoord=1)


def _override(b: Builder) -> Builder:
    b.primitive["attributes"]["TEXCOORD_1"] = b.accessor(UV)
    return b.base(b.texture(PICTURE), extensions={MOVE: {"texCoord": 1}}).uses(MOVE)


def _strip(b: Builder) -> Builder:
    run: list[int] = []
    for face in FACES.tolist():
        run += [run[-1], face[0]] if run else []
        run += [face[0]] if len(run) % 2 else []
        run += face
    b.primitive.update(indices=b.accessor(np.array(run, "u2"), index=True), mode=5)
    return b.base(b.texture(PICTURE))


def _fans(b: Builder) -> Builder:
    first = b.base(b.texture(PICTURE)).primitive
    b.document["meshes"][0]["primitives"] = [
        {**first, "indices": b.accessor(quad.astype("u1"), index=True), "mode": 6} for quad in QUADS
    ]
    return b


def _webp(b: Builder) -> Builder:
    data = io.BytesIO()
    PICTURE.save(data, "WEBP", lossless=True)
    texture = b.texture(data.getvalue(), "image/webp")
    b.document["textures"][0] = {"extensions": {"EXT_texture_webp": {"source": 0}}}
    return b.base(texture).uses("EXT_texture_webp", required=True)


def _sixteen(b: Builder) -> Builder:
    done, data = cv2.imencode(".png", QUARTERS[..., ::-1].astype(np.uint16) * 257)
    assert done
    return b.base(b.texture(data.tobytes()))


def _node(b: Builder, **node: Any) -> Builder:
    b.document["nodes"] = [{"mesh": 0, **node}]
    return b.base(b.texture(PICTURE))


def _chain(b: Builder) -> Builder:
    half = [0.5, 0, 0, 0, 0, 0.5, 0, 0, 0, 0, 0.5, 0, 0, 0, 0, 1]
    b.document["nodes"] = [{"children": [1], "scale": [2, 2, 2]}, {"mesh": 0, "matrix": half}, {"mesh": 0}]
    return b.base(b.texture(PICTURE))


def _sparse(b: Builder) -> Builder:
    moved = FLAT.copy()
    moved[::3] = 9
    b.shape(moved, FACES, UV)
    rows = np.arange(0, len(FLAT), 3).astype("u2")
    indices = {"bufferView": b.view(rows.tobytes()), "componentType": 5123}
    values = {"bufferView": b.view(FLAT[::3].tobytes())}
    b.document["accessors"][0]["sparse"] = {"count": len(rows), "indices": indices, "values": values}
    return b.base(b.texture(PICTURE))


def _morph(b: Builder) -> Builder:
    b.primitive["targets"] = [{"POSITION": b.accessor(FLAT / 2, bounds=True)}]
    b.document["meshes"][0]["weights"] = [1.0]
    return b.base(b.texture(PICTURE))


def _instances(b: Builder) -> Builder:
    held = {"SCALE": b.accessor(np.full((1, 3), 2, "f4")), "TRANSLATION": b.accessor(np.zeros((1, 3), "f4"))}
    return _node(b, extensions={"EXT_mesh_gpu_instancing": {"attributes": held}}).uses(
        "EXT_mesh_gpu_instancing"
    )


def _skin(b: Builder) -> Builder:
    """The node's own transform does not count, the joint's does."""
    n = len(FLAT)
    b.primitive["attributes"]["JOINTS_0"] = b.accessor(np.zeros((n, 4), "u1"))
    b.primitive["attributes"]["WEIGHTS_0"] = b.accessor(np.tile(np.array([1, 0, 0, 0], "f4"), (n, 1)))
    b.document["nodes"] = [{"mesh": 0, "skin": 0, "translation": [5, 5, 5]}, {"scale": [2, 2, 2]}]
    b.document["scenes"][0]["nodes"] = [0, 1]
    b.document["skins"] = [{"joints": [1]}]
    return b.base(b.texture(PICTURE))


def _normalised() -> Builder:
    b = Builder()
    b.primitive["attributes"]["POSITION"] = b.accessor(
        np.round(FLAT / 2 * 32767).astype("i2"), bounds=True, normalized=True
    )
    b.primitive["attributes"]["TEXCOORD_0"] = b.accessor(np.round(UV * 65535).astype("u2"), normalized=True)
    b.primitive["indices"] = b.accessor(FACES.reshape(-1), index=True)
    return _node(b, scale=[2, 2, 2]).uses("KHR_mesh_quantization", required=True)


def _plain_integers() -> Builder:
    b = Builder()
    b.primitive["attributes"]["POSITION"] = b.accessor(np.round(FLAT * 6000).astype("i2"), bounds=True)
    b.primitive["attributes"]["TEXCOORD_0"] = b.accessor(np.round(UV * 600).astype("u2"))
    b.primitive["indices"] = b.accessor(FACES.reshape(-1), index=True)
    b.document["nodes"] = [{"mesh": 0, "scale": [1 / 6000] * 3}]
    b.base(b.texture(PICTURE), extensions={MOVE: {"scale": [1 / 600] * 2}})
    return b.uses("KHR_mesh_quantization", MOVE, required=True)


def _far(b: Builder) -> Builder:
    b.document["nodes"] = [{"children": [1], "translation": [-465123.25, 210.5, 5530987.5]}, {"children": [2], "name": "site"},
                           {"mesh": 0, "translation": [465123.25, -210.5, -5530987.5]}]  # fmt: skip
    return b.base(b.texture(PICTURE))


SHOWS_QUARTERS = {
    "plain": lambda: (b := wall()).base(b.texture(PICTURE)),
    "specular-glossiness": lambda: _gloss(wall()),
    "what only glows": lambda: _glow(wall()),
    "second set of coordinates": lambda: _second_set(wall(np.zeros_like(UV))),
    "set overridden by a transform": lambda: _override(wall(np.zeros_like(UV))),
    "shifted and scaled": lambda: (b := wall(UV * 4 - 1)).base(b.texture(PICTURE), extensions={MOVE: {
        "offset": [0.25, 0.25], "scale": [0.25, 0.25]}}).uses(MOVE),
    "turned": lambda: (b := wall(((UV - [0, 1]) @ BACK.T).astype("f4"))).base(b.texture(PICTURE), extensions={MOVE: {
        "offset": [0, 1], "rotation": np.pi / 2}}).uses(MOVE),
    "repeated": lambda: (b := wall(UV + np.array([3, -2], "f4"))).base(b.texture(PICTURE)),
    "mirrored": lambda: (b := wall(np.c_[2 - UV[:, 0], UV[:, 1]].astype("f4"))).base(
        b.texture(PICTURE, wrapS=33648, wrapT=33071)),
    "strip": lambda: _strip(Builder().shape(FLAT, None, UV)),
    "fans": lambda: _fans(Builder().shape(FLAT, None, UV)),
    "no indices": lambda: (b := Builder().shape(FLAT[FACES.ravel()], None, UV[FACES.ravel()])).base(b.texture(PICTURE)),
    "bytes as indices": lambda: (b := Builder().shape(FLAT, FACES.astype("u1"), UV)).base(b.texture(PICTURE)),
    "mirrored node": lambda: _node(Builder().shape(FLAT * np.array([-1, 1, 1], "f4"), FACES[:, ::-1], UV), scale=[-1, 1, 1]),
    "nodes below nodes": lambda: _chain(wall()),
    "sparse": lambda: _sparse(Builder()),
    "morph target": lambda: _morph(wall(vertices=FLAT / 2)),
    "instances": lambda: _instances(wall(vertices=FLAT / 2)),
    "skin": lambda: _skin(wall(vertices=FLAT / 2)),
    "normalised integers": _normalised,
    "plain integers": _plain_integers,
    "shifts that cancel": lambda: _far(wall()),
    "WebP": lambda: _webp(wall()),
    "16 bits a channel": lambda: _sixteen(wall()),
    "palette": lambda: (b := wall()).base(b.texture(PICTURE.quantize(16))),
    "alpha that does not count": lambda: (b := wall()).base(b.texture(Image.fromarray(np.dstack([QUARTERS, QUARTERS[..., 0]])))),
}  # fmt: skip


@pytest.mark.parametrize("name", SHOWS_QUARTERS)
def test_the_same_wall_however_it_is_written(tmp_path: Path, name: str) -> None:
    document = read_document(SHOWS_QUARTERS[name]().glb(tmp_path / "wall.glb"))
    expect(
        document, quarters, within=10 if "gloss" in name else 2
    )  # the conversion brightens by a twenty-fifth
    assert (document.unit_m, document.unit_source) == (1.0, "glTF")
    told = {"specular-glossiness": "browsers no longer draw it", "what only glows": "emissive"}
    assert (told[name] in document.notes[0]) if name in told else not document.notes
    assert all(
        part.material.texture is None or part.material.texture.pixels.shape[2] == 3 for part in document.parts
    )


def test_scenes_and_files_beside(tmp_path: Path) -> None:
    b = wall().base(0)
    b.document |= {"textures": [{"source": 0}], "images": [{"uri": "in%20here/gr%C3%BCn%231.png"}]}
    (tmp_path / "in here").mkdir()
    (tmp_path / "in here" / "grün#1.png").write_bytes(png(PICTURE))
    (tmp_path / "in here" / "data.bin").write_bytes(b.data)
    expect(read_document(b.gltf(tmp_path / "beside.gltf", "in%20here/data.bin")), quarters)
    del b.document["scene"], b.document["scenes"]
    expect(read_document(b.gltf(tmp_path / "inside.gltf")), quarters)
    (tmp_path / "in here" / "grün#1.png").unlink()
    bare = read_document(tmp_path / "inside.gltf")
    assert bare.parts[0].material.texture is None and "missing beside the model" in bare.notes[0]
    (tmp_path / "in here" / "data.bin").unlink()
    with pytest.raises(UnreadableFile, match=r"data\.bin is missing"):
        read_document(tmp_path / "beside.gltf")


def _tops(high: Any, low: Any) -> Callable[[np.ndarray], np.ndarray]:
    return lambda where: np.where(where[:, 1:2] > 0.5, high, low)


def _coloured(values: np.ndarray, **material: Any) -> Builder:
    b = Builder().shape(FLAT, FACES)
    b.primitive["attributes"]["COLOR_0"] = b.accessor(
        values, **({} if values.dtype.kind == "f" else {"normalized": True})
    )
    return b.material(**material) if material else b


HALF = np.where(FLAT[:, 1:2] > 0.5, [1.0, 0, 0], [0, 0.5, 0])  # linear by the standard


@pytest.mark.parametrize("kind", ["f4", "u1", "u2"])
def test_vertex_colours_are_light(tmp_path: Path, kind: str) -> None:
    top = {"f4": 1, "u1": 255, "u2": 65535}[kind]
    coded = (HALF * top + (0 if kind == "f4" else 0.5)).astype(kind)
    for values in (coded, np.c_[coded, np.full(len(coded), top, kind)]):
        document = read_document(_coloured(values).glb(tmp_path / "c.glb"))
        where, found = shown(document)
        inside = np.abs(where[:, 1] - 0.5) > 0.2
        assert np.abs(found[inside, :3] - _tops((255, 0, 0), (0, 188, 0))(where[inside])).max() <= 2
    factor = {"baseColorFactor": [0.5, 1, 1, 1]}
    document = read_document(_coloured(coded, pbrMetallicRoughness=factor).glb(tmp_path / "f.glb"))
    where, found = shown(document)
    assert found[where[:, 1] > 0.7, 0] == pytest.approx(188, abs=2)


def test_alpha_counts_where_the_material_says_so(tmp_path: Path) -> None:
    alpha = np.full(QUARTERS.shape[:2], 255, np.uint8)
    alpha[:, :32] = 0
    b = wall()
    b.material(pbrMetallicRoughness={"baseColorTexture": {"index": b.texture(Image.fromarray(np.dstack([QUARTERS, alpha])))}},
               alphaMode="MASK", alphaCutoff=0.3)  # fmt: skip
    part = read_document(b.glb(tmp_path / "mask.glb")).parts[0]
    assert (part.material.alpha, part.material.cutoff) == ("mask", 0.3)
    assert part.material.texture is not None and np.array_equal(part.material.texture.pixels[..., 3], alpha)
    b = wall().material(pbrMetallicRoughness={"baseColorFactor": [1, 1, 1, 0.25]}, alphaMode="BLEND")
    found = read_document(b.glb(tmp_path / "blend.glb")).parts[0].material
    assert (found.alpha, found.factor[3]) == ("blend", 0.25)


def test_far_models_keep_their_digits(tmp_path: Path) -> None:
    """A shift of UTM's size on a node is more than float32 holds: all of it comes back as local plus offset."""
    shift = np.array([465123.2578125, 210.5, -5530987.53125])
    document = read_document(_node(wall(), translation=shift.tolist()).glb(tmp_path / "far.glb"))
    assert document.parts[0].vertices.dtype == np.float32 and np.abs(document.parts[0].vertices).max() < 1.1
    assert np.abs(document.parts[0].vertices.astype(float) + document.offset - (FLAT + shift)).max() < 1e-7
    assert "coordinates" in document.notes[-1]
    b = _node(wall())
    b.document["asset"]["extras"] = {"offset": shift.tolist(), "unit": "no scale"}
    noted = read_document(b.glb(tmp_path / "noted.glb"))
    assert np.abs(noted.parts[0].vertices.astype(float) + noted.offset - (FLAT + shift)).max() < 1e-7
    assert noted.unit_m is None


def test_parts_materials_and_attributes(tmp_path: Path) -> None:
    high = FLAT[FACES].mean(1)[:, 1] > 0.5
    b = Builder()
    position, error = b.accessor(FLAT, bounds=True), b.accessor((FLAT[:, 1] * 10 + 1).astype("f4"))
    label = b.accessor((FLAT[:, 0] > 0.4).astype("u1"))
    b.document["materials"] = [
        {"pbrMetallicRoughness": {"baseColorFactor": c}} for c in ([1, 0, 0, 1], [0, 0, 1, 1])
    ]
    b.document["meshes"] = [
        {"primitives": [{"attributes": {"POSITION": position, "_ERROR": error, "_LABEL": label}, "material": k,
                         "indices": b.accessor(FACES[side].reshape(-1), index=True)}]}
        for k, side in enumerate((high, ~high))
    ]  # fmt: skip
    b.document |= {"nodes": [{"mesh": 0, "name": "top"}, {"mesh": 1}], "scenes": [{"nodes": [0, 1]}]}
    document = read_document(b.glb(tmp_path / "two.glb"))
    expect(document, _tops((255, 0, 0), (0, 0, 255)))
    assert not document.notes and [p.name for p in document.parts] == ["top", ""]
    for part in document.parts:
        assert part.attributes["error"] == pytest.approx(part.vertices[:, 1] * 10 + 1)
        assert np.array_equal(part.attributes["label"], (part.vertices[:, 0] > 0.4).astype(np.uint8))


def test_what_is_not_kept_is_said(tmp_path: Path) -> None:
    b = wall()
    relief, glow = b.texture(PICTURE), b.texture(PICTURE)
    b.material(pbrMetallicRoughness={"baseColorTexture": {"index": 0}}, normalTexture={"index": relief, "texCoord": 1},
               emissiveTexture={"index": glow}, emissiveFactor=[1, 1, 1],
               extensions={"KHR_materials_clearcoat": {"clearcoatFactor": 1}}).uses("KHR_materials_clearcoat")  # fmt: skip
    b.document["meshes"][0]["primitives"].append({"attributes": {"POSITION": 0}, "mode": 1})
    notes = " ".join(read_document(b.glb(tmp_path / "more.glb")).notes)
    for said in ("relief map", "glows", "clearcoat", "lines"):
        assert said in notes
    with pytest.raises(UnreadableFile, match="VENDOR_bricks"):
        read_document(wall().uses("VENDOR_bricks", required=True).glb(tmp_path / "no.glb"))


def test_hidden_nodes_and_points(tmp_path: Path) -> None:
    b = wall()
    b.document["nodes"] = [
        {"mesh": 0, "extensions": {"KHR_node_visibility": {"visible": False}}},
        {"mesh": 0},
    ]
    b.document["scenes"] = [{"nodes": [0, 1]}]
    assert len(read_document(b.uses("KHR_node_visibility").glb(tmp_path / "h.glb")).parts) == 1
    b = _coloured(np.round(np.c_[HALF, np.ones(len(HALF))] * 255).astype("u1"))
    del b.primitive["indices"]
    b.primitive["mode"] = 0
    cloud = read_document(b.glb(tmp_path / "points.glb")).parts[0]
    assert cloud.faces.shape == (0, 3) and len(cloud.vertices) == len(FLAT) and cloud.rgba is not None


@pytest.mark.parametrize("coding", ["draco", "meshopt"])
def test_compressed_geometry(tmp_path: Path, coding: str) -> None:
    b = Builder()
    error = (FLAT[:, 1] * 10 + 1).astype("f4")
    if coding == "meshopt":
        meshopt = pytest.importorskip("meshopt")
        names, arrays = ("POSITION", "TEXCOORD_0", "_ERROR"), (FLAT, UV, np.c_[error])
        for name, array in zip(names, arrays, strict=True):
            rows = np.ascontiguousarray(array, "f4")
            place = b.accessor(rows, bounds=name == "POSITION")
            packed = bytes(
                meshopt.encode_gltf_buffer(rows, "ATTRIBUTES")
                if hasattr(meshopt, "encode_gltf_buffer")
                else b""
            )
            view = b.document["bufferViews"][b.document["accessors"][place]["bufferView"]]
            view["extensions"] = {"EXT_meshopt_compression": {"buffer": 0, "byteOffset": b.document["bufferViews"][
                b.view(packed)]["byteOffset"], "byteLength": len(packed), "byteStride": rows.shape[1] * 4,
                "count": len(rows), "mode": "ATTRIBUTES"}}  # fmt: skip
            view["byteStride"] = rows.shape[1] * 4
            b.primitive["attributes"][name] = place
        b.primitive["indices"] = b.accessor(FACES.reshape(-1), index=True)
        b.base(b.texture(PICTURE)).uses("EXT_meshopt_compression", required=True)
    else:
        draco = pytest.importorskip("DracoPy")
        data = draco.encode(
            FLAT, FACES, quantization_bits=14, tex_coord=UV.astype("f8"), generic_attributes={0: np.c_[error]}
        )
        ids = {a["attribute_type"]: a["unique_id"] for a in draco.decode(data).attributes}
        count = len(draco.decode(data).points)
        view = b.view(data)
        for kind in ("VEC3", "VEC2", "SCALAR"):
            b.document["accessors"].append({"componentType": 5126, "count": count, "type": kind})
        b.document["accessors"].append({"componentType": 5125, "count": FACES.size, "type": "SCALAR"})
        named = {"POSITION": ids[0], "TEXCOORD_0": ids[3], "_ERROR": ids[4]}
        held = {"KHR_draco_mesh_compression": {"bufferView": view, "attributes": named}}
        named = {"POSITION": 0, "TEXCOORD_0": 1, "_ERROR": 2}
        b.primitive.update(attributes=named, indices=3, extensions=held)
        b.document["accessors"][0] |= {"min": [0, 0, 0], "max": [1, 1, 0]}
        b.base(b.texture(PICTURE)).uses("KHR_draco_mesh_compression", required=True)
    document = read_document(b.glb(tmp_path / "packed.glb"))
    where, found = shown(document)
    assert len(where) == len(FACES) and np.abs(found[:, :3] - quarters(where)).max() <= 2
    part = document.parts[0]
    assert part.attributes["error"] == pytest.approx(part.vertices[:, 1] * 10 + 1, abs=2e-3)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31))
def test_any_document_as_trimesh_writes_it(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    """trimesh 5: parts under transforms, textured or with vertex colours (which it writes as they are, so linear)."""
    rng = np.random.default_rng(seed)
    scene, true = trimesh.Scene(), []
    for k in range(int(rng.integers(1, 4))):
        ball = trimesh.creation.icosphere(1, radius=rng.uniform(0.1, 2))
        codes = rng.integers(0, 256, (len(ball.vertices), 4)).astype(np.uint8)
        codes[:, 3] = 255
        ball.visual.vertex_colors = codes
        move = trimesh.transformations.compose_matrix(
            rng.uniform(0.5, 2, 3), angles=rng.uniform(-3, 3, 3), translate=rng.uniform(-5, 5, 3)
        )
        scene.add_geometry(ball, transform=move, node_name=f"n{k}")
        true.append((trimesh.transform_points(ball.vertices, move), codes))
    path = tmp_path_factory.mktemp("any") / "any.glb"
    path.write_bytes(scene.export(file_type="glb"))
    document = read_document(path)
    assert len(document.parts) == len(true)
    where = np.concatenate([p.vertices + document.offset for p in document.parts])
    light = np.concatenate([from_srgb(p.rgba[:, :3] / 255) for p in document.parts if p.rgba is not None])
    meant = np.concatenate([t[0] for t in true])
    near = np.linalg.norm(where[:, None] - meant[None], axis=2).argmin(0)
    assert np.abs(where[near] - meant).max() < 1e-4
    assert (
        np.abs(to_srgb(light[near]) - to_srgb(np.concatenate([t[1][:, :3] for t in true]) / 255)).max()
        < 0.004
    )


def test_files_of_the_khronos_validator_are_read_or_refused_in_a_sentence() -> None:
    folder = SHARED / "gltf" / "validator"
    if not folder.is_dir():
        pytest.skip("the validator's files are not here")
    for path in sorted([*folder.rglob("*.gltf"), *folder.rglob("*.glb")]):
        said = json.loads(path.with_name(f"{path.name}.report.json").read_text())
        try:
            document = read_document(path)
            assert all(np.isfinite(p.vertices).all() for p in document.parts)
        except SculptError as error:
            assert "\n" not in str(error)
            if "holds no surface" in str(error) or "data is missing" in str(error):
                continue  # meshes that no node shows, buffers that an application fills in
            shows = said.get("info", {}).get("totalTriangleCount", 0) and not said["issues"]["numErrors"]
            assert not shows, (path.name, str(error))
