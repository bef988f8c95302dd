"""The steps of a reconstruction, one by one: what each is given and what its result depends on."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines.artifacts import (
    load_place,
    load_textured,
    save_textured,
    scene_of,
    uncertainty_of,
)
from pipelines.dense import depth_step, fusion_step, object_step
from pipelines.expected import expected_cost
from pipelines.parallel import memory_budget_gb, run_each, workers_within
from pipelines.placing import Up, Wish, place_step
from pipelines.settings import How, Preset
from pipelines.workspace import Step, Workspace
from sculpt3d.geometry import Sim3
from sculpt3d.models.ply import read_cloud, read_mesh, write_mesh
from sculpt3d.photos.masks import Masks
from sculpt3d.progress import Each
from sculpt3d.types import Spacing


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
        self.ws.console.expect(expected_cost(load_photo_set(step.path), self.preset))
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

        step = self.ws.step("cameras", 6, work, params, [checked.key])
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
            4,
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
