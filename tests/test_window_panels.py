"""The window with its panels, through its own handlers: what hands do there, what it says, in which language and letters."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyglet
import pytest
import trimesh

from sculpt3d.desk.kept_unit import kept_unit
from sculpt3d.models.ply import write_mesh
from sculpt3d.types import U8, Mesh
from tests.conftest import ROOT
from viewer.drawing.picture import framed
from viewer.drawing.window import has_screen
from viewer.files.loading import load
from viewer.files.settings import Settings, keep_recent, keep_settings, read_recent, read_settings
from viewer.language import _, catalogue, speak
from viewer.state.keymap import GESTURES, TABLE
from viewer.window import MISSING, Desk

if not has_screen():
    pyglet.options.headless = True  # before pyglet.window is loaded, which looks for a screen
from pyglet.window import key, mouse

imgui_bundle = pytest.importorskip("imgui_bundle", reason="needs imgui-bundle")
from viewer.language.gather import words  # noqa: E402
from viewer.overlay.dial import spot  # noqa: E402
from viewer.panels import panels  # noqa: E402
from viewer.panels.panel import TABS  # noqa: E402
from viewer.shell.keys import listed  # noqa: E402
from viewer.shell.letters import load_letters  # noqa: E402
from viewer.shell.places import places, scale_of  # noqa: E402

SIZE = (1280, 720)


def ball(path: Path, comments: tuple[str, ...] = ("metres",), radius: float = 0.05) -> Path:
    mesh = trimesh.creation.icosphere(4, radius)
    write_mesh(path, Mesh(mesh.vertices.astype(np.float32), mesh.faces.astype(np.int32)), comments)
    return path


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    speak("en")
    yield
    speak("en")


@pytest.fixture
def windows() -> Iterator[list[Desk]]:
    made: list[Desk] = []
    yield made
    for one in made:
        one.close()


def opened(path: Path, windows: list[Desk], settings: Settings | None = None, size: tuple[int, int] = SIZE) -> Desk:
    document = load(path)
    made = Desk(document, framed(document, size), size, path, settings=settings or Settings(), visible=False)
    windows.append(made)
    made.picture()
    return made


@contextmanager
def screen() -> Iterator[str]:
    """A display of Xvfb's own choice."""
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1000x700x24"]
    display = subprocess.Popen(command, stderr=subprocess.DEVNULL, pass_fds=[writing])
    os.close(writing)
    try:
        yield f":{os.read(reading, 16).decode().strip()}"
    finally:
        os.close(reading)
        display.terminate()
        display.wait()


def amber(pixels: U8) -> tuple[float, float]:
    """Middle of the lamp's spot on the dial, from the upper left corner."""
    rows, columns = np.nonzero((np.abs(pixels.astype(int) - [255, 204, 107]) < 8).all(2))
    assert len(rows) > 20
    return float(columns.mean()), float(rows.mean())


def pulled(desk: Desk, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Pressed, dragged and let go, a frame after each, as the window does it; from the upper left corner."""
    (x, y), (to_x, to_y) = ((round(a), round(SIZE[1] - 1 - b)) for a, b in (start, end))
    desk.on_mouse_motion(x, y, 0, 0)
    desk.picture(False)
    desk.on_mouse_press(x, y, mouse.LEFT, 0)
    desk.picture(False)
    desk.on_mouse_drag(to_x, to_y, to_x - x, to_y - y, mouse.LEFT, 0)
    desk.picture(False)
    desk.on_mouse_release(to_x, to_y, mouse.LEFT, 0)
    desk.picture(False)


def test_the_lamp_on_the_dial_goes_where_the_hand_pulls_it(tmp_path: Path, windows: list[Desk]) -> None:
    desk = opened(ball(tmp_path / "ball.ply"), windows)
    desk.send("kind raking")
    camera = desk.state.camera
    start = amber(desk.picture())
    radius = 58
    across, up = spot(desk.state.lamps[0])
    middle = start[0] - across * radius, start[1] + up * radius
    for azimuth, elevation in ((30.0, 40.0), (200.0, 12.0), (300.0, 75.0)):
        away = radius * (1 - elevation / 90)
        turn = np.radians(azimuth)
        end = middle[0] + away * np.cos(turn), middle[1] - away * np.sin(turn)
        pulled(desk, start, end)
        lamp = desk.state.lamps[0]
        assert lamp.elevation == pytest.approx(elevation, abs=1.5)
        assert lamp.azimuth == pytest.approx(azimuth, abs=4)
        start = amber(desk.picture())
        assert np.hypot(start[0] - end[0], start[1] - end[1]) < 1.5
    assert desk.state.camera == camera


def test_a_drag_beside_the_panels_turns_the_model_and_one_on_them_does_not(tmp_path: Path, windows: list[Desk]) -> None:
    desk = opened(ball(tmp_path / "ball.ply"), windows)
    before = desk.state.camera
    pulled(desk, (1200, 660), (1150, 640))
    assert desk.state.camera == before
    pulled(desk, (400, 400), (460, 400))
    assert desk.state.camera.azimuth != before.azimuth


def into_a_field(desk: Desk, top: int) -> None:
    """The first that takes text, found by clicking down the inspector."""
    for y in range(top, 680, 9):
        pulled(desk, (1200, y), (1200, y))
        if desk.shell.takes_keys():
            return
        if desk.shell.has_list_open():
            desk.on_key_press(key.ESCAPE, 0)
            desk.picture(False)
            desk.on_key_release(key.ESCAPE, 0)
            desk.picture(False)
    pytest.fail("no field takes text")


def write(desk: Desk, text: str) -> None:
    """All that is in the field replaced, and Enter."""
    desk.on_key_press(key.A, key.MOD_CTRL)
    desk.picture(False)
    desk.on_key_release(key.A, 0)
    desk.on_text(text)
    desk.picture(False)
    desk.on_key_press(key.RETURN, 0)
    for _frame in range(4):
        desk.picture(False)
    desk.on_key_release(key.RETURN, 0)
    desk.picture(False)


def test_a_kept_camera_and_a_measurement_are_renamed_by_hand(tmp_path: Path, windows: list[Desk]) -> None:
    from sculpt3d.desk.quantity import Measurement

    closed = Settings(tab="Camera", closed=("camera",))
    desk = opened(ball(tmp_path / "ball.ply"), windows, closed)
    desk.send("bookmark")
    desk.picture(False)
    into_a_field(desk, 186)
    write(desk, "脸部")
    assert [b.name for b in desk.state.bookmarks] == ["脸部"]
    desk.send("add", "measurements", Measurement("distance", ((0.0, 0.05, 0.0), (0.0, -0.05, 0.0)), "a"))
    desk.send("tab Measure")
    desk.picture()
    into_a_field(desk, 368)
    write(desk, "height of it")
    assert [m.name for m in desk.desk.content.measurements] == ["height of it"]


def test_what_is_written_into_a_field_is_no_command(tmp_path: Path, windows: list[Desk]) -> None:
    """Letters of the keyboard and Chinese ones; the field is found by clicking down the panel until it takes text."""
    desk = opened(ball(tmp_path / "ball.ply"), windows, Settings(tab="Publish"))
    into_a_field(desk, 152)
    state = desk.state
    for symbol in (key.C, key._1):
        desk.on_key_press(symbol, 0)
        desk.on_key_release(symbol, 0)
    desk.on_text("c1 石像")
    for _frame in range(4):  # keys, then letters: imgui takes one kind a frame
        desk.picture(False)
    assert desk.memory.get("publish", None).caption == "c1 石像"
    assert desk.state == state


def test_keys_hide_the_panels_and_give_the_picture_the_room(tmp_path: Path, windows: list[Desk]) -> None:
    desk = opened(ball(tmp_path / "ball.ply"), windows)
    assert desk.places().bar is not None and desk.picture_size()[0] < SIZE[0]
    with_panels = desk.picture()
    desk.on_key_press(key.H, 0)
    assert desk.places().bar is None and desk.picture_size() == SIZE
    assert np.abs(desk.picture().astype(int) - with_panels).mean() > 5
    desk.on_key_press(key.H, 0)
    assert (desk.picture() == with_panels).all()


def test_the_map_of_keys_has_every_key_and_gesture(tmp_path: Path, windows: list[Desk]) -> None:
    from viewer.modes import modes
    from viewer.tools import tools

    desk = opened(ball(tmp_path / "ball.ply"), windows)
    shown = [entry for group in listed().values() for entry in group]
    assert len(shown) == len(GESTURES) + len(TABLE) + len(modes()) + len(tools()) == len(GESTURES) + len(desk.keys)
    assert all(name and says for name, says in shown)
    before = desk.picture()
    desk.on_key_press(key.SLASH, key.MOD_SHIFT)
    assert desk.shows_keys and np.abs(desk.picture().astype(int) - before).mean() > 5
    desk.on_key_press(key.ESCAPE, 0)
    assert not desk.shows_keys and (desk.picture() == before).all()


def test_a_dropped_file_is_opened_and_a_broken_one_is_told_until_it_was_read(
    tmp_path: Path, windows: list[Desk]
) -> None:
    desk = opened(ball(tmp_path / "ball.ply"), windows)
    other = ball(tmp_path / "another.ply")
    desk.on_file_drop(10, 10, [str(other)])
    desk.picture()
    assert desk.document.name == "another" and desk.path == other.resolve()
    (tmp_path / "broken.ply").write_bytes(b"ply\nnonsense")
    desk.on_file_drop(10, 10, [str(tmp_path / "broken.ply")])
    desk.picture()
    assert desk.document.name == "another"
    (notice,) = [n for n in desk.notices if n.kind == "wrong"]
    desk.notices = tuple(replace(n, since=n.since - 3600) for n in desk.notices)
    desk.picture()
    assert notice.text in {n.text for n in desk.notices}
    desk.on_key_press(key.ESCAPE, 0)
    assert not desk.notices


def test_the_unit_is_asked_once_and_kept_beside_the_file(tmp_path: Path, windows: list[Desk]) -> None:
    path = ball(tmp_path / "ball.ply", (), 50.0)
    desk = opened(path, windows)
    assert desk.asks_unit and desk.document.unit_m is None
    desk.send("unit mm")
    desk.picture()
    assert not desk.asks_unit and desk.document.unit_m == 0.001 and desk.desk.bench.mm == 1.0
    assert json.loads((tmp_path / "ball.view.json").read_text())["unit"] == "mm"
    again = opened(path, windows)
    assert not again.asks_unit and again.document.unit_m == 0.001
    assert kept_unit(path) == ("mm", "ball.view.json")


def test_where_the_folder_cannot_be_written_the_unit_is_kept_in_the_settings(tmp_path: Path) -> None:
    from sculpt3d.desk.kept_unit import keep_unit

    path = ball(tmp_path / "ball.ply", (), 50.0)
    (tmp_path / "ball.view.json").mkdir()
    keep_unit(path, "cm")
    assert kept_unit(path) == ("cm", "your settings")
    assert load(path).unit_m == 0.01


@pytest.mark.parametrize(
    ("size", "language", "theme"),
    [((1280, 720), "en", "dark"), ((1280, 720), "zh", "light"), ((3840, 2160), "zh", "dark"), ((640, 480), "en", "light")],
)
def test_every_tab_is_drawn_at_every_size(
    size: tuple[int, int], language: str, theme: str, tmp_path: Path, windows: list[Desk]
) -> None:
    desk = opened(ball(tmp_path / "ball.ply"), windows, Settings(theme=theme), size)
    speak(language)
    desk.say_missing_letters()
    seen: list[U8] = []
    for tab in [t for t in TABS if any(p.tab == t for p in panels())]:
        desk.send(f"tab {tab}")
        seen.append(desk.picture())
        box = desk.places().side
        assert box is not None
        side = seen[-1][round(box.top) : round(box.top + box.height), round(box.left) :]
        dark = side.mean() < 110
        assert dark == (theme == "dark") and side.std() > 4
    assert all((a != b).any() for a, b in itertools.pairwise(seen))
    assert not [n for n in desk.notices if n.kind == "wrong"]


def test_every_word_has_a_translation_and_none_is_left_over() -> None:
    chinese = catalogue("zh")
    said = words()
    missing = [w for w in said if (w[0] if isinstance(w, tuple) else w) not in {**chinese.words, **chinese.several}]
    assert not missing
    own = {w[0] if isinstance(w, tuple) else w for w in said}
    assert not ({**chinese.words, **chinese.several}.keys() - own)
    for english, told in {**chinese.words, **chinese.several}.items():
        fields = [set(part.split("}")[0] for part in text.split("{")[1:]) for text in (english, told)]
        assert fields[0] == fields[1], english


def test_every_panel_and_tab_is_marked_for_translation() -> None:
    assert {p.tab for p in panels()} <= set(TABS)
    for name in (*TABS, *(p.title for p in panels())):
        assert name in words()


def test_no_letter_of_the_window_is_an_empty_box() -> None:
    from imgui_bundle import imgui

    context = imgui.create_context()
    try:
        letters = load_letters()
        english = "".join(w if isinstance(w, str) else "".join(w) for w in words())
        assert letters.lacking(english + "±°²µ–—…×") == ""
        assert letters.chinese is not None, "install fonts: pip install 'sculpt3d[zh]'"
        chinese = catalogue("zh")
        assert letters.lacking("".join((*chinese.words.values(), *chinese.several.values()))) == ""
        assert chr(letters.plain.fallback_char) == "?"
    finally:
        imgui.destroy_context(context)


def test_without_a_chinese_font_the_window_says_so_in_english(tmp_path: Path, windows: list[Desk]) -> None:
    desk = opened(ball(tmp_path / "ball.ply"), windows)
    desk.shell.letters = replace(desk.shell.letters, chinese=None)
    desk.send("language zh")
    assert _("Open") == "Open" and [n.text for n in desk.notices] == [MISSING]


def test_settings_come_back_as_they_were_and_nonsense_is_as_good_as_none(tmp_path: Path) -> None:
    kept = Settings("zh", "light", 1.5, (1000, 800), False, "Camera", ("light",), "turn")
    keep_settings(kept, tmp_path)
    assert read_settings(tmp_path) == kept
    for nonsense in (
        b"",
        b"\xff\x00",
        b"[]",
        b'{"size": [1, 2], "theme": 7, "scale": true, "closed": "x"}',
        b"[" * 9999,
    ):
        (tmp_path / "window.json").write_bytes(nonsense)
        assert read_settings(tmp_path) == Settings()
        (tmp_path / "recent.json").write_bytes(nonsense)
        assert read_recent(tmp_path) == ()


def test_recent_files_survive_a_kill(tmp_path: Path) -> None:
    models = [ball(tmp_path / f"m{k}.ply") for k in range(3)]
    keep_recent(models[0], tmp_path)
    script = (
        "import itertools, sys\nfrom pathlib import Path\nfrom viewer.files.settings import keep_recent\n"
        "print('on', flush=True)\n"
        "for k in itertools.count(): keep_recent(Path(sys.argv[1]) / f'm{k % 3}.ply', Path(sys.argv[1]))\n"
    )
    for _turn in range(3):
        child = subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None and child.stdout.readline() == "on\n"
        time.sleep(0.15)
        child.send_signal(signal.SIGKILL)
        child.wait()
        found = read_recent(tmp_path)
        assert found and set(found) <= {m.resolve() for m in models}
    models[1].unlink()
    assert models[1].resolve() not in read_recent(tmp_path)


def test_places_leave_the_picture_its_room() -> None:
    for width, height in ((320, 240), (1280, 720), (3840, 2160)):
        scale = scale_of(0.0, 1.0, width, height)
        found = places(width, height, scale, True)
        assert found.picture.width >= width / 2 - 1 and found.picture.height >= height / 4
        assert found.bar is not None and found.side is not None and found.foot is not None
        assert found.side.left == found.picture.width and found.foot.top == found.picture.top + found.picture.height
    assert scale_of(0.0, 2.0, 1280, 720) == 2.0 and scale_of(1.25, 2.0, 3840, 2160) == 1.25
    assert scale_of(0.0, 1.0, 3840, 2160) == 2.0


@pytest.mark.skipif(shutil.which("Xvfb") is None, reason="needs Xvfb (Debian: apt install xvfb)")
def test_a_real_window_takes_keys_and_remembers(tmp_path: Path) -> None:
    """Under Xvfb, by the events of X itself: the real loop, a real resize, a close that keeps the settings."""
    path = ball(tmp_path / "ball.ply")
    script = (
        "import sys\nfrom pathlib import Path\nimport pyglet\nfrom viewer import app\n"
        "def steps(dt):\n"
        "    (window,) = pyglet.app.windows\n"
        "    window.dispatch_event('on_key_press', pyglet.window.key.C, 0)\n"
        "    window.dispatch_event('on_file_drop', 5, 5, [sys.argv[1]])\n"
        "    pyglet.clock.schedule_once(lambda dt: window.dispatch_event('on_close'), 1.5)\n"
        "pyglet.clock.schedule_once(steps, 1.0)\n"
        "app.view(Path(sys.argv[1]), size=(900, 600), language='zh')\n"
    )
    with screen() as number:
        environment = {k: v for k, v in os.environ.items() if k != "WAYLAND_DISPLAY"}
        done = subprocess.run(
            [sys.executable, "-c", script, str(path)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            env=environment | {"DISPLAY": number, "PYTHONPATH": str(ROOT)},
            timeout=60,
        )
    assert done.returncode == 0, done.stderr
    assert read_settings(tmp_path / "config" / "sculpt3d").size == (900, 600)
    assert read_recent(tmp_path / "config" / "sculpt3d") == (path.resolve(),)


def test_what_the_window_writes_is_what_the_command_line_writes(tmp_path: Path, windows: list[Desk]) -> None:
    """Measurements, a section and a condition map, each of the desk as it is and of the same desk saved."""
    from pipelines.cli import main
    from sculpt3d.desk.quantity import Measurement
    from sculpt3d.desk.section import Section
    from sculpt3d.desk.slicing import Plane

    model = ball(tmp_path / "ball.ply")
    desk = opened(model, windows)
    desk.send("add", "measurements", Measurement("distance", ((0.0, 0.05, 0.0), (0.0, -0.05, 0.0)), "height"))
    desk.send("add", "sections", Section(Plane.of(0, 0, -1, -0.01), "low", every_mm=10.0, count=2))
    for what in ("measurements csv", "measurements json", "section dxf 1"):
        ending = what.split()[1]
        desk.send(f"write {what} -o {tmp_path / f'window {what[:3]}.{ending}'}")
        desk.picture()
    desk.send("save view")
    desk.picture()
    assert not [n for n in desk.notices if n.kind == "wrong"]
    view, told = tmp_path / "ball.view.json", tmp_path / "command.csv"
    assert main(["measure", str(model), "--state", str(view), "--csv", str(told)]) == 0
    assert (tmp_path / "window mea.csv").read_bytes() == told.read_bytes()
    assert json.loads((tmp_path / "window mea.json").read_text())["measurements"][0]["name"] == "height"
    plane = ["--plane=0.0,0.0,-1.0,-0.01", "--every", "10.0", "--count", "2"]
    assert main(["section", str(model), *plane, "-o", str(tmp_path / "command.dxf")]) == 0
    assert (tmp_path / "window sec.dxf").read_bytes() == (tmp_path / "command.dxf").read_bytes()
    assert not list(tmp_path.glob(".ball*"))


def test_a_failed_export_is_told_in_the_command_lines_words(tmp_path: Path, windows: list[Desk]) -> None:
    desk = opened(ball(tmp_path / "ball.ply"), windows)
    desk.send(f"write measurements csv -o {tmp_path / 'nowhere' / 'a.csv'}")
    desk.picture()
    (notice,) = desk.notices
    assert notice.kind == "wrong" and "nowhere" in notice.text


def test_nothing_measured_is_lost_without_being_asked(tmp_path: Path, windows: list[Desk]) -> None:
    from sculpt3d.desk.quantity import Measurement

    model, other = ball(tmp_path / "ball.ply"), ball(tmp_path / "other.ply")
    desk = opened(model, windows)
    desk.send("add", "measurements", Measurement("distance", ((0.0, 0.05, 0.0), (0.0, -0.05, 0.0)), "height"))
    desk.on_file_drop(0, 0, [str(other)])
    desk.picture()
    assert desk.leaving and desk.document.name == "ball"
    desk.send("stay")
    desk.on_close()
    assert desk.leaving == "quit" and desk.window.context is not None
    desk.on_key_press(key.ESCAPE, 0)
    assert not desk.leaving
    desk.on_file_drop(0, 0, [str(other)])
    desk.send("leave saved")
    desk.picture()
    assert desk.document.name == "other" and not desk.desk.content.measurements
    desk.send(f"open {model}")
    desk.picture()
    assert [m.name for m in desk.desk.content.measurements] == ["height"]


def test_the_model_is_framed_in_the_room_that_panels_leave(tmp_path: Path, windows: list[Desk]) -> None:
    desk = opened(ball(tmp_path / "ball.ply"), windows, size=(900, 900))
    pixels = desk.picture()
    box = desk.places().picture
    seen = (np.abs(pixels[460].astype(int) - pixels[60, 5]).max(1) > 40)[: round(box.width)]
    assert not seen[:8].any() and not seen[-8:].any() and seen.mean() > 0.75


def test_without_imgui_bundle_the_window_has_keys_and_an_overlay(tmp_path: Path) -> None:
    """In a process of its own, where the package is not to be found."""
    model = ball(tmp_path / "ball.ply")
    script = (
        "import sys\nsys.modules['imgui_bundle'] = None\nimport pyglet\npyglet.options.headless = True\n"
        "from pathlib import Path\nfrom viewer import app\nfrom viewer.drawing.picture import framed\n"
        "from viewer.files.loading import load\nfrom viewer.files.settings import Settings\n"
        "document = load(Path(sys.argv[1]))\n"
        "desk = app.Desk(document, framed(document, (400, 300)), (400, 300), Path(sys.argv[1]), settings=Settings())\n"
        "from pyglet.window import key, mouse\n"
        "a = desk.picture()\ndesk.on_key_press(key.C, 0)\ndesk.on_mouse_press(100, 100, mouse.LEFT, 0)\n"
        "desk.on_mouse_drag(150, 100, 50, 0, mouse.LEFT, 0)\ndesk.on_mouse_release(150, 100, mouse.LEFT, 0)\n"
        "desk.on_key_press(key.H, 0)\nb = desk.picture()\ndesk.send('open')\n"
        "print(desk.shell is None, desk.state.mode, (a != b).any(), desk.notices[-1].text)\ndesk.close()\n"
    )
    environment = {k: v for k, v in os.environ.items() if k not in {"DISPLAY", "WAYLAND_DISPLAY"}}
    done = subprocess.run(
        [sys.executable, "-c", script, str(model)], cwd=ROOT, capture_output=True, text=True, env=environment, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("True clay True Choosing files needs the package imgui-bundle")


@pytest.mark.skipif(shutil.which("Xvfb") is None, reason="needs Xvfb (Debian: apt install xvfb)")
def test_an_opengl_that_is_too_old_is_told_and_the_picture_drawn_without_it(tmp_path: Path) -> None:
    model = ball(tmp_path / "ball.ply")
    with screen() as number:
        done = subprocess.run(
            [sys.executable, "-m", "pipelines.cli", "view", str(model), "--size", "320x240"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            env=os.environ | {"DISPLAY": number, "PYTHONPATH": str(ROOT), "MESA_GL_VERSION_OVERRIDE": "2.1"},
            timeout=120,
        )
    assert done.returncode == 0, done.stderr
    assert "OpenGL 3.3" in done.stderr and "Traceback" not in done.stderr
    assert (tmp_path / "ball.png").is_file() and "sculpt3d render" in done.stdout


def test_a_panel_that_fails_is_told_and_the_window_goes_on(tmp_path: Path, windows: list[Desk]) -> None:
    desk = opened(ball(tmp_path / "ball.ply"), windows, Settings(tab="Publish"))
    whole = desk.picture()
    desk.memory.put("publish", 7)
    desk.picture()
    assert [n.kind for n in desk.notices] == ["wrong"]
    desk.memory.values.clear()
    desk.notices = ()
    assert (desk.picture() == whole).all()


def test_a_light_from_behind_is_told_in_its_panel(tmp_path: Path, windows: list[Desk]) -> None:
    desk = opened(ball(tmp_path / "ball.ply"), windows)
    desk.send("front")
    desk.send("lamp raking:az=0,el=90")
    desk.picture()
    assert desk.memory.get("lit", None) is True
    desk.send("back")
    desk.picture()
    assert desk.memory.get("lit", None) is False
    desk.send("lamp raking:az=0,el=90,fixed=camera")
    desk.picture()
    assert desk.memory.get("lit", None) is True


def test_a_file_dropped_with_shift_is_compared_and_its_legend_shown(tmp_path: Path, windows: list[Desk]) -> None:
    desk = opened(ball(tmp_path / "ball.ply"), windows, Settings(tab="Compare"))
    other = ball(tmp_path / "later.ply", radius=0.0502)
    desk.on_key_press(key.LSHIFT, key.MOD_SHIFT)
    desk.on_file_drop(10, 10, [str(other)])
    desk.on_key_release(key.LSHIFT, 0)
    desk.picture()
    assert desk.document.name == "ball" and desk.desk.content.comparison is not None
    assert desk.desk.content.comparison[0] == other
    assert desk.shown.field is not None and desk.state.mode == "deviation"
    assert np.nanmedian(desk.shown.field.values) == pytest.approx(0.2, abs=0.02)


def test_a_picture_of_the_whole_window_by_the_command_line(tmp_path: Path) -> None:
    from pipelines.cli import main

    model, target = ball(tmp_path / "ball.ply"), tmp_path / "window.png"
    assert main(["view", str(model), "--screenshot", str(target), "--panels", "--language", "zh", "--size", "1000x600"]) == 0
    from PIL import Image

    pixels = np.asarray(Image.open(target))
    assert pixels.shape == (600, 1000, 3) and pixels[20:40, 680:].std() > 4


@pytest.mark.skipif(sys.platform != "linux", reason="the dialogs of Linux are programs")
def test_the_systems_dialog_answers_when_it_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program by the name of zenity that answers as zenity does."""
    from viewer.shell.chooser import Native
    from viewer.shell.choosing import Wanted

    picked = tmp_path / "石像.ply"
    program = tmp_path / "bin" / "zenity"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\nprintf '%s\\n' '{picked}'\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    dialog = Native(Wanted("open", "Open a model", (".ply",), tmp_path))
    until = time.monotonic() + 20
    while (answer := dialog.answer()) is None and time.monotonic() < until:
        time.sleep(0.02)
    assert answer == picked


def test_every_key_does_what_its_table_says(tmp_path: Path, windows: list[Desk]) -> None:
    """Those that change the camera, the lamps or the way of looking; none ends in a mistake."""
    from viewer.modes import modes

    desk = opened(ball(tmp_path / "ball.ply"), windows)
    desk.send("kind raking")
    for entry in TABLE:
        if entry.group in ("Camera", "Light"):
            before = desk.state
            desk.on_key_press(getattr(key, entry.key), 0)
            done = desk.state != before
            assert done or entry.command in {"frame", "undo", "redo", "next bookmark"}, entry
            if entry.command == "lamp fixed":
                assert desk.state.lamps[0].fixed != before.lamps[0].fixed
    for mode in modes().values():
        desk.on_key_press(getattr(key, mode.key), 0)
        assert desk.state.mode == mode.name
    assert not [n for n in desk.notices if n.kind == "wrong"]


def test_commands_with_values_are_checked() -> None:
    from sculpt3d.errors import InputError
    from viewer.state.camera import OrbitCamera
    from viewer.state.commands import State
    from viewer.state.values import act, aim_words

    camera = OrbitCamera((0.0, 0.0, 0.0), 3.0)
    state = State(camera, camera)
    for wrong in ("gloss 2", "gloss x", "gloss nan", "radius -1", "limits 2 1", "limits a b", "lamp 7", "lamp moon",
                  "kind sun", "fixed ceiling", "view upside", "go 1", "forget 1", "rename 1 a", "mode mist"):  # fmt: skip
        with pytest.raises(InputError):
            act(wrong, state)
    two = act("lamp add", act("lamp raking:az=30,el=8", state))
    assert len(two.lamps) == 2 and two.lamps[1].azimuth == 210
    held = act("lamp 1", two)
    assert act("lamp raking:az=99,el=8", held).lamps[0].azimuth == 99 and act("lamp remove", held).lamps == two.lamps[1:]
    kept = act("rename 1 Face", act("bookmark", act("view az=30,el=15,roll=5", state)))
    assert kept.bookmarks[0].name == "Face" and aim_words(kept.camera) == "az=30,el=15,roll=5"
    assert act("go 1", act("front", kept)).camera == kept.camera and not act("forget 1", kept).bookmarks
    assert act("limits -1 2", state).shown.high == 2 and act("radius 0.5", state).shown.radius == 0.5


def test_large_areas_and_volumes_are_said_in_cm() -> None:
    from sculpt3d.desk.quantity import Quantity
    from viewer.shell.quantities import worded

    assert worded(Quantity("volume", 1_234_500.0, "mm³", 2000.0)) == "1234.5 ± 2.0 cm³"
    assert worded(Quantity("area", 99.0, "mm²", 1.0)) == "99.0 ± 1.0 mm²"
    assert worded(Quantity("distance", 20_000.0, "mm", 1.0)) == "20000.0 ± 1.0 mm"


def test_a_model_opens_as_it_was_left_and_a_broken_view_beside_it_is_told(tmp_path: Path, windows: list[Desk]) -> None:
    model, other = ball(tmp_path / "ball.ply"), ball(tmp_path / "other.ply")
    desk = opened(model, windows)
    desk.send("top")
    desk.send("mode clay")
    desk.send("save view")
    left = desk.state.camera
    desk.send(f"open {other}")
    desk.picture()
    assert desk.state.camera != left and desk.state.mode == "textured"
    desk.send(f"open {model}")
    desk.picture()
    assert desk.state.mode == "clay" and desk.state.camera.elevation == pytest.approx(left.elevation)
    (tmp_path / "other.view.json").write_text('{"format": "sculpt3d view", "version": 1, "look": {"mode": "mist"}}')
    desk.send(f"open {other}")
    desk.picture()
    assert desk.document.name == "other" and [n.kind for n in desk.notices if n.kind != "done"] == ["note"]
    assert "mist" in desk.notices[-1].text
