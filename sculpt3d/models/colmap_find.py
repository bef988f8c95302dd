"""Where a COLMAP model lies: of several below sparse/ the largest, the same for every command."""

from __future__ import annotations

from pathlib import Path

from sculpt3d.errors import InputError


def find_model(path: Path) -> Path:
    """The folder that holds cameras.bin or cameras.txt: `path` itself or below `path/sparse`; of several the largest."""
    return choose_model(path)[0]


def choose_model(path: Path, number: int | None = None) -> tuple[Path, str]:
    """The model's folder, and a sentence where there were several: the one with most photos, or sparse/`number`."""
    places = [f for f in _places(path) if _holds_model(f)]
    numbered = [f for f in places if f.name.isdigit() and f != path]
    if number is not None:
        chosen = [f for f in numbered if int(f.name) == number]
        if not chosen:
            there = ", ".join(sorted({f.name for f in numbered})) or "no numbered ones"
            raise InputError(f"{path} has no model {number} below sparse/; there are: {there}")
        return chosen[0], ""
    if not places:
        raise InputError(
            f"{path} holds no COLMAP model (cameras.bin or .txt); give the workspace or its sparse folder"
        )
    if len(places) == 1:
        return places[0], ""
    sizes = {f: count_photos(f) for f in places}
    largest = max(places, key=lambda f: sizes[f])  # the first of equals
    others = ", ".join(f"{f.name} with {n}" for f, n in sizes.items() if f != largest)
    return largest, (
        f"{len(sizes)} models are here; the largest is taken, {largest.name} with {sizes[largest]} photos (not {others}); "
        "for another give its folder, or --model N where that is an option"
    )


def holds_model(path: Path) -> bool:
    """Whether `choose_model` finds one."""
    return any(_holds_model(f) for f in _places(path))


def _places(path: Path) -> list[Path]:
    """Folders that may hold a model: `path`, its sparse/, and the numbered ones in both."""
    tops = [f for f in (path / "sparse", path) if f.is_dir()]
    return [*(f for top in tops for f in sorted(top.iterdir()) if f.name.isdigit() and f.is_dir()), *tops]


def _holds_model(folder: Path) -> bool:
    return any((folder / f"cameras.{kind}").is_file() for kind in ("bin", "txt"))


def count_photos(folder: Path) -> int:
    """How many photos a model has poses for, from its list's head; 0 where that cannot be read."""
    try:
        with open(folder / "images.bin", "rb") as f:
            return int.from_bytes(f.read(8), "little")
    except OSError:
        return len(text_names(folder))


def text_names(folder: Path) -> dict[int, str]:
    """Photo names by id from images.txt: two lines a photo, the name behind nine numbers. pycolmap cuts names at blanks."""
    found: dict[int, str] = {}
    try:
        with open(folder / "images.txt", encoding="utf-8", errors="surrogateescape") as f:
            lines = (line.strip() for line in f if not line.startswith("#"))
            for line in lines:
                words = line.split(maxsplit=9)
                if len(words) == 10 and words[0].isdigit():
                    found[int(words[0])] = words[9]
                    next(lines, "")  # its points
    except OSError:
        return {}
    return found
