"""What the cameras step found, as it is kept and told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from sculpt3d.files import write_atomic


@dataclass(frozen=True)
class SfmResult:
    """`model`: folder of the COLMAP model in the sfm frame. `attempts`: what was tried, with registered photos.

    `cameras`: photos, size and lens of each; where one of them was several, `divided` says what bears it out. `cropped`: photos
    whose lens' axis was found off their middle, and by what share of the longer side at most. `bent`: cameras whose lens asked
    for more than one radial term, and what bears it out; `rippled`: those whose lens asked for a grid of shifts beside its
    formula. `shutter`: what the residuals show of lines read one after the other.

    `still_share`: features left out because they stand still while the object turns; 0: no turntable with a background.
    """

    model: Path
    registered: tuple[str, ...]
    missing: tuple[str, ...]
    mean_reprojection_error_px: float
    mean_track_length: float
    points: int
    attempts: tuple[str, ...]
    still_share: float = 0.0
    cameras: tuple[Mapping[str, Any], ...] = ()
    divided: tuple[Mapping[str, Any], ...] = ()
    cropped: tuple[Mapping[str, Any], ...] = ()
    bent: tuple[Mapping[str, Any], ...] = ()
    rippled: tuple[Mapping[str, Any], ...] = ()
    shutter: Mapping[str, Any] | None = None

    def sentences(self) -> tuple[str, ...]:
        """What was decided about lenses that EXIF does not tell."""
        lines = []
        for one in self.divided:
            *first, last = map(str, one["photos"])
            parts = f"{', '.join(first)} and {last} photos"
            lines.append(
                f"What looked like one camera was {len(one['photos'])}, by the tie points ({parts}): "
                f"those held back fit to {one['error_px']:.2f} pixels with a lens for each, to {one['error_as_one_px']:.2f} "
                "with one for all."
            )
        for one in self.cropped:
            lines.append(
                f"{one['photos']} photos are cropped; their lens' axis was found up to {one['off']:.0%} of their size off the "
                "middle. Whole photos give better cameras."
            )
        for one in self.bent:
            lines.append(
                f"The lens of {one['photos']} photos is bent in more ways than one: {one['form']} brings tie points held back "
                f"from {one['before_px']:.2f} to {one['after_px']:.2f} pixels."
            )
        for one in self.rippled:
            lines.append(
                f"The lens of {one['photos']} photos leaves a pattern that no formula follows, {one['shift_px']:.2f} pixels in "
                f"the mean: a smooth grid beside the cameras takes it out ({one['before_px']:.2f} to {one['after_px']:.2f} "
                "pixels of tie points held back). Other programs need the straightened photos, which have it taken out."
            )
        if self.shutter:
            lines.append(
                f"{self.shutter['photos']} photos look as if the camera moved while their lines were read, one after the other: "
                f"by {self.shutter['moved_px']:.1f} pixels over a photo. Hold still, or use a mechanical or faster shutter."
            )
        return tuple(lines)


def save_sfm(out: Path, result: SfmResult) -> None:
    """As `out/sfm.json`, beside the model in `out/sparse`."""
    told = asdict(replace(result, model=Path("sparse")))
    write_atomic(out / "sfm.json", json.dumps(told, default=str).encode())


def load_sfm(out: Path) -> SfmResult:
    """What `save_sfm` wrote."""
    text = json.loads((out / "sfm.json").read_text("utf-8"))
    # A project of an earlier version knows less of its lenses.
    lists = {key: tuple(value) for key, value in text.items() if isinstance(value, list)}
    return SfmResult(**{**text, **lists, "model": out / "sparse"})


def cameras_of(model: Any) -> tuple[Mapping[str, Any], ...]:
    """Photos, size and lens of every camera in use, the one with most photos first."""
    used: dict[int, int] = {}
    for i in model.reg_image_ids():
        used[model.images[i].camera_id] = used.get(model.images[i].camera_id, 0) + 1
    rows = []
    for k in sorted(used, key=lambda k: (-used[k], k)):
        camera = model.cameras[k]
        size, focal = [int(camera.width), int(camera.height)], float(camera.mean_focal_length())
        bent = np.array(camera.params)[list(camera.extra_params_idxs())]
        rows.append(
            {
                "photos": used[k],
                "size": size,
                "focal_px": round(focal, 2),
                "model": str(camera.model.name),
                "distortion": [float(f"{d:.6g}") for d in bent],
            }
        )
    return tuple(rows)
