"""The settings under which pycolmap gives the same bytes twice."""

from pathlib import Path
from typing import Any

from sculpt3d._pycolmap import pycolmap

SEED = 0


def seed_this_thread() -> None:
    """COLMAP's generator belongs to the thread: every unit of work starts it anew."""
    pycolmap.set_random_seed(SEED)


def without_database(path: Path) -> Path:
    """`path`, where nothing of a database is left: a killed run's log beside it would be played into the new one."""
    for rest in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + rest).unlink(missing_ok=True)
    return path


def verification() -> Any:
    options = pycolmap.TwoViewGeometryOptions()
    options.ransac.random_seed = SEED
    options.ransac.num_threads = 1
    return options


__all__ = ["SEED", "pycolmap", "seed_this_thread", "verification", "without_database"]
