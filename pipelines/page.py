"""report.html: one file for people, pictures inside. How good it is, where to shoot more, what was left out, what it cost."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from pipelines.accuracy import accuracy, known_lengths
from pipelines.fronts import relief_lines
from pipelines.network_words import network_lines
from pipelines.surveying import sentences as survey_sentences
from pipelines.templating import render
from pipelines.workspace import Step
from sculpt3d.types import F32, U8, Scene

SIDES = ("0°", "90°", "180°", "270°")
_CAPTIONS = {
    "colour": "In colour",
    "clay": "Shape alone",
    "evidence": "How many photos agree on the surface",
    "cloud": "The dense cloud",
}
_LABELS = {
    "photos": "Photos",
    "cameras": "Cameras",
    "scale": "Scale",
    "dense": "Dense cloud",
    "evidence": "Evidence",
    "mesh": "Mesh (mesh.ply)",
    "texture": "Web model (model.glb)",
}


@dataclass(frozen=True)
class Contents:
    """What the page shows. `pictures`: four sides by kind; `depths`: by photo; `footprint`: mesh vertices (V, 3); `lenses`: a
    caption and the residual map of each camera."""

    name: str
    facts: Mapping[str, Any]
    pictures: Mapping[str, Sequence[U8]]
    depths: Mapping[str, U8]
    scene: Scene
    footprint: F32
    stages: Sequence[Step]
    lenses: Sequence[tuple[str, U8]] = ()


def page(c: Contents) -> str:
    """The HTML text; names of photos come from strangers and are escaped."""
    filled, stages = c.facts["filled"], list(c.stages)
    longest = max((s.seconds for s in stages), default=1) or 1
    return render(
        "report.html",
        name=c.name,
        advice=advice(c.facts),
        tiles=_tiles(c.facts),
        views=[_view(kind, pictures) for kind, pictures in c.pictures.items()],
        depths=[_shown(p, f"Depth map of {name}", name) for name, p in c.depths.items()],
        plan=plan(c.scene, c.footprint),
        lenses=[_shown(p, words, words) for words, p in c.lenses],
        network=_network(c.facts),
        filled=[_filled(p) for p in filled["largest"]],
        filled_more=filled["patches"] - len(filled["largest"]),
        rejected=c.facts["photos"]["rejected"],
        lengths=known_lengths(c.facts),
        accuracy=accuracy(c.facts),
        stages=[_stage(s, longest) for s in stages],
        together=_duration(sum(s.seconds for s in stages)),
        groups=[{"label": label, "rows": _rows(c.facts[group])} for group, label in _LABELS.items()],
        versions=", ".join(f"{k} {v}" for k, v in c.facts["versions"].items()),
    )


def advice(facts: Mapping[str, Any]) -> list[str]:
    """How good it is and what would make it better, a sentence each; only from measured figures."""
    p, c, e = facts["photos"], facts["cameras"], facts["evidence"]
    lines = [
        f"{p['registered']} of {p['given']} photos were placed, to {c['mean_reprojection_error_px']:.2f} pixels."
    ]
    if c["turntable"]:
        few = p["registered"] < 0.9 * p["used"]
        lines.append(
            f"The object turned before a background that stands still, so the {c['still_share']:.0%} of the features that did "
            "not move were left out"
            + ("; give masks or use a plain backdrop to place more photos." if few else ".")
        )
    lines += c["told_apart"]
    lines += survey_sentences(facts["survey"]) if facts.get("survey") else []
    if c["mean_reprojection_error_px"] > 1:
        lines.append("More than one pixel is much: a lens that zooms or focuses between photos, or blur.")
    if c["dense_misfit_px"] is not None:
        lines.append(
            f"The tie points were weak, so {c['dense_tracks']} dense matches refined the cameras: others, held back, now fit "
            f"to {c['dense_misfit_px']:.2f} pixels, {c['dense_misfit_before_px']:.2f} before."
        )
    if facts.get("network"):
        lines += network_lines(facts)
    if facts.get("relief"):
        lines += relief_lines(facts)
    elif c["largest_gap_deg"] > 60:
        lines.append(
            f"No photo was taken over {c['largest_gap_deg']:.0f} degrees around the object (see the plan): shoot there."
        )
    if e["weak_share"] > 0.02 and not facts.get("relief"):
        lines.append(
            f"{e['weak_share']:.0%} of the surface rests on fewer than four photos, most of it facing {e['weakest_side']}: "
            "photos from there would help most."
        )
    if facts["mesh"]["filled_share"] > 0.001:
        lines.append(f"{facts['mesh']['filled_share']:.1%} of the surface was filled in without evidence.")
    if facts["mesh"]["open_borders"] > 1:
        lines.append(
            f"The surface has {facts['mesh']['open_borders']} open borders, where no photo saw enough."
        )
    if facts["texture"]["unseen_share"] > 0.01:
        lines.append(
            f"{facts['texture']['unseen_share']:.0%} of the texture is seen by no photo and takes its neighbours' colour."
        )
    if not facts["scale"]["metric"]:
        lines.append(
            "There is no scale: lengths have no unit. Give --scale-bars, --control or --object-height to get one."
        )
    return lines


def plan(scene: Scene, footprint: F32) -> dict[str, Any]:
    """Cameras from above (dots, with where they look), around the object's outline, in a square of 340; 0° is below, 90° to the
    right."""
    c = np.array([v.cam_from_world.source_origin for v in scene.views])[:, [0, 2]]
    look = np.array([v.cam_from_world.rotation[2] for v in scene.views])[:, [0, 2]]
    body = footprint[:, [0, 2]]
    middle = (body.min(0) + body.max(0)) / 2
    reach = float(np.abs(np.r_[c, body] - middle).max()) * 1.12 or 1.0

    def at(xz: Any) -> Any:
        return (xz - middle) / reach * 150 + 170

    ends = zip(at(c), at(c) + 14 * look, strict=True)
    places = ((170, 337), (326, 174), (170, 13), (16, 174))
    return {
        "outline": " ".join(f"{x:.1f},{y:.1f}" for x, y in at(_outline(body, middle))),
        "cameras": [
            {"x": f"{x:.1f}", "y": f"{y:.1f}", "to_x": f"{a:.1f}", "to_y": f"{b:.1f}"} for (x, y), (a, b) in ends
        ],
        "words": [(side, x, y) for side, (x, y) in zip(SIDES, places, strict=True)],
    }


def _outline(body: Any, middle: Any) -> Any:
    """Farthest point in each of 72 directions: the footprint as a star-shaped polygon."""
    offset = body - middle
    sector = ((np.arctan2(offset[:, 1], offset[:, 0]) + np.pi) / (2 * np.pi) * 72).astype(int) % 72
    order = np.lexsort((np.hypot(*offset.T), sector))
    last = np.r_[np.flatnonzero(np.diff(sector[order])), len(order) - 1]
    return body[order[last]]


def _tiles(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    size, gsd, error = facts["mesh"]["size_mm"], facts["gsd_mm"], facts["uncertainty"].get("median_mm")
    return [
        (f"{facts['photos']['registered']} / {facts['photos']['given']}", "photos placed"),
        (f"{facts['cameras']['mean_reprojection_error_px']:.2f} px", "mean reprojection error"),
        (" x ".join(f"{v:.0f}" for v in size) + " mm" if size else "no scale", "width x height x depth"),
        (f"{gsd:.2f} mm" if gsd else "no scale", "a photo's pixel on the object"),
        (f"\u00b1{error:.2g} mm" if error else "no scale", "surface, predicted (1 sigma, median)"),
        (f"{facts['mesh']['triangles']:,}", "triangles"),
    ]


def _view(kind: str, pictures: Sequence[U8]) -> dict[str, Any]:
    caption = _CAPTIONS[kind]
    shown = [_shown(p, f"{caption}, seen from {side}", side) for p, side in zip(pictures, SIDES, strict=False)]
    return {"kind": kind, "caption": caption, "pictures": shown}


def _shown(picture: U8, words: str, caption: str) -> dict[str, str]:
    data = io.BytesIO()
    Image.fromarray(picture).save(data, "JPEG", quality=85)
    code = base64.b64encode(data.getvalue()).decode()
    return {"source": f"data:image/jpeg;base64,{code}", "words": words, "caption": caption}


def _filled(patch: Mapping[str, Any]) -> dict[str, str]:
    return {"wide": _width(patch), "side": patch["side"], "height": f"{patch['height_share']:.0%}"}


def _network(facts: Mapping[str, Any]) -> list[dict[str, str]]:
    """A camera a row."""
    return [
        {
            "camera": f"{number}, {lens['model']}, {lens['photos']} photos",
            "rms": f"{lens['rms_px']:.2f}",
            "pattern": f"{lens['pattern_px']:.2f}",
            "focal": "not known" if lens["focal_sigma"] is None else f"{lens['focal_sigma']:.2%}",
            "correlated": ", ".join(f"{a} with {b} {c:+.2f}" for a, b, c in lens["correlated"][:5]) or "none",
        }
        for number, lens in enumerate((facts.get("network") or {}).get("lenses", []), 1)
    ]


def _width(patch: Mapping[str, Any]) -> str:
    if patch["width_mm"] is None:
        return f"{patch['width_share']:.1%} of the object"
    return f"{patch['width_mm']:.1f} mm"


def _stage(step: Step, longest: float) -> dict[str, str]:
    return {
        "name": step.name,
        "share": f"{100 * step.seconds / longest:.0f}",
        "time": _duration(step.seconds),
        "core_seconds": f"{step.core_seconds:.0f}",
        "memory": f"{step.peak_rss_mb:.0f}",
    }


def _duration(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 100 else f"{seconds / 60:.1f} min"


def _rows(group: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(key.replace("_", " "), _text(value)) for key, value in group.items() if key != "rejected"]


def _text(value: Any) -> str:
    if value is None:
        return "not measured"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return " ".join(f"{k.replace('_', ' ')} {_text(v)}" for k, v in value.items())
    if isinstance(value, list):
        return ", ".join(_text(v) for v in value)
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
