"""What a glTF primitive says of its vertices beside where they are: coordinates on the texture, colours, attributes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d.colour import to_codes
from sculpt3d.gltf_check.accessors import DTYPES, Values
from sculpt3d.gltf_check.geometry import moved_uv
from sculpt3d.models.gltf_material import Shown
from sculpt3d.types import U8

MAX_ATTRIBUTES = 64  # of one part
_FLOAT = 5126


class Attributes:
    """`told` takes what cannot be kept. attributes: a primitive's, accessors by name; count: its vertices."""

    def __init__(self, document: dict[str, Any], values: Values, told: dict[str, None]) -> None:
        self.document, self.values, self.told = document, values, told

    def uv(self, attributes: dict[str, int], shown: Shown, count: int) -> NDArray[np.float32] | None:
        if shown.uv_set is None:
            return None
        uv = self._real(attributes, f"TEXCOORD_{shown.uv_set}", count, 2)
        if uv is None:
            self.told.setdefault("a texture has no coordinates and is not kept")
            return None
        moved = moved_uv(uv.astype(np.float64), shown.uv_move) if shown.uv_move else uv
        return self._finite(np.ascontiguousarray(moved, np.float32), "texture coordinates")

    def rgba(self, attributes: dict[str, int], count: int, alpha: str) -> U8 | None:
        if "COLOR_1" in attributes:
            self.told.setdefault("a second set of vertex colours is not kept")
        light = self._real(attributes, "COLOR_0", count)
        if light is None or light.shape[1] not in (3, 4):
            return None
        accessor = self.document["accessors"][attributes["COLOR_0"]]
        if accessor["componentType"] != _FLOAT and not accessor.get("normalized"):
            self.told.setdefault("vertex colours are whole numbers without saying so, and read as shares")
            light = light / np.iinfo(DTYPES[accessor["componentType"]]).max
        light = self._finite(light, "vertex colours")
        rgba = np.full((count, 4), 255, np.uint8)
        rgba[:, :3] = to_codes(np.ascontiguousarray(light[:, :3]))
        if light.shape[1] == 4 and alpha != "opaque":
            rgba[:, 3] = np.round(np.clip(light[:, 3], 0, 1) * 255)
        return rgba

    def own(self, attributes: dict[str, int], count: int) -> dict[str, NDArray[Any]]:
        """The file's own attributes, `_NAME`."""
        found = {}
        names = [name for name in attributes if name.startswith("_")]
        if len(names) > MAX_ATTRIBUTES:
            self.told.setdefault(f"of {len(names)} attributes the first {MAX_ATTRIBUTES} are kept")
        for name in names[:MAX_ATTRIBUTES]:
            accessor = self.document["accessors"][attributes[name]]
            raw = (
                self.values.real(attributes[name])
                if accessor.get("normalized")
                else self.values.raw(attributes[name])
            )
            if raw is None or len(raw) != count:
                self.told.setdefault(f"the attribute {name[:40]} cannot be read")
                continue
            found[name[1:].lower()] = np.ascontiguousarray(raw[:, 0] if raw.shape[1] == 1 else raw)
        return found

    def _real(
        self, attributes: dict[str, int], name: str, count: int, width: int | None = None
    ) -> NDArray[Any] | None:
        """(count, width) as numbers, floats as they are; None where they are not there or of another number."""
        if name not in attributes:
            return None
        raw = self.values.raw(attributes[name])
        found = raw if raw is None or raw.dtype.kind == "f" else self.values.real(attributes[name])
        return None if found is None or len(found) != count or (width and found.shape[1] != width) else found

    def _finite(self, values: NDArray[Any], what: str) -> NDArray[Any]:
        """What is no number is 0, and told."""
        if not values.size or np.isfinite(values.max() - values.min()):
            return values
        self.told.setdefault(f"{what} that are no numbers are taken as 0")
        return np.nan_to_num(values, posinf=0, neginf=0)
