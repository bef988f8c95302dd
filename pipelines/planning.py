"""`plan`: what the cameras promise, before dense stereo; of a project, a COLMAP model, or photos whose cameras are made first."""

from __future__ import annotations

import base64
import io
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipelines.artifacts import load_place
from pipelines.console import Console
from pipelines.opening import open_run
from pipelines.plan_words import lines, plan_facts, station_line, weak_line
from pipelines.settings import How, Preset
from pipelines.surveying import scale_source, survey_facts
from pipelines.templating import render
from pipelines.workspace import Step, Workspace, key_of_files
from sculpt3d.errors import InputError, SculptError
from sculpt3d.files import write_atomic
from sculpt3d.progress import Progress

RESULTS = ("plan.json", "plan.html", "plan.png")
_CAMERAS = ("survey", "refine", "cameras")  # the best first


def plan(
    source: Path, out: Path | None = None, preset: Preset | None = None, masks: Path | None = None,
    object_height_mm: float | None = None, how: How | None = None, console: Console | None = None,
    invert_masks: bool | None = None, images: Path | None = None,
) -> tuple[Path, Mapping[str, Any]]:  # fmt: skip
    """The folder that now holds RESULTS, and the facts in plan.json.

    source: a project (its own cameras and photos are taken), a COLMAP model, or a folder of photos: then the project `out` is
    begun, and `reconstruct` goes on from its cameras. images: photos of a COLMAP model that are not beside it; only how they
    were held is read.
    """
    from sculpt3d.models.colmap_find import holds_model

    if not source.is_dir():
        raise InputError(f"{source} is no folder; give a folder of photos, a project or a COLMAP model")
    console = console or Console("quiet")
    if (source / "work").is_dir():
        if masks is not None or out is not None:
            raise InputError(
                f"{source} is a project, which has its masks and its place; leave --masks and -o out"
            )
        return _of_project(source, object_height_mm, console)
    is_model = holds_model(source)
    folder = out or beside(source, "plan" if is_model else "sculpt3d")
    new = not folder.exists()
    try:
        if is_model:
            return _of_model(source, folder, images, masks, invert_masks, object_height_mm, console)
        run, given = open_run(source, folder, preset, masks, None, how, console, invert_masks=invert_masks)
        console.plan(("photos", "cameras", "plan"))
        checked = run.photos(source, given.masks, given.key, given.apart)
        step = _step(run.ws, checked, run.cameras(checked), object_height_mm, None, source.resolve().name)
        return _handed_out(step, folder)
    except (SculptError, OSError):
        if new and not any((folder / "work").glob("cameras-*")):  # nothing half-written stays behind
            shutil.rmtree(folder, ignore_errors=True)
        raise


def beside(source: Path, what: str) -> Path:
    return source.resolve().with_name(f"{source.resolve().name}-{what}")


def _of_project(project: Path, height_mm: float | None, console: Console) -> tuple[Path, Mapping[str, Any]]:
    ws = Workspace(project, console)
    console.plan(("plan",))
    checked = ws.kept("photos")
    cameras = next((step for name in _CAMERAS if (step := ws.kept(name)) is not None), None)
    if checked is None or cameras is None:
        raise InputError(
            f"{project}/work holds no cameras; run sculpt3d reconstruct or plan on the photos first"
        )
    known = None if height_mm is not None else _known(ws, cameras)
    return _handed_out(_step(ws, checked, cameras, height_mm, known, project.resolve().name), project)


def _known(ws: Workspace, cameras: Step) -> tuple[float, str] | None:
    """Metres a unit of the cameras, where the project has a scale."""
    if cameras.name == "survey":
        return (1.0, scale_source(cameras)) if survey_facts(cameras)["scale_sigma"] is not None else None
    placed = ws.kept("place")
    where = None if placed is None else load_place(placed.path)
    return (where.world_from_sfm.scale, where.source) if where is not None and where.metric else None


def _step(ws: Workspace, checked: Step, cameras: Step, height_mm: float | None,
          known: tuple[float, str] | None, name: str) -> Step:  # fmt: skip
    from sculpt3d.photos.check import load_photo_set
    from sculpt3d.photos.masks import prepared_masks

    photos = load_photo_set(checked.path).photos
    turned = {p.name: p.orientation for p in photos}
    shown = {p.name: Path(p.source).name for p in photos}

    def work(out: Path, tell: Progress) -> None:
        from sculpt3d.models.colmap import read_model
        from sculpt3d.planning.cameras import scene_of_model

        model = read_model(cameras.path / "sparse")
        scene = scene_of_model(model, prepared_masks(checked.path / "masks").found)
        _made(out, scene, turned, height_mm, known, name, shown, tell)

    given = {"object_height_mm": height_mm, "known": known, "name": name}
    return ws.step("plan", 2, work, given, [checked.key, cameras.key])


def _of_model(source: Path, out: Path, images: Path | None, masks: Path | None, invert: bool | None,
              height_mm: float | None, console: Console) -> tuple[Path, Mapping[str, Any]]:  # fmt: skip
    from sculpt3d.models.colmap import far_offset, read_model
    from sculpt3d.models.colmap_find import choose_model
    from sculpt3d.photos.masks import NONE, match_masks

    folder, told = choose_model(source)
    key = key_of_files({f.name: f for f in folder.iterdir() if f.is_file()})
    model = read_model(folder)
    own = masks or (source / "masks" if (source / "masks").is_dir() else None)
    names = sorted(str(model.images[i].name) for i in model.reg_image_ids())
    matched = NONE if own is None else match_masks(own, names, invert)
    turned = orientations(
        names, [images] if images else [f / "images" for f in (source, folder.parent, folder.parent.parent)]
    )
    ws = Workspace(out, console)
    console.plan(("plan",))
    held = [] if turned else ["the photos are not beside the model (--images): all are taken as held upright"]
    for sentence in [*([told] if told else []), *matched.sentences(), *held]:
        console.say(f"note: {sentence}")

    def work(to: Path, tell: Progress) -> None:
        from sculpt3d.align import about
        from sculpt3d.planning.cameras import scene_of_model

        found = _turned_over(matched.found, to / "masks") if matched.invert else matched.found
        scene = about(scene_of_model(model, found), far_offset(model))
        _made(to, scene, turned, height_mm, None, source.resolve().name, {}, tell)
        shutil.rmtree(to / "masks", ignore_errors=True)

    given = {
        "object_height_mm": height_mm,
        "invert": matched.invert,
        "name": source.resolve().name,
        "turned": turned,
    }
    step = ws.step("plan", 2, work, given, [key, key_of_files(dict(matched.found))])
    ws.prune()
    return _handed_out(step, out)


def orientations(names: Sequence[str], folders: Sequence[Path]) -> dict[str, int]:
    """EXIF's, of the photos that are in or below the first folder that is there; 1 where a photo does not say it."""
    from PIL import Image

    folder = next((f.resolve() for f in folders if f.is_dir()), None)
    found: dict[str, int] = {}
    if folder is None:
        return found
    for name in names:
        path = (folder / name).resolve()
        if not (path.is_relative_to(folder) and path.is_file()):
            continue
        try:
            with Image.open(path) as photo:
                found[name] = int(photo.getexif().get(274, 1))
        except (OSError, ValueError, SyntaxError, TypeError, Image.DecompressionBombError):
            found[name] = 1
    return found


def _turned_over(masks: Mapping[str, Path], folder: Path) -> dict[str, Path]:
    """White where they are black."""
    from PIL import Image

    from sculpt3d.photos.masks import read_mask

    folder.mkdir(exist_ok=True)
    found = {}
    for number, (name, path) in enumerate(sorted(masks.items())):
        found[name] = folder / f"{number}.png"
        Image.fromarray(read_mask(path, invert=True)).save(found[name])
    return found


def _made(out: Path, scene: Any, turned: Mapping[str, int], height_mm: float | None,
          known: tuple[float, str] | None, name: str, shown: Mapping[str, str], tell: Progress) -> None:  # fmt: skip
    from PIL import Image

    from pipelines.plan_picture import plan_picture
    from sculpt3d.planning.plan import plan_shots

    found = plan_shots(scene, out / "coarse", turned, height_mm, known, tell)
    shutil.rmtree(out / "coarse", ignore_errors=True)
    facts = plan_facts(found)
    for station in facts["stations"]:
        station["between"] = [shown.get(n, n) for n in station["between"]]
        station["nearest"] = shown.get(station["nearest"], station["nearest"])
    picture = io.BytesIO()
    Image.fromarray(plan_picture(found)).save(picture, "PNG")
    write_atomic(out / "plan.png", picture.getvalue())
    write_atomic(out / "plan.json", json.dumps(facts, indent=1).encode())
    text = plan_page(name, facts, picture.getvalue())
    write_atomic(out / "plan.html", text.encode("utf-8", "replace"))


def plan_page(name: str, facts: Mapping[str, Any], picture: bytes) -> str:
    """The HTML text; names of photos come from strangers and are escaped."""
    from pipelines.plan_picture import TIMES

    s, unit = facts["sigma"], "mm" if facts["metric"] else "px"
    return render(
        "plan.html",
        name=name,
        tiles=[
            (str(facts["photos"]), "photos"),
            (f"{facts['noise_px']:.2f} px", "noise of tie points"),
            ("none" if s["median"] is None else f"{s['median']:.2g} {unit}", "expected sigma, median"),
            (f"{facts['hole_share']:.1%}", "of the surface open"),
            (f"{facts['weak_share']:.1%}", "of the surface unsure"),
        ],
        lines=lines(facts),
        stations=[
            {"number": t["number"], "line": station_line(t, facts["relief"], facts["metric"])}
            for t in facts["stations"]
        ],
        weak=[weak_line(w, facts["unit"]) for w in facts["weak"]],
        picture=f"data:image/png;base64,{base64.b64encode(picture).decode()}",
        middle=f"{TIMES**0.5:.1f}",
        worst=f"{TIMES:.0f}",
    )


def summary(facts: Mapping[str, Any], folder: Path) -> str:
    """For the terminal: short."""
    told = lines(facts)
    told += [weak_line(w, facts["unit"]) for w in facts["weak"][:3]]
    told += [
        f"Shoot {t['number']}: {station_line(t, facts['relief'], facts['metric'])}."
        for t in facts["stations"][:3]
    ]
    return "\n".join([*told, f"Plan: {folder / 'plan.html'} (picture plan.png, figures plan.json)"])


def _handed_out(step: Step, folder: Path) -> tuple[Path, Mapping[str, Any]]:
    for name in RESULTS:
        write_atomic(folder / name, (step.path / name).read_bytes())
    return folder, dict(json.loads((folder / "plan.json").read_text("utf-8")))
