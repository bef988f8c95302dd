"""glTF of the kinds that exporters really write: old materials, odd pictures, small errors that browsers read over."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from sculpt3d.colour import to_srgb
from sculpt3d.errors import UnreadableFile
from sculpt3d.models.read import read_document
from sculpt3d.webasset.second_gltf import NotKnown, second_gltf
from tests.gltf_builder import Builder, png
from tests.test_models_gltf import FACES, FLAT, PICTURE, QUARTERS, UV, expect, quarters, shown, wall

GLOSS = "KHR_materials_pbrSpecularGlossiness"
SPOILS: list[Any] = [None, -1, 0, 1, 2, 7, 0.5, 1e9, 1e30, 1e200, "", "x", True, [], {}, [1], [0, 0, 0], [1] * 4, [1e30] * 16,
                     5121, 5126, 65535, 2**31, 2**53, {"a": 1}]  # fmt: skip
STONE = 56  # sRGB code of the reflectance 0.04


def _grey(code: int, size: int) -> Image.Image:
    return Image.new("RGBA", (size, size), (code, code, code, 128))


# ---- specular-glossiness


@pytest.mark.parametrize("size", [64, 16, 100])
def test_stone_by_specular_glossiness_keeps_its_colour(tmp_path: Path, size: int) -> None:
    """Factors of 1, as exporters leave them, and all the reflectance in the texture: that of stone, whose conversion is 1."""
    b = wall()
    held = {
        "diffuseTexture": {"index": b.texture(PICTURE)},
        "specularGlossinessTexture": {"index": b.texture(_grey(STONE, size))},
    }
    document = read_document(b.material(extensions={GLOSS: held}).uses(GLOSS).glb(tmp_path / "a.glb"))
    expect(document, quarters, within=3)
    apart = {**held, "specularGlossinessTexture": {"index": 1, "texCoord": 1}}
    b.document["materials"] = [{"extensions": {GLOSS: apart}}]
    expect(read_document(b.glb(tmp_path / "b.glb")), quarters, within=3)


def test_gold_by_specular_glossiness_is_gold(tmp_path: Path) -> None:
    """A metal has its colour in what it reflects; half of the wall is black stone."""
    gold = np.array([1.0, 0.766, 0.336])
    shine = np.full((64, 64, 3), STONE, np.uint8)
    shine[:, :32] = np.round(to_srgb(gold) * 255)
    b = wall()
    black = {
        "diffuseFactor": [0, 0, 0, 1],
        "specularGlossinessTexture": {"index": b.texture(Image.fromarray(shine))},
    }
    where, found = shown(
        read_document(b.material(extensions={GLOSS: black}).uses(GLOSS).glb(tmp_path / "a.glb"))
    )
    assert np.abs(found[where[:, 0] < 0.4, :3] - to_srgb(gold) * 255).max() <= 3
    assert found[where[:, 0] > 0.6, :3].max() <= 3
    b = (
        wall()
        .material(extensions={GLOSS: {"diffuseFactor": [0, 0, 0, 1], "specularFactor": gold.tolist()}})
        .uses(GLOSS)
    )
    assert read_document(b.glb(tmp_path / "b.glb")).parts[0].material.factor[:3] == pytest.approx(
        gold, abs=0.01
    )


# ---- pictures


def _encoded(picture: Image.Image, kind: str, **more: Any) -> bytes:
    data = io.BytesIO()
    picture.save(data, kind, **more)
    return data.getvalue()


@pytest.mark.parametrize("fallback", [False, True])
def test_avif(tmp_path: Path, fallback: bool) -> None:
    b = wall()
    b.base(b.texture(_encoded(PICTURE, "AVIF", quality=100, subsampling="4:4:4"), "image/avif"))
    b.document["textures"] = [{"extensions": {"EXT_texture_avif": {"source": 0}}}]
    if fallback:
        b.document["images"].append(
            {"bufferView": b.view(png(Image.new("RGB", (4, 4)))), "mimeType": "image/png"}
        )
        b.document["textures"][0]["source"] = 1
    document = read_document(b.uses("EXT_texture_avif", required=not fallback).glb(tmp_path / "a.glb"))
    expect(document, quarters, within=6)
    assert not document.notes


def test_pictures_that_cannot_be_had_are_told_once(tmp_path: Path) -> None:
    kinds: dict[str, bytes] = {
        "cut short": png(PICTURE)[:90],
        "no picture": b"BM" + bytes(60),
        "nothing": b"\x89PNG\r\n\x1a\n",
    }
    for name, data in kinds.items():
        b = wall()
        document = read_document(b.base(b.texture(data)).glb(tmp_path / "a.glb"))
        assert document.parts[0].material.texture is None and len(document.notes) == 1, (name, document.notes)
    b = wall().base(0)
    b.document |= {"textures": [{"source": 0}], "images": [{"uri": "https://example.org/a.png"}]}
    document = read_document(b.glb(tmp_path / "b.glb"))
    assert len(document.notes) == 1 and "not fetched" in document.notes[0]


def test_large_pictures_are_no_bombs_until_the_bound(tmp_path: Path) -> None:
    """Pillow alone refuses what has 179 million pixels; 16384 x 16384 is allowed."""
    large = Image.new("1", (16384, 12288))
    b = wall()
    material = read_document(b.base(b.texture(large)).glb(tmp_path / "a.glb")).parts[0].material
    assert material.texture is not None and material.texture.pixels.shape == (12288, 16384, 3)
    b = wall()
    with pytest.raises(UnreadableFile, match="too large"):
        read_document(b.base(b.texture(Image.new("1", (16640, 16384)))).glb(tmp_path / "b.glb"))


def test_colours_by_other_means(tmp_path: Path) -> None:
    """A profile in a glTF picture does not count; palettes, grey and grey with alpha are colours."""
    from PIL import ImageCms

    other = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    for data in (
        _encoded(PICTURE, "PNG", icc_profile=other),
        _encoded(PICTURE.convert("P", palette=Image.Palette.ADAPTIVE), "PNG"),
    ):
        b = wall()
        expect(read_document(b.base(b.texture(data)).glb(tmp_path / "a.glb")), quarters)
    grey = PICTURE.convert("L")
    meant = np.asarray(grey)[[0, 0, -1, -1], [0, -1, 0, -1]]
    for data in (_encoded(grey, "PNG"), _encoded(Image.merge("LA", [grey, grey]), "PNG")):
        b = wall()
        where, found = shown(read_document(b.base(b.texture(data)).glb(tmp_path / "g.glb")))
        at = (where[:, 0] > 0.5) + 2 * (where[:, 1] < 0.5)
        assert np.abs(found[:, :3] - meant[at][:, None]).max() <= 1


# ---- what glows, and vertex colours


def test_what_only_glows_takes_neither_alpha_nor_vertex_colours(tmp_path: Path) -> None:
    b = wall()
    b.primitive["attributes"]["COLOR_0"] = b.accessor(np.full((len(FLAT), 3), 0.25, "f4"))
    see_through = Image.fromarray(np.dstack([QUARTERS, np.zeros(QUARTERS.shape[:2], np.uint8)]))
    b.material(pbrMetallicRoughness={"baseColorFactor": [0, 0, 0, 1]}, emissiveFactor=[1, 1, 1], alphaMode="BLEND",
               emissiveTexture={"index": b.texture(see_through)})  # fmt: skip
    document = read_document(b.glb(tmp_path / "a.glb"))
    expect(document, quarters)
    assert np.all(shown(document)[1][:, 3] == 255)


@pytest.mark.parametrize("kind", ["u1", "u2"])
def test_vertex_colours_that_forgot_to_say_so(tmp_path: Path, kind: str) -> None:
    b = Builder().shape(FLAT, FACES)
    top = np.iinfo(kind).max
    b.primitive["attributes"]["COLOR_0"] = b.accessor(np.full((len(FLAT), 3), [top, top // 2, 0], kind))
    document = read_document(b.glb(tmp_path / "a.glb"))
    expect(document, lambda _: to_srgb(np.array([1, (top // 2) / top, 0])) * 255)
    assert "whole numbers" in document.notes[0]
    with pytest.raises(
        NotKnown
    ):  # a second reader that takes them at their word would call the first one wrong
        second_gltf(tmp_path / "a.glb")


def test_alpha_of_vertices_counts_as_the_material_says(tmp_path: Path) -> None:
    for mode, alpha in (("OPAQUE", 255), ("BLEND", 128)):
        b = Builder().shape(FLAT, FACES).material(alphaMode=mode)
        b.primitive["attributes"]["COLOR_0"] = b.accessor(np.full((len(FLAT), 4), 128, "u1"), normalized=True)
        rgba = read_document(b.glb(tmp_path / "a.glb")).parts[0].rgba
        assert rgba is not None and np.all(rgba[:, 3] == alpha)


# ---- small errors


def _value(*path: Any, to: Any) -> Callable[[Builder], None]:
    def change(b: Builder) -> None:
        at = b.document
        for step in path[:-1]:
            at = at.setdefault(step, {}) if isinstance(at, dict) else at[step]
        at[path[-1]] = to

    return change


def _camera(b: Builder) -> None:
    b.document["cameras"] = [{"type": "perspective", "perspective": {"yfov": 0, "znear": -1}}]
    b.document["nodes"][0]["camera"] = 0


def _both(*changes: Callable[[Builder], None]) -> Callable[[Builder], None]:
    return lambda b: [change(b) for change in changes] and None


SMALL = {
    "colour above 1": _value("materials", 0, "pbrMetallicRoughness", "baseColorFactor", to=[1.0000002, 1.2, 1, 1]),
    "roughness above 1": _value("materials", 0, "pbrMetallicRoughness", "roughnessFactor", to=1.5),
    "cutoff below 0": _value("materials", 0, "alphaCutoff", to=-1),
    "camera": _camera,
    "animation without channels": _value("animations", to=[{"samplers": [], "channels": []}]),
    "animation of nothing": _value("animations", to=[{"samplers": [{"input": 90, "output": 91}], "channels": [
        {"sampler": 0, "target": {"path": "translation", "node": 7}}]}]),
    "quaternion above 1": _value("nodes", 0, "rotation", to=[0, 0, 0, 1.0000005]),
    "bounds that lie": _both(_value("accessors", 0, "min", to=[5, 5, 5]), _value("accessors", 0, "max", to=[6, 6, 6])),
    "bounds of another length": _value("accessors", 0, "min", to=[0]),
    "filter": _value("samplers", to=[{"minFilter": 3}]),
    "name": _value("nodes", 0, "name", to=7),
    "target": _value("bufferViews", 0, "target", to=1),
    "normalised floats": _value("accessors", 0, "normalized", to=True),
    "lights without a type": _both(_value("extensions", "KHR_lights_punctual", to={"lights": [{}]}),
                                   _value("extensionsUsed", to=["KHR_lights_punctual"])),
    "extension undeclared": _value("materials", 0, "extensions", to={"KHR_materials_unlit": {}}),
    "variants without mappings": _both(
        _value("extensions", "KHR_materials_variants", to={"variants": [{"name": "a"}]}),
        _value("meshes", 0, "primitives", 0, "extensions", to={"KHR_materials_variants": {"mappings": [{"material": 0}]}}),
        _value("extensionsUsed", to=["KHR_materials_variants"])),
    "unlit at a node": _both(_value("nodes", 0, "extensions", to={"KHR_materials_unlit": {}}),
                             _value("extensionsUsed", to=["KHR_materials_unlit"])),
    "normals not unit": lambda b: _value("meshes", 0, "primitives", 0, "attributes", "NORMAL", to=b.accessor(
        np.tile(np.array([0, 0, 7], "f4"), (len(FLAT), 1))))(b),
    "scenes twice": _value("scenes", to=[{"nodes": [0]}, {"nodes": []}]),
}  # fmt: skip


@pytest.mark.parametrize("name", SMALL)
def test_small_errors_do_not_keep_a_file_out(tmp_path: Path, name: str) -> None:
    b = wall()
    SMALL[name](b.base(b.texture(PICTURE)))
    document = read_document(b.glb(tmp_path / "a.glb"))
    expect(document, quarters)
    assert len(document.notes) <= 2


def test_a_byte_order_mark_and_loose_base64(tmp_path: Path) -> None:
    b = wall()
    path = b.base(b.texture(PICTURE)).gltf(tmp_path / "a.gltf")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    expect(read_document(path), quarters)
    code = base64.b64encode(b.data).decode()
    loose = "data:application/octet-stream;base64," + "\n".join(
        code[k : k + 76] for k in range(0, len(code), 76)
    ).replace("+", "%2B").rstrip("=")
    expect(read_document(b.gltf(tmp_path / "b.gltf", loose)), quarters)


@pytest.mark.parametrize(
    "uri",
    [
        "maps\\colour 1.png",
        "maps/100%20.png",
        "maps/a#1?.png",
        "./maps/../maps/plain.png",
        "maps%2Fplain.png",
    ],
)
def test_names_that_are_no_addresses(tmp_path: Path, uri: str) -> None:
    name = {
        "maps\\colour 1.png": "colour 1.png",
        "maps/100%20.png": "100%20.png",
        "maps/a#1?.png": "a#1?.png",
    }.get(uri, "plain.png")
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / name).write_bytes(png(PICTURE))
    b = wall().base(0)
    b.document |= {"textures": [{"source": 0}], "images": [{"uri": uri}]}
    expect(read_document(b.gltf(tmp_path / "a.gltf")), quarters)


def test_files_outside_the_folder_stay_closed(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "out.png").write_bytes(png(PICTURE))
    (tmp_path / "in" / "link.png").symlink_to(tmp_path / "out.png")
    for uri in (
        "../out.png",
        "..%2Fout.png",
        "..\\out.png",
        "link.png",
        str(tmp_path / "out.png"),
        f"file://{tmp_path}/out.png",
    ):
        b = wall().base(0)
        b.document |= {"textures": [{"source": 0}], "images": [{"uri": uri}]}
        try:
            document = read_document(b.gltf(tmp_path / "in" / "a.gltf"))
            assert document.parts[0].material.texture is None and document.notes, uri
        except UnreadableFile as error:
            assert "outside" in str(error)


# ---- shapes


def test_points_that_an_index_picks(tmp_path: Path) -> None:
    b = Builder().shape(FLAT)
    picked = np.array([3, 5, 5, 40], "u2")
    b.primitive.update(mode=0, indices=b.accessor(picked, index=True))
    part = read_document(b.glb(tmp_path / "a.glb")).parts[0]
    assert np.array_equal(part.vertices, FLAT[[3, 5, 40]]) and part.faces.shape == (0, 3)


def test_a_mirrored_joint_turns_the_triangles_round(tmp_path: Path) -> None:
    b = Builder().shape(FLAT * np.array([-1, 1, 1], "f4"), FACES[:, ::-1], UV)
    n = len(FLAT)
    b.primitive["attributes"]["JOINTS_0"] = b.accessor(np.zeros((n, 4), "u1"))
    b.primitive["attributes"]["WEIGHTS_0"] = b.accessor(
        np.tile(np.array([255, 0, 0, 0], "u1"), (n, 1)), normalized=True
    )
    b.document["nodes"] = [{"mesh": 0, "skin": 0, "scale": [1, 1, 5]}, {"scale": [-1, 1, 1]}]
    b.document |= {"scenes": [{"nodes": [0, 1]}], "skins": [{"joints": [1]}]}
    expect(read_document(b.base(b.texture(PICTURE)).glb(tmp_path / "a.glb")), quarters)


def test_interleaved_data_in_several_buffers_and_no_binary_chunk(tmp_path: Path) -> None:
    rows = np.c_[FLAT, UV].astype("f4").tobytes()
    index = FACES.reshape(-1).astype("u2").tobytes()
    address = "data:application/octet-stream;base64,"
    b = Builder()
    b.document |= {
        "bufferViews": [
            {"buffer": 0, "byteLength": len(rows), "byteStride": 20},
            {"buffer": 1, "byteLength": len(index)},
        ],
        "accessors": [
            {
                "bufferView": 0,
                "componentType": 5126,
                "count": len(FLAT),
                "type": "VEC3",
                "min": [0, 0, 0],
                "max": [1, 1, 0],
            },
            {"bufferView": 0, "byteOffset": 12, "componentType": 5126, "count": len(FLAT), "type": "VEC2"},
            {"bufferView": 1, "componentType": 5123, "count": FACES.size, "type": "SCALAR"},
        ],
        "images": [{"uri": "data:image/png;base64," + base64.b64encode(png(PICTURE)).decode()}],
        "textures": [{"source": 0}],
        "buffers": [
            {"byteLength": len(part), "uri": address + base64.b64encode(part).decode()}
            for part in (rows, index)
        ],
    }
    b.primitive.update(attributes={"POSITION": 0, "TEXCOORD_0": 1}, indices=2)
    b.base(0)
    (tmp_path / "a.gltf").write_text(json.dumps(b.document))
    expect(read_document(tmp_path / "a.gltf"), quarters)
    text = json.dumps(b.document).encode()
    text += b" " * (-len(text) % 4)
    head = b"glTF" + np.array([2, 20 + len(text), len(text)], "<u4").tobytes() + b"JSON"
    (tmp_path / "a.glb").write_bytes(head + text)
    expect(read_document(tmp_path / "a.glb"), quarters)


def test_coordinates_that_are_no_numbers(tmp_path: Path) -> None:
    uv = UV.copy()
    uv[0] = np.nan
    b = wall(uv)
    document = read_document(b.base(b.texture(PICTURE)).glb(tmp_path / "a.glb"))
    assert document.parts[0].uv is not None and np.isfinite(document.parts[0].uv).all()
    assert document.notes == ("texture coordinates that are no numbers are taken as 0",)


def test_a_few_bytes_cannot_ask_for_all_memory(tmp_path: Path) -> None:
    n = 1_000_000
    b = Builder()
    b.primitive["attributes"]["POSITION"] = b.accessor(
        np.random.default_rng(0).random((n, 3), np.float32), bounds=True
    )
    b.primitive["mode"] = 0
    b.document["meshes"][0]["primitives"] *= 200
    with pytest.raises(UnreadableFile, match="too often"):
        read_document(b.glb(tmp_path / "a.glb"))


def _paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path for key, inner in items for path in ((*at, key), *_paths(inner, (*at, key)))]


def _mixed() -> Builder:
    """A bit of everything that a reader follows."""
    b = wall()
    some = np.zeros((len(FLAT), 4), "u1")
    b.primitive["attributes"] |= {
        "JOINTS_0": b.accessor(some), "WEIGHTS_0": b.accessor(np.full_like(some, 63), normalized=True),
        "COLOR_0": b.accessor(some, normalized=True), "_E": b.accessor(UV[:, 0].copy()),
    }  # fmt: skip
    b.primitive["targets"] = [{"POSITION": b.accessor(FLAT, bounds=True)}]
    rows = np.arange(3).astype("u2")
    b.document["accessors"][0]["sparse"] = {
        "count": 3, "indices": {"bufferView": b.view(rows.tobytes()), "componentType": 5123},
        "values": {"bufferView": b.view(FLAT[:3].tobytes())},
    }  # fmt: skip
    held = {"SCALE": b.accessor(np.ones((1, 3), "f4")), "ROTATION": b.accessor(np.eye(4, dtype="f4")[3:])}
    lit = {"KHR_lights_punctual": {"light": 0}, "EXT_mesh_gpu_instancing": {"attributes": held}}
    b.document |= {
        "nodes": [{"mesh": 0, "weights": [0.5], "extensions": lit}, {"mesh": 0, "skin": 0},
                  {"scale": [1, 1, 1], "rotation": [0, 0, 0, 1]}],
        "scenes": [{"nodes": [0, 1, 2]}],
        "skins": [{"joints": [2], "inverseBindMatrices": b.accessor(np.eye(4, dtype="f4").reshape(1, 16))}],
        "extensions": {"KHR_lights_punctual": {"lights": [{"type": "spot", "spot": {}}]}},
        "animations": [{"samplers": [{"input": 0, "output": 1}],
                        "channels": [{"sampler": 0, "target": {"node": 0, "path": "scale"}}]}],
    }  # fmt: skip
    info = {
        "index": b.texture(PICTURE, wrapS=33071),
        "extensions": {"KHR_texture_transform": {"offset": [0, 0], "scale": [1, 1]}},
    }
    held = {
        "diffuseTexture": info,
        "diffuseFactor": [1, 1, 1, 1],
        "specularFactor": [1, 1, 1],
        "specularGlossinessTexture": info,
    }
    glow = {
        "emissiveFactor": [1, 1, 1],
        "extensions": {GLOSS: held, "KHR_materials_emissive_strength": {"emissiveStrength": 2}},
    }
    b.material(alphaMode="MASK", alphaCutoff=0.5, normalTexture=info, **glow)
    return b.uses(
        GLOSS,
        "KHR_texture_transform",
        "KHR_lights_punctual",
        "EXT_mesh_gpu_instancing",
        "KHR_materials_emissive_strength",
    )


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 2**31))
def test_a_spoilt_file_is_read_or_refused_in_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    b = _mixed()
    paths = _paths(b.document)
    *way, last = paths[rng.integers(len(paths))]
    at: Any = b.document
    for step in way:
        at = at[step]
    if rng.random() < 0.2:
        del at[last]
    else:
        at[last] = SPOILS[rng.integers(len(SPOILS))]
    path = tmp_path_factory.getbasetemp() / "spoilt.glb"
    b.glb(path)
    try:
        document = read_document(path)
        assert all(
            np.isfinite(p.vertices).all() and p.faces.max(initial=-1) < len(p.vertices)
            for p in document.parts
        )
    except UnreadableFile as error:
        assert "\n" not in str(error) and len(str(error)) < 400


def test_variants_scenes_and_unknown_extras_are_told(tmp_path: Path) -> None:
    b = wall()
    b.base(b.texture(PICTURE)).uses("KHR_materials_variants", "VENDOR_moss")
    b.document["extensions"] = {"KHR_materials_variants": {"variants": [{"name": "old"}]}}
    b.document["scenes"] = [{"nodes": []}, {"nodes": [0]}]
    b.document["scene"] = 1
    b.primitive["extensions"] = {"VENDOR_moss": {}}
    document = read_document(b.glb(tmp_path / "a.glb"))
    expect(document, quarters)
    assert all(any(said in note for note in document.notes) for said in ("variants", "scenes", "VENDOR_moss"))
