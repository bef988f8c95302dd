"""How a run speaks and stops: signals in the middle of native code, readers that have gone, the page for people."""

from __future__ import annotations

import html.parser
import io
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from pipelines.bar import table
from pipelines.console import Console
from pipelines.page import Contents, advice, page
from sculpt3d.geometry import Rigid3
from sculpt3d.types import Pinhole, Scene, SparsePoints, View
from tests.conftest import ROOT

# The main thread is inside a native call that only looks at signals when it returns, and a child works beside it.
_BUSY = """
import subprocess, sys, threading, time
from pipelines.stopping import stop_on_signals
import sculpt3d._pycolmap  # answers SIGTERM with a stack trace unless it is told not to
stop_on_signals()
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
ended = threading.Thread(target=time.sleep, args=(60,))
ended.start()
ended.join()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_process_and_its_children_at_once(number: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _BUSY], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    child = int(process.stdout.readline())
    start = time.monotonic()
    process.send_signal(number)
    _, said = process.communicate(timeout=10)
    assert time.monotonic() - start < 3
    assert process.returncode == 130
    assert said.strip() == "Stopped. Run the same command again to go on where it was."
    time.sleep(0.2)
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE


def test_a_reader_that_has_gone_costs_neither_the_run_nor_a_traceback() -> None:
    class Gone(io.StringIO):
        def write(self, _: str) -> int:
            raise BrokenPipeError

    console = Console("plain", Gone())
    console.plan(["photos"])
    console.start("photos")
    console.done("photos", 1.0, False)
    assert console.mode == "quiet"
    read, write = os.pipe()
    os.close(read)
    for command in (["doctor"], ["view", "nowhere.glb"]):
        done = subprocess.run(
            [sys.executable, "-m", "pipelines.cli", *command],
            cwd=ROOT,
            stdout=write,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert done.returncode in (0, 2)
        assert "Traceback" not in done.stderr
        assert "BrokenPipe" not in done.stderr
    os.close(write)


def facts() -> dict[str, object]:
    return {
        "photos": {
            "given": 3,
            "used": 2,
            "registered": 2,
            "rejected": [
                {"name": "<script>alert(1)</script>{{NAME}}\udcff.jpg", "reason": "is <b>blurred</b>"}
            ],
        },
        "cameras": {
            "mean_reprojection_error_px": 1.4,
            "largest_gap_deg": 120.0,
            "dense_misfit_px": None,
            "turntable": False,
            "told_apart": ["What looked like one camera was 2."],
        },
        "scale": {"metric": False, "source": None},
        "gsd_mm": None,
        "dense": {"points": 10, "median_error_estimate_mm": None},
        "evidence": {"weak_share": 0.3, "weakest_side": "90°"},
        "uncertainty": {"median_unit": 0.002, "most_unit": 0.01, "without_evidence_share": 0.02, "scale_sigma": None},
        "mesh": {"triangles": 5000, "filled_share": 0.01, "open_borders": 3, "size_mm": None},
        "filled": {
            "patches": 22,
            "largest": [{"side": "45°", "height_share": 0.4, "width_share": 0.05, "width_mm": None}] * 20,
        },
        "texture": {"size": 64, "unseen_share": 0.05},
        "versions": {"python": "3"},
    }


def test_the_page_is_whole_and_takes_no_markup_from_names() -> None:
    views = tuple(
        View(f"{k}.jpg", Pinhole(10, 10, 10, 10, 5, 5), Rigid3(np.eye(3), np.array([k, 0, 3.0])), Path("x"))
        for k in range(2)
    )
    empty = SparsePoints(
        np.zeros((0, 3)), np.zeros(0, np.float32), np.zeros(1, np.int32), np.zeros(0, np.int32)
    )
    pictures = {kind: [np.zeros((8, 8, 3), np.uint8)] * 4 for kind in ("colour", "clay", "evidence")}
    body = np.random.default_rng(0).normal(size=(100, 3)).astype(np.float32)
    text = page(
        Contents(
            "A & B <i>", facts(), pictures, {"<em>.jpg": pictures["clay"][0]}, Scene(views, empty), body, []
        )
    )
    seen: list[str] = []

    class Reader(html.parser.HTMLParser):
        def handle_starttag(self, tag: str, _: object) -> None:
            seen.append(tag)

    Reader().feed(text)
    assert "script" not in seen
    assert "link" not in seen and "em" not in seen
    assert seen.count("img") == 13
    assert seen.count("circle") == 2
    assert "A &amp; B &lt;i&gt;" in text
    assert "{{NAME}}" in text  # part of a photo's name, and left alone
    assert 'src="http' not in text
    assert text.count("5.0% of the object wide</td><td>facing 45°</td><td>at 40% of the height") == 20
    assert "And 2 smaller ones." in text


def test_advice_says_what_to_do() -> None:
    said = " ".join(advice(facts()))
    for words in (
        "2 of 3 photos",
        "1.40 pixels",
        "zooms",
        "120 degrees",
        "facing 90°",
        "filled in",
        "3 open borders",
        "5% of",
        "no scale",
    ):
        assert words in said


def test_advice_tells_of_a_turntable() -> None:
    told = facts()
    told["cameras"] = {**told["cameras"], "turntable": True, "still_share": 0.82}  # type: ignore[dict-item]
    assert "82% of the features that did not move were left out." in " ".join(advice(told))
    told["photos"] = {**told["photos"], "used": 5}  # type: ignore[dict-item]
    assert "give masks or use a plain backdrop" in " ".join(advice(told))
    assert "did not move" not in " ".join(advice(facts()))


def test_time_left_waits_for_something_to_go_by() -> None:
    console = Console("quiet")
    console.plan(["photos", "cameras", "depth"])
    console.start("photos")
    assert console.seconds_left(0.5) is None
    console.done("photos", 4.0, False)
    console.start("cameras")
    console._began -= 70
    left = console.seconds_left(1.0)
    assert left is not None
    assert 60 < left < 120  # twice as slow as typical: depth takes 80 s


def test_a_terminal_shows_stages_with_time_left_and_keeps_its_cursor(tmp_path: Path) -> None:
    """In a real pseudo-terminal: finished stages stay as lines, the moving one is drawn over, nothing hides the cursor."""
    import pty

    script = (
        "import sys, time\nfrom pipelines.console import Console\nc = Console()\nassert c.mode == 'bar'\n"
        "c.plan(['photos', 'depth'])\n"
        "for name in c.stages:\n    c.start(name)\n    for k in range(8):\n        time.sleep(0.12)\n        c.tell(k, 8)\n"
        "    c.done(name, 1.0, name == 'photos')\nc.say('Model: [red]a[/red].glb')\n"
    )
    master, slave = pty.openpty()
    process = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    shown = b""
    while True:
        try:
            part = os.read(master, 4096)
        except OSError:
            break
        if not part:
            break
        shown += part
    assert process.wait() == 0
    text = shown.decode()
    assert "[1/2] photos     kept from before" in text and "[2/2] depth      1.0 s" in text
    assert "Model: [red]a[/red].glb" in text  # what people wrote is no markup
    assert "left" in text and text.rfind("\x1b[?25h") > text.rfind("\x1b[?25l")


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437", "utf-8"])
def test_names_that_an_encoding_lacks_cost_no_run(tmp_path: Path, encoding: str) -> None:
    """As on Windows, into a pipe: the name is shown with escapes, the verdict stays."""
    name = "\u0436\u2192\udcff.glb"
    (tmp_path / name).write_bytes(b"no model at all")
    done = subprocess.run(
        [sys.executable, "-m", "pipelines.cli", "check", str(tmp_path / name)],
        cwd=ROOT, capture_output=True, env=os.environ | {"PYTHONIOENCODING": f"{encoding}:strict"},
    )  # fmt: skip
    assert done.returncode == 1 and not done.stderr, done.stderr
    assert b"GLB_INVALID_MAGIC" in done.stdout or b"glTF" in done.stdout
    assert rb"\udcff.glb" in done.stdout


@pytest.mark.parametrize(("encoding", "told"), [("utf-8", {}), ("cp1252", {}), ("utf-8", {"NO_COLOR": "1"})])
def test_a_terminal_gets_only_what_it_can_show(
    encoding: str, told: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No line drawing where the encoding has none; no colour where it is not wanted; elsewhere a line a row for programs."""

    class Terminal(io.TextIOWrapper):
        def isatty(self) -> bool:
            return True

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    for key, value in told.items():
        monkeypatch.setenv(key, value)
    raw = io.BytesIO()
    stream = Terminal(raw, encoding=encoding)
    console = Console("bar", stream)
    console.plan(["photos", "depth"])
    console.start("photos")
    console.tell(1, 2)
    console.done("photos", 1.0, False)
    table(("", "what"), [("ok", "numpy")], stream)
    stream.flush()
    shown = raw.getvalue().decode(encoding)
    assert console.mode == "bar" and "photos" in shown and "numpy" in shown
    assert shown.isascii() == (encoding != "utf-8")
    assert bool(re.search(r"\x1b\[[0-9;]*3[0-9][;m]", shown)) == (not told)
    plain = io.StringIO()
    table(("", "what"), [("ok", "numpy")], plain)
    assert plain.getvalue() == "ok  numpy\n"
