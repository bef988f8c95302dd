"""Make the sample photos and their truth anew: `python sample_data/make.py`."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.spatial.transform import Rotation

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from figure import HEIGHT, make_figure, make_floor  # noqa: E402

from sculpt3d.geometry import Rigid3  # noqa: E402
from sculpt3d.models.ply import write_mesh  # noqa: E402
from sculpt3d.surface.decimation import simplify  # noqa: E402
from sculpt3d.synthetic import Look, Stage, ring  # noqa: E402
from sculpt3d.types import Mesh, Pinhole  # noqa: E402

CAMERA = Pinhole(800, 1000, 1150.0, 1150.0, 400.0, 500.0)
FOCAL_35MM = round(1150 * 36 / 1000)


def main() -> None:
    figure, colour = make_figure()
    floor, floor_colour = make_floor()
    both = Mesh(
        np.concatenate([figure.vertices, floor.vertices]),
        np.concatenate([figure.faces, floor.faces + len(figure.vertices)]),
    )
    stage = Stage(both, np.concatenate([colour, floor_colour]))
    (HERE / "photos").mkdir(exist_ok=True)
    (HERE / "truth").mkdir(exist_ok=True)
    centre = np.array([0, 0.47 * HEIGHT, 0])
    poses = ring(centre, 0.66, 12, 14) + ring(centre, 0.66, 38, 8, 22.5) + ring(centre, 0.60, 62, 4, 10)
    names = []
    for i, pose in enumerate(poses):
        name = f"figure_{i:02d}.jpg"
        photo = stage.photograph(CAMERA, pose, Look(noise=1.2), samples=3, seed=i)
        picture = Image.fromarray(photo)
        exif = Image.Exif()
        exif[0x010F], exif[0x0110] = "Sculpt3D", "synthetic"
        exif.get_ifd(0x8769)[0xA405] = FOCAL_35MM
        picture.save(HERE / "photos" / name, quality=92, exif=exif)
        names.append(name)
        print(name, flush=True)
    write_mesh(
        HERE / "truth" / "figure.ply",
        simplify(figure, 200_000),
        ("truth of the sample photos, metres, +Y up",),
    )
    write_cameras(HERE / "truth" / "cameras", names, poses)


def write_cameras(folder: Path, names: list[str], poses: list[Rigid3]) -> None:
    """A COLMAP text model without points."""
    folder.mkdir(exist_ok=True)
    c = CAMERA
    (folder / "cameras.txt").write_text(f"1 PINHOLE {c.width} {c.height} {c.fx} {c.fy} {c.cx} {c.cy}\n")
    lines = []
    for number, (name, pose) in enumerate(zip(names, poses, strict=True), 1):
        x, y, z, w = Rotation.from_matrix(pose.rotation).as_quat()
        values = " ".join(f"{v:.12g}" for v in (w, x, y, z, *pose.translation))
        lines.append(f"{number} {values} 1 {name}\n\n")
    (folder / "images.txt").write_text("".join(lines))
    (folder / "points3D.txt").write_text("")


if __name__ == "__main__":
    main()
