"""The file as a JSON document and a binary chunk, with bounds on everything a stranger may put in it."""

from __future__ import annotations

import json
import mmap
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from sculpt3d.errors import UnreadableFile
from sculpt3d.gltf_check.issues import Issues

MAX_BYTES = 4 << 30
MAX_VALUES = 400_000  # values in the JSON: 200 MB as Python objects; larger scenes are refused, not read
JSON, BIN = 0x4E4F534A, 0x004E4942
_BOM = b"\xef\xbb\xbf"
Bytes = bytes | memoryview


@dataclass(frozen=True)
class Container:
    """`document` is None where the JSON cannot be read. `chunk`: the GLB's binary part, None without one."""

    path: Path
    size: int
    is_glb: bool
    document: dict[str, Any] | None
    chunk: Bytes | None


def open_container(path: Path, issues: Issues) -> Container:
    """A GLB or glTF file; the binary part stays on disk until it is looked at."""
    if not path.is_file():
        raise UnreadableFile(f"There is no file {path}; give a GLB or glTF file")
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise UnreadableFile(f"{path.name} is larger than 4 GB, more than a GLB can hold; simplify it first")
    with open(path, "rb") as f:
        data: Bytes = memoryview(mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ)) if size else b""
    is_glb = bytes(data[:4]) == b"glTF" or path.suffix.lower() == ".glb"
    text, chunk = _chunks(data, issues) if is_glb else (data, None)
    document = None if text is None else _parse(text, issues)
    return Container(path, size, is_glb, document, chunk)


def _chunks(data: Bytes, issues: Issues) -> tuple[Bytes | None, Bytes | None]:
    """The JSON and the BIN chunk; None for the JSON where the frame is broken."""
    if len(data) < 12:
        issues.error("GLB_UNEXPECTED_END_OF_HEADER", "", "The file ends inside its 12-byte header.")
        return None, None
    magic, version, length = struct.unpack("<4sII", data[:12])
    if magic != b"glTF":
        issues.error("GLB_INVALID_MAGIC", "", 'The file does not begin with "glTF": it is no GLB.')
        return None, None
    if version != 2:
        issues.error("GLB_INVALID_VERSION", "", f"GLB version {version}; only 2 is glTF 2.0.")
        return None, None
    if length < 20:
        issues.error("GLB_LENGTH_TOO_SMALL", "", f"The declared length of {length} bytes holds no chunk.")
    if length > len(data) or length < 20:
        issues.error("GLB_LENGTH_MISMATCH", "", f"The header says {length} bytes, the file has {len(data)}.")
        return None, None
    if length < len(data):
        issues.warn("GLB_EXTRA_DATA", "", f"{len(data) - length} bytes follow the end of the model.")
    return _walk(data[:length], issues)


def _walk(data: Bytes, issues: Issues) -> tuple[Bytes | None, Bytes | None]:
    found: dict[int, Bytes] = {}
    offset, index = 12, 0
    before = issues.errors
    while offset < len(data):
        if len(data) - offset < 8:
            issues.error("GLB_UNEXPECTED_END_OF_CHUNK_HEADER", "", f"Chunk {index}'s header is cut short.")
            break
        size, kind = struct.unpack("<II", data[offset : offset + 8])
        _frame_rules(index, size, kind, kind in found, issues)
        if size > len(data) - offset - 8:
            issues.error("GLB_CHUNK_TOO_BIG", "", f"Chunk {index} says {size} bytes and runs past the file.")
            break
        if kind in (JSON, BIN):
            found.setdefault(kind, data[offset + 8 : offset + 8 + size])
        offset, index = offset + 8 + size, index + 1
    if JSON not in found and issues.errors == before:
        issues.error("GLB_UNEXPECTED_FIRST_CHUNK", "", "The file has no JSON chunk.")
    return (found.get(JSON) if issues.errors == before else None), found.get(BIN)


def _frame_rules(index: int, size: int, kind: int, again: bool, issues: Issues) -> None:
    if index == 0 and kind != JSON:
        issues.error("GLB_UNEXPECTED_FIRST_CHUNK", "", f"The first chunk is {kind:#010x}, not JSON.")
    if again:
        issues.error("GLB_DUPLICATE_CHUNK", "", f"A second chunk of type {kind:#010x}.")
    elif kind == BIN and index > 1:
        issues.error("GLB_UNEXPECTED_BIN_CHUNK", "", "The binary chunk must be the second one.")
    elif kind not in (JSON, BIN):
        issues.warn("GLB_UNKNOWN_CHUNK_TYPE", "", f"Chunk {index} of unknown type {kind:#010x} is ignored.")
    if size % 4:
        issues.error("GLB_CHUNK_LENGTH_UNALIGNED", "", f"Chunk {index}'s length {size} is no multiple of 4.")
    if kind == JSON and not size:
        issues.error("GLB_EMPTY_CHUNK", "", "The JSON chunk is empty.")


def _parse(text: Bytes, issues: Issues) -> dict[str, Any] | None:
    raw = bytes(text)
    if raw.count(b",") + raw.count(b"[") + raw.count(b"{") > MAX_VALUES:
        issues.error("TOO_MANY_VALUES", "", f"The JSON has more than {MAX_VALUES:,} values: refused unread.")
        return None
    if raw.startswith(_BOM):
        if not issues.lenient:
            issues.error("INVALID_JSON", "", "The JSON begins with a byte order mark.")
            return None
        raw = raw[len(_BOM) :]
    try:
        document = json.loads(raw.decode("utf-8"), parse_constant=_no_constant, parse_float=_number)
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError is a ValueError
        issues.error("INVALID_JSON", "", f"The JSON cannot be read: {str(error)[:100]}.")
        return None
    if not isinstance(document, dict):
        issues.error("TYPE_MISMATCH", "", "The JSON's top level must be an object.")
        return None
    return document


def _number(text: str) -> float:
    """5.0 is a whole number to glTF."""
    value = float(text)
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")
