"""Cost and memory of dense stereo as sets grow, and whether the time left is right:

    python benchmarks/bench_scale.py [--photos 25,50,100,200] [--size 400x500] [--around 3] [-o OUT]

The sample figure is photographed anew from three rings, so the pictures of every set are as alike as its cameras. A row is a
set: core-seconds a photo, and of these in depth and fusion; peak memory of all, and of what the system cannot write back
to files; how wrong the time left was, at worst, from a tenth of the run on. OUT takes `scale.json` and `scale.png`
(default: build/bench_scale).
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic

import numpy as np
import psutil
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "sample_data"))

from dense_curve import draw_lines
from dense_runs import apart, compiled_into
from dense_sets import write_model
from figure import HEIGHT, make_figure, make_floor

from pipelines.console import Console
from sculpt3d.geometry import Rigid3
from sculpt3d.synthetic import Look, Stage, ring
from sculpt3d.types import Mesh, Pinhole

ROOT = Path(__file__).parents[1]
HEAD = "photos   MP each  core-s a photo   depth  fusion   peak MB  of it own MB  time left off by"


@dataclass(frozen=True)
class Row:
    photos: int
    megapixels: float
    core_seconds: float
    depth: float
    fusion: float
    peak_mb: float
    own_mb: float
    time_left_off: float

    def __str__(self) -> str:
        return (
            f"{self.photos:6} {self.megapixels:9.2f} {self.core_seconds:15.2f} {self.depth:7.2f} {self.fusion:7.2f} "
            f"{self.peak_mb:9.0f} {self.own_mb:13.0f} {self.time_left_off:16.0%}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", default="25,50,100,200")
    parser.add_argument("--size", default="400x500")
    parser.add_argument("--around", type=int, default=3, help="rings of cameras")
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "build" / "bench_scale")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    counts = [int(n) for n in options.photos.split(",")]
    width, height = (int(n) for n in options.size.split("x"))
    with tempfile.TemporaryDirectory(dir=options.out) as folder:
        compiled_into(Path(folder) / "kernels")
        print(HEAD, flush=True)
        rows = []
        for count in counts:
            place = Path(folder) / str(count)
            photograph(
                place,
                count,
                options.around,
                Pinhole(width, height, 1.15 * height, 1.15 * height, width / 2, height / 2),
            )
            rows.append(apart(measured, place, count, width * height / 1e6))
            print(rows[-1], flush=True)
    lines = {
        "all steps": [r.core_seconds for r in rows],
        "depth": [r.depth for r in rows],
        "fusion": [r.fusion for r in rows],
    }
    draw_lines([float(n) for n in counts], lines, "photos", "core-seconds a photo", options.out / "scale.png")
    (options.out / "scale.json").write_text(json.dumps([asdict(r) for r in rows], indent=1))


def photograph(folder: Path, count: int, around: int, camera: Pinhole) -> None:
    """`count` photos of the sample figure from `around` rings, and their true cameras, without tie points."""
    figure, colour = make_figure()
    floor, floor_colour = make_floor()
    faces = np.concatenate([figure.faces, floor.faces + len(figure.vertices)])
    stage = Stage(
        Mesh(np.concatenate([figure.vertices, floor.vertices]), faces), np.concatenate([colour, floor_colour])
    )
    centre = np.array([0, 0.47 * HEIGHT, 0])
    shares = np.diff(np.linspace(0, count, around + 1).round().astype(int))
    poses: list[Rigid3] = []
    for k, share in enumerate(shares.tolist()):
        poses += ring(centre, 0.66, 12 + 48 * k / max(around - 1, 1), share, 7.0 * k)
    (folder / "images").mkdir(parents=True)
    names = [f"{i:04d}.jpg" for i in range(count)]
    for i, (name, pose) in enumerate(zip(names, poses, strict=True)):
        photo = stage.photograph(camera, pose, Look(noise=1.2), seed=i)
        Image.fromarray(photo).save(folder / "images" / name, quality=92)
    c = camera
    line = f"PINHOLE {c.width} {c.height} {c.fx} {c.fy} {c.cx} {c.cy}"
    write_model(folder / "sparse", names, [line] * count, poses, np.empty((0, 3)), [], [[]] * count)


class Listener(Console):
    """Says nothing; keeps what it would say of the time left, and when."""

    def __init__(self) -> None:
        super().__init__("quiet")
        self.began, self.claims = monotonic(), list[tuple[float, float]]()

    def tell(self, done: int, total: int) -> None:
        left = self.seconds_left(done / max(total, 1))
        if left is not None:
            self.claims.append((monotonic() - self.began, left))

    def worst(self) -> float:
        """Of all claims between a tenth and nine tenths of the run, relative to what was left."""
        whole = monotonic() - self.began
        off = [abs(left - (whole - at)) / (whole - at) for at, left in self.claims if 0.1 < at / whole < 0.9]
        return max(off, default=float("nan"))


def measured(folder: Path, count: int, megapixels: float) -> Row:
    from pipelines.densify import densify

    own, ended = [0.0], threading.Event()

    def watch() -> None:
        me = psutil.Process()
        while not ended.wait(0.2):
            memory = me.memory_info()
            own[0] = max(own[0], (memory.rss - memory.shared) / 1e6)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    listener = Listener()
    report = densify(folder, folder / "out", console=listener)
    off = listener.worst()
    ended.set()
    watcher.join()
    cost = {s["name"]: s["core_seconds"] / count for s in report["stages"]}
    peak = max(s["peak_rss_mb"] for s in report["stages"])
    return Row(count, megapixels, sum(cost.values()), cost["depth"], cost["fusion"], peak, own[0], off)


if __name__ == "__main__":
    main()
