"""One picture of a plan: the coarse surface by how sure it will be, the cameras from above, and at their heights."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from sculpt3d.planning.plan import Plan
from sculpt3d.planning.weak import good_sigma
from sculpt3d.preview import heat, turntable
from sculpt3d.types import U8

TIMES = 6.0  # the median sigma: red
NONE = (70, 70, 70)
PAPER, INK, CAMERA, SHOOT, BODY = (243, 244, 245), (90, 90, 90), (23, 96, 120), (200, 60, 20), (203, 191, 169)
SIDE = 520  # of a panel, pixels
FINE = 2  # drawn larger, then reduced


def plan_picture(plan: Plan) -> U8:
    """RGB (H, W, 3): sides of the surface above, two maps of the cameras below."""
    surface, found = plan.surface, plan.found
    ratio = np.where(np.isfinite(found.sigma), found.sigma, np.nan) / good_sigma(found)
    colour = heat(-np.log(np.clip(np.nan_to_num(ratio, nan=1.0), 1, TIMES)), -np.log(TIMES), 0.0)
    colour[np.isnan(ratio)] = NONE
    owner = np.zeros(len(surface.mesh.vertices), np.int64)
    owner[surface.mesh.faces.ravel()] = np.repeat(surface.patch, 3)
    pictures = turntable(surface.mesh, colour[owner], 8 if surface.relief else 4)
    if surface.relief:  # from the left, the front, the right
        pictures = [pictures[k] for k in (7, 0, 1)]
    sides = np.concatenate(pictures, axis=1)
    maps = np.concatenate([_from_above(plan), _at_heights(plan)], axis=1)
    return _stacked(sides, maps)


def _stacked(above: U8, below: U8) -> U8:
    width = below.shape[1]
    height = round(above.shape[0] * width / above.shape[1])
    above = np.asarray(Image.fromarray(above).resize((width, height), Image.Resampling.LANCZOS))
    return np.concatenate([above, below])


def _from_above(plan: Plan) -> U8:
    """x to the right, z (the front) down, as the report's plan."""
    eyes = np.array([v.cam_from_world.source_origin for v in plan.scene.views])[:, [0, 2]]
    look = np.array([v.cam_from_world.rotation[2] for v in plan.scene.views])[:, [0, 2]]
    stands = np.array([s.eye for s in plan.stations]).reshape(-1, 3)[:, [0, 2]]
    aims = np.array([s.target for s in plan.stations]).reshape(-1, 3)[:, [0, 2]]
    body = plan.surface.mesh.vertices.astype(np.float64)[:, [0, 2]]
    every = np.concatenate([eyes, stands, body])
    middle = (body.min(0) + body.max(0)) / 2
    reach = float(np.abs(every - middle).max()) * 1.15 or 1.0
    picture = _Panel("Cameras from above; the front (0°) is below")

    def at(xz: Any) -> Any:
        return (np.asarray(xz) - middle) / reach * 0.44 + 0.5

    for x, y in at(body):
        picture.spot(x, y, 2.0, BODY)
    for eye, way in zip(eyes, look, strict=True):
        picture.line(at(eye), at(eye) + 0.04 * way, CAMERA)
        x, y = at(eye)
        picture.spot(x, y, 4.0, CAMERA)
    for number, (eye, aim) in enumerate(zip(stands, aims, strict=True), 1):
        away = at(aim) - at(eye)
        picture.line(at(eye), at(eye) + 0.06 * away / max(float(np.linalg.norm(away)), 1e-9), SHOOT)
        x, y = at(eye)
        picture.number(x, y, str(number))
    for word, x, y in (("0°", 0.5, 0.965), ("90°", 0.96, 0.5), ("180°", 0.5, 0.075), ("270°", 0.04, 0.5)):
        picture.word(x, y, word)
    return picture.done()


def _at_heights(plan: Plan) -> U8:
    """All around the object, unrolled: angle to the right, height above level upwards; of a relief, its front."""
    if plan.surface.relief:
        return _before_it(plan)
    picture = _Panel("Around the object: heights above level")
    low, high = np.quantile(plan.surface.centre, [0.02, 0.98], 0)
    middle = (low + high) / 2

    def at(eye: Any) -> tuple[float, float]:
        away = eye - middle
        angle = np.degrees(np.arctan2(away[0], away[2])) % 360
        height = np.degrees(np.arctan2(away[1], np.hypot(away[0], away[2])))
        return 0.09 + angle / 360 * 0.86, 0.72 - height / 90 * 0.6

    for height in (-20, 0, 20, 40, 60, 80):
        y = 0.72 - height / 90 * 0.6
        picture.line((0.09, y), (0.95, y), (220, 220, 220))
        picture.word(0.045, y, f"{height}°")
    for angle in (0, 90, 180, 270, 360):
        picture.word(0.09 + angle / 360 * 0.86, 0.93, f"{angle}°")
    for view in plan.scene.views:
        x, y = at(view.cam_from_world.source_origin)
        picture.spot(x, y, 4.0, CAMERA)
    for number, station in enumerate(plan.stations, 1):
        x, y = at(station.eye)
        picture.number(x, y, str(number))
    return picture.done()


def _before_it(plan: Plan) -> U8:
    picture = _Panel("Seen from the front")
    eyes = np.array([v.cam_from_world.source_origin for v in plan.scene.views])[:, :2]
    stands = np.array([s.eye for s in plan.stations]).reshape(-1, 3)[:, :2]
    body = plan.surface.mesh.vertices.astype(np.float64)[:, :2]
    every = np.concatenate([eyes, stands, body])
    middle = (every.min(0) + every.max(0)) / 2
    reach = float(np.abs(every - middle).max()) * 1.1 or 1.0

    def at(xy: Any) -> Any:
        return (np.asarray(xy) - middle) * [1, -1] / reach * 0.44 + 0.5

    for x, y in at(body):
        picture.spot(x, y, 2.0, BODY)
    for eye in eyes:
        x, y = at(eye)
        picture.spot(x, y, 4.0, CAMERA)
    for number, eye in enumerate(stands, 1):
        x, y = at(eye)
        picture.number(x, y, str(number))
    return picture.done()


class _Panel:
    """A square to draw on; places are shares of its side."""

    def __init__(self, title: str) -> None:
        self.side = SIDE * FINE
        self.image = Image.new("RGB", (self.side, self.side), PAPER)
        self.draw = ImageDraw.Draw(self.image)
        self.word(0.5, 0.03, title)

    def spot(self, x: float, y: float, radius: float, colour: tuple[int, int, int]) -> None:
        r, cx, cy = radius * FINE, x * self.side, y * self.side
        self.draw.ellipse((cx - r, cy - r, cx + r, cy + r), fill=colour)

    def line(self, a: Any, b: Any, colour: tuple[int, int, int]) -> None:
        ends = [float(v) * self.side for v in (*a, *b)]
        self.draw.line(ends, fill=colour, width=2 * FINE)

    def number(self, x: float, y: float, text: str) -> None:
        self.spot(x, y, 10, SHOOT)
        font = ImageFont.load_default(14 * FINE)
        self.draw.text((x * self.side, y * self.side), text, (255, 255, 255), font, "mm")

    def word(self, x: float, y: float, text: str) -> None:
        self.draw.text((x * self.side, y * self.side), text, INK, ImageFont.load_default(13 * FINE), "mm")

    def done(self) -> U8:
        return np.asarray(self.image.resize((SIDE, SIDE), Image.Resampling.LANCZOS))
