"""Seconds and quality of dense stereo together: `python benchmarks/bench_dense.py [COLMAP_DIR TRUTH.ply GSD_MM UP]`.

Without arguments the sample figure is measured from its true cameras.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

from pipelines.densify import densify
from pipelines.photogrammetry import How
from sculpt3d.evaluate import evaluate

SAMPLE = Path(__file__).parents[1] / "sample_data"


def main(arguments: list[str]) -> None:
    workspace = Path(arguments[0]) if arguments else SAMPLE / "truth" / "cameras"
    images = None if arguments else SAMPLE / "photos"
    truth = Path(arguments[1]) if arguments else SAMPLE / "truth" / "figure.ply"
    gsd, up = (float(arguments[2]), arguments[3]) if arguments else (0.57, "y")
    for again in ("compiling", "warm"):
        with tempfile.TemporaryDirectory() as folder:
            start = time.monotonic()
            report = densify(workspace, Path(folder) / "out", images, how=How())
            seconds = time.monotonic() - start
            found = evaluate(Path(folder) / "out" / "cloud.ply", truth, (gsd, 2 * gsd), floor_mm=5, up=up)  # type: ignore[arg-type]
            dense, stages = report["dense"], {s["name"]: s for s in report["stages"]}
            print(
                json.dumps(
                    {
                        "run": again,
                        "megapixels": round(dense["megapixels"], 2),
                        "seconds": round(seconds, 1),
                        "depth_core_seconds_per_megapixel": round(
                            dense["core_seconds"] / dense["megapixels"], 2
                        ),
                        "fusion_core_seconds": stages["fusion"]["core_seconds"],
                        "peak_mb": max(s["peak_rss_mb"] for s in report["stages"]),
                        "points": dense["points"],
                        "accuracy_median_mm": round(found.accuracy_mm.median, 4),
                        "f": {f"{s.tau_mm:g} mm": round(s.f, 4) for s in found.scores},
                    }
                ),
                flush=True,
            )


if __name__ == "__main__":
    main(sys.argv[1:])
