"""Annotations in the window: made, changed, undone; on the disk before they count, so that a killed window loses none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hands import click, key, opened, paint, press
from PIL import Image

from pipelines.cli import main
from sculpt3d.desk.notebook import journal_of, page_of, read_annotated
from sculpt3d.errors import ResourceError
from viewer import app
from viewer.files.desks import write_desk
from viewer.hand import still
from viewer.state.notes import colour_of

Windows = list[app.Desk]
FRONT = np.array([[-0.02, 0.0, 0.05], [0.0, 0.01, 0.05], [0.02, 0.0, 0.05]])


def test_a_point_a_line_and_a_region_are_noted_changed_and_undone(cube: Path, windows: Windows) -> None:
    window = opened(cube, windows)
    press(window, "_1")
    window.act("set", condition="crack", text="new in 2027", author="A. B.")
    window.act("tool", "note point")
    click(window, FRONT[0])
    window.act("set", condition="salt", brush_mm=8.0)
    window.act("tool", "note line")
    for place in FRONT:
        click(window, place)
    press(window, "ENTER")
    window.act("tool", "note region")
    paint(window, FRONT)
    press(window, "ENTER")
    kept = read_annotated(cube).book.listed()
    assert [a.shape for a in kept] == ["point", "line", "region"] and kept == list(
        window.desk.content.annotations
    )
    assert [a.condition for a in kept] == ["crack", "salt", "salt"]
    assert [a.text for a in kept] == ["new in 2027", "", ""] and kept[2].author == "A. B."
    assert len(kept[2].region.brush) > 4  # type: ignore[union-attr]
    window.act("change", ("annotations", 2), text="efflorescence", colour="#00ff00")
    assert read_annotated(cube).book.listed()[2].text == "efflorescence"
    assert colour_of(window.desk, "salt", "#00ff00") == (0, 1, 0)
    over = still(window.desk).over
    assert {w.text for w in over.words} == {"Crack: new in 2027", "Salt", "Salt: efflorescence"}
    window.on_draw()
    press(window, "Z", key.MOD_CTRL)
    press(window, "Z", key.MOD_CTRL)
    assert [a.shape for a in read_annotated(cube).book.listed()] == ["point", "line"]
    press(window, "Y", key.MOD_CTRL)
    assert len(read_annotated(cube).book.listed()) == 3
    window.act("veil", "annotations")
    assert not still(window.desk).over.words
    window.desk.bench.close()
    assert page_of(cube).is_file() and not journal_of(page_of(cube)).exists()


def test_a_killed_window_loses_no_annotation(cube: Path) -> None:
    script = """
import os, signal, sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
import numpy as np
from hands import opened, click, press
window = opened(Path(sys.argv[1]), [])
press(window, "_1")
window.act("tool", "note point")
for x in (-0.02, 0.0, 0.02):
    click(window, np.array([x, 0.0, 0.05]))
window.act("delete", ("annotations", 1))
os.kill(os.getpid(), signal.SIGKILL)
"""
    here = Path(__file__).parent
    done = subprocess.run(
        [sys.executable, "-c", script, str(cube), str(here)],
        env=os.environ | {"PYTHONPATH": str(here.parent)},
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == -9, done.stderr
    kept = read_annotated(cube).book.listed()
    assert [round(a.points[0][0], 3) for a in kept] == [-0.02, 0.02]


def test_what_another_window_holds_is_not_changed(cube: Path, windows: Windows) -> None:
    """Nor is anything lost of what this one has."""
    one, other = opened(cube, windows), opened(cube, windows)
    for window in (one, other):
        press(window, "_1")
        window.act("tool", "note point")
    click(one, FRONT[0])
    click(other, FRONT[1])
    assert len(one.desk.content.annotations) == 1 and other.desk.content.annotations == ()
    with pytest.raises(ResourceError, match="open in another window"):
        app.act(other.desk, "add", "annotations", one.desk.content.annotations[0])


def test_a_broken_list_of_conditions_is_said_and_the_model_shown(cube: Path, windows: Windows) -> None:
    (cube.parent / "conditions.toml").write_text("[crack\n")
    (cube.parent / "cube.annotations.jsonld").write_text("{")
    window = opened(cube, windows)
    assert len(window.desk.said) == 2 and "crack" in window.desk.bench.conditions
    window.on_draw()


def test_notes_are_in_pictures_only_where_a_view_shows_them(
    cube: Path, windows: Windows, tmp_path: Path
) -> None:
    window = opened(cube, windows)
    press(window, "_1")
    window.act("set", condition="crack", brush_mm=25.0)
    window.act("tool", "note region")
    click(window, np.array([0.0, 0.0, 0.05]))
    press(window, "ENTER")
    write_desk(tmp_path / "with.json", window.desk)
    window.act("veil", "annotations")
    write_desk(tmp_path / "without.json", window.desk)
    window.desk.bench.close()
    found = {}
    for name, more in (("none", []), ("with", ["--state"]), ("without", ["--state"])):
        out = tmp_path / f"{name}.png"
        state = [*more, str(tmp_path / f"{name}.json")] if more else []
        assert main(["render", str(cube), "-o", str(out), "--mode", "clay", "--size", "200x200", *state]) == 0
        image = np.asarray(Image.open(out)).astype(int)
        found[name] = int((image[..., 0] - image[..., 2] > 40).sum())
    assert found["none"] == found["without"] == 0 and found["with"] > 500
