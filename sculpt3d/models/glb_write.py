"""Textured meshes as glTF 2.0 binary: Y up, metres (or "no scale" said in the extras), sRGB base colour."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pygltflib as gltf
from numpy.typing import NDArray
from PIL import Image

from sculpt3d.files import write_atomic
from sculpt3d.types import TexturedMesh


@dataclass(frozen=True)
class GltfInfo:
    """name: of the object; copyright: credit line; metric: whether a unit is a metre; extras: provenance, plain values;
    offset: added to the vertices it gives the coordinates meant; kept in double as the node's translation."""

    name: str
    copyright: str = ""
    metric: bool = False
    extras: dict[str, Any] = field(default_factory=dict)
    jpeg_quality: int = 90
    offset: tuple[float, float, float] = (0.0, 0.0, 0.0)


def write_glb(
    path: Path, mesh: TexturedMesh, info: GltfInfo, more: Mapping[str, NDArray[np.float32]] | None = None
) -> None:
    """One mesh, one material, one JPEG texture; `_UNSEEN` is 1 at vertices that no photo shows.

    more: further columns (V,) by glTF's name for them, which begins with an underscore.
    """
    more = more or {}
    picture = io.BytesIO()
    Image.fromarray(mesh.texture).save(picture, "JPEG", quality=info.jpeg_quality, subsampling=0)
    index_type = np.uint16 if len(mesh.vertices) < 65535 else np.uint32
    normals = _unit(mesh.normals)
    blob, views = b"", []
    unseen = np.zeros((len(mesh.vertices), 4), np.uint8)  # vertex data comes in fours
    unseen[:, 0] = mesh.unseen
    rows: list[tuple[NDArray[Any] | bytes, int | None]] = [
        (mesh.vertices.astype("<f4"), gltf.ARRAY_BUFFER),
        (normals.astype("<f4"), gltf.ARRAY_BUFFER),
        (mesh.uv.astype("<f4"), gltf.ARRAY_BUFFER),
        (mesh.faces.astype(index_type).ravel(), gltf.ELEMENT_ARRAY_BUFFER),
        (picture.getvalue(), None),
        (unseen, gltf.ARRAY_BUFFER),
        *((values.astype("<f4"), gltf.ARRAY_BUFFER) for values in more.values()),
    ]
    for data, target in rows:
        part = data if isinstance(data, bytes) else data.tobytes()
        stride = 4 if data is unseen else None
        place = {"buffer": 0, "byteOffset": len(blob), "byteLength": len(part)}
        views.append(gltf.BufferView(**place, byteStride=stride, target=target))
        blob += part + b"\0" * (-len(part) % 4)
    count = len(mesh.vertices)
    document = gltf.GLTF2(
        asset=gltf.Asset(
            version="2.0",
            generator=_generator(),
            copyright=info.copyright or None,
            extras={"unit": "metre" if info.metric else "no scale", **info.extras},
        ),
        scene=0,
        scenes=[gltf.Scene(name=info.name, nodes=[0])],
        nodes=[
            gltf.Node(name=info.name, mesh=0, translation=list(info.offset) if any(info.offset) else None)
        ],
        meshes=[
            gltf.Mesh(
                name=info.name,
                primitives=[
                    gltf.Primitive(
                        attributes=gltf.Attributes(
                            POSITION=0, NORMAL=1, TEXCOORD_0=2, _UNSEEN=4, **{n: 5 + k for k, n in enumerate(more)}
                        ),
                        indices=3,
                        material=0,
                    )
                ],
            )
        ],
        materials=[
            gltf.Material(
                name=f"{info.name} surface",
                doubleSided=True,
                alphaCutoff=None,
                pbrMetallicRoughness=gltf.PbrMetallicRoughness(
                    baseColorTexture=gltf.TextureInfo(index=0), metallicFactor=0.0, roughnessFactor=0.9
                ),
            )
        ],
        textures=[gltf.Texture(source=0, sampler=0)],
        samplers=[
            gltf.Sampler(
                magFilter=gltf.LINEAR,
                minFilter=gltf.LINEAR_MIPMAP_LINEAR,
                wrapS=gltf.CLAMP_TO_EDGE,
                wrapT=gltf.CLAMP_TO_EDGE,
            )
        ],
        images=[gltf.Image(name=f"{info.name} colour", bufferView=4, mimeType="image/jpeg")],
        accessors=[
            _accessor(0, count, gltf.VEC3, mesh.vertices),
            _accessor(1, count, gltf.VEC3),
            _accessor(2, count, gltf.VEC2),
            gltf.Accessor(
                bufferView=3,
                count=mesh.faces.size,
                type=gltf.SCALAR,
                componentType=gltf.UNSIGNED_SHORT if index_type is np.uint16 else gltf.UNSIGNED_INT,
            ),
            gltf.Accessor(bufferView=5, count=count, type=gltf.SCALAR, componentType=gltf.UNSIGNED_BYTE),
            *(_accessor(6 + k, count, gltf.SCALAR) for k in range(len(more))),
        ],
        bufferViews=views,
        buffers=[gltf.Buffer(byteLength=len(blob))],
    )
    document.set_binary_blob(blob)
    write_atomic(path, b"".join(document.save_to_bytes()))


def _accessor(view: int, count: int, kind: str, bounds: NDArray[np.float32] | None = None) -> gltf.Accessor:
    found = gltf.Accessor(bufferView=view, componentType=gltf.FLOAT, count=count, type=kind)
    if bounds is not None:
        found.min, found.max = bounds.min(0).tolist(), bounds.max(0).tolist()
    return found


def _unit(normals: NDArray[np.float32]) -> NDArray[np.float32]:
    """Unit length to float32; +Y where a vertex has none."""
    n = normals.astype(np.float64)
    length = np.linalg.norm(n, axis=1, keepdims=True)
    return np.where(length > 1e-6, n / np.maximum(length, 1e-12), [0.0, 1.0, 0.0]).astype(np.float32)


def _generator() -> str:
    from importlib.metadata import version

    return f"Sculpt3D {version('sculpt3d')}"
