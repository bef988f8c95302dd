"""An asset as GLB: plain, quantised, or compressed; JPEG, PNG, WebP or KTX2; provenance inside."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from sculpt3d.errors import InputError
from sculpt3d.webasset.document import ARRAY, ELEMENT, Document, padded
from sculpt3d.webasset.maps import Asset
from sculpt3d.webasset.pictures import Picture, material_of
from sculpt3d.webasset.quantize import (
    MOST_BITS,
    coarse_uv,
    on_grid,
    position_bits,
    small_directions,
    uv_bits,
)

Geometry = Literal["none", "quantized", "meshopt", "draco"]
XMP = "KHR_xmp_json_ld"
_NORMAL_BITS = 10  # Draco's octahedral normals: 0.1 degrees


@dataclass(frozen=True)
class GlbParams:
    """bound: how far coding may move a vertex, unit of the mesh; quality: of JPEG, WebP and KTX2, 1 to 100."""

    geometry: Geometry = "none"
    picture: Picture = "jpeg"
    bound: float = 0.0
    quality: int = 88


@dataclass(frozen=True)
class Label:
    """What the file says of itself. xmp: a KHR_xmp_json_ld packet."""

    name: str
    copyright: str = ""
    metric: bool = False
    xmp: dict[str, Any] = field(default_factory=dict)


def build_glb(asset: Asset, label: Label, params: GlbParams) -> bytes:
    document = Document(
        {
            "version": "2.0",
            "generator": f"Sculpt3D {version('sculpt3d')}",
            **({"copyright": label.copyright} if label.copyright else {}),
            "extras": {"unit": "metre" if label.metric else "no scale"},
        }
    )
    node: dict[str, Any] = {"name": label.name, "mesh": 0}
    coded = {"none": _plain, "quantized": _quantized, "meshopt": _meshopt, "draco": _draco}[params.geometry]
    primitive = coded(document, asset, node, params)
    document.json["scenes"] = [{"nodes": [0]}]
    document.json["nodes"] = [node]
    document.json["meshes"] = [{"name": label.name, "primitives": [primitive | {"material": 0}]}]
    document.json["materials"] = [material_of(document, asset, label.name, params.picture, params.quality)]
    if label.xmp:
        document.use(XMP)
        document.json["extensions"] = {XMP: {"packets": [label.xmp]}}
        document.json["asset"]["extensions"] = {XMP: {"packet": 0}}
    return document.to_glb()


def _floats(asset: Asset) -> dict[str, NDArray[Any]]:
    found: dict[str, NDArray[Any]] = {
        "POSITION": asset.vertices, "NORMAL": _unit(asset.normals), "TEXCOORD_0": asset.uv,
    }  # fmt: skip
    if asset.tangents is not None:
        found["TANGENT"] = asset.tangents
    if asset.filled is not None:
        found["_FILLED"] = asset.filled.astype(np.uint8)[:, None]
    return {
        name: np.ascontiguousarray(v.astype("<f4") if v.dtype.kind == "f" else v) for name, v in found.items()
    }


def _indices(asset: Asset) -> NDArray[Any]:
    return np.ascontiguousarray(asset.faces.ravel().astype("<u2" if len(asset.vertices) < 65535 else "<u4"))


def _plain(document: Document, asset: Asset, node: dict[str, Any], params: GlbParams) -> dict[str, Any]:
    return _stored(document, _floats(asset), _indices(asset))


def _stored(document: Document, tables: dict[str, NDArray[Any]], indices: NDArray[Any]) -> dict[str, Any]:
    attributes = {}
    for name, values in tables.items():
        rows = padded(values)
        stride = None if rows.shape == values.shape else rows.shape[1] * rows.itemsize
        view = document.add_view(rows.tobytes(), ARRAY, stride)
        attributes[name] = _attribute(document, name, values, view)
    view = document.add_view(indices.tobytes(), ELEMENT)
    return {"attributes": attributes, "indices": document.add_accessor(indices, view)}


def _attribute(document: Document, name: str, values: NDArray[Any], view: int | None) -> int:
    normalized = name in ("NORMAL", "TANGENT") and values.dtype.kind != "f"
    return document.add_accessor(values, view, normalized, name == "POSITION")


def _integers(
    document: Document, asset: Asset, node: dict[str, Any], params: GlbParams
) -> dict[str, NDArray[Any]]:
    """The attributes on grids as fine as the bound asks; positions stay floats where 16 bits are too coarse."""
    tables = _floats(asset)
    bits = position_bits(asset.vertices, params.bound)
    if bits <= MOST_BITS:
        grid = on_grid(asset.vertices, bits)
        node |= {"translation": [_short(v) for v in grid.offset], "scale": [_short(grid.scale)] * 3}
        tables["POSITION"] = grid.integers.astype("<u2")
    # Whole numbers from 0, not stretched to 16 bits: meshopt's streams become 6 % smaller.
    steps = uv_bits(asset.colour.shape[0])
    tables["TEXCOORD_0"] = coarse_uv(asset.uv, steps).astype("<u2")
    document.uv_scale = _short(1 / (2**steps - 1))
    document.use("KHR_texture_transform", required=True)
    tables["NORMAL"] = small_directions(tables["NORMAL"])[:, :3]
    if "TANGENT" in tables:
        tables["TANGENT"] = small_directions(tables["TANGENT"])
    document.use("KHR_mesh_quantization", required=True)
    return tables


def _quantized(document: Document, asset: Asset, node: dict[str, Any], params: GlbParams) -> dict[str, Any]:
    return _stored(document, _integers(document, asset, node, params), _indices(asset))


def _meshopt(document: Document, asset: Asset, node: dict[str, Any], params: GlbParams) -> dict[str, Any]:
    try:
        import meshopt
    except ImportError as error:
        raise InputError(
            "meshopt compression needs one more package: pip install 'sculpt3d[meshopt]'"
        ) from error

    order, remap, count = meshopt.reorder_mesh(
        asset.faces.ravel().astype(np.uint32), triangles=True, optsize=True
    )
    tables = _integers(document, asset, node, params)
    document.use("EXT_meshopt_compression", required=True)
    place = np.argsort(remap.astype(np.int64))[:count]
    attributes = {}
    for name, values in tables.items():
        rows, filtered = padded(values)[place], None
        stored = np.ascontiguousarray(values[place])
        if name in ("NORMAL", "TANGENT"):
            exact = np.zeros((count, 4), np.float32)
            given = _floats(asset)[name][place]
            exact[:, : given.shape[1]] = given
            rows, filtered = np.asarray(meshopt.encode_filter_oct(exact, 4, 8)), "OCTAHEDRAL"
        stride = rows.shape[1] * rows.itemsize
        packed = meshopt.encode_gltf_buffer(np.ascontiguousarray(rows), "ATTRIBUTES")
        view = document.add_meshopt_view(packed, count * stride, count, stride, "ATTRIBUTES", filtered, ARRAY)
        attributes[name] = _attribute(document, name, stored, view)
    small = np.asarray(order).ravel().astype("<u2" if count < 65535 else "<u4")
    packed = meshopt.encode_gltf_buffer(small, "TRIANGLES")
    view = document.add_meshopt_view(
        packed, small.nbytes, len(small), small.itemsize, "TRIANGLES", None, ELEMENT
    )
    return {"attributes": attributes, "indices": document.add_accessor(small, view)}


def _draco(document: Document, asset: Asset, node: dict[str, Any], params: GlbParams) -> dict[str, Any]:
    try:
        import DracoPy
    except ImportError as error:
        raise InputError("Draco compression needs one more package: pip install 'sculpt3d[draco]'") from error

    tables = _floats(asset)
    packed = DracoPy.encode(
        tables["POSITION"], asset.faces.astype(np.uint32), compression_level=10,
        quantization_bits=min(30, position_bits(asset.vertices, params.bound)),
        tex_coord=tables["TEXCOORD_0"].astype(np.float64), normals=tables["NORMAL"].astype(np.float64),
        tex_coord_quantization_bits=uv_bits(asset.colour.shape[0]), normal_quantization_bits=_NORMAL_BITS,
        generic_attributes={0: tables["_FILLED"]} if "_FILLED" in tables else None,
    )  # fmt: skip
    mesh = DracoPy.decode(packed)
    kinds = {0: "POSITION", 1: "NORMAL", 3: "TEXCOORD_0"}
    ids, attributes = {}, {}
    for found in mesh.attributes:
        name = kinds.get(found["attribute_type"], "_FILLED")
        ids[name] = int(found["unique_id"])
        attributes[name] = _attribute(document, name, np.asarray(found["data"]), None)
    faces = np.asarray(mesh.faces).ravel().astype("<u4")
    document.use("KHR_draco_mesh_compression", required=True)
    view = document.add_view(packed)
    if asset.tangents is not None:
        # Beside the payload: DracoPy would store them as whole floats, 3.06 MB against 2.74 MB at 100 k triangles.
        document.use("KHR_mesh_quantization", required=True)
        placed = cKDTree(asset.uv).query(np.asarray(mesh.tex_coord))[
            1
        ]  # Draco sorts the vertices its own way
        small = small_directions(asset.tangents[placed])
        attributes["TANGENT"] = _attribute(
            document, "TANGENT", small, document.add_view(small.tobytes(), ARRAY)
        )
    return {
        "attributes": attributes,
        "indices": document.add_accessor(faces, None),
        "extensions": {"KHR_draco_mesh_compression": {"bufferView": view, "attributes": ids}},
    }


def _short(value: float) -> float:
    """As many digits as a float32 holds: what programs keep of it."""
    return float(f"{value:.9g}")


def _unit(normals: NDArray[Any]) -> NDArray[Any]:
    n = normals.astype(np.float64)
    length = np.linalg.norm(n, axis=1, keepdims=True)
    return np.where(length > 1e-6, n / np.maximum(length, 1e-12), [0.0, 1.0, 0.0]).astype("<f4")
