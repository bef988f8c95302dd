"""Photos to cameras. Cheap means first, a look at what registered, and stronger means only where they are needed."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from sculpt3d.errors import NotEnoughPhotos
from sculpt3d.files import put
from sculpt3d.models.residual_grid import ResidualGrid, write_grids
from sculpt3d.photos.check import PhotoSet
from sculpt3d.progress import Each, Progress, one_by_one, silent
from sculpt3d.sfm._colmap import pycolmap
from sculpt3d.sfm.apart import Matched, tell_apart
from sculpt3d.sfm.centres import find_centres
from sculpt3d.sfm.cost import expected_core_seconds
from sculpt3d.sfm.distortion import eligible, find_distortion
from sculpt3d.sfm.features import FeatureParams, extract_features
from sculpt3d.sfm.mapping import adjust, map_incrementally
from sculpt3d.sfm.matching import match
from sculpt3d.sfm.populations import Division
from sculpt3d.sfm.result import SfmResult, cameras_of, save_sfm
from sculpt3d.sfm.ripples import find_ripples
from sculpt3d.sfm.shutter import rolling_shutter
from sculpt3d.sfm.turntable import without_still

GOOD_SHARE = 0.9  # registered; above it no other features are tried


@dataclass(frozen=True)
class SfmParams:
    """max_features and max_image_size (px): SIFT's limits a photo."""

    max_features: int = 8192
    max_image_size: int = 3200


# Level, strong features, guided matching. Default SIFT registers 2 of 24 photos of pale stone, `strong` 24 of 24;
# guided matching first cost as much and left cameras worse (4.1 against 2.2 mm median).
_LEVELS = (("plain", False, False), ("strong", True, False), ("guided", True, True))


def map_cameras(
    photo_set: PhotoSet, out: Path, params: SfmParams | None = None,
    each: Each = one_by_one, progress: Progress | None = None,
) -> SfmResult:  # fmt: skip
    """Write the COLMAP model `out/sparse` and `out/sfm.json`. Raises `NotEnoughPhotos` where fewer than 3 register."""
    params, n = params or SfmParams(), len(photo_set.photos)
    best: Any = None
    attempts, still_share, matched = [], 0.0, None
    for number, (level, strong, guided) in enumerate(_LEVELS):
        found, still, mine = _attempt(
            photo_set,
            out / level,
            out / ("plain" if not strong else "strong") / "features",
            FeatureParams(params.max_features, params.max_image_size, strong),
            guided,
            each,
            _part(progress, number),
        )
        still_share = max(still_share, still)
        for name, model in found:
            attempts.append(f"{level}{name}: {_size(model)[0]} of {n} photos")
            if _size(model) > _size(best):
                best, matched = model, mine
        if _size(best)[0] >= GOOD_SHARE * n:
            break
    if _size(best)[0] < 3 or matched is None:
        blur = sorted(p.blur_px for p in photo_set.photos)[n // 2]
        hint = (
            f" They are blurred ({blur:.1f} px): hold the camera still, use more light." if blur > 4 else ""
        )
        if still_share:
            hint += (
                " They show a turntable before a background that stands still and was left out: give masks or use a plain "
                "backdrop, and turn the object by 15 degrees at most."
            )
        raise NotEnoughPhotos(
            f"Only {_size(best)[0]} of {n} photos show the same object in a way that can be matched; take more, each "
            f"overlapping the next by two thirds, of a surface with visible texture.{hint}"
        )
    adjust(best)
    best, divisions = tell_apart(photo_set, best, matched, out / "apart", each)
    best, centred = find_centres(photo_set, best)
    ours = eligible(best)
    best, bent = find_distortion(best)
    best, grids, rippled = find_ripples(best, ours)
    rolled = rolling_shutter(best)
    result = _result(photo_set, out, best, grids, tuple(attempts), still_share, divisions)
    result = replace(
        result,
        cropped=tuple(map(asdict, centred)),
        bent=tuple(map(asdict, bent)),
        rippled=tuple(map(asdict, rippled)),
        shutter=asdict(rolled) if rolled else None,
    )
    save_sfm(out, result)
    if progress:
        progress(1, 1)
    return result


def _attempt(photo_set: PhotoSet, out: Path, features: Path, params: FeatureParams, guided: bool, each: Each,
             progress: Progress) -> tuple[list[tuple[str, Any]], float, Matched]:  # fmt: skip
    """Models by name of the variant, tried in turn while photos are left out: strict; the rest joined to it; relaxed.

    And the share of features left out because they stand still, and what the models were made from.
    """
    n = len(photo_set.photos)

    def tell(start: float, share: float) -> Progress:
        return lambda done, total: progress(round(1000 * (start + share * done / max(total, 1))), 1000)

    costs = expected_core_seconds(photo_set, params.max_features, params.max_image_size)
    features_end, matched_end = (sum(costs[:k]) / sum(costs) for k in (1, 2))
    paths = extract_features(photo_set, features, params, each, tell(0, features_end))
    longest = max(max(p.width, p.height) for p in photo_set.photos)
    paths, still_share = without_still(paths, longest, features.with_name("moving"), each)
    database = match(photo_set, paths, out, guided, each, tell(features_end, matched_end - features_end))
    mapped = [0]

    def told() -> None:
        mapped[0] += 1
        tell(matched_end, 1 - matched_end)(min(mapped[0], n), n)

    images = photo_set.root / "images"
    strict = map_incrementally(database, images, out / "strict", told)
    found = [("", strict)]
    if 0 < _size(strict)[0] < n:
        joined = map_incrementally(database, images, out / "joined", told, relaxed=True, start=out / "strict")
        found.append((" joined", joined))
    if max(_size(model)[0] for _, model in found) < GOOD_SHARE * n:
        found.append((" relaxed", map_incrementally(database, images, out / "relaxed", told, relaxed=True)))
    return found, still_share, Matched(tuple(paths), database)


def _part(progress: Progress | None, number: int) -> Progress:
    """Later levels only happen where needed: each takes most of what is left of the bar."""
    if progress is None:
        return silent
    start, share = 1 - 0.1**number, 0.9 * 0.1**number
    return lambda done, total: progress(round(1000 * (start + share * done / total)), 1000)


def _size(model: Any) -> tuple[int, int]:
    return (0, 0) if model is None else (int(model.num_reg_images()), int(model.num_points3D()))


def _result(photo_set: PhotoSet, out: Path, model: Any, grids: Mapping[int, ResidualGrid], attempts: tuple[str, ...],
            still_share: float, divisions: tuple[Division, ...]) -> SfmResult:  # fmt: skip
    folder, temporary = out / "sparse", out / ".sparse.part"
    shutil.rmtree(temporary, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)
    temporary.mkdir()
    pycolmap.Reconstruction(model).write(str(temporary))
    write_grids(temporary, grids)
    put(temporary, folder)
    registered = {str(model.images[i].name) for i in model.reg_image_ids()}
    return SfmResult(
        folder,
        tuple(sorted(registered)),
        tuple(sorted({p.name for p in photo_set.photos} - registered)),
        float(model.compute_mean_reprojection_error()),
        float(model.compute_mean_track_length()),
        int(model.num_points3D()),
        attempts,
        round(still_share, 4),
        cameras_of(model),
        tuple(
            {
                "photos": [len(names) for names in d.parts],
                "error_as_one_px": round(d.before_px, 4),
                "error_px": round(d.after_px, 4),
            }
            for d in divisions
        ),
    )
