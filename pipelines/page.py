"""report.html: one file for people, pictures inside. How good it is, where to shoot more, what was left out, what it cost."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pipelines.workspace import Step
from sculpt3d.types import F32, U8, Scene

SIDES = ("0°", "90°", "180°", "270°")
_CAPTIONS = {
    "colour": "In colour",
    "clay": "Shape alone",
    "evidence": "How many photos agree on the surface",
    "cloud": "The dense cloud",
}
_LEGEND = (
    '<p class="legend"><i style="background:#be1e2d"></i>2 <i style="background:#f5b432"></i>4 '
    '<i style="background:#f0ebbe"></i>6 <i style="background:#3c96aa"></i>8 <i style="background:#145078"></i>10 or more '
    'photos <i style="background:#5a5a5a"></i>filled in without evidence. Shoot more where it is red.</p>'
)
_DEPTH_LEGEND = (
    '<i style="background:#be1e2d"></i>near <i style="background:#145078"></i>far '
    '<i style="background:#3c3c3c"></i>nothing sure, or not the object'
)
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
    """What the page shows. `pictures`: four sides by kind; `depths`: by photo; `footprint`: mesh vertices (V, 3)."""

    name: str
    facts: Mapping[str, Any]
    pictures: Mapping[str, Sequence[U8]]
    depths: Mapping[str, U8]
    scene: Scene
    footprint: F32
    stages: Sequence[Step]


def page(c: Contents) -> str:
    """The HTML text; names of photos come from strangers and are escaped."""
    values = {
        "NAME": html.escape(c.name),
        "ADVICE": "".join(f"<li>{html.escape(line)}</li>" for line in advice(c.facts)),
        "TILES": _tiles(c.facts),
        "PICTURES": "".join(_row(kind, pictures) for kind, pictures in c.pictures.items()),
        "DEPTHS": _depths(c.depths),
        "FILLED": _filled(c.facts["filled"]),
        "PLAN": plan_svg(c.scene, c.footprint),
        "REJECTED": _rejected(c.facts["photos"]["rejected"]),
        "STAGES": _stages(c.stages),
        "TABLE": _tables(c.facts),
        "VERSIONS": html.escape(", ".join(f"{k} {v}" for k, v in c.facts["versions"].items())),
    }
    text = (Path(__file__).parent / "report.html").read_text(encoding="utf-8")
    head, *parts = text.split("{{")  # one pass: nothing inside a value is taken for a placeholder
    return head + "".join(values[key] + rest for key, rest in (p.split("}}", 1) for p in parts))


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
    for one in c["told_apart"]:
        lines.append(
            f"What looked like one camera was {len(one['photos'])}, by the tie points ({_and(one['photos'])} photos): those held "
            f"back fit to {one['error_px']:.2f} pixels with a lens for each, to {one['error_as_one_px']:.2f} with one for all."
        )
    if c["mean_reprojection_error_px"] > 1:
        lines.append("More than one pixel is much: a lens that zooms or focuses between photos, or blur.")
    if c["dense_misfit_px"] is not None:
        lines.append(
            f"The tie points were weak, so {c['dense_tracks']} dense matches refined the cameras: others, held back, now fit "
            f"to {c['dense_misfit_px']:.2f} pixels, {c['dense_misfit_before_px']:.2f} before."
        )
    if c["largest_gap_deg"] > 60:
        lines.append(
            f"No photo was taken over {c['largest_gap_deg']:.0f} degrees around the object (see the plan): shoot there."
        )
    if e["weak_share"] > 0.02:
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
            "There is no scale: lengths have no unit. Give --object-height, in millimetres, to get one."
        )
    return lines


def _and(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers[:-1])) + f" and {numbers[-1]}"


def plan_svg(scene: Scene, footprint: F32) -> str:
    """Cameras from above (dots, with where they look), around the object's outline; 0° is below, 90° to the right."""
    c = np.array([v.cam_from_world.source_origin for v in scene.views])[:, [0, 2]]
    look = np.array([v.cam_from_world.rotation[2] for v in scene.views])[:, [0, 2]]
    body = footprint[:, [0, 2]]
    middle = (body.min(0) + body.max(0)) / 2
    reach = float(np.abs(np.r_[c, body] - middle).max()) * 1.12 or 1.0

    def at(xz: Any) -> Any:
        return (xz - middle) / reach * 150 + 170

    outline = " ".join(f"{x:.1f},{y:.1f}" for x, y in at(_outline(body, middle)))
    marks = "".join(
        f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{x + 14 * a:.1f}" y2="{y + 14 * b:.1f}"/><circle cx="{x:.1f}" cy="{y:.1f}" r="4"/>'
        for (x, y), (a, b) in zip(at(c), look, strict=True)
    )
    words = "".join(
        f'<text x="{x}" y="{y}" text-anchor="middle">{side}</text>'
        for side, (x, y) in zip(SIDES, ((170, 337), (326, 174), (170, 13), (16, 174)), strict=True)
    )
    return (
        '<svg viewBox="0 0 340 340" role="img" aria-label="Camera positions from above">'
        f'<polygon points="{outline}"/>{marks}{words}</svg>'
    )


def _outline(body: Any, middle: Any) -> Any:
    """Farthest point in each of 72 directions: the footprint as a star-shaped polygon."""
    offset = body - middle
    sector = ((np.arctan2(offset[:, 1], offset[:, 0]) + np.pi) / (2 * np.pi) * 72).astype(int) % 72
    order = np.lexsort((np.hypot(*offset.T), sector))
    last = np.r_[np.flatnonzero(np.diff(sector[order])), len(order) - 1]
    return body[order[last]]


def _tiles(facts: Mapping[str, Any]) -> str:
    size, gsd, error = (
        facts["mesh"]["size_mm"],
        facts["gsd_mm"],
        facts["dense"]["median_error_estimate_mm"],
    )
    tiles = [
        (f"{facts['photos']['registered']} / {facts['photos']['given']}", "photos placed"),
        (f"{facts['cameras']['mean_reprojection_error_px']:.2f} px", "mean reprojection error"),
        (" x ".join(f"{v:.0f}" for v in size) + " mm" if size else "no scale", "width x height x depth"),
        (f"{gsd:.2f} mm" if gsd else "no scale", "a photo's pixel on the object"),
        (f"{error:.2f} mm" if error else "no scale", "median error estimate of a point"),
        (f"{facts['mesh']['triangles']:,}", "triangles"),
    ]
    return "".join(f"<div><b>{html.escape(v)}</b><span>{html.escape(k)}</span></div>" for v, k in tiles)


def _row(kind: str, pictures: Sequence[U8]) -> str:
    shown = "".join(
        f"<figure>{_img(p, f'{_CAPTIONS[kind]}, seen from {side}')}<figcaption>{side}</figcaption></figure>"
        for p, side in zip(pictures, SIDES, strict=False)
    )
    legend = _LEGEND if kind == "evidence" else ""
    return f'<h2>{_CAPTIONS[kind]}</h2>{legend}<div class="row">{shown}</div>'


def _depths(depths: Mapping[str, U8]) -> str:
    shown = "".join(
        f"<figure>{_img(p, f'Depth map of {name}')}<figcaption>{html.escape(name)}</figcaption></figure>"
        for name, p in depths.items()
    )
    return f'<h2>Depth maps of four photos</h2><p class="legend">{_DEPTH_LEGEND}</p><div class="row">{shown}</div>'


def _filled(filled: Mapping[str, Any]) -> str:
    if not filled["patches"]:
        return "<p>Nothing.</p>"
    rows = "".join(
        f"<tr><td>{_width(p)}</td><td>facing {p['side']}</td><td>at {p['height_share']:.0%} of the height</td></tr>"
        for p in filled["largest"]
    )
    more = filled["patches"] - len(filled["largest"])
    return f"<table>{rows}</table>" + (f"<p>And {more} smaller ones.</p>" if more else "")


def _width(patch: Mapping[str, Any]) -> str:
    wide = (
        f"{patch['width_share']:.1%} of the object"
        if patch["width_mm"] is None
        else f"{patch['width_mm']:.1f} mm"
    )
    return f"{wide} wide"


def _rejected(rejected: Sequence[Mapping[str, str]]) -> str:
    if not rejected:
        return "<p>None.</p>"
    rows = "".join(
        f"<tr><th>{html.escape(r['name'])}</th><td>{html.escape(r['reason'])}</td></tr>" for r in rejected
    )
    return f"<table>{rows}</table>"


def _stages(stages: Sequence[Step]) -> str:
    most = max((s.seconds for s in stages), default=1) or 1
    rows = "".join(
        f'<tr><th>{s.name}</th><td class="bar"><i style="width:{100 * s.seconds / most:.0f}%"></i></td>'
        f"<td>{_duration(s.seconds)}</td><td>{s.core_seconds:.0f} core-s</td><td>{s.peak_rss_mb:.0f} MB</td></tr>"
        for s in stages
    )
    total = sum(s.seconds for s in stages)
    return f"<table>{rows}<tr><th>together</th><td></td><td>{_duration(total)}</td><td></td><td></td></tr></table>"


def _duration(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 100 else f"{seconds / 60:.1f} min"


def _tables(facts: Mapping[str, Any]) -> str:
    def rows(group: str) -> str:
        return "".join(
            f"<tr><th>{key.replace('_', ' ')}</th><td>{html.escape(_text(value))}</td></tr>"
            for key, value in facts[group].items()
            if key != "rejected"
        )

    return "".join(
        f"<div><h3>{label}</h3><table>{rows(group)}</table></div>" for group, label in _LABELS.items()
    )


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


def _img(picture: U8, words: str) -> str:
    data = io.BytesIO()
    Image.fromarray(picture).save(data, "JPEG", quality=85)
    code = base64.b64encode(data.getvalue()).decode()
    return f'<img src="data:image/jpeg;base64,{code}" alt="{html.escape(words)}">'
