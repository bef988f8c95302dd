"""Draco, meshopt and KTX2 payloads decoded; the Khronos validator does not look inside."""

from __future__ import annotations

import struct
from importlib.util import find_spec
from typing import Any

import numpy as np

from sculpt3d.gltf_check import ktx2
from sculpt3d.gltf_check.accessors import WIDTHS, Array, Values
from sculpt3d.gltf_check.container import Bytes
from sculpt3d.gltf_check.issues import Issues
from sculpt3d.gltf_check.resources import MESHOPT, view_bytes

DRACO = "KHR_draco_mesh_compression"
MAX_DECODED = 1_000_000_000  # bytes
_TRIES = 1000  # places that look like a grid's origin; a row of zeros looks like many
_UNKNOWN = (
    1 / 256
)  # of the largest span, where the payload names no such grid: unit vectors, origins set by hand


def decode_payloads(
    document: dict[str, Any], values: Values, issues: Issues, pictures_too: bool = True
) -> None:
    """Fills `values`; a payload that cannot be decoded is an error, a decoder that is not installed a warning."""
    views = [(i, v, n) for i, v in enumerate(document.get("bufferViews", [])) for n in MESHOPT
             if n in v.get("extensions", {})]  # fmt: skip
    if views and _installed("meshopt", "EXT_meshopt_compression", "meshopt", issues):
        _meshopt(views, values, issues)
    primitives = [(f"/meshes/{i}/primitives/{k}", p) for i, m in enumerate(document.get("meshes", []))
                  for k, p in enumerate(m["primitives"]) if DRACO in p.get("extensions", {})]  # fmt: skip
    if primitives and _installed("DracoPy", DRACO, "draco", issues):
        for at, primitive in primitives:
            _draco(document, primitive, at, values, issues)
    if not pictures_too:
        return
    pictures = [(i, p[0]) for i, p in enumerate(values.resources.images) if p and p[1].mime == "image/ktx2"]
    if pictures and _installed("opengl_basisu", "KHR_texture_basisu", "ktx2", issues):
        for i, data in pictures:
            _ktx2(data, f"/images/{i}", issues)


def _ktx2(data: Bytes, at: str, issues: Issues) -> None:
    try:
        ktx2.decode_ktx2(data)
    except ValueError as error:
        issues.error("PAYLOAD_BROKEN", at, f"The KTX2 picture cannot be decoded: {str(error)[:80]}.")


def _installed(module: str, name: str, extra: str, issues: Issues) -> bool:
    if find_spec(module) is None:
        says = f"What is compressed was not looked into; pip install 'sculpt3d[{extra}]' brings the decoder."
        issues.warn("PAYLOAD_NOT_CHECKED", f"/extensionsUsed/{name}", says)
        return False
    return True


def _meshopt(views: list[tuple[int, dict[str, Any], str]], values: Values, issues: Issues) -> None:
    import meshopt

    room = MAX_DECODED
    for index, view, name in views:
        packed, at = view["extensions"][name], f"/bufferViews/{index}/extensions/{name}"
        data = values.resources.buffers[packed["buffer"]]
        room -= view["byteLength"]
        if data is None:
            continue
        start = packed.get("byteOffset", 0)
        stream = bytes(data[start : start + packed["byteLength"]])
        # A stream's tail alone holds a whole block; nothing packs tighter than a byte for 1000.
        if room < 0 or view["byteLength"] > 4096 * len(stream) + 65536:
            issues.error(
                "PAYLOAD_TOO_LARGE", at, f"{view['byteLength']} bytes out of {len(stream)}: refused."
            )
            return
        try:
            out = meshopt.decode_gltf_buffer(
                stream, packed["count"], packed["byteStride"], packed["mode"], packed.get("filter", "NONE")
            )
        except Exception as error:  # the decoder raises whatever it meets
            issues.error("PAYLOAD_BROKEN", at, f"The compressed stream cannot be decoded: {str(error)[:80]}.")
            continue
        values.give_view(index, np.ascontiguousarray(out).tobytes())


def _draco(
    document: dict[str, Any], primitive: dict[str, Any], at: str, values: Values, issues: Issues
) -> None:
    import DracoPy

    packed = primitive["extensions"][DRACO]
    data = view_bytes(document, values.resources, packed["bufferView"])
    if data is None:
        return
    accessors, attributes = document["accessors"], primitive["attributes"]
    named = {**{name: attributes[name] for name in packed["attributes"] if name in attributes}}
    if max([accessors[i]["count"] for i in named.values()], default=0) > 64 * len(data) + 65536:
        issues.error(
            "PAYLOAD_TOO_LARGE", at, "More vertices are declared than the compressed bytes can hold."
        )
        return
    try:
        mesh = DracoPy.decode(bytes(data))
        found = {a["unique_id"]: a["data"] for a in mesh.attributes}
    except Exception as error:
        issues.error("PAYLOAD_BROKEN", at, f"The Draco payload cannot be decoded: {str(error)[:80]}.")
        return
    for name, index in named.items():
        array = found.get(packed["attributes"][name])
        if array is None or array.shape != (
            accessors[index]["count"],
            WIDTHS.get(accessors[index]["type"], 0),
        ):
            says = "The Draco payload does not hold as many values as the accessor says."
            issues.error("PAYLOAD_MISMATCH", f"{at}/attributes/{name}", says)
        else:
            values.give(index, np.asarray(array), _draco_step(bytes(data), np.asarray(array)))
    faces = np.asarray(getattr(mesh, "faces", np.zeros((0, 3), np.uint32)))
    if "indices" in primitive:
        if faces.size != accessors[primitive["indices"]]["count"]:
            issues.error(
                "PAYLOAD_MISMATCH", f"{at}/indices", "The Draco payload has another number of triangles."
            )
        else:
            values.give(primitive["indices"], faces.reshape(-1, 1))


def _draco_step(data: bytes, array: Array) -> float:
    """How far a value (N, width) may lie beside a bound, which is of the values before the grid; 0 for whole numbers.

    One step serves all axes, so a flat thing moves by more than a share of its thickness. The payload names the grid as its
    origin (the lowest value of each axis), its range and its bits, one behind the other.
    """
    if array.dtype.kind != "f" or not array.size:
        return 0.0
    low, span = array.min(0), float(np.ptp(array, axis=0).max())
    origin, at = low.astype("<f4").tobytes(), -1
    for _ in range(_TRIES):
        at = data.find(origin, at + 1)
        if at < 0 or at + len(origin) + 5 > len(data):
            break
        reach, bits = struct.unpack_from("<fB", data, at + len(origin))
        if 1 <= bits <= 30 and span * (1 - 1e-6) <= reach < np.inf:
            return float(reach / (2**bits - 1) + np.spacing(np.abs(array).max()))
    return span * _UNKNOWN
