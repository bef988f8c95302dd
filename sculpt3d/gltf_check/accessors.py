"""Accessors: do they fit their views, and do the numbers in them keep what is declared."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d.gltf_check.issues import Issues
from sculpt3d.gltf_check.resources import MESHOPT, Resources, view_bytes

DTYPES = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}
_PADDED = {
    ("MAT2", 1): (2, 2),
    ("MAT3", 1): (3, 3),
    ("MAT3", 2): (3, 3),
}  # columns start at multiples of 4 bytes
MAX_SPARSE = 50_000_000  # elements of an accessor without data of its own that are laid out in memory
Array = NDArray[Any]


def element_bytes(accessor: dict[str, Any]) -> int:
    """Bytes of one element with its column padding; 0 for a type we do not know."""
    size = np.dtype(DTYPES.get(accessor["componentType"], "<u1")).itemsize
    kind = accessor["type"]
    columns = _PADDED.get((kind, size))
    return (size * columns[1] + 3) // 4 * 4 * columns[0] if columns else size * WIDTHS.get(kind, 0)


def check_accessors(document: dict[str, Any], issues: Issues) -> None:
    """Structure only: offsets, alignment, lengths, sparse parts."""
    views = document.get("bufferViews", [])
    for i, accessor in enumerate(document.get("accessors", [])):
        at = f"/accessors/{i}"
        if accessor.get("normalized") and accessor["componentType"] in (5125, 5126):
            issues.error(
                "ACCESSOR_NORMALIZED_INVALID", f"{at}/normalized", "Only 8 and 16 bit can be normalised."
            )
        for bound in ("min", "max"):
            if bound in accessor and len(accessor[bound]) != WIDTHS.get(
                accessor["type"], len(accessor[bound])
            ):
                issues.error(
                    "ACCESSOR_BOUND_LENGTH",
                    f"{at}/{bound}",
                    f"Wrong number of values for {accessor['type']}.",
                )
        if "bufferView" in accessor:
            _fits(accessor, views[accessor["bufferView"]], at, issues)
        elif "byteOffset" in accessor:
            issues.error("UNSATISFIED_DEPENDENCY", f"{at}/byteOffset", "bufferView is missing beside it.")
        if "sparse" in accessor:
            _sparse(accessor, views, at, issues)


def _fits(accessor: dict[str, Any], view: dict[str, Any], at: str, issues: Issues) -> None:
    size = np.dtype(DTYPES.get(accessor["componentType"], "<u1")).itemsize
    step, offset = element_bytes(accessor), accessor.get("byteOffset", 0)
    if offset % size:
        issues.error(
            "ACCESSOR_OFFSET_ALIGNMENT", f"{at}/byteOffset", f"{offset} is no multiple of {size} bytes."
        )
    if (offset + view.get("byteOffset", 0)) % size:
        issues.error(
            "ACCESSOR_TOTAL_OFFSET_ALIGNMENT", at, f"Its data begins at no multiple of {size} bytes."
        )
    if accessor["type"].startswith("MAT") and offset % 4:
        issues.error(
            "ACCESSOR_MATRIX_ALIGNMENT", f"{at}/byteOffset", "Matrices start at multiples of 4 bytes."
        )
    stride = view.get("byteStride", step)
    if stride < step:
        issues.error(
            "ACCESSOR_SMALL_BYTESTRIDE", at, f"An element has {step} bytes, the view's stride is {stride}."
        )
    columns = _PADDED.get((accessor["type"], size))
    padding = 0 if columns is None else -size * columns[1] % 4  # the last column needs none
    end = offset + stride * (accessor["count"] - 1) + step - padding
    if end > view["byteLength"]:
        issues.error("ACCESSOR_TOO_LONG", at, f"Needs {end} bytes of a view of {view['byteLength']}.")


def _sparse(accessor: dict[str, Any], views: list[dict[str, Any]], at: str, issues: Issues) -> None:
    sparse = accessor["sparse"]
    count = sparse["count"]
    if count > accessor["count"]:
        says = f"Replaces {count} elements of {accessor['count']}."
        issues.error("ACCESSOR_SPARSE_COUNT_OUT_OF_RANGE", f"{at}/sparse/count", says)
    index_size = np.dtype(DTYPES.get(sparse["indices"]["componentType"], "<u1")).itemsize
    for name, step in (("indices", index_size), ("values", element_bytes(accessor))):
        part, where = sparse[name], f"{at}/sparse/{name}"
        view = views[part["bufferView"]]
        if "byteStride" in view:
            issues.error(
                "BUFFER_VIEW_INVALID_BYTE_STRIDE", f"{where}/bufferView", "Only vertex data may be strided."
            )
        if part.get("byteOffset", 0) + count * step > view["byteLength"]:
            issues.error("ACCESSOR_TOO_LONG", where, "Does not fit its buffer view.")
        if name == "indices" and (part.get("byteOffset", 0) + view.get("byteOffset", 0)) % index_size:
            issues.error(
                "ACCESSOR_TOTAL_OFFSET_ALIGNMENT", where, f"Begins at no multiple of {index_size} bytes."
            )


class Values:
    """The numbers of accessors; each is read once. Compressed payloads are handed in by who decodes them."""

    def __init__(self, document: dict[str, Any], resources: Resources) -> None:
        self.document, self.resources = document, resources
        self._known: dict[int, Array | None] = {}
        self._views: dict[int, bytes] = {}
        self.steps: dict[int, float] = {}

    def give(self, index: int, array: Array, step: float = 0.0) -> None:
        """The numbers of an accessor, decoded from a payload that keeps them to within `step`."""
        self._known[index] = array
        self.steps[index] = step

    def give_view(self, index: int, data: bytes) -> None:
        """The bytes of a compressed view."""
        self._views[index] = data

    def raw(self, index: int) -> Array | None:
        """(count, width) as stored; None where the bytes are not to be had."""
        if index not in self._known:
            self._known[index] = self._read(self.document["accessors"][index])
        return self._known[index]

    def real(self, index: int) -> Array | None:
        """(count, width) float64, with normalised integers as 0..1 or -1..1."""
        raw = self.raw(index)
        if raw is None:
            return None
        accessor = self.document["accessors"][index]
        values = raw.astype(np.float64)
        if not accessor.get("normalized") or raw.dtype.kind == "f":
            return values
        top = float(np.iinfo(raw.dtype).max)
        return np.maximum(values / top, -1.0)

    def _read(self, accessor: dict[str, Any]) -> Array | None:
        dtype, width = np.dtype(DTYPES.get(accessor["componentType"], "V")), WIDTHS.get(accessor["type"], 0)
        if dtype.kind == "V" or not width:
            return None
        base: Array | None = None
        if "bufferView" in accessor:
            base = self._strided(accessor, dtype, width)
            if base is None:
                return None
        if "sparse" not in accessor:
            return base
        if base is None and accessor["count"] * width > MAX_SPARSE:
            return None
        base = np.zeros((accessor["count"], width), dtype) if base is None else base.copy()
        return self._replaced(accessor["sparse"], base)

    def _strided(self, accessor: dict[str, Any], dtype: np.dtype[Any], width: int) -> Array | None:
        view = self.document["bufferViews"][accessor["bufferView"]]
        data: Any = self._view(accessor["bufferView"])
        if data is None:
            return None
        step, count = element_bytes(accessor), accessor["count"]
        stride, offset = view.get("byteStride", step), accessor.get("byteOffset", 0)
        columns = _PADDED.get((accessor["type"], dtype.itemsize))
        if columns is None:
            return np.ndarray((count, width), dtype, data, offset, (stride, dtype.itemsize))
        height = (dtype.itemsize * columns[1] + 3) // 4 * 4
        strides = (stride, height, dtype.itemsize)
        return np.ndarray((count, *columns), dtype, data, offset, strides).reshape(count, width)

    def _view(self, index: int) -> Any:
        """Its bytes, decoded where they were compressed; None where they are not to be had."""
        packed = any(name in self.document["bufferViews"][index].get("extensions", {}) for name in MESHOPT)
        found = self._views.get(index)
        return found if found is not None or packed else view_bytes(self.document, self.resources, index)

    def _replaced(self, sparse: dict[str, Any], base: Array) -> Array | None:
        count = sparse["count"]
        rows, values = (self._view(sparse[k]["bufferView"]) for k in ("indices", "values"))
        if rows is None or values is None:
            return None
        kind = DTYPES.get(sparse["indices"]["componentType"], "")
        if kind not in ("<u1", "<u2", "<u4"):
            return None
        at = np.frombuffer(rows, kind, count, sparse["indices"].get("byteOffset", 0)).astype(np.int64)
        new = np.frombuffer(values, base.dtype, count * base.shape[1], sparse["values"].get("byteOffset", 0))
        if len(at) and at.max() >= len(base):
            return None
        base[at] = new.reshape(count, -1)
        return base


def check_numbers(document: dict[str, Any], values: Values, issues: Issues) -> None:
    """Finite, and inside the declared bounds; each accessor is looked at once."""
    room = 64_000_000 + 8 * sum(len(b) for b in values.resources.buffers if b is not None)
    for i, accessor in enumerate(document.get("accessors", [])):
        at = f"/accessors/{i}"
        made_up = "sparse" in accessor and "bufferView" not in accessor
        if made_up and accessor["count"] * WIDTHS.get(accessor["type"], 1) > MAX_SPARSE:
            issues.error(
                "ACCESSOR_WITHOUT_DATA", at, f"{accessor['count']} elements out of nothing: refused."
            )
            continue
        room -= accessor["count"] * element_bytes(accessor) if "bufferView" in accessor else 0
        if room < 0:
            issues.error("ACCESSORS_OVERLAP", at, "Accessors share the same bytes over and over: refused.")
            return
        raw = values.raw(i)
        if raw is not None:
            _bounds(accessor, raw, at, issues, values.steps.get(i, 0.0))


def _bounds(accessor: dict[str, Any], raw: Array, at: str, issues: Issues, step: float) -> None:
    """step: how far a value may lie beside the declared bound, in the accessor's unit."""
    low, high = raw.min(0), raw.max(0)
    if raw.dtype.kind == "f" and not (np.isfinite(low).all() and np.isfinite(high).all()):
        bad = int((~np.isfinite(raw)).sum())
        issues.error("ACCESSOR_INVALID_FLOAT", at, f"{bad} values are infinite or no numbers.")
        return
    for name, actual in (("min", low), ("max", high)):
        for k, declared in enumerate(accessor.get(name, ())):
            stored = float(np.float32(declared)) if raw.dtype.kind == "f" else declared
            if abs(stored - float(actual[k])) > step:
                says = f"Declared {name} {declared}, but it is {float(actual[k]):.9g}."
                issues.error(f"ACCESSOR_{name.upper()}_MISMATCH", f"{at}/{name}/{k}", says)
