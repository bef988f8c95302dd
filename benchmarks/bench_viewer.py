"""How long models take to open and to turn, and how much memory, ours beside F3D and Open3D's visualizer:

    python benchmarks/bench_viewer.py SCAN [--triangles 1000000,5400000,10000000] [--large 50000000] [--others FOLDER]

SCAN is split until it has so many triangles, with relief added. Every row is a process of its own, 1280 x 720 without
a screen. start: until the program is imported and its window there. load: the file's call. first: until the first
picture's pixels can be read; ours is then at most FINEST pixels off where the budget allows it, error says how many.
frame: median while the camera turns. whole: one picture of all triangles, at rest. peak: resident memory. "cold" has
an empty cache, and makes its levels of detail meanwhile; "warm" has them. F3D and Open3D come from PyPI into an
environment of their own, --others an existing one; Open3D's needs an X server (Xvfb will do) and is left out where
there is none.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.large_models import write_large  # noqa: E402

_HEAD = "triangles    program        start s  load s  first s  load+first  frame ms  whole s  error px  peak MB"
_SHARED = r"""
import json, re, sys, time
from pathlib import Path
began, path = time.perf_counter(), sys.argv[1]
clock, found = [began], {}
def mark(name):
    clock.append(time.perf_counter())
    found[name] = clock[-1] - clock[-2]
def turned(step, count=25):
    times = []
    for k in range(count):
        t = time.perf_counter()
        step(k)
        times.append(time.perf_counter() - t)
    found["frame"] = sorted(times[3:])[len(times[3:]) // 2]
def told():
    found["peak"] = int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 1000
    print(json.dumps(found), flush=True)
"""
_OURS = r"""
from dataclasses import replace
from viewer.detail.making import Making
from viewer.drawing.picture import framed
from viewer.drawing.window import open_window
from viewer.files.loading import load
size = (1280, 720)
window = open_window(size, False)
window.switch_to()
from pyglet import gl
from viewer.drawing.screen import Screen
mark("start")
document = load(Path(path))
mark("load")
making = Making(document, Path(path))
screen = Screen(document, making)
state = replace(framed(document, size), mode="clay")
def show(state, how):
    screen.show(state, size, (0, 0), 0, how)
    gl.glFinish()
show(state, "moving")
mark("first")
def step(k):
    show(replace(state, camera=state.camera.orbit(6 * (k + 1), k % 3)), "moving")
if sys.argv[2] == "warm":
    turned(step)
    found["error"] = screen.cut.error
else:
    turned(step, 6)
mark("turns")
show(state, "whole")
show(replace(state, camera=state.camera.orbit(3, 3)), "moving")
mark("moved")
show(replace(state, camera=state.camera.orbit(3, 3)), "whole")
mark("whole")
told()
if sys.argv[2] == "make":
    making.wait()
making.close()
"""
_F3D = r"""
import f3d
engine = f3d.Engine.create(True)
engine.window.size = 1280, 720
mark("start")
engine.scene.add(path)
mark("load")
engine.window.render_to_image()
mark("first")
def step(k):
    engine.window.camera.azimuth(4)
    engine.window.render_to_image()
turned(step, 8)
found["whole"] = found["frame"]
told()
"""
_OPEN3D = r"""
import ctypes, libusb_package
ctypes.CDLL(str(libusb_package.get_library_path()), ctypes.RTLD_GLOBAL)  # which its wheel links to and does not carry
import open3d
visualizer = open3d.visualization.Visualizer()
if not visualizer.create_window(width=1280, height=720, visible=False):
    sys.exit(3)
mark("start")
mesh = open3d.io.read_triangle_mesh(path)
mesh.compute_vertex_normals()
mark("load")
visualizer.add_geometry(mesh)
visualizer.poll_events()
visualizer.capture_screen_float_buffer(True)
mark("first")
def step(k):
    visualizer.get_view_control().rotate(20, 0)
    visualizer.poll_events()
    visualizer.capture_screen_float_buffer(True)
turned(step, 8)
found["whole"] = found["frame"]
told()
"""


def measured(python: Path | str, program: str, path: Path, how: str, cache: Path, screen: bool = False) -> dict[str, Any]:
    """What the process says of itself; empty where it cannot run."""
    environment = dict(os.environ) | {"SCULPT3D_CACHE": str(cache), "PYTHONPATH": str(ROOT)}
    if not screen:
        environment = {k: v for k, v in environment.items() if k not in {"DISPLAY", "WAYLAND_DISPLAY"}}
    command = [str(python), "-c", _SHARED + program, str(path), how]
    run = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=cache, check=False)
    lines = [line for line in run.stdout.splitlines() if line.startswith("{")]
    return json.loads(lines[-1]) if lines else {}


def row(triangles: int, name: str, found: dict[str, Any]) -> str:
    if not found:
        return f"{triangles:>11,}  {name:<14} does not run here"
    load, first = found["load"], found["first"]
    frame = 1000 * found["frame"]
    error = f"{found['error']:>8.2f}" if "error" in found else "       -"
    return (
        f"{triangles:>11,}  {name:<14} {found['start']:>6.2f}  {load:>6.2f}  {first:>7.2f}  {load + first:>10.2f}  {frame:>8.0f}"
        f"  {found['whole']:>7.2f}  {error}  {found['peak']:>7.0f}"
    )


def others(folder: Path) -> Path:
    """A Python with F3D and Open3D."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", "f3d==4.0.0", "open3d==0.20.0", "libusb-package"], check=True)
    return python


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("scan", type=Path)
    parser.add_argument("--triangles", default="1000000,5400000,10000000")
    parser.add_argument("--large", type=int, help="ours alone, of so many triangles too")
    parser.add_argument("--others", type=Path, help="an environment with f3d and open3d")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        top = Path(name)
        python = options.others / "bin" / "python" if options.others else others(top / "others")
        sizes = [int(n) for n in options.triangles.split(",")]
        print(_HEAD)
        for wanted in [*sizes, *([options.large] if options.large else [])]:
            path, cache = top / "model.ply", top / "cache"
            count = write_large(options.scan, wanted, path)
            cache.mkdir()
            print(row(count, "ours, cold", measured(sys.executable, _OURS, path, "make", cache)), flush=True)
            print(row(count, "ours, warm", measured(sys.executable, _OURS, path, "warm", cache)), flush=True)
            if wanted != options.large:
                print(row(count, "F3D", measured(python, _F3D, path, "", cache)), flush=True)
                print(row(count, "Open3D", measured(python, _OPEN3D, path, "", cache, True)), flush=True)
            shutil.rmtree(cache)
            path.unlink()


if __name__ == "__main__":
    main()
