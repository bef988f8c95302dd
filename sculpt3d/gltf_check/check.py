"""One file through all checks: frame, properties, bytes, numbers, structure; then quality, if nothing is broken."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sculpt3d.gltf_check.accessors import Values, check_accessors, check_numbers
from sculpt3d.gltf_check.container import Container, open_container
from sculpt3d.gltf_check.extensions import check_extensions
from sculpt3d.gltf_check.issues import Enough, Issue, Issues
from sculpt3d.gltf_check.meshes import check_meshes
from sculpt3d.gltf_check.motion import check_motion
from sculpt3d.gltf_check.payloads import decode_payloads
from sculpt3d.gltf_check.provenance import read_provenance
from sculpt3d.gltf_check.quality import judge
from sculpt3d.gltf_check.resources import Resources, load_resources
from sculpt3d.gltf_check.scenes import check_scenes, check_tree
from sculpt3d.gltf_check.walk import Walk


@dataclass(frozen=True)
class CheckReport:
    """Findings and, where the file could be read, measured facts and the provenance found inside."""

    file: str
    issues: tuple[Issue, ...]
    errors: int
    warnings: int
    facts: dict[str, Any] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        return self.errors == 0

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Opened:
    """A checked file whose numbers can be read; document, resources and values are None where it is broken."""

    report: CheckReport
    document: dict[str, Any] | None = None
    resources: Resources | None = None
    values: Values | None = None


def check_gltf(path: Path) -> CheckReport:
    """Raises `UnreadableFile` where there is no file to read; everything else is a finding."""
    return open_gltf(path).report


def open_gltf(path: Path) -> Opened:
    """Check and keep what was read."""
    issues = Issues()
    run = _Run(path, issues)
    try:
        run()
    except Enough:
        issues.note(
            "TOO_MANY_ERRORS", "", "The check stopped here: there are more errors than anybody reads."
        )
    counts = issues.counts
    report = CheckReport(
        path.name, tuple(issues.found), counts["error"], counts["warning"], run.facts, run.provenance
    )
    return Opened(report) if issues.errors else Opened(report, run.document, run.resources, run.values)


# What a reader can live with: the bytes are where they are said to be, and numbers are numbers.
READABLE = frozenset(
    (
        "ACCESSOR_BOUND_LENGTH",
        "ACCESSOR_MATRIX_ALIGNMENT",
        "ACCESSOR_OFFSET_ALIGNMENT",
        "ACCESSOR_TOTAL_OFFSET_ALIGNMENT",
        "ACCESSOR_NORMALIZED_INVALID",
        "BUFFER_DATA_URI_MIME_TYPE_INVALID",
        "BUFFER_VIEW_INVALID_BYTE_STRIDE",
        "DUPLICATE_ELEMENTS",
        "GLB_CHUNK_LENGTH_UNALIGNED",
        "IMAGE_BUFFER_VIEW_WITH_BYTESTRIDE",
        "IMAGE_DATA_INVALID",
        "IMAGE_MIME_TYPE_INVALID",
        "IMAGE_NON_ENABLED_MIME_TYPE",
        "IMAGE_UNEXPECTED_EOS",
        "IMAGE_UNRECOGNIZED_FORMAT",
        "IO_ERROR",
        "NON_REQUIRED_EXTENSION",
        "TEXTURE_INVALID_IMAGE_MIME_TYPE",
        "UNDECLARED_EXTENSION",
        "UNEXPECTED_EXTENSION_OBJECT",
        "UNSATISFIED_DEPENDENCY",
        "UNUSED_EXTENSION_REQUIRED",
        "URI_NOT_ENCODED",
    )
)
# Where a reader of shapes and colours never looks, or bends a number into its range.
_UNREAD = re.compile(
    r"\w+ (/animations\b|/cameras\b|/nodes/\d+/(camera|extensions/KHR_lights_punctual)\b|/extensions/KHR_lights_punctual\b"
    r"|(/\w+)*/extensions/(KHR_materials_(?!pbrSpecularGlossiness|emissive_strength)|KHR_animation_pointer)"
    r"|/samplers/\d+/m\w+Filter|/bufferViews/\d+/target|/accessors/\d+/(min|max)/|/skins/\d+/skeleton\b)"
    r"|TYPE_MISMATCH (/\w+)*/name$"
    r"|EMPTY_ENTITY (/\w+|/nodes/\d+/(children|weights)|/scenes/\d+/nodes|/accessors/\d+/(min|max)"
    r"|/meshes/\d+/(weights|primitives)|/meshes/\d+/primitives/\d+/(attributes|targets|targets/\d+))$"
    r"|VALUE_\w+ (/bufferViews/\d+/byteStride|/nodes/\d+/rotation/\d|/materials/(?!.*KHR_texture_transform))"
    r"|(INVALID_URI|ONE_OF_MISMATCH) /images/"
)


def open_to_read(path: Path) -> Opened:
    """What a reader needs and no more: numbers are not held against their declared bounds, and what does no harm is noted."""
    issues = Issues(READABLE, _UNREAD)
    run = _Run(path, issues)
    with suppress(Enough):
        run.read()
    report = CheckReport(path.name, tuple(issues.found), issues.errors, 0, {}, run.provenance)
    return Opened(report) if issues.errors else Opened(report, run.document, run.resources, run.values)


class _Run:
    """Each stage trusts what the stages before have made sure of, so it only runs where those found no error."""

    def __init__(self, path: Path, issues: Issues) -> None:
        self.path, self.issues = path, issues
        self.facts: dict[str, Any] = {}
        self.provenance: dict[str, Any] = {}
        self.document: dict[str, Any] | None = None
        self.resources: Resources | None = None
        self.values: Values | None = None

    def __call__(self) -> None:
        issues, container = self.issues, self._structure()
        if container is None or self.document is None or self.resources is None:
            return
        document, resources = self.document, self.resources
        self.values = values = Values(document, resources)
        decode_payloads(document, values, issues)
        check_numbers(document, values, issues)
        check_meshes(document, values, issues)
        check_scenes(document, values, issues)
        if not issues.errors:
            check_motion(document, values, issues)
        self.provenance = read_provenance(document)
        if not issues.errors:
            self.facts = judge(container, document, resources, values, issues)

    def read(self) -> None:
        """The stages that a reader stands on."""
        if self._structure() is None or self.document is None or self.resources is None:
            return
        check_tree(self.document, self.issues)
        self.values = Values(self.document, self.resources)
        decode_payloads(self.document, self.values, self.issues, pictures_too=False)
        self.provenance = read_provenance(self.document)

    def _structure(self) -> Container | None:
        """Frame, properties and bytes; None where one of them is broken."""
        issues = self.issues
        container = open_container(self.path, issues)
        self.document = document = container.document
        if document is None:
            return None
        walk = Walk(document, issues)
        walk.run()
        if issues.errors:
            return None
        _version(document["asset"], issues)
        check_extensions(document, walk, issues)
        if issues.errors:
            return None
        self.resources = load_resources(container, document, issues)
        check_accessors(document, issues)
        return None if issues.errors else container


def _version(asset: dict[str, Any], issues: Issues) -> None:
    major, minor = (int(v) for v in asset["version"].split("."))
    if major != 2:
        issues.error(
            "UNKNOWN_ASSET_MAJOR_VERSION", "/asset/version", f"glTF {asset['version']}; only 2.x is read."
        )
    elif minor:
        issues.warn(
            "UNKNOWN_ASSET_MINOR_VERSION", "/asset/version", f"glTF {asset['version']} is newer than 2.0."
        )
    least = asset.get("minVersion")
    if least and tuple(map(int, least.split("."))) > (major, minor):
        issues.error(
            "ASSET_MIN_VERSION_GREATER_THAN_VERSION", "/asset/minVersion", "Higher than the version itself."
        )
