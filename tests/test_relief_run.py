"""A relief from photos to report: it faces +Z, upright, in true size, and nothing behind it is asked for."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipelines.page import advice
from pipelines.photogrammetry import How, Preset, photogrammetry
from pipelines.planning import plan
from sculpt3d.models.colmap import camera_poses
from sculpt3d.synthetic import Look, Stage, look_at
from sculpt3d.types import Mesh, Pinhole

PRESET = Preset(max_features=4096, max_image_size=640, surface_depth=7, triangles=8000, texture_size=512)
CAMERA = Pinhole(720, 540, 640.0, 640.0, 360.0, 270.0)


def photographs(photos: Path, masks: Path) -> None:
    """A panel of 1.6 x 1 with waves carved into it, held level, from before it and from both sides."""
    x, y = np.meshgrid(np.linspace(-0.8, 0.8, 480), np.linspace(-0.5, 0.5, 300))
    z = 0.02 * np.sin(11 * x) * np.cos(9 * y)
    grid = np.arange(x.size).reshape(x.shape)
    a, b, c, d = (grid[s].ravel() for s in (np.s_[:-1, :-1], np.s_[:-1, 1:], np.s_[1:, :-1], np.s_[1:, 1:]))
    faces = np.concatenate([np.stack([a, b, d], 1), np.stack([a, d, c], 1)]).astype(np.int32)
    rng = np.random.default_rng(0)
    vertices = np.stack([x, y, z], -1).reshape(-1, 3)
    waves = sum(
        np.sin(vertices @ rng.normal(size=(3, 8)) * f + rng.uniform(0, 6, 8)).sum(1) for f in (15, 40, 90)
    )
    grey = 0.35 * np.exp(0.2 * waves / 3 + 0.2 * rng.normal(size=len(vertices)))
    colour = np.clip(grey[:, None] * [1.0, 0.9, 0.75], 0.02, 0.95).astype(np.float32)
    stage = Stage(Mesh(vertices.astype(np.float32), faces), colour)
    photos.mkdir()
    masks.mkdir()
    for k, (across, towards) in enumerate(
        [(-1.1, -0.2), (-0.7, -0.2), (-0.3, -0.1), (0.0, 0), (0.3, 0.1), (0.7, 0.2), (1.1, 0.2)]
    ):
        for row, height in enumerate((-0.15, 0.2)):
            pose = look_at(np.array([across, height, 1.35]), np.array([towards, 0.2 * height, 0]))
            shot = stage.photograph(CAMERA, pose, Look(ambient=0.7, noise=1.5), 2, 2 * k + row)
            name = f"{k}{row}"
            Image.fromarray(shot).save(photos / f"{name}.png")
            Image.fromarray((stage.depth(CAMERA, pose) > 0).astype(np.uint8) * 255).save(
                masks / f"{name}.png"
            )


@pytest.mark.slow
def test_a_relief_from_photos_to_report(tmp_path: Path) -> None:
    photographs(tmp_path / "photos", tmp_path / "masks")
    given = (tmp_path / "photos", tmp_path / "project", PRESET, tmp_path / "masks", 1000.0)
    folder, foreseen = plan(*given, how=How(workers=2))
    assert folder == tmp_path / "project"
    assert foreseen["relief"] and foreseen["metric"]
    found = photogrammetry(*given, how=How(workers=2))
    report = json.loads((tmp_path / "project" / "report.json").read_text())
    assert next(s["reused"] for s in report["stages"] if s["name"] == "cameras")  # those of the plan
    assert report["relief"] is not None
    assert report["cameras"]["largest_gap_deg"] is None
    width, height, depth = report["mesh"]["size_mm"]
    assert height == pytest.approx(1000, abs=1)
    assert width == pytest.approx(1600, rel=0.01)
    assert depth < 80
    poses = camera_poses(found.folder / "cameras")
    eyes = np.array([p.source_origin for p in poses.values()])
    tops = np.array([-p.rotation[1] for p in poses.values()])
    assert (eyes[:, 2] > 1).all()  # they stood before its front
    assert (tops[:, 1] > 0.9).all()
    assert np.ptp(eyes[:, 0]) == pytest.approx(2.2, rel=0.02)
    said = " ".join(advice(report))
    assert "front only" in said
    assert "around the object" not in said
    assert report["network"]["lenses"][0]["rms_px"] < 1
    page = (found.folder / "report.html").read_text()
    assert "What residuals leave in each lens" in page
