"""The survey step: markers found in the photos, and the cameras adjusted together with known lengths, in metres."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.workspace import Step, Workspace
from sculpt3d.files import write_atomic
from sculpt3d.metric.tables import Bar, families_of
from sculpt3d.progress import Each, Progress

TRIED = 6  # photos, spread over the set, in which all families are looked for


def survey_step(
    ws: Workspace, checked: Step, cameras: Step, bars: Sequence[Bar], each: Each, only_scale: bool = False
) -> Step:
    """`sparse/`: cameras in metres; `survey.json`: what the known lengths and the residuals say. only_scale: a lighter bundle,
    for cameras that stay as they are."""

    def work(out: Path, tell: Progress) -> None:
        from sculpt3d.metric.reconstruction import adjusted_model
        from sculpt3d.metric.survey import FOR_SCALE, MOST_TIES, survey
        from sculpt3d.models.colmap import read_model

        model = read_model(cameras.path / "sparse")
        names = sorted(str(model.images[i].name) for i in model.reg_image_ids())
        seen = _markers(checked.path / "images", names, bars, each, tell)
        found = survey(model, seen, bars, ties=FOR_SCALE if only_scale else MOST_TIES)
        (out / "sparse").mkdir(exist_ok=True)
        adjusted_model(model, found.adjusted.network).write(str(out / "sparse"))
        facts = {
            "scale_sigma": found.scale_sigma,
            "noise_px": {"tie_points": found.noise_px[0], "markers": found.noise_px[1]},
            "lengths": [asdict(t) for t in found.told],
            "markers": dict(found.photos),
            "redundancy": found.adjusted.redundancy,
        }
        write_atomic(out / "survey.json", json.dumps(facts).encode())
        tell(1, 1)

    given = {"bars": [asdict(b) for b in bars], "only_scale": only_scale}
    return ws.step("survey", 1, work, given, [checked.key, cameras.key])


def survey_facts(step: Step) -> dict[str, Any]:
    return dict(json.loads((step.path / "survey.json").read_text()))


def scale_source(step: Step) -> str:
    """For people: what the scale rests on."""
    facts = survey_facts(step)
    bars = sum(t["use"] == "control" for t in facts["lengths"])
    return f"{bars} scale bar{'s' if bars > 1 else ''} in the bundle, \u00b1{100 * facts['scale_sigma']:.2g} % (1 sigma)"


def _markers(
    images: Path, names: Sequence[str], bars: Sequence[Bar], each: Each, tell: Progress
) -> dict[str, Any]:
    """Sightings by photo; of the families that the bars name, else of those that some of the photos show."""
    from sculpt3d.metric.targets import FAMILIES

    wanted = {n.rsplit(":", 1)[-1] for b in bars for n in (b.first, b.second)}
    families = families_of([n for b in bars for n in (b.first, b.second)])
    if not families:
        some = [names[i] for i in np.unique(np.linspace(0, len(names) - 1, TRIED).round().astype(int))]
        first = each(lambda n: _in_photo(images / n, tuple(FAMILIES)), some, None)
        shown = {s.family for shots in first for s in shots if str(s.number) in wanted}
        families = _smallest(shown, max(int(w) for w in wanted)) or tuple(FAMILIES)
    found = each(lambda n: _in_photo(images / n, families), list(names), tell)
    return dict(zip(names, found, strict=True))


def _smallest(shown: set[str], number: int) -> tuple[str, ...]:
    """Without families that hold a smaller one with the same patterns (4x4_100 begins as 4x4_50 does) and numbers enough."""
    sizes = {f: int(f.rsplit("_", 1)[1]) for f in shown if f.rsplit("_", 1)[1].isdigit()}
    held = {f for f in sizes for g in sizes if f[:4] == g[:4] and number < sizes[g] < sizes[f]}
    return tuple(sorted(shown - held))


def _in_photo(path: Path, families: tuple[str, ...]) -> list[Any]:
    from sculpt3d.metric.targets import find_markers
    from sculpt3d.photos.pictures import read_photo

    pixels = read_photo(path).pixels
    grey = (pixels @ np.array([0.299, 0.587, 0.114], np.float32) + 0.5).astype(np.uint8)
    return find_markers(grey, families)
