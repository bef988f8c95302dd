"""Buffers, buffer views and images: are the bytes there, are they as many as said, and what pictures are they."""

from __future__ import annotations

import base64
import binascii
import mmap
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from sculpt3d.gltf_check.container import Bytes, Container
from sculpt3d.gltf_check.issues import Issues
from sculpt3d.gltf_check.pictures import PictureFacts, look_at_picture

_DATA = re.compile(r"data:([\w.+-]+/[\w.+-]+)?((?:;[\w-]+=[^;,]*)*)(;base64)?,", re.ASCII)
_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*:|//|[A-Za-z]:[\\/]|/)")
BUFFER_TYPES = ("application/octet-stream", "application/gltf-buffer")
CORE = ("image/jpeg", "image/png")
BY_EXTENSION = {
    "image/webp": "EXT_texture_webp",
    "image/ktx2": "KHR_texture_basisu",
    "image/avif": "EXT_texture_avif",
}
MESHOPT = ("EXT_meshopt_compression", "KHR_meshopt_compression")
MAX_EXTERNAL = 256  # files opened for one model


@dataclass
class Resources:
    """buffers: their bytes, None where they cannot be had. images: (bytes, facts), None likewise."""

    buffers: list[Bytes | None] = field(default_factory=list)
    images: list[tuple[Bytes, PictureFacts] | None] = field(default_factory=list)


def load_resources(container: Container, document: dict[str, Any], issues: Issues) -> Resources:
    """All bytes the document names: inside it, in the GLB's chunk or in files beside it; nothing else is opened."""
    found = Resources()
    fetch = _Fetch(container, issues)
    for i, buffer in enumerate(document.get("buffers", [])):
        found.buffers.append(_buffer(i, buffer, container, fetch, issues))
    if container.chunk is not None and not document.get("buffers"):
        issues.warn("GLB_UNUSED_BIN_CHUNK", "", "The binary chunk belongs to no buffer.")
    check_views(document, issues)
    if issues.errors:
        return found
    for i, image in enumerate(document.get("images", [])):
        found.images.append(_image(i, image, document, found, fetch, issues))
    _textures(document, found, issues)
    return found


class _Fetch:
    """Bytes behind a URI; files only from the model's own folder and below."""

    def __init__(self, container: Container, issues: Issues) -> None:
        self.folder, self.is_glb, self.issues = container.path.resolve().parent, container.is_glb, issues
        self.opened = 0

    def __call__(self, uri: str, at: str) -> tuple[Bytes | None, str | None]:
        """(bytes, media type), each None where unknown."""
        if uri.startswith("data:"):
            return self._inline(uri, at)
        if not uri or uri.startswith(":"):
            self.issues.error("INVALID_URI", at, f'"{uri[:60]}" is no valid address.')
        elif _SCHEME.match(uri):
            self.issues.warn("NON_RELATIVE_URI", at, f'"{uri[:60]}" is not beside the model; not fetched.')
        else:
            return self._file(self._name(uri, at), at), None
        return None, None

    def _name(self, uri: str, at: str) -> str:
        """What file an address means; a reader also takes one that is a plain file name, of whatever system."""
        name = unquote(uri.split("?")[0].split("#")[0])
        others = [uri, uri.replace("\\", "/"), name.replace("\\", "/")] if self.issues.lenient else []
        if len(uri) > 1000 or "\0" in name or "\0" in uri or self._inside(name):
            return name
        for other in others:
            if self._inside(other):
                self.issues.error("URI_NOT_ENCODED", at, f"{other[:60]} is a file's name and no address.")
                return other
        return name

    def _inside(self, name: str) -> bool:
        path = self.folder / name
        return path.resolve().is_relative_to(self.folder) and path.is_file()

    def _inline(self, uri: str, at: str) -> tuple[Bytes | None, str | None]:
        head = _DATA.match(uri[:300])
        if self.is_glb:
            self.issues.warn(
                "DATA_URI_GLB", at, "Data written as text inside a GLB: a third larger than need be."
            )
        if head is None:
            self.issues.error("INVALID_URI", at, "The data address has no valid beginning.")
            return None, None
        body = uri[head.end() :]
        if self.issues.lenient and head[3]:  # as browsers do
            body = re.sub(r"[\s=]", "", unquote(body))
            body += "=" * (-len(body) % 4)
        try:
            data = base64.b64decode(body, validate=True) if head[3] else unquote(body).encode("latin-1")
        except (binascii.Error, ValueError):
            self.issues.error("INVALID_URI", at, "The data written as text is no valid base64.")
            return None, None
        return data, head[1]

    def _file(self, name: str, at: str) -> Bytes | None:
        self.opened += 1
        if "\0" in name or len(name) > 1000 or self.opened > MAX_EXTERNAL:
            self.issues.error("IO_ERROR", at, "Too many files, or a name that no file can have.")
            return None
        path = self.folder / name
        if not path.resolve().is_relative_to(self.folder):
            self.issues.error(
                "PATH_ESCAPE", at, f'"{name[:60]}" lies outside the model\'s folder; not opened.'
            )
            return None
        if not path.is_file():
            self.issues.error("IO_ERROR", at, f"The file {name[:100]} is missing beside the model.")
            return None
        if not path.stat().st_size:
            return b""
        with open(path, "rb") as f:
            return memoryview(mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ))


def _buffer(
    i: int, buffer: dict[str, Any], container: Container, fetch: _Fetch, issues: Issues
) -> Bytes | None:
    at, size = f"/buffers/{i}", buffer["byteLength"]
    data: Bytes | None
    if "uri" in buffer:
        data, kind = fetch(buffer["uri"], f"{at}/uri")
        if kind is not None and kind not in BUFFER_TYPES:
            issues.error(
                "BUFFER_DATA_URI_MIME_TYPE_INVALID", f"{at}/uri", f"{kind[:60]} is no type of a buffer."
            )
    elif container.is_glb and i == 0 and not _fallback(buffer):
        data = container.chunk
        if data is None:
            issues.error("BUFFER_MISSING_GLB_DATA", at, "The file has no binary chunk for this buffer.")
        elif len(data) > size + 3:
            issues.warn(
                "BUFFER_GLB_CHUNK_TOO_BIG", at, f"The binary chunk has {len(data) - size} bytes too many."
            )
    else:
        data = None
    if data is not None and len(data) < size:
        issues.error("BUFFER_BYTE_LENGTH_MISMATCH", at, f"{size} bytes are declared, {len(data)} are there.")
        return None
    return data


def _fallback(buffer: dict[str, Any]) -> bool:
    return any(buffer.get("extensions", {}).get(name, {}).get("fallback") for name in MESHOPT)


def check_views(document: dict[str, Any], issues: Issues) -> None:
    """Every view, and every compressed stream, lies inside its buffer."""
    buffers = document.get("buffers", [])
    for i, view in enumerate(document.get("bufferViews", [])):
        at, offset, size = f"/bufferViews/{i}", view.get("byteOffset", 0), view["byteLength"]
        room = buffers[view["buffer"]]["byteLength"]
        if offset + size > room:
            where = f"{at}/byteOffset" if offset >= room else f"{at}/byteLength"
            issues.error(
                "BUFFER_VIEW_TOO_LONG", where, f"Ends at byte {offset + size} of a buffer of {room}."
            )
        stride = view.get("byteStride")
        if stride is not None and stride > size:
            issues.error(
                "BUFFER_VIEW_TOO_BIG_BYTE_STRIDE", f"{at}/byteStride", f"{stride} exceeds its {size} bytes."
            )
        if stride is not None and view.get("target") == 34963:
            issues.error(
                "BUFFER_VIEW_INVALID_BYTE_STRIDE", f"{at}/byteStride", "Only vertex data may be strided."
            )
        for name in MESHOPT:
            packed = view.get("extensions", {}).get(name)
            if packed is None:
                continue
            end = packed.get("byteOffset", 0) + packed["byteLength"]
            if end > buffers[packed["buffer"]]["byteLength"]:
                issues.error(
                    "BUFFER_VIEW_TOO_LONG", f"{at}/extensions/{name}", "The stream runs past its buffer."
                )
            if packed["count"] * packed["byteStride"] != size:
                issues.error(
                    "MESHOPT_SIZE", f"{at}/extensions/{name}", "count x byteStride is not the view's length."
                )


def view_bytes(document: dict[str, Any], found: Resources, index: int) -> Bytes | None:
    """The bytes of an uncompressed view; None where they cannot be had."""
    view = document["bufferViews"][index]
    data = found.buffers[view["buffer"]]
    start = view.get("byteOffset", 0)
    return None if data is None else data[start : start + view["byteLength"]]


def _image(i: int, image: dict[str, Any], document: dict[str, Any], found: Resources, fetch: _Fetch,
           issues: Issues) -> tuple[Bytes, PictureFacts] | None:  # fmt: skip
    at = f"/images/{i}"
    if ("uri" in image) == ("bufferView" in image):
        issues.error("ONE_OF_MISMATCH", at, "Needs either an address or a buffer view, and not both.")
        return None
    declared, kind = image.get("mimeType"), None
    data: Bytes | None
    if "uri" in image:
        data, kind = fetch(image["uri"], f"{at}/uri")
        at = f"{at}/uri"
    else:
        if declared is None:
            issues.error("UNSATISFIED_DEPENDENCY", f"{at}/bufferView", "mimeType is missing beside it.")
        if "byteStride" in document["bufferViews"][image["bufferView"]]:
            issues.error(
                "IMAGE_BUFFER_VIEW_WITH_BYTESTRIDE", f"{at}/bufferView", "A picture cannot be strided."
            )
        data = view_bytes(document, found, image["bufferView"])
    if data is None:
        return None
    facts = look_at_picture(data, at, issues)
    if facts is None:
        return None
    for said in (declared, kind):
        if said is not None and said != facts.mime:
            issues.error("IMAGE_MIME_TYPE_INVALID", at, f"Said to be {said[:40]}, but it is {facts.mime}.")
    needs = BY_EXTENSION.get(facts.mime)
    if needs is not None and needs not in document.get("extensionsUsed", []):
        issues.error(
            "IMAGE_NON_ENABLED_MIME_TYPE", f"/images/{i}", f"{facts.mime} needs the extension {needs}."
        )
    return data, facts


def _textures(document: dict[str, Any], found: Resources, issues: Issues) -> None:
    for i, texture in enumerate(document.get("textures", [])):
        wanted: list[tuple[str, dict[str, Any], tuple[str, ...]]] = [("source", texture, CORE)]
        for mime, name in BY_EXTENSION.items():
            held = texture.get("extensions", {}).get(name)
            if held is not None:
                wanted.append((f"extensions/{name}/source", held, (mime,)))
        for where, holder, kinds in wanted:
            image = found.images[holder["source"]] if "source" in holder else None
            if image is not None and image[1].mime not in kinds:
                says = f"{image[1].mime} cannot stand here, only {' or '.join(kinds)}."
                issues.error("TEXTURE_INVALID_IMAGE_MIME_TYPE", f"/textures/{i}/{where}", says)
