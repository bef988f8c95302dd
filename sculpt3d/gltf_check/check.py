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
from sculpt3d.gltf_check.payloads import decode_payloads
from sculpt3d.gltf_check.provenance import read_provenance
from sculpt3d.gltf_check.quality import judge
from sculpt3d.gltf_check.resources import load_resources
from sculpt3d.gltf_check.scenes import check_scenes
from sculpt3d.gltf_check.schema import Walk


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


def check_gltf(path: Path) -> CheckReport:
    """Raises `UnreadableFile` where there is no file to read; everything else is a finding."""
    issues = Issues()
    facts: dict[str, Any] = {}
    provenance: dict[str, Any] = {}
    try:
        _run(path, issues, facts, provenance)
    except Enough:
        issues.note(
            "TOO_MANY_ERRORS", "", "The check stopped here: there are more errors than anybody reads."
        )
    counts = issues.counts
    return CheckReport(path.name, tuple(issues.found), counts["error"], counts["warning"], facts, provenance)


def _run(path: Path, issues: Issues, facts: dict[str, Any], provenance: dict[str, Any]) -> None:
    """Each stage trusts what the stages before have made sure of, so it only runs where those found no error."""
    container = open_container(path, issues)
    document = container.document
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
    resources = load_resources(container, document, issues)
    check_accessors(document, issues)
    if issues.errors:
        return
    values = Values(document, resources)
    decode_payloads(document, values, issues)
    check_numbers(document, values, issues)
    check_meshes(document, values, issues)
    check_scenes(document, values, issues)
    provenance.update(read_provenance(document))
    if not issues.errors:
        facts.update(judge(container, document, resources, values, issues))


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
