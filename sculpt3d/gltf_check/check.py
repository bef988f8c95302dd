"""One file through all checks: frame, properties, bytes, numbers, structure; then quality, if nothing is broken."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sculpt3d.gltf_check.accessors import Values, check_accessors, check_numbers
from sculpt3d.gltf_check.container import open_container
from sculpt3d.gltf_check.extensions import check_extensions
from sculpt3d.gltf_check.issues import Enough, Issue, Issues
from sculpt3d.gltf_check.meshes import check_meshes
from sculpt3d.gltf_check.motion import check_motion
from sculpt3d.gltf_check.payloads import decode_payloads
from sculpt3d.gltf_check.provenance import read_provenance
from sculpt3d.gltf_check.quality import judge
from sculpt3d.gltf_check.resources import Resources, load_resources
from sculpt3d.gltf_check.scenes import check_scenes
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
        issues = self.issues
        container = open_container(self.path, issues)
        self.document = document = container.document
        if document is None:
            return
        walk = Walk(document, issues)
        walk.run()
        if issues.errors:
            return
        _version(document["asset"], issues)
        check_extensions(document, walk, issues)
        if issues.errors:
            return
        self.resources = resources = load_resources(container, document, issues)
        check_accessors(document, issues)
        if issues.errors:
            return
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
