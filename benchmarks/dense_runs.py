"""What is measured, each in a process of its own: its core-seconds and its peak of memory are then its own."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

from dense_sets import DenseSet, tiny

from pipelines.settings import load_preset

T = TypeVar("T")
SIFT_PHOTOS = 24


@dataclass(frozen=True)
class Setting:
    """`preset`: whose size and speed; photos are never enlarged, so `museum` is `standard` where they are smaller."""

    name: str
    preset: str = "standard"
    fast: bool = False
    masks: bool = False
    everything: bool = False

    def size(self) -> int:
        return load_preset(self.preset).max_image_size


DRAFT, STANDARD, MUSEUM = (Setting(name, name, name == "draft") for name in ("draft", "standard", "museum"))
FAST, MASKED = Setting("fast", fast=True), Setting("masks", masks=True)
EVERYTHING = Setting("everything", everything=True)


@dataclass(frozen=True)
class Run:
    """Core-seconds of the whole and of depth alone; seconds of the whole; megapixels worked on; peak MB."""

    out: Path
    core_seconds: float
    depth_core_seconds: float
    seconds: float
    megapixels: float | None
    peak_mb: float
    points: int
    region: str


def apart(function: Callable[..., T], *arguments: Any) -> T:
    """`function(*arguments)` in a fresh process."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def compiled_into(cache: Path) -> float:
    """Core-seconds that compiling the kernels costs on a machine that has never run them; they stay in `cache`."""
    os.environ["NUMBA_CACHE_DIR"] = str(cache)
    return apart(_warm) - apart(_warm)


def densified(one: DenseSet, setting: Setting, out: Path, workers: int) -> Run:
    return apart(_densify, one, setting, out, workers)


def sift_core_seconds(one: DenseSet) -> float:
    """A photo, `pycolmap.extract_features` as it comes, on one thread."""
    return apart(_sift, one)


def _warm() -> float:
    from pipelines.densify import densify

    before = _core_seconds()
    with tempfile.TemporaryDirectory() as folder:
        ball = tiny(Path(folder))
        densify(ball.model, Path(folder) / "out", ball.photos)
    return _core_seconds() - before


def _densify(one: DenseSet, setting: Setting, out: Path, workers: int) -> Run:
    from pipelines.densify import densify
    from pipelines.settings import How
    from sculpt3d.mvs.depth import DepthParams

    _warm()  # imports and loading the kernels are a second or two, whatever the set
    report = densify(
        one.model, out, one.photos, one.masks if setting.masks else None, How(workers),
        everything=setting.everything, params=DepthParams(setting.size(), fast=setting.fast),
    )  # fmt: skip
    stages = report["stages"]
    return Run(
        out,
        sum(s["core_seconds"] for s in stages),
        report["dense"]["core_seconds"],
        sum(s["seconds"] for s in stages),
        report["dense"]["megapixels"],
        max(s["peak_rss_mb"] for s in stages),
        report["dense"]["points"],
        report["dense"]["region"],
    )


def _sift(one: DenseSet) -> float:
    from sculpt3d._pycolmap import pycolmap

    names = sorted(p.name for p in one.photos.iterdir())[:SIFT_PHOTOS]
    options = pycolmap.FeatureExtractionOptions()
    options.num_threads = 1
    options.use_gpu = False
    with tempfile.TemporaryDirectory() as folder:
        before = _core_seconds()
        pycolmap.extract_features(
            Path(folder) / "sift.db",
            one.photos,
            names,
            extraction_options=options,
            device=pycolmap.Device.cpu,
        )
        return (_core_seconds() - before) / len(names)


def _core_seconds() -> float:
    return float(sum(os.times()[:4]))
