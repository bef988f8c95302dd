"""Our files beside gltfpack's and glTF-Transform's at the same bound, and our decimation beside theirs at equal triangles.

    python benchmarks/bench_export.py FOLDER_OF_GLB [--npm FOLDER] [--bound-share 5e-5] [--skip-sizes] [--skip-decimation]

FOLDER of `npm install gltfpack @gltf-transform/cli` (default: build/npm). Sizes: all triangles are kept and geometry alone is
compared, pictures are left out; the others get as many bits as keep the bound that ours keep. Decimation: the scans subdivided,
and a torus with relief of 2.0 M triangles, to a tenth; fast-simplification is measured where it is installed.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import DracoPy
import numpy as np
import trimesh

from pipelines.source import load_source
from sculpt3d.gltf_check import open_gltf
from sculpt3d.gltf_check.geometry import world_parts
from sculpt3d.models.document import Material, Texture
from sculpt3d.models.read import read_document
from sculpt3d.surface.decimation import simplify
from sculpt3d.types import Mesh
from sculpt3d.webasset.distance import Surface, apart
from sculpt3d.webasset.glb import GlbParams, Label, build_glb
from sculpt3d.webasset.quantize import position_bits, uv_bits

ROOT = Path(__file__).parents[1]
TENTH = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--npm", type=Path, default=ROOT / "build" / "npm")
    parser.add_argument(
        "--bound-share", type=float, default=5e-5, help="of the longest side: 0.1 mm on two metres"
    )
    parser.add_argument("--skip-sizes", action="store_true")
    parser.add_argument("--skip-decimation", action="store_true")
    options = parser.parse_args()
    tools = options.npm.resolve() / "node_modules" / ".bin"
    for path in [] if options.skip_sizes else sorted(options.folder.glob("*.glb")):
        sizes(path, tools, options.bound_share)
    if options.skip_decimation:
        return
    simplify(torus(60, 60), 1000)  # compiled before the clock runs
    for path in sorted(options.folder.glob("*.glb")):
        whole = read_document(path).surface()
        v, f = trimesh.remesh.subdivide(whole.vertices, whole.faces)
        decimation(path.stem, Mesh(np.asarray(v, np.float32), np.asarray(f, np.int32)), tools)
    decimation("torus", torus(1250, 800), tools)


def sizes(path: Path, tools: Path, share: float) -> None:
    source = load_source(path)
    parts = source.as_it_is(10**9, 16384)
    if parts is None or len(parts) > 1 or parts[0].material.texture is None:
        print(f"{path.name}: several parts, or no texture; left out")
        return
    part, side = parts[0], max(parts[0].material.texture.pixels.shape[:2])
    black = Material(texture=Texture(np.zeros((side, side, 3), np.uint8)))
    bare = [replace(part, material=black)]
    bound = share * float(np.ptp(part.vertices, axis=0).max())
    truth = Surface(Mesh(part.vertices, part.faces))
    bits, uv = min(16, position_bits(part.vertices, bound)), min(16, uv_bits(side))
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "plain.glb"
        plain.write_bytes(build_glb(bare, Label("a"), GlbParams("none", "jpeg")))
        made = Path(folder) / "made.glb"
        for geometry in ("meshopt", "draco"):
            start = spent(resource.RUSAGE_SELF)
            made.write_bytes(build_glb(bare, Label("a"), GlbParams(geometry, "jpeg", bound)))
            tell(path, f"ours, {geometry}", made, truth, spent(resource.RUSAGE_SELF) - start)
        pack = [
            "gltfpack",
            "-i",
            str(plain),
            "-o",
            str(made),
            "-cc",
            "-kn",
            "-km",
            "-vp",
            str(bits),
            "-vt",
            str(uv),
        ]
        steady = [
            "--simplify",
            "false",
            "--weld",
            "false",
            "--join",
            "false",
            "--palette",
            "false",
            "--flatten",
            "false",
        ]
        optimize = [
            "gltf-transform",
            "optimize",
            str(plain),
            str(made),
            *steady,
            "--texture-compress",
            "false",
        ]
        draco = [
            "gltf-transform", "draco", str(plain), str(made), "--quantize-position", str(bits), "--quantize-texcoord", str(uv),
            "--encode-speed", "0", "--decode-speed", "0",
        ]  # fmt: skip
        peers = (
            (f"gltfpack -cc, {bits} bits", pack),
            ("optimize, meshopt", [*optimize, "--compress", "meshopt"]),
            ("optimize, draco", [*optimize, "--compress", "draco"]),
            (f"draco, {bits} bits", draco),
        )
        for name, command in peers:
            start = spent(resource.RUSAGE_CHILDREN)
            subprocess.run([tools / command[0], *command[1:]], check=True, capture_output=True)
            tell(path, name, made, truth, spent(resource.RUSAGE_CHILDREN) - start)


def tell(path: Path, name: str, made: Path, truth: Surface, seconds: float) -> None:
    far = apart(truth, Surface(geometry(made)))
    data = made.read_bytes()
    text = json.loads(data[20 : 20 + int.from_bytes(data[12:16], "little")])
    views = text["bufferViews"]
    size = len(data) - sum(views[i["bufferView"]]["byteLength"] for i in text.get("images", []))
    print(
        f"{path.stem:12} {name:22} {size:8} bytes  Hausdorff {1000 * far.hausdorff:.4f} mm  {seconds:.2f} core-s",
        flush=True,
    )


def geometry(made: Path) -> Mesh:
    """glTF-Transform's Draco files declare the bounds from before coding: our check calls that an error, so they are
    decoded here."""
    opened = open_gltf(made)
    if opened.document is not None and opened.values is not None:
        part = world_parts(opened.document, opened.values)[0]
        return Mesh(np.asarray(part.vertices, np.float32), np.asarray(part.faces, np.int32))
    data = made.read_bytes()
    start = 20 + int.from_bytes(data[12:16], "little")
    text, blob = json.loads(data[20:start]), data[start + 8 :]
    packed = text["meshes"][0]["primitives"][0]["extensions"]["KHR_draco_mesh_compression"]
    view = text["bufferViews"][packed["bufferView"]]
    at = view.get("byteOffset", 0)
    mesh = DracoPy.decode(blob[at : at + view["byteLength"]])
    node = next(n for n in text["nodes"] if "mesh" in n)
    moved = np.asarray(mesh.points) * node.get("scale", [1, 1, 1]) + node.get("translation", [0, 0, 0])
    return Mesh(moved.astype(np.float32), np.asarray(mesh.faces, np.int32))


def decimation(name: str, mesh: Mesh, tools: Path) -> None:
    """Every method to the same number of triangles: distance to the full mesh and core-seconds."""
    truth, wanted = Surface(mesh), len(mesh.faces) // TENTH
    ways: dict[str, Callable[[], tuple[Mesh, float]]] = {
        "ours": lambda: timed(lambda: simplify(mesh, wanted)),
        "gltfpack -si": lambda: packed(mesh, wanted, tools),
        "gltfpack -si -sv": lambda: packed(mesh, wanted, tools, "-sv"),
    }
    try:
        import fast_simplification
    except ImportError:
        print("fast-simplification is not installed; pip install fast-simplification")
    else:
        ways["fast-simplification"] = lambda: timed(
            lambda: Mesh(*fast_simplification.simplify(mesh.vertices, mesh.faces, target_count=wanted))
        )
    for way, run in ways.items():
        small, seconds = run()
        far = apart(truth, Surface(small))
        print(
            f"{name:12} {len(mesh.faces)} -> {len(small.faces)} {way:20} Hausdorff {1000 * far.hausdorff:.4f} mm, "
            f"mean {1000 * far.mean:.5f} mm, {seconds:.2f} core-s",
            flush=True,
        )


def timed(work: Callable[[], Mesh]) -> tuple[Mesh, float]:
    start = spent(resource.RUSAGE_SELF)
    return work(), spent(resource.RUSAGE_SELF) - start


def packed(mesh: Mesh, wanted: int, tools: Path, *more: str) -> tuple[Mesh, float]:
    """Reading and writing the file is part of its time."""
    with tempfile.TemporaryDirectory() as folder:
        plain, made = Path(folder) / "a.glb", Path(folder) / "b.glb"
        trimesh.Trimesh(mesh.vertices, mesh.faces, process=False).export(plain, include_normals=False)
        start = spent(resource.RUSAGE_CHILDREN)
        command = [
            tools / "gltfpack",
            "-i",
            plain,
            "-o",
            made,
            "-noq",
            *more,
            "-se",
            "1",
            "-si",
            str(wanted / len(mesh.faces)),
        ]
        subprocess.run(command, check=True, capture_output=True)
        seconds = spent(resource.RUSAGE_CHILDREN) - start
        return read_document(made).surface(), seconds


def torus(around: int, across: int) -> Mesh:
    """Closed, with relief at two scales; two metres in diameter."""
    u, v = np.meshgrid(
        np.arange(around) / around * 2 * np.pi, np.arange(across) / across * 2 * np.pi, indexing="ij"
    )
    thick = 0.3 + 0.004 * np.sin(23 * u) * np.cos(17 * v) + 0.001 * np.sin(190 * u + 3 * v) * np.sin(140 * v)
    far = 1 + thick * np.cos(v)
    points = np.stack([far * np.cos(u), thick * np.sin(v), far * np.sin(u)], -1).reshape(-1, 3)
    i, j = np.meshgrid(np.arange(around), np.arange(across), indexing="ij")
    a, b, c, d = ((i + x) % around * across + (j + y) % across for x, y in ((0, 0), (1, 0), (1, 1), (0, 1)))
    faces = np.concatenate([np.stack([a, d, c], -1).reshape(-1, 3), np.stack([a, c, b], -1).reshape(-1, 3)])
    return Mesh(points.astype(np.float32), faces.astype(np.int32))


def spent(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
