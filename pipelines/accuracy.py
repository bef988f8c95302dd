"""The report's first words: how exact the model is, by what was known beforehand and by what is predicted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def accuracy(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What, and how sure: the scale (control), lengths that took no part (check), the surface (predicted)."""
    return [_scale(facts), *_checks(facts), *_surface(facts["uncertainty"])]


def _scale(facts: Mapping[str, Any]) -> tuple[str, str]:
    sigma, source = facts["uncertainty"]["scale_sigma"], facts["scale"]["source"]
    if sigma is not None:
        return "Scale, common to all lengths", f"\u00b1{100 * sigma:.2g} % (1 sigma), by {source.split(',')[0]}"
    if facts["scale"]["metric"]:
        return "Scale, common to all lengths", f"by {source}; nothing tells how sure that is"
    return "Scale", "none: lengths have no unit"


def _checks(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    checks = [t for t in (facts.get("survey") or {}).get("lengths", []) if t["use"] == "check"]
    if not checks:
        return []
    off = [abs(t["found_mm"] - t["known_mm"]) for t in checks]
    within = sum(o <= 1.96 * t["sigma_mm"] for o, t in zip(off, checks, strict=True))
    said = f"off by {max(off):.3f} mm at most; {within} of {len(checks)} within what is stated (95 %)"
    return [("Check lengths, which took no part", said)]


def _surface(stated: Mapping[str, Any]) -> list[tuple[str, str]]:
    rows, unit = [], "mm" if "median_mm" in stated else "unit"
    half, most = stated[f"median_{unit}"], stated[f"most_{unit}"]
    if half is not None:
        word = " mm" if unit == "mm" else " of the model's unit"
        said = f"\u00b1{half:.2g}{word} (1 sigma, median); below {most:.2g} for 95 % of it"
        rows.append(("Surface, predicted, each vertex by itself", said))
    if stated["without_evidence_share"] > 0.0005:
        share = f"{stated['without_evidence_share']:.1%} of the vertices"
        rows.append(("Filled or far from any point: nothing is known", share))
    return rows


def known_lengths(facts: Mapping[str, Any]) -> list[dict[str, str]]:
    """Beside the model's own."""
    told = (facts.get("survey") or {}).get("lengths", [])
    return [
        {
            "name": t["name"],
            "use": t["use"],
            "known": f"{t['known_mm']:.3f}",
            "found": f"{t['found_mm']:.3f}",
            "off": f"{t['found_mm'] - t['known_mm']:+.3f}",
            "sigma": f"{t['sigma_mm']:.3f}",
        }
        for t in told
    ]
