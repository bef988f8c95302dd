"""Depth maps of all views, coarse to fine; every phase reads only what the phase before wrote for all views.

So the result is the same with any number of threads, and a killed run goes on where it was: each view of each phase is
a file that appears whole.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d.errors import NotEnoughViews
from sculpt3d.files import put, write_atomic
from sculpt3d.models.colmap import write_depth_map
from sculpt3d.mvs import patchmatch_cpu, patchmatch_cuda, polish
from sculpt3d.mvs.maps import DepthFolder, map_paths
from sculpt3d.mvs.neighbours import Neighbours, choose_neighbours
from sculpt3d.mvs.pyramid import Pyramid
from sculpt3d.mvs.stack import Stack, build_stack, no_stack
from sculpt3d.mvs.start import depth_range, from_coarser, from_tie_points
from sculpt3d.mvs.warp import WORST, Sources
from sculpt3d.mvs.window import new_patch
from sculpt3d.progress import Each, Progress, one_by_one
from sculpt3d.types import Region, Scene

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class DepthParams:
    """max_image_size: longer side of the depth maps, pixels. neighbours: candidate views a photo. fast: fewer sweeps, at 60 %
    of the cost; what only two or three photos see is lost first."""

    max_image_size: int = 3200
    neighbours: int = 10
    fast: bool = False


@dataclass(frozen=True)
class Phase:
    """How all views are swept once. `scale`: halvings below the finest; `step_px`, `normal_step`: first perturbations;
    `settled`: pixels at this cost are left alone by the sweeps after the first."""

    name: str
    scale: int
    sweeps: int
    geometric: bool
    all_views: bool
    perturbations: int
    randoms: int
    step_px: float
    normal_step: float
    polish: int = 0
    settled: float = 0.0

    def cost(self) -> float:
        """Windows compared for a finest pixel, about: for the time left. A hypothesis asks 3.5 views, or 2."""
        tries = self.sweeps * (3 + self.perturbations + self.randoms)
        return (tries * (3.5 if self.all_views else 2.0) + 10 * self.polish) / 4**self.scale


# Views are chosen anew at every level: with the coarse level's choice kept, nymph lost .014 of F at 1 GSD; one sweep at full
# size .005; no sweep there .03; a third round of polish brought nothing. settled=0.1 there:
# a tenth less time, the same F; 0.2, or at every level, loses .0005-.001; asking the pixel's own pair only where it is at 0.2, or
# passing over a neighbour's plane that is the pixel's own to 0.1 px, saved nothing.
PHASES = (
    Phase("quarter", 2, 4, False, True, 3, 1, 4.0, 0.5),
    Phase("quarter-geometric", 2, 2, True, True, 3, 1, 2.0, 0.3),
    Phase("half", 1, 2, True, True, 3, 0, 1.0, 0.2),
    Phase("full", 0, 2, True, True, 1, 0, 0.5, 0.1, polish=2, settled=0.1),
)
FAST_PHASES = (
    *PHASES[:2],
    Phase("half", 1, 2, True, False, 3, 0, 1.0, 0.2),
    Phase("full", 0, 1, True, False, 1, 0, 0.5, 0.1, polish=1),
)


def estimate_depths(
    scene: Scene,
    out: Path,
    params: DepthParams | None = None,
    region: Region | None = None,
    each: Each = one_by_one,
    progress: Progress | None = None,
) -> DepthFolder:
    """Write COLMAP depth, normal, cost and error maps of every view below `out/stereo`; what is there already is kept.

    With `region` only pixels whose ray meets it are worked on. Raises `NotEnoughViews` where no photo has neighbours.
    """
    params = params or DepthParams()
    neighbours = choose_neighbours(scene, params.neighbours)
    if not any(n.views for n in neighbours):
        raise NotEnoughViews(
            "No two photos see the same part of the object; add photos that overlap by two thirds"
        )
    pyramid = Pyramid(scene, params.max_image_size, region, out / "phases", each)
    if patchmatch_cuda.available():
        patchmatch_cuda.estimate(pyramid, neighbours, out, params.max_image_size)
    else:
        phases = FAST_PHASES if params.fast else PHASES
        sweep_phases(pyramid, neighbours, phases, out, each, progress)
    facts = {"megapixels": pyramid.megapixels(), "views": len(scene.views)}
    write_atomic(out / "depth.json", json.dumps(facts).encode())
    return DepthFolder(out, scene)


def sweep_phases(
    pyramid: Pyramid, neighbours: tuple[Neighbours, ...], phases: tuple[Phase, ...], out: Path,
    each: Each = one_by_one, progress: Progress | None = None,
) -> PhaseRun:  # fmt: skip
    """Run `phases` in turn; the last one's maps are written below `out`."""
    views = len(pyramid.scene.views)
    pixels = np.cumsum([0.0, *(1.0 + np.count_nonzero(pyramid.wanted(i, 0)) for i in range(views))])
    share = np.cumsum([0.0, *(p.cost() for p in phases)])
    before: PhaseRun | None = None
    for number, phase in enumerate(phases):
        run = PhaseRun(pyramid, neighbours, phase, before, out if number == len(phases) - 1 else None)

        def tell(done: int, _: int, number: int = number, phase: Phase = phase) -> None:
            if progress:
                reached = share[number] + phase.cost() * pixels[done] / pixels[-1]
                progress(round(1000 * reached / share[-1]), 1000)

        each(run.view, range(views), tell)
        before = run
    assert before is not None
    return before


class PhaseRun:
    """One phase over all views. With `out` its planes are the result: COLMAP's maps instead of files for the next phase."""

    def __init__(
        self, pyramid: Pyramid, neighbours: tuple[Neighbours, ...], phase: Phase, before: PhaseRun | None,
        out: Path | None,
    ) -> None:  # fmt: skip
        self.pyramid, self.neighbours, self.phase, self.before, self.out = (
            pyramid,
            neighbours,
            phase,
            before,
            out,
        )
        self.pictures = pyramid.pictures(phase.scale)
        views = len(neighbours)
        self.geometry = before.depths() if before and phase.geometric else no_stack(np.float32, views)

    def depths(self) -> Stack:
        """Of all views, mapped."""
        return build_stack(
            self.pyramid.work / f"{self.phase.name}.f32",
            self.pyramid.sizes(self.phase.scale),
            np.float32,
            lambda i: self.planes(i)["depth"],
        )

    def planes(self, i: int) -> Arrays:
        """What the phase found for view i."""
        with np.load(self._file(i), allow_pickle=False) as found:
            return dict(found)

    def _file(self, i: int) -> Path:
        return self.pyramid.work / self.phase.name / f"{i:06d}.npz"

    def view(self, i: int) -> None:
        """Sweep view `i` and write its planes."""
        final = None if self.out is None else map_paths(self.out, self.pyramid.scene.views[i].name)
        if (self._file(i) if final is None else final["cost"]).exists():
            return
        wanted = self.pyramid.wanted(i, self.phase.scale)
        depth, normal, choice = self._start(i, wanted.shape)
        cost = np.full(wanted.shape, WORST, np.float32)
        error = np.zeros(wanted.shape, np.float32)
        if self.neighbours[i].views and wanted.any():
            planes = patchmatch_cpu.Planes(depth, normal, cost, choice)
            self._sweep(i, wanted, planes, error)
        keep = wanted & (cost < 1.5)
        depth[~keep] = 0
        if final is None:
            _save(self._file(i), {"depth": depth, "normal": normal, "choice": choice})
            return
        normal[~keep] = 0
        maps = {"depth": depth, "normal": normal, "error": error, "cost": cost}
        for key, crop in maps.items():  # cost last: it marks the view as done
            write_depth_map(final[key], self.pyramid.paste(i, crop))

    def _start(self, i: int, shape: tuple[int, int]) -> tuple[Any, Any, Any]:
        if self.before is None:
            return *from_tie_points(self.pyramid, i, self.phase.scale), np.zeros((*shape, 2), np.uint8)
        cameras = (self.pyramid.camera(i, p.scale) for p in (self.before.phase, self.phase))
        return tuple(np.ascontiguousarray(a) for a in from_coarser(self.before.planes(i), *cameras))  # type: ignore[return-value]

    def _sweep(self, i: int, wanted: NDArray[np.bool_], planes: patchmatch_cpu.Planes, error: Any) -> None:
        phase, near, camera = self.phase, self.neighbours[i], self.pyramid.camera(i, self.phase.scale)
        index = np.array(near.views)
        sources = Sources(
            self.pictures.flat, self.pictures.offset[index], self.pictures.size[index].astype(np.int32),
            *self.pyramid.warps(i, near.views, phase.scale),
            self.geometry.flat, self.geometry.offset[index], self.geometry.size[index].astype(np.int32),
        )  # fmt: skip
        grey = (self.pictures.view(i) & np.uint32(255)).astype(np.uint8)
        angle = np.radians(np.clip(np.median(near.angle_deg[:4]), 3, 40))
        z_per_px = np.float32(1 / (camera.fx * np.sin(angle)))
        z_near, z_far = (np.float32(z) for z in depth_range(self.pyramid, i))
        pinhole = polish.kernel_camera(camera)
        patch = new_patch()
        for k in range(phase.sweeps):
            how = patchmatch_cpu.Schedule(
                k % 2 == 0, k == 0, phase.all_views, phase.geometric, phase.perturbations, phase.randoms,
                np.float32(phase.step_px / (1 + k)), np.float32(phase.normal_step / (1 + k)), z_near, z_far, z_per_px,
                np.float32(phase.settled),
            )  # fmt: skip
            seed = zlib.crc32(f"{self.pyramid.scene.views[i].name}/{phase.name}/{k}".encode())
            state = np.array([seed | 1], np.uint32)
            patchmatch_cpu.sweep(grey, wanted, pinhole, planes, sources, how, patch, state)
        if phase.polish:
            polish.polish(grey, wanted, pinhole, planes, sources, z_per_px, phase.polish, error)


def _save(path: Path, arrays: Arrays) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.part.npz")
    np.savez(temporary, **arrays)  # type: ignore[arg-type]
    put(temporary, path)
