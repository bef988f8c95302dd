"""A photo's features on the disk: a COLMAP database with one image."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sculpt3d.files import put
from sculpt3d.sfm._colmap import pycolmap, without_database


@dataclass(frozen=True)
class Features:
    """affine (N, 6): position in pixels and shape as pycolmap writes it; descriptors (N, 128)."""

    affine: NDArray[np.float32]
    descriptors: NDArray[np.uint8]

    def area(self) -> NDArray[np.float32]:
        """(N,) of their shapes: the square of their scale in pixels."""
        a, b, c, d = self.affine[:, 2:].T
        return np.abs(a * d - b * c)


def read_features(path: Path) -> Features:
    database = pycolmap.Database.open(path)
    mine = database.read_all_images()[0].image_id
    affine = np.asarray(database.read_keypoints(mine), np.float32).reshape(-1, 6)
    descriptors = np.asarray(database.read_descriptors(mine).data, np.uint8).reshape(-1, 128)
    database.close()
    return Features(affine, descriptors)


def keep(source: Path, target: Path, kept: NDArray[np.bool_]) -> None:
    """A database with the features in `kept` only; whole or not at all."""
    features, temporary = read_features(source), without_database(target.with_name(f".{target.name}.part"))
    shutil.copyfile(source, temporary)
    database = pycolmap.Database.open(temporary)
    image_id = database.read_all_images()[0].image_id
    descriptors = database.read_descriptors(image_id)
    descriptors.data = features.descriptors[kept]
    database.clear_keypoints()
    database.clear_descriptors()
    database.write_keypoints(image_id, features.affine[kept])
    database.write_descriptors(image_id, descriptors)
    database.close()
    put(temporary, target)
