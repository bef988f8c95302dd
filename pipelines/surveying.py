"""The survey step: markers found in the photos, and the cameras adjusted together with what is known, in metres."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.workspace import Step, Workspace
from sculpt3d.errors import InputError
from sculpt3d.files import write_atomic
from sculpt3d.geometry import F64
from sculpt3d.metric.tables import Known, families_of
from sculpt3d.progress import Each, Progress

TRIED = 6  # photos, spread over the set, in which all families are looked for
RULER_OFF = 0.005  # of its length; a printer that scales is off by more
LEAST_MARKERS = 4  # in a plane, to tell what is up
FLAT = 0.02  # of their extent: how far they may lie out of it
UPRIGHT_DEG = (
    25.0  # a plane farther from level by the photos' horizons is a wall or a ramp, unless --up says otherwise
)


def survey_step(
    ws: Workspace, checked: Step, cameras: Step, known: Known, each: Each, only_scale: bool = False
) -> Step:
    """`sparse/`: cameras in metres; `survey.json`: what is known beside what the residuals say, and where markers lie.

    Where nothing is known the cameras stay as they are. only_scale: a lighter bundle, for cameras that stay too.
    """

    def work(out: Path, tell: Progress) -> None:
        from sculpt3d.metric.pixels import clicks_by_formula, seen_by_formula
        from sculpt3d.metric.reconstruction import markers_in
        from sculpt3d.models.colmap import read_model
        from sculpt3d.models.residual_grid import copy_grids, read_grids

        model = read_model(cameras.path / "sparse")
        names = sorted(str(model.images[i].name) for i in model.reg_image_ids())
        seen = _markers(checked.path / "images", names, known, each, tell)
        grids = read_grids(cameras.path / "sparse")
        seen, known_here = seen_by_formula(model, grids, seen), clicks_by_formula(model, grids, known)
        facts: dict[str, Any] = {"scale_sigma": None, "lengths": [], "control": False}
        if known:
            try:
                model, facts = _surveyed(model, seen, known_here, only_scale)
            except InputError as error:
                raise InputError(f"{error}{_by_ruler(markers_in(model, seen), known)}") from error
        facts["placed"] = markers_in(model, seen)
        facts["ruler_mm"] = _ruler_mm(facts["placed"]) if known else None
        (out / "sparse").mkdir(exist_ok=True)
        model.write(str(out / "sparse"))
        copy_grids(cameras.path / "sparse", out / "sparse")
        write_atomic(out / "survey.json", json.dumps(facts).encode())
        tell(1, 1)

    step = ws.step(
        "survey", 3, work, {"known": asdict(known), "only_scale": only_scale}, [checked.key, cameras.key]
    )
    for sentence in sentences(survey_facts(step)):
        ws.console.say(f"note: {sentence}")
    return step


def _surveyed(
    model: Any, seen: Mapping[str, Any], known: Known, only_scale: bool
) -> tuple[Any, dict[str, Any]]:
    from sculpt3d.metric.reconstruction import adjusted_model
    from sculpt3d.metric.survey import FOR_SCALE, MOST_TIES, survey

    found = survey(model, seen, known, ties=FOR_SCALE if only_scale else MOST_TIES)
    ties, markers, clicks = found.noise_px
    return adjusted_model(model, found.network), {
        "in_bundle": found.in_bundle,
        "scale_sigma": found.scale_sigma,
        "noise_px": {"tie_points": ties, "markers": markers, "clicked": clicks},
        "lengths": [asdict(t) for t in found.told],
        "markers": dict(found.photos),
        "redundancy": found.redundancy,
        "control": bool(known.points),
        "origin_m": found.origin.tolist(),
    }


def survey_facts(step: Step) -> dict[str, Any]:
    return dict(json.loads((step.path / "survey.json").read_text("utf-8")))


def scale_sigma(step: Step | None) -> float | None:
    """1-sigma of all lengths together, relative; None where nothing known tells it."""
    return None if step is None else survey_facts(step)["scale_sigma"]


def sentences(facts: Mapping[str, Any]) -> list[str]:
    """What a person must know of the survey."""
    lines = []
    if facts["scale_sigma"] is not None and not facts["in_bundle"]:
        lines.append(
            "The bundle did not hold together with the known lengths: the model was only brought to their size, and its shape "
            "rests on the photos alone."
        )
    ruler = facts["ruler_mm"]
    if ruler is not None and abs(ruler / 100 - 1) > RULER_OFF:
        lines.append(
            f"The ruler on the printed sheet is {ruler:.1f} mm long in the model where 100 were drawn: the sheet was printed at "
            f"{ruler:.1f} %, or the lengths given are not those of this print. Measure the printed bars themselves."
        )
    return lines


def scale_source(step: Step) -> str:
    """For people: what the scale rests on."""
    facts = survey_facts(step)
    names = {t["name"].rsplit(" ", 1)[0] if t["name"][-2:] in (" x", " y", " z") else f"bar {t['name']}"
             for t in facts["lengths"] if t["use"] == "control"}  # fmt: skip
    bars = sum(n.startswith("bar ") for n in names)
    what = [f"{n} {one}{'s' if n > 1 else ''}" for n, one in
            ((bars, "scale bar"), (len(names) - bars, "control point")) if n]  # fmt: skip
    how = "in the bundle" if facts["in_bundle"] else "by which the finished cameras were rescaled"
    return f"{' and '.join(what)} {how}, \u00b1{100 * facts['scale_sigma']:.2g} % (1 sigma)"


def _ruler_mm(placed: Mapping[str, Sequence[float]]) -> float | None:
    """The printed sheet's ruler in a model in metres; None where it is not seen."""
    from sculpt3d.metric.sheets import RULER, ruler_numbers

    for family in sorted({name.split(":")[0] for name in placed}):
        a, b = (placed.get(f"{family}:{n}") for n in ruler_numbers(family))
        if a is not None and b is not None:
            return float(np.linalg.norm(np.subtract(a, b))) * 1000 * 100 / RULER
    return None


def _by_ruler(placed: Mapping[str, Sequence[float]], known: Known) -> str:
    """What the sheet's ruler, taken as drawn, says of bars that contradict."""
    unit = _ruler_mm(placed)
    at = {name: p for full, p in placed.items() for name in (full, full.split(":")[1])}
    told = [
        f"{b.name} {1000 * float(np.linalg.norm(np.subtract(at[b.first], at[b.second]))) * 100 / unit:.1f} mm"
        for b in known.bars
        if unit and b.first in at and b.second in at
    ]
    return (
        f". By the ruler on the printed sheet, drawn 100 mm long, bars are: {', '.join(told[:6])}"
        if told
        else ""
    )


def _markers(images: Path, names: Sequence[str], known: Known, each: Each, tell: Progress) -> dict[str, Any]:
    """Sightings by photo; of the families that are named, else of those that some of the photos show."""
    from sculpt3d.metric.markers import NAMES

    clicked = {c.name for c in known.clicks}
    named = [n for n in known.names() if n not in clicked]
    if known and not named:
        return {n: [] for n in names}
    families = families_of(named)
    if not families:
        wanted = {n.rsplit(":", 1)[-1] for n in named}
        some = [names[i] for i in np.unique(np.linspace(0, len(names) - 1, TRIED).round().astype(int))]
        first = each(lambda n: _in_photo(images / n, NAMES, thorough=False), some, None)
        shown = {s.family for shots in first for s in shots if not wanted or str(s.number) in wanted}
        families = _smallest(shown, max((int(w) for w in wanted), default=0)) or NAMES
    found = each(lambda n: _in_photo(images / n, families), list(names), tell)
    return dict(zip(names, found, strict=True))


def _smallest(shown: set[str], number: int) -> tuple[str, ...]:
    """Without families that hold a smaller one with the same patterns (4x4_100 begins as 4x4_50 does) and numbers enough."""
    sizes = {f: int(f.rsplit("_", 1)[1]) for f in shown if f.rsplit("_", 1)[1].isdigit()}
    held = {f for f in sizes for g in sizes if f[:4] == g[:4] and number < sizes[g] < sizes[f]}
    return tuple(sorted(shown - held))


def _in_photo(path: Path, families: tuple[str, ...], thorough: bool = True) -> list[Any]:
    from sculpt3d.metric.markers import find_markers
    from sculpt3d.photos.pictures import read_photo

    pixels = read_photo(path).pixels
    grey = (pixels @ np.array([0.299, 0.587, 0.114], np.float32) + 0.5).astype(np.uint8)
    return find_markers(grey, families, thorough)


def up_by_targets(facts: Mapping[str, Any], gravity: F64, must: bool) -> F64 | None:
    """Unit vector up in the survey's frame: +Z of control, else across the plane in which the markers lie; None where neither is.

    gravity: up by the photos' horizons, which tells the plane's two sides apart. must: raise `InputError` instead of None.
    """
    if facts["control"]:
        return np.array([0.0, 0.0, 1.0])
    placed = np.array(list(facts["placed"].values())).reshape(-1, 3)
    why = f"only {len(placed)} markers are seen in two photos or more" if len(placed) < LEAST_MARKERS else ""
    if not why:
        centred = placed - placed.mean(0)
        _, size, axes = np.linalg.svd(centred, full_matrices=False)
        up = axes[2] * (np.sign(axes[2] @ gravity) or 1.0)
        if size[2] > FLAT * size[0] or size[1] < 0.2 * size[0]:
            why = "the markers do not lie in one plane, or all in a line"
        elif not must and up @ gravity < np.cos(np.radians(UPRIGHT_DEG)):
            return None
        else:
            return np.asarray(up)
    if must:
        raise InputError(
            f"Targets do not tell what is up: {why}; lay {LEAST_MARKERS} or more on the table, or leave --up out"
        )
    return None
