"""What stands still before a turntable is found, left out, and nothing else is taken for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipelines.parallel import run_each
from sculpt3d.compare.registration import robust_umeyama
from sculpt3d.models.colmap import camera_poses, read_model
from sculpt3d.models.ply import read_mesh
from sculpt3d.photos.check import check_photos
from sculpt3d.sfm.cameras import SfmParams, map_cameras
from sculpt3d.sfm.feature_files import Features, read_features
from sculpt3d.sfm.result import load_sfm
from sculpt3d.sfm.turntable import Mask, find_still, without_still
from sculpt3d.synthetic import Stage
from sculpt3d.types import Pinhole
from tests.conftest import ROOT

TRUTH = ROOT / "sample_data" / "truth"
WIDTH, HEIGHT = 800, 600
OBJECT, ROOM = 150, 900  # points


class World:
    """Features of points with looks of their own: an object that turns in the middle and a room around it."""

    def __init__(self, seed: int = 0) -> None:
        self.rng = np.random.default_rng(seed)
        self.looks = self.rng.dirichlet(np.full(128, 0.3), OBJECT + ROOM) ** 0.5 * 512
        self.room = self.rng.uniform([0, 0], [WIDTH, HEIGHT], (ROOM, 2))
        self.room = self.room[np.hypot(*(self.room - [400, 300]).T) > 150]
        self.body = self.rng.uniform([20, -140], [140, 140], (OBJECT, 2))  # radius and height
        self.angle = self.rng.uniform(0, 2 * np.pi, OBJECT)

    def photo(self, turn: float, shift: tuple[float, float] = (0.0, 0.0)) -> tuple[Features, Mask]:
        """Turned by `turn` radians, the room moved by `shift` pixels; and which features are the room's."""
        a = self.angle + turn
        front = np.cos(a) > 0
        x, y = 400 + self.body[:, 0] * np.sin(a), 300 + self.body[:, 1]
        place = np.concatenate([np.stack([x, y], 1)[front], self.room + shift])
        look = np.concatenate([self.looks[:OBJECT][front], self.looks[OBJECT : OBJECT + len(self.room)]])
        room = np.arange(len(place)) >= front.sum()
        found = self.rng.random(len(place)) < 0.85  # a detector does not find all of them again
        place = place + self.rng.normal(0, 0.2, place.shape)
        look = np.clip(look + self.rng.normal(0, 5, look.shape), 0, 255)
        affine = np.concatenate([place, np.tile([2.0, 0, 0, 2.0], (len(place), 1))], 1).astype(np.float32)
        return Features(affine[found], look[found].astype(np.uint8)), room[found]


def taken(shots: list[tuple[Features, Mask]]) -> list[Features]:
    return [features for features, _ in shots]


def test_the_room_stands_still_and_the_object_does_not() -> None:
    """Two stands of 12 photos each."""
    world, steps = World(), 2 * np.pi / 12
    shots = [world.photo(k * steps) for k in range(12)]
    shots += [world.photo((k + 0.5) * steps, (31.0, 44.0)) for k in range(12)]
    still = find_still(taken(shots), WIDTH, run_each(2))
    assert still is not None
    found, room = np.concatenate(still), np.concatenate([r for _, r in shots])
    assert found[room].mean() > 0.999
    assert found[~room].mean() < 0.01
    alone = find_still(taken(shots), WIDTH)
    assert alone is not None
    assert all(np.array_equal(a, b) for a, b in zip(still, alone, strict=True))


def test_other_things_that_stand_still_are_no_turntable() -> None:
    world = World()
    tripod = [world.photo(0.0) for _ in range(14)]
    walk = [world.photo(0.1 * k, (9.0 * k, 3.0 * k)) for k in range(14)]
    doubles = [world.photo(0.1 * (k // 2), (9.0 * (k // 2), 0)) for k in range(14)]
    brackets = [world.photo(0.1 * (k // 3), (9.0 * (k // 3), 0)) for k in range(15)]
    film = [world.photo(0.05 * k, (0.7 * k, 0)) for k in range(60)]
    handful = walk + [world.photo(0.2 * k) for k in range(6)]  # someone began on a turntable
    for shots in (tripod, walk, doubles, brackets, film, handful):
        assert find_still(taken(shots), WIDTH) is None
    nothing = Features(np.zeros((0, 6), np.float32), np.zeros((0, 128), np.uint8))
    assert find_still([nothing] * 8, WIDTH) is None
    assert find_still([], WIDTH) is None


@pytest.fixture(scope="module")
def turned(small_photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample figure, cut out by its truth and put before a wall that is the same in every photo."""
    folder, model = tmp_path_factory.mktemp("turned"), read_model(TRUTH / "cameras")
    mesh = read_mesh(TRUTH / "figure.ply")
    stage, poses = Stage(mesh, np.zeros((len(mesh.vertices), 3), np.float32)), camera_poses(TRUTH / "cameras")
    rng = np.random.default_rng(5)
    coarse = Image.fromarray(rng.integers(30, 220, (36, 48, 3), dtype=np.uint8))
    for image in model.images.values():
        if not (small_photos / image.name).exists():
            continue
        with Image.open(small_photos / image.name) as photo:
            focal = model.cameras[image.camera_id].mean_focal_length() / 2
            camera = Pinhole(photo.width, photo.height, focal, focal, photo.width / 2, photo.height / 2)
            figure = stage.depth(camera, poses[image.name]) > 0
            wall = np.asarray(coarse.resize(photo.size, Image.Resampling.BICUBIC))
            seen = np.where(figure[..., None], np.asarray(photo), wall) + rng.normal(
                0, 1.5, (*figure.shape, 3)
            )
            Image.fromarray(np.clip(seen, 0, 255).astype(np.uint8)).save(
                folder / image.name, quality=95, exif=photo.getexif()
            )
    return folder


def test_the_object_is_placed_and_not_the_room(turned: Path, tmp_path: Path) -> None:
    photo_set = check_photos(turned, tmp_path / "photos", each=run_each(2))
    found = map_cameras(photo_set, tmp_path / "sfm", SfmParams(max_features=2500), run_each(2))
    assert found == load_sfm(tmp_path / "sfm")
    assert found.still_share > 0.2
    assert len(found.registered) == 22
    mine, true = camera_poses(found.model), camera_poses(TRUTH / "cameras")
    names = sorted(mine)
    a, b = (np.array([poses[n].source_origin for n in names]) for poses in (mine, true))
    residual = np.linalg.norm(robust_umeyama(a, b).apply(a) - b, axis=1)
    assert np.median(residual) < 0.002  # 2 mm at 660 mm; 1 mm before a plain backdrop
    features = sorted((tmp_path / "sfm" / "plain" / "features").glob("*.db"))
    again, share = without_still(features, photo_set.photos[0].width, tmp_path / "again")  # alone
    assert round(share, 4) == found.still_share
    for path in again:  # SQLite counts how often a file was opened, so bytes say nothing
        one, two = read_features(path), read_features(tmp_path / "sfm" / "plain" / "moving" / path.name)
        assert np.array_equal(one.affine, two.affine)
        assert np.array_equal(one.descriptors, two.descriptors)
