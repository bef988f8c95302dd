"""From a folder of photos to a textured model; readable from top to bottom.

    photos -> cameras -> refine -> undistort -> object -> depth -> fusion -> surface -> place -> texture -> model -> report

All steps up to `surface` work in the sfm frame, which has no unit: their thresholds are pixels. `place` finds the world
frame (metres if something gives scale, +Y up, base at y = 0), and everything handed out is in it.
"""

from __future__ import annotations

import os
import shutil
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pipelines.artifacts import (
    load_place,
    load_textured,
    save_textured,
    scene_of,
    uncertainty_of,
)
from pipelines.console import Console
from pipelines.dense import depth_step, fusion_step, object_step
from pipelines.parallel import memory_budget_gb, run_each, workers_within
from pipelines.placing import Up, Wish, place_step
from pipelines.surveying import survey_step
from pipelines.workspace import Step, Workspace, key_of_files
from sculpt3d.errors import InputError
from sculpt3d.geometry import Sim3
from sculpt3d.metric.tables import Known
from sculpt3d.models.ply import read_cloud, read_mesh, write_mesh
from sculpt3d.photos.masks import Masks
from sculpt3d.progress import Each
from sculpt3d.system import too_long
from sculpt3d.types import Spacing

STAGES = (
    "photos",
    "cameras",
    "refine",
    "survey",
    "undistort",
    "object",
    "depth",
    "fusion",
    "surface",
    "place",
    "texture",
    "model",
    "report",
)
PRESETS = Path(__file__).parent / "presets"


@dataclass(frozen=True)
class Preset:
    """max_features a photo; max_image_size of depth maps, px; fast_depth: fewer sweeps; surface_depth: octree levels;
    triangles and texture_size of the web model; refine_cameras with dense matches: "weak" (where SIFT's tie points left
    them uncertain) or "always"."""

    max_features: int
    max_image_size: int
    surface_depth: int
    triangles: int
    texture_size: int
    refine_cameras: Literal["weak", "always"] = "weak"
    fast_depth: bool = False


def load_preset(name: str) -> Preset:
    path = PRESETS / f"{name}.toml"
    if not path.is_file():
        raise InputError(
            f"There is no preset {name}; use one of {', '.join(sorted(p.stem for p in PRESETS.glob('*.toml')))}"
        )
    return Preset(**tomllib.loads(path.read_text("utf-8")))


@dataclass(frozen=True)
class How:
    """What does not change the result: workers, memory (GB; None = 70 % of what is free), where progress goes."""

    workers: int = os.cpu_count() or 1
    memory_gb: float | None = None


@dataclass(frozen=True)
class Project:
    """What a run leaves behind."""

    folder: Path
    report: Mapping[str, Any]

    @property
    def model(self) -> Path:
        return self.folder / "model.glb"


def photogrammetry(
    photos: Path, project: Path, preset: Preset | None = None, masks: Path | None = None,
    object_height_mm: float | None = None, how: How | None = None, console: Console | None = None, fill: bool = True,
    point_spacing: Spacing | None = None, known: Known | None = None, invert_masks: bool | None = None, up: Up = "auto",
) -> Project:  # fmt: skip
    """Reconstruct the object in `photos` into the folder `project`; done steps are kept, a killed run goes on.

    `fill`: close small holes and mark them; else what no photo supports stays open. `point_spacing`: of cloud.ply; the
    surface is made from all points. In mm it needs a scale. `known`: distances between printed markers or clicked points, and
    control points, adjusted together with the cameras. `up`: by the photos' horizons (gravity), by control or markers on the
    table (targets), or by targets where they lie level.
    """
    known = known or Known()
    if known and object_height_mm is not None:
        raise InputError(
            "An object height and scale bars or control say the same thing twice; leave --object-height out"
        )
    if point_spacing is not None and point_spacing.unit == "mm" and object_height_mm is None and not known:
        raise InputError(
            "A point spacing in mm needs a scale; give --object-height or --scale-bars too, or a spacing like 2gsd"
        )
    surveys = bool(known) or up == "targets"
    run, given = open_run(photos, project, preset, masks, object_height_mm, how, console, fill, point_spacing, invert_masks, up)
    ws = run.ws
    ws.console.learn(project / "report.json")
    ws.console.plan([s for s in STAGES if surveys or s != "survey"])

    checked = run.photos(photos, given.masks, given.key, given.apart)
    cameras = run.cameras(checked)
    refined = run.refine(checked, cameras)
    surveyed = survey_step(ws, checked, refined, known, run.each) if surveys else None
    flat = run.undistort(checked, surveyed or refined)
    found = run.object(flat)
    depth = run.depth(flat, found)
    cloud = run.fusion(flat, found, depth)
    surface = run.surface(found, cloud)
    placed = run.place(checked, surveyed or refined, flat, cloud, surface, surveyed)
    texture = run.texture(flat, surface)
    model = run.model(checked, texture, placed, name_of(photos))
    report = run.report(
        name_of(photos), surveyed, checked, cameras, refined, flat, found, depth, cloud, placed, texture, model
    )
    ws.prune()
    return Project(project, report)


@dataclass(frozen=True)
class Given:
    """Photos and masks of a run: key of their contents; apart: folders that hold none of the photos."""

    masks: Masks
    key: str
    apart: tuple[Path, ...]


def open_run(
    photos: Path, project: Path, preset: Preset | None = None, masks: Path | None = None, object_height_mm: float | None = None,
    how: How | None = None, console: Console | None = None, fill: bool = True, point_spacing: Spacing | None = None,
    invert_masks: bool | None = None, up: Up = "auto",
) -> tuple[Run, Given]:  # fmt: skip
    """A run in the folder `project`, its photos and masks found; no step is done yet."""
    from sculpt3d.photos.finding import find_photos, masks_among_photos
    from sculpt3d.photos.masks import NONE, match_masks

    preset, how, console = preset or load_preset("standard"), how or How(), console or Console("quiet")
    apart = (project,) if masks is None else (project, masks)
    names = find_photos(photos, apart)
    found = NONE if masks is None else match_masks(masks, names, invert_masks, photos)
    unused = masks_among_photos(photos, apart) if masks is None else []
    if unused:
        console.say(f"note: {len(unused)} files are called as masks ({unused[0]}, ...); --masks {photos} would use them")
    for sentence in found.sentences():
        console.say(f"note: {sentence}")
    key = key_of_files({n: photos / n for n in names} | {f"mask of {n}": p for n, p in found.found.items()})
    _keep_apart(photos, project)
    keep_short(project, names)
    run = Run(Workspace(project, console), preset, how, object_height_mm, fill, point_spacing, up)
    return run, Given(found, key, apart)


def name_of(photos: Path) -> str:
    """The object's name in the glTF: the photos' folder, or the one around it where that only says "images"."""
    folder = photos.resolve()
    return (
        folder.parent.name
        if folder.name.lower() in {"images", "photos", "jpg", "raw", "img"}
        else folder.name
    )


def _keep_apart(photos: Path, project: Path) -> None:
    inside = project.resolve()
    if inside == photos.resolve() or photos.resolve().is_relative_to(inside):
        raise InputError(
            f"The project {project} would lie around its own photos; choose another folder with -o"
        )


def keep_short(project: Path, names: Sequence[str]) -> None:
    """Refuse a folder below which this system cannot name all files of a run."""
    longest = max((len(name) for name in names), default=0)
    if too_long(project, longest):
        raise InputError(
            f"Windows takes paths of 259 characters, and those below {project} with photo names of {longest} would be longer; "
            "choose a shorter folder with -o, or have LongPathsEnabled set (sculpt3d doctor)"
        )


class Run:
    """The steps with what they share. A version is raised when a step's results change."""

    def __init__(
        self,
        ws: Workspace,
        preset: Preset,
        how: How,
        height_mm: float | None,
        fill: bool,
        spacing: Spacing | None,
        up: Up = "auto",
    ) -> None:
        self.ws, self.preset, self.how, self.height_mm = ws, preset, how, height_mm
        self.fill, self.spacing, self.up = fill, spacing, up
        self.each: Each = run_each(how.workers)

    def photos(self, folder: Path, masks: Masks, given: str, apart: tuple[Path, ...]) -> Step:
        from sculpt3d.photos.check import PhotoParams, check_photos, load_photo_set

        params = PhotoParams()

        def work(out: Path, tell: Any) -> None:
            check_photos(folder, out, masks, params, self.each, tell, apart)

        given_too = [given, "masks inverted"] if masks.invert else [given]
        step = self.ws.step("photos", 4, work, params, given_too)
        for sentence in load_photo_set(step.path).sentences():
            self.ws.console.say(f"note: {sentence}")
        self._fit_memory(step)
        return step

    def _fit_memory(self, checked: Step) -> None:
        from sculpt3d.photos.check import load_photo_set

        largest = max(p.width * p.height for p in load_photo_set(checked.path).photos) / 1e6
        self.each = run_each(workers_within(self.how.workers, memory_budget_gb(self.how.memory_gb), largest))

    def cameras(self, checked: Step) -> Step:
        from sculpt3d.mvs.warm import warm_in_background
        from sculpt3d.photos.check import load_photo_set
        from sculpt3d.sfm.cameras import SfmParams, map_cameras
        from sculpt3d.sfm.result import load_sfm

        params = SfmParams(max_features=self.preset.max_features)

        def work(out: Path, tell: Any) -> None:
            warm_in_background()  # the stereo kernels, ready when the cameras are
            map_cameras(load_photo_set(checked.path), out, params, self.each, tell)

        step = self.ws.step("cameras", 5, work, params, [checked.key])
        for sentence in load_sfm(step.path).sentences():
            self.ws.console.say(f"note: {sentence}")
        return step

    def refine(self, checked: Step, cameras: Step) -> Step:
        from sculpt3d.sfm.refine import RefineParams, refine_cameras

        always = self.preset.refine_cameras == "always"
        params = RefineParams(
            above_px=0.0 if always else RefineParams.above_px,
            max_image_size=min(self.preset.max_image_size, RefineParams.max_image_size),
        )
        return self.ws.step(
            "refine",
            2,
            lambda out, tell: _drop(
                refine_cameras(
                    cameras.path / "sparse",
                    checked.path / "images",
                    out,
                    checked.path / "masks",
                    params,
                    self.each,
                    tell,
                )
            ),
            params,
            [checked.key, cameras.key],
        )

    def undistort(self, checked: Step, cameras: Step) -> Step:
        from sculpt3d.photos.masks import prepared_masks
        from sculpt3d.sfm.undistort import undistort

        return self.ws.step(
            "undistort",
            2,
            lambda out, tell: undistort(
                cameras.path / "sparse", checked.path / "images", out, prepared_masks(checked.path / "masks"), self.each, tell
            ),
            {},
            [checked.key, cameras.key],
        )

    def object(self, flat: Step) -> Step:
        return object_step(self.ws, scene_of(flat), flat, self.each)

    def depth(self, flat: Step, found: Step) -> Step:
        from sculpt3d.mvs.depth import DepthParams

        params = DepthParams(max_image_size=self.preset.max_image_size, fast=self.preset.fast_depth)
        return depth_step(self.ws, scene_of(flat), flat, found, params, self.each)

    def fusion(self, flat: Step, found: Step, depth: Step) -> Step:
        return fusion_step(self.ws, scene_of(flat), found, depth, "frame sfm, no scale")

    def surface(self, found: Step, cloud: Step) -> Step:
        from sculpt3d.mvs.scout import load_found
        from sculpt3d.surface.decimation import simplify
        from sculpt3d.surface.meshing import SurfaceParams, reconstruct_surface

        fill_share = SurfaceParams.fill_share if self.fill else 0.0
        params = SurfaceParams(max_depth=self.preset.surface_depth, fill_share=fill_share)

        def work(out: Path, tell: Any) -> None:
            points, ground = read_cloud(cloud.path / "cloud.ply"), load_found(found.path).ground
            mesh = reconstruct_surface(points, out / "poisson", params, tell, ground)
            write_mesh(out / "mesh.ply", mesh, ("frame sfm, no scale",))
            write_mesh(out / "web.ply", simplify(mesh, self.preset.triangles))
            shutil.rmtree(out / "poisson")

        return self.ws.step(
            "surface", 6, work, {"surface": vars(params), "triangles": self.preset.triangles}, [cloud.key]
        )

    def place(
        self, checked: Step, cameras: Step, flat: Step, cloud: Step, surface: Step, surveyed: Step | None,
        survey_from_sfm: Sim3 | None = None,
    ) -> Step:  # fmt: skip
        """survey_from_sfm: where the surface is not in the survey's frame."""
        wish = Wish(self.height_mm, self.spacing, self.up)
        return place_step(self.ws, checked, cameras, flat, cloud, surface, surveyed, wish, survey_from_sfm)

    def texture(self, flat: Step, surface: Step) -> Step:
        from sculpt3d.texture.bake import TextureParams, bake_texture

        params = TextureParams(size=self.preset.texture_size)
        scene = scene_of(flat)
        return self.ws.step(
            "texture",
            3,
            lambda out, tell: save_textured(
                out, bake_texture(read_mesh(surface.path / "web.ply"), scene, params, self.each, tell)
            ),
            params,
            [flat.key, surface.key],
        )

    def model(self, checked: Step, texture: Step, placed: Step, name: str) -> Step:
        from sculpt3d.models.glb_write import GltfInfo, write_glb
        from sculpt3d.photos.check import load_photo_set

        credit = load_photo_set(checked.path).credit

        def work(out: Path, tell: Any) -> None:
            where = load_place(placed.path)
            mesh = load_textured(texture.path, where.world_from_sfm)
            column, sigma = uncertainty_of(placed.path, mesh)
            extras = {
                "scale_source": where.source,
                "frame": "+Y up, base at y = 0",
                "uncertainty": f"{column}: 1 sigma along the normal, beside the scale's own; -1: no evidence",
            }
            info = GltfInfo(name, copyright=credit, metric=where.metric, extras=extras)
            write_glb(out / "model.glb", mesh, info, {f"_{column.upper()}": sigma})

        return self.ws.step("model", 3, work, {"name": name, "credit": credit}, [texture.key, placed.key])

    def report(self, name: str, surveyed: Step | None, *steps: Step) -> Mapping[str, Any]:
        from pipelines.report import build_report, hand_out

        checked, cameras, refined, flat, found, depth, _, placed, texture, model = steps

        def work(out: Path, tell: Any) -> None:
            build_report(
                out, checked, cameras, refined, flat, found, depth, placed, texture, name, self.ws.steps,
                tell, surveyed,
            )

        step = self.ws.step("report", 8, work, {"name": name}, [s.key for s in steps])
        return hand_out(self.ws, step, placed, model)


def _drop(_: object) -> None:
    """A step's result is its folder."""
