"""The place step: the finished surface, its cloud and cameras in the world frame, in metres where something gives scale."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from pipelines.artifacts import save_control, save_place, scene_of
from pipelines.surveying import scale_source, survey_facts, up_by_targets
from pipelines.workspace import Step, Workspace
from sculpt3d.align import Placement
from sculpt3d.geometry import Sim3
from sculpt3d.models.ply import read_cloud, read_mesh, write_cloud, write_mesh
from sculpt3d.types import Mesh, PointCloud, Scene, Spacing

Up = Literal["auto", "gravity", "targets"]


@dataclass(frozen=True)
class Wish:
    """The object's height, how far apart points are wanted, and what says which way is up."""

    height_mm: float | None = None
    spacing: Spacing | None = None
    up: Up = "auto"


def place_step(
    ws: Workspace, checked: Step, cameras: Step, flat: Step, cloud: Step, surface: Step, surveyed: Step | None, wish: Wish,
    survey_from_sfm: Sim3 | None = None,
) -> Step:  # fmt: skip
    """`mesh.ply`, `cloud.ply`, `cameras/`, `place.json`, and `control.json` where there was control.

    survey_from_sfm: where the surface is not in the survey's frame.
    """
    survey = survey_from_sfm or Sim3.identity()

    def work(out: Path, tell: Any) -> None:
        from sculpt3d.clouds import evened, spacing_in
        from sculpt3d.models.colmap import transform_model

        scene, mesh = scene_of(flat), read_mesh(surface.path / "mesh.ply")
        points = read_cloud(cloud.path / "cloud.ply")
        placed = _placement(scene, mesh, _orientations(checked), surveyed, wish, survey)
        unit = ("frame world, +Y up, metres",) if placed.metric else ("frame world, +Y up, no scale",)
        move = placed.world_from_sfm
        _write_surface(out / "mesh.ply", mesh, points, placed, unit)
        if wish.spacing is not None:
            unit_size = move.scale if wish.spacing.unit == "mm" else 1.0
            points = evened(points, spacing_in(wish.spacing, scene, points) / unit_size)
        write_cloud(out / "cloud.ply", moved_cloud(move, points), unit)
        transform_model(cameras.path / "sparse", out / "cameras", move)
        save_place(out, placed)
        if surveyed is not None and survey_facts(surveyed)["control"]:
            control = Sim3(1.0, np.eye(3), np.array(survey_facts(surveyed)["origin_m"])) @ survey
            save_control(out, control @ move.inverse())

    given = {"object_height_mm": wish.height_mm, "spacing": wish.spacing and vars(wish.spacing), "up": wish.up}
    rests_on = [flat.key, cloud.key, surface.key, *([surveyed.key] if surveyed else [])]
    return ws.step("place", 7, work, given, rests_on)


def _orientations(checked: Step) -> dict[str, int]:
    from sculpt3d.photos.check import load_photo_set

    return {p.name: p.orientation for p in load_photo_set(checked.path).photos}


def _placement(
    scene: Scene, mesh: Mesh, turned: dict[str, int], surveyed: Step | None, wish: Wish, survey: Sim3
) -> Placement:
    from sculpt3d.align import find_up, place, place_relief, up_on
    from sculpt3d.relief import find_front
    from sculpt3d.surface.topology import vertex_normals

    up, by, known = find_up(scene, turned), None, None
    if surveyed is not None:
        facts = survey_facts(surveyed)
        if facts["scale_sigma"] is not None:
            known = (survey.scale, scale_source(surveyed))
        if wish.up != "gravity":
            by = up_by_targets(facts, survey.rotation @ up, wish.up == "targets")
    up = up if by is None else survey.rotation.T @ by
    eyes = np.array([v.cam_from_world.source_origin for v in scene.views])
    front = find_front(mesh.vertices, vertex_normals(mesh.vertices, mesh.faces), eyes)
    if front is None:
        return place(mesh.vertices, up, wish.height_mm, known)
    level = up_on(front, up, scene, turned)
    return place_relief(mesh.vertices, front, level, wish.height_mm, known, by is None, scene.views)


def _write_surface(path: Path, mesh: Mesh, points: PointCloud, placed: Placement, unit: tuple[str, ...]) -> None:
    """In the world frame, with each vertex's uncertainty."""
    from sculpt3d.metric.uncertainty import NONE, vertex_uncertainty
    from sculpt3d.surface.topology import vertex_normals

    move = placed.world_from_sfm
    sigma = vertex_uncertainty(mesh.vertices, vertex_normals(mesh.vertices, mesh.faces), mesh.filled, points)
    column, per_unit = ("uncertainty_mm", 1000 * move.scale) if placed.metric else ("uncertainty", move.scale)
    write_mesh(
        path,
        Mesh(_moved(move, mesh.vertices), mesh.faces, mesh.rgb, mesh.filled),
        (*unit, f"{column}: 1 sigma along the normal, beside the scale's own; {NONE:g}: no evidence"),
        {column: np.where(sigma < 0, NONE, sigma * per_unit).astype(np.float32)},
    )


def moved_cloud(move: Sim3, cloud: PointCloud) -> PointCloud:
    return PointCloud(
        _moved(move, cloud.xyz),
        (cloud.normal @ move.rotation.T).astype(np.float32),
        cloud.rgb,
        cloud.views,
        (cloud.error * move.scale).astype(np.float32),
    )


def _moved(move: Sim3, xyz: Any) -> Any:
    return move.apply(xyz).astype(np.float32)
