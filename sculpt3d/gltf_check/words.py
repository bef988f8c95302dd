"""A check's report as sentences for the terminal."""

from __future__ import annotations

from sculpt3d.gltf_check.check import CheckReport
from sculpt3d.gltf_check.quality import BUDGETS

_MARKS = {"error": "ERROR  ", "warning": "warning", "note": "note   "}


def in_words(report: CheckReport) -> str:
    verdict = "sound" if report.good else f"{report.errors} error{'s' if report.errors > 1 else ''}"
    warned = f", {report.warnings} warning{'s' if report.warnings > 1 else ''}" if report.warnings else ""
    lines = [f"{report.file}: {verdict}{warned}", *_facts(report)]
    for issue in report.issues:
        lines.append(f"  {_MARKS[issue.severity]} {issue.where or 'file'}: {issue.says} [{issue.code}]")
    return "\n".join(lines)


def _facts(report: CheckReport) -> list[str]:
    f, lines = report.facts, []
    if "triangles" in f:
        lines.append(f"  {f['triangles']:,} triangles in {f['parts']} parts, {f['megabytes']} MB")
    for where, counts in f.get("levels", {}).items():
        told = ", ".join(f"{n:,}" for n in counts)
        lines.append(
            f"  {len(counts)} levels of detail at {where}: {told} triangles; shown and judged is the first"
        )
    for t in f.get("textures", ()):
        use = " and ".join(t["used_as"]) or "nothing"
        lines.append(f"  {t['kind']} {t['width']} x {t['height']}, {t['megabytes']} MB, for {use}")
    if "size" in f:
        unit, scale = ("mm", 1000) if f["metres"] else ("units (no scale)", 1)
        lines.append("  size " + " x ".join(f"{v * scale:.4g}" for v in f["size"]) + f" {unit}")
    for key, unit in (("texels_per_mm", "mm"), ("texels_per_unit", "unit")):
        if key in f:
            low, middle, high = f[key]
            lines.append(f"  {middle:g} texels a {unit} (5 % below {low:g}, 5 % above {high:g})")
    if "budgets" in f:
        fits = [name for name in BUDGETS if f["budgets"][name]]
        lines.append(f"  light enough for: {', '.join(fits) or 'none of ' + ', '.join(BUDGETS)}")
    lines += [f"  {key}: {value}" for key, value in report.provenance.items()]
    return lines
