"""report.html of a comparison: one page, pictures inside, nothing from the network."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

from pipelines.templating import render
from sculpt3d.desk.colours import diverging, only
from sculpt3d.desk.comparison import Comparison
from sculpt3d.preview import cloud_turntable, turntable
from sculpt3d.types import F32, U8, Mesh, PointCloud

_BINS = 61
_WIDE, _HIGH = 610, 150  # of the histogram


def page(found: Comparison, facts: Mapping[str, Any], colours: U8, limit: float) -> str:
    """The HTML text; names of files come from strangers and are escaped."""
    return render(
        "comparison.html",
        a=facts["a"],
        b=facts["b"],
        lines=sentences(facts),
        rows=[
            {"caption": "Deviation", "pictures": _pictures(found, colours)},
            {
                "caption": "Significant change only",
                "pictures": _pictures(found, only(colours, found.change.significant)),
            },
        ],
        bar=_bar(limit),
        bins=_histogram(found, limit),
        wide=_WIDE,
        high=_HIGH,
        level=_at(facts["deviation"]["level_of_detection_mm"], limit),
        minus_level=_at(-facts["deviation"]["level_of_detection_mm"], limit),
        ends=[f"{v:+.3g}" if v else "0" for v in (-limit, -limit / 2, 0.0, limit / 2, limit)],
        patches=[_patch(p) for p in facts["patches"][:20]],
        more=max(len(facts["patches"]) - 20, 0),
        figures=[(k.replace("_", " "), _text(v)) for k, v in facts["deviation"].items()],
        averaged=[(k.replace("_", " "), _text(v)) for k, v in facts.get("m3c2", {}).items()],
        matrix=[[f"{v:.9g}" for v in row] for row in facts["registration"]["a_from_b"]],
        notes=facts["notes"],
    )


def sentences(facts: Mapping[str, Any]) -> list[str]:
    """What a person wants to know first."""
    a, b, r, d, patches = (facts[k] for k in ("a", "b", "registration", "deviation", "patches"))
    lines = [
        f"A {a['file']}: in {a['unit']} ({a['unit_source']}), {a['diagonal_mm']:.1f} mm from corner to corner of its box; "
        f"B {b['file']}: in {b['unit']} ({b['unit_source']}), {b['diagonal_mm']:.1f} mm.",
        f"Registration: {r['how']}"
        + (
            f"; what did not change fits to {_small(r['scatter_mm'])} mm, {r['share_used']:.0%} of B had a say."
            if r["scatter_mm"]
            else "."
        ),
        f"Median size of the deviation {_small(d['median_size_mm'])} mm, "
        f"level of detection {_small(d['level_of_detection_mm'])} mm.",
    ]
    if not patches:
        return [*lines, "No change is significant."]
    first = patches[0]
    more = (
        f", and {len(patches) - 1} smaller one{'s' if len(patches) > 2 else ''}" if len(patches) > 1 else ""
    )
    over = (
        f" over {first['area_mm2'] / 100:.3g} cm²" if first["area_mm2"] else f" at {first['points']} points"
    )
    what = "raised" if first["peak_mm"] > 0 else "sunk"
    return [
        *lines,
        f"Significant change in {len(patches)} place{'s' if len(patches) > 1 else ''}: the largest is {what} by "
        f"{abs(first['peak_mm']):.3f} ± {first['plus_minus_mm']:.3f} mm{over}{more}.",
    ]


def _small(mm: float) -> str:
    return f"{mm:.3f}" if mm >= 0.0005 else "under 0.001"


def _pictures(found: Comparison, colours: U8) -> list[dict[str, str]]:
    """Four sides, +Y up."""
    xyz = found.b.xyz.astype(np.float32)
    if found.b.surface is not None:
        shown = turntable(Mesh(xyz, found.b.surface.faces), colours, 4, 360)
    else:
        shown = cloud_turntable(_cloud(xyz, found.change.found.normal.astype(np.float32), colours), 4, 360)
    return [
        {"source": _jpeg(p), "words": f"seen from {90 * k}°", "caption": f"{90 * k}°"}
        for k, p in enumerate(shown)
    ]


def _cloud(xyz: F32, normal: F32, colours: U8) -> PointCloud:
    count = len(xyz)
    return PointCloud(xyz, normal, colours, np.zeros(count, np.int32), np.zeros(count, np.float32))


def _jpeg(picture: U8) -> str:
    data = io.BytesIO()
    Image.fromarray(picture).save(data, "JPEG", quality=88)
    return "data:image/jpeg;base64," + base64.b64encode(data.getvalue()).decode()


def _bar(limit: float) -> list[str]:
    """CSS colours from the least to the most."""
    return [_css(c) for c in diverging(np.linspace(-limit, limit, 41), limit)]


def _histogram(found: Comparison, limit: float) -> list[dict[str, str]]:
    """Rectangles, as high as the root of the counts, so that the few that changed show beside the many that did not."""
    d = found.change.signed[np.isfinite(found.change.signed)]
    count, edges = np.histogram(np.clip(d, -limit, limit), _BINS, (-limit, limit))
    height = np.sqrt(count / max(count.max(), 1)) * (_HIGH - 4)
    colours = diverging((edges[1:] + edges[:-1]) / 2, limit)
    wide = _WIDE / _BINS
    return [
        {
            "x": f"{k * wide:.2f}",
            "y": f"{_HIGH - h:.2f}",
            "width": f"{wide - 1:.2f}",
            "height": f"{h:.2f}",
            "colour": _css(c),
            "words": f"{edges[k]:.4g} to {edges[k + 1]:.4g} mm: {n:,} points",
        }
        for k, (h, c, n) in enumerate(zip(height, colours, count.tolist(), strict=True))
    ]


def _at(value: float, limit: float) -> str:
    return f"{(np.clip(value / limit, -1, 1) + 1) / 2 * _WIDE:.2f}"


def _patch(p: Mapping[str, Any]) -> dict[str, str]:
    return {
        "peak": f"{p['peak_mm']:+.3f} ± {p['plus_minus_mm']:.3f}",
        "mean": f"{p['mean_mm']:+.3f}",
        "area": f"{p['area_mm2'] / 100:.3g}" if p["area_mm2"] else "–",
        "volume": f"{p['volume_mm3'] / 1000:+.3g}" if p["area_mm2"] else "–",
        "at": ", ".join(f"{v:.6g}" for v in p["at"]),
    }


def _css(colour: Any) -> str:
    r, g, b = (int(v) for v in colour)
    return f"#{r:02x}{g:02x}{b:02x}"


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
