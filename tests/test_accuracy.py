"""The report's first words say control, check and prediction apart, and claim nothing without evidence."""

from __future__ import annotations

from typing import Any

from pipelines.accuracy import accuracy


def facts(**more: Any) -> dict[str, Any]:
    plain = {"median_mm": 0.05, "most_mm": 0.2, "without_evidence_share": 0.0, "scale_sigma": None}
    return {"scale": {"metric": True, "source": "object height 420 mm"}, "uncertainty": plain, "survey": None} | more


def test_each_kind_of_evidence_has_its_own_line() -> None:
    lengths = [
        {"name": "0-1", "use": "control", "known_mm": 200.0, "found_mm": 200.4, "sigma_mm": 0.05},
        {"name": "1-2", "use": "check", "known_mm": 300.0, "found_mm": 300.07, "sigma_mm": 0.05},
        {"name": "1-3", "use": "check", "known_mm": 400.0, "found_mm": 399.7, "sigma_mm": 0.05},
    ]
    stated = {"median_mm": 0.05, "most_mm": 0.2, "without_evidence_share": 0.01, "scale_sigma": 0.0001}
    scale = {"metric": True, "source": "1 scale bar in the bundle, ±0.01 %"}
    rows = dict(accuracy(facts(survey={"lengths": lengths}, uncertainty=stated, scale=scale)))
    assert rows["Scale, common to all lengths"] == "±0.01 % (1 sigma), by 1 scale bar in the bundle"
    assert rows["Check lengths, which took no part"].startswith("off by 0.300 mm at most; 1 of 2 within")
    assert "±0.05 mm (1 sigma, median); below 0.2 for 95 %" in rows["Surface, predicted, each vertex by itself"]
    assert rows["Filled or far from any point: nothing is known"] == "1.0% of the vertices"


def test_nothing_is_claimed_without_evidence() -> None:
    rows = dict(accuracy(facts()))
    assert "nothing tells how sure" in rows["Scale, common to all lengths"] and len(rows) == 2
    free = {"median_unit": 0.002, "most_unit": 0.01, "without_evidence_share": 0.0, "scale_sigma": None}
    rows = dict(accuracy(facts(scale={"metric": False, "source": "none"}, uncertainty=free)))
    assert rows["Scale"].startswith("none") and not any("mm" in value for value in rows.values())
