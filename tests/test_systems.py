"""Windows, macOS and Linux: what differs is in one module, and the program runs where POSIX does not exist."""

from __future__ import annotations

import ctypes
import json
import os
import re
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import numpy as np
import psutil
import pytest
from packaging.requirements import Requirement
from PIL import Image

from sculpt3d import _job
from sculpt3d.errors import InputError
from sculpt3d.models.ply import read_mesh
from sculpt3d.surface import poisson as poisson_step
from sculpt3d.system import OUT_OF_MEMORY, Child, crash, run
from tests.conftest import ROOT

RULES = ROOT / "tests" / "windows_rules"
SLEEP = "import time; time.sleep(60)"
PRESET = "Preset(max_features=2048, max_image_size=300, surface_depth=6, triangles=2000, texture_size=256)"


def gone(pid: int) -> bool:
    """Within two seconds."""
    end = time.monotonic() + 2
    while time.monotonic() < end:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False


def test_children_and_theirs_do_not_outlive_a_killed_parent() -> None:
    child = f"import os; print(os.getpid(), flush=True); {SLEEP}"
    parent = (
        "import sys, subprocess, time; from sculpt3d.system import Child\n"
        f"c = Child([sys.executable, '-c', {child!r}], stdout=subprocess.PIPE)\n"
        "print(c.stdout.readline().decode(), flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", parent], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    orphan = int(process.stdout.readline())
    assert psutil.Process(orphan).status() != psutil.STATUS_ZOMBIE
    process.kill()
    process.wait()
    assert gone(orphan)


def test_a_program_that_takes_too_long_is_ended_with_what_it_runs(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    with pytest.raises(subprocess.TimeoutExpired):
        run([sys.executable, "-c", f"import os; open({str(told)!r}, 'w').write(str(os.getpid())); {SLEEP}"], timeout=1)
    assert gone(int(told.read_text("utf-8")))


def test_how_a_child_ended_is_known() -> None:
    assert run([sys.executable, "-c", "import sys; print('a'); print('b', file=sys.stderr); sys.exit(7)"]) == (7, "a\n", "b\n")
    ways = {"os.abort()": signal.SIGABRT, "os.kill(os.getpid(), 11)": 11, "os.kill(os.getpid(), 9)": OUT_OF_MEMORY}
    for way, number in ways.items():
        assert crash(run([sys.executable, "-c", f"import os; {way}"])[0]) == number
    for code in (0, 1, 2, 13, 127):
        assert crash(code) is None
    assert run(["/nowhere/program"])[0] != 0
    with Child([sys.executable, "-c", "import sys; sys.exit(len(sys.stdin.read()))"]) as child:  # it reads nothing
        assert child.wait(10) == 0


@pytest.mark.skipif(ctypes.sizeof(ctypes.c_void_p) != 8, reason="sizes of 64-bit Windows")
def test_windows_structures_have_its_sizes() -> None:
    sizes = [ctypes.sizeof(s) for s in (_job.BasicLimits, _job.ExtendedLimits, _job.Accounting)]
    assert sizes == [64, 144, 48]
    assert _job.BasicLimits.LimitFlags.offset == 16


def test_a_cloud_without_a_surface_is_told_from_a_crash(tmp_path: Path) -> None:
    xyz = np.random.default_rng(0).normal(size=(500, 3)).astype(np.float32)
    xyz /= np.linalg.norm(xyz, axis=1, keepdims=True)
    broken = xyz.copy()
    broken[5] = np.nan  # Open3D ends the process over each of these
    for i, (points, reason) in enumerate([(broken, "not finite"), (xyz * 0 + 1, "one place"), (xyz[:1], "fewer")]):
        with pytest.raises(InputError, match=reason):
            poisson_step.poisson(points, points, 5, tmp_path / str(i))
    vertices, faces = poisson_step.poisson(xyz, xyz, 5, tmp_path / "good")
    assert len(faces) > 100
    assert np.median(np.abs(np.linalg.norm(vertices, axis=1) - 1)) < 0.02


WAYS = {
    "os.abort()": "crashed twice",
    "os.kill(os.getpid(), 9)": "Memory ran out",
    "sys.exit(14)": "Memory ran out",
    "sys.exit('odd')": "come to an end.*odd",
}


@pytest.mark.parametrize(("ending", "words"), WAYS.items())
def test_each_way_a_surface_fails_has_its_sentence(ending: str, words: str) -> None:
    code, said = poisson_step._run([sys.executable, "-c", f"import os, sys; {ending}"], 1, lambda *_: None, {})
    assert re.search(words, str(poisson_step._failure(code, said, 1)))


# As on Windows


def there(*command: str, timeout: float = 300) -> subprocess.CompletedProcess[str]:
    """A Python in which the rules hold, for its children too."""
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(RULES), str(ROOT)]), "PYTHONWARNDEFAULTENCODING": "1"}
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=env, capture_output=True, text=True, timeout=timeout, errors="replace"
    )


needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="who holds a file is looked up in Linux's /proc")


@needs_proc
def test_the_rules_refuse_what_windows_refuses(tmp_path: Path) -> None:
    (tmp_path / "sculpt3d.py").write_text(
        """
import mmap, os, pathlib, shutil, signal, subprocess, sys
import numpy as np
here = pathlib.Path(sys.argv[1])
(here / "folder").mkdir()
(here / "plain").write_bytes(b"a")
mapped = np.memmap(here / "folder" / "mapped", np.uint8, "w+", shape=9)
opened = open(here / "opened", "wb")
protected = here / "protected"
protected.write_bytes(b"")
protected.chmod(0o444)
def fcntl(): import fcntl
for name, refused in {
    "import": fcntl, "os": lambda: os.fork, "signal": lambda: signal.SIGKILL, "mmap": lambda: mmap.MADV_DONTNEED,
    "mapped": (here / "folder" / "mapped").unlink, "folder": lambda: os.replace(here / "folder", here / "other"),
    "tree": lambda: shutil.rmtree(here / "folder"), "onto": lambda: os.replace(here / "plain", here / "opened"),
    "protected": protected.unlink, "name": lambda: open(here / "a:b", "w"), "link": lambda: (here / "l").symlink_to("plain"),
    "before": lambda: subprocess.run([sys.executable, "-c", ""], preexec_fn=print), "words": (here / "plain").read_text,
}.items():
    try:
        refused()
    except (OSError, ImportError, AttributeError, ValueError, EncodingWarning):
        continue
    print(name)
del mapped
shutil.rmtree(here / "folder")
""",
        "utf-8",
    )
    (tmp_path / "files").mkdir()
    start = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import sculpt3d"
    done = there("-c", start, str(tmp_path / "files"))
    assert done.stdout == "", "allowed"
    assert done.returncode == 0, done.stderr


@needs_proc
def test_every_module_is_there() -> None:
    code = """
import importlib, pkgutil, pyglet
pyglet.options["headless"], pyglet.options["shadow_window"] = True, False
for top in ("sculpt3d", "pipelines", "viewer"):
    for found in pkgutil.walk_packages(importlib.import_module(top).__path__, top + "."):
        if not found.name.endswith("__main__"):
            importlib.import_module(found.name)
"""
    done = there("-c", code)
    assert done.returncode == 0, done.stderr[-2000:]


@needs_proc
def test_photos_to_model_and_what_follows(small_photos: Path, tmp_path: Path) -> None:
    """The whole way twice (the second time nothing is left to do), then the commands on what it made."""
    photos, project = tmp_path / "Fotos ü", tmp_path / "project"
    photos.mkdir()
    for path in sorted(small_photos.glob("*.jpg"))[:14]:
        with Image.open(path) as photo:
            photo.save(photos / path.name, quality=95, exif=photo.getexif())
        (photos / path.name).chmod(0o444)  # as from a museum's disc
    code = f"""
import sys; from pathlib import Path
from pipelines.photogrammetry import How, Preset, photogrammetry
photogrammetry(Path(sys.argv[1]), Path(sys.argv[2]), {PRESET}, object_height_mm=420.0, how=How(2))
"""
    for _ in range(2):
        done = there("-c", code, str(photos), str(project))
        assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads((project / "report.json").read_text("utf-8"))["photos"]["registered"] == 14
    model, flat, surface = (
        project / "model.glb", *(next((project / "work").glob(f"{step}-*")) for step in ("undistort", "surface"))
    )  # fmt: skip
    textured = ("--size", "256", "--quiet", "-o", str(tmp_path / "textured.glb"))
    place = ",".join(str(float(c)) for c in read_mesh(project / "mesh.ply").vertices[0])
    cli = ("-m", "pipelines.cli")
    dense = ("--quiet", "-o", str(tmp_path / "dense"))
    for command in (
        ("--help",),
        ("check", str(model)),
        ("doctor",),
        ("densify", str(flat), *dense, "--fast"),
        ("texture", str(surface / "web.ply"), "--cameras", str(flat), *textured),
        ("export", str(project), "--preset", "thumb", "--usdz", "--quiet", "-o", str(tmp_path / "web")),
        ("measure", str(model), "--along", "0,0.1,0", "0,0.3,0"),
        ("annotate", str(model), "--add", "crack", "--point", place),
        ("annotate", str(model), "-o", str(tmp_path / "map.csv")),
        ("render", str(model), "-o", str(tmp_path / "picture.png")),
    ):  # fmt: skip
        done = there(*cli, *command)
        assert done.returncode == 0, (command, done.stdout[-500:], done.stderr[-1500:])
    told = json.loads((tmp_path / "dense" / "report.json").read_text("utf-8"))
    assert not (tmp_path / "dense" / "stereo").exists()  # no links there
    assert (tmp_path / "dense" / told["outputs"]["stereo"] / "depth_maps").is_dir()


# What has a wheel

SYSTEMS = {
    "win_amd64": {"platform_system": "Windows", "platform_machine": "AMD64", "sys_platform": "win32"},
    "macosx_14_0_arm64": {"platform_system": "Darwin", "platform_machine": "arm64", "sys_platform": "darwin"},
}


@pytest.mark.parametrize(
    ("platform", "python"),
    [
        ("win_amd64", "3.11"),
        ("macosx_14_0_arm64", "3.12"),
        pytest.param("win_amd64", "3.12", marks=pytest.mark.slow),
        pytest.param("macosx_14_0_arm64", "3.11", marks=pytest.mark.slow),
    ],
)
def test_what_is_declared_installs_without_a_compiler(platform: str, python: str, tmp_path: Path) -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    wanted = [Requirement(line.split("#")[0]) for line in declared]
    here = {**SYSTEMS[platform], "python_version": python}
    listed = tmp_path / "wanted.txt"
    listed.write_text(
        "\n".join(f"{r.name}{r.specifier}" for r in wanted if r.marker is None or r.marker.evaluate(here)), "utf-8"
    )
    command = ["-m", "pip", "install", "--dry-run", "-q", "--ignore-installed", "--only-binary=:all:", "--platform", platform]
    done = subprocess.run(
        [sys.executable, *command, "--python-version", python, "--target", str(tmp_path / "none"), "-r", str(listed)],
        capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    if re.search("Connection|Name or service|timed out|Retrying|Network is unreachable", done.stderr):
        pytest.skip("PyPI cannot be reached")
    assert done.returncode == 0, done.stderr[-1500:]
