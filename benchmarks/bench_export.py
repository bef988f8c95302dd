"""Our compressed files beside gltfpack's on the same models: bytes, distance to the original, core-seconds.

    python benchmarks/bench_export.py FOLDER_OF_GLB [--gltfpack "node path/to/gltfpack/cli.js"]

Both keep all triangles; gltfpack runs as `-cc` with `-vp` set to the bits our bound asks for, so both files keep the
same bound. Geometry alone is compared: pictures are left out.
"""

from __future__ import annotations

import argparse
import resource
import shlex
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import trimesh

from pipelines.source import load_source
from sculpt3d.gltf_check import open_gltf
from sculpt3d.gltf_check.geometry import world_parts
from sculpt3d.types import Mesh
from sculpt3d.webasset.distance import Surface, apart
from sculpt3d.webasset.glb import GlbParams, Label, build_glb
from sculpt3d.webasset.quantize import position_bits

BOUND_SHARE = 5e-5  # of the longest side: 0.1 mm on two metres


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--gltfpack", default="gltfpack")
    options = parser.parse_args()
    for path in sorted(options.folder.glob("*.glb")):
        one(path, shlex.split(options.gltfpack))


def one(path: Path, gltfpack: list[str]) -> None:
    source = load_source(path)
    asset = source.as_it_is(10**9, 16384)
    if asset is None:
        print(f"{path.name}: several parts or textures; left out")
        return
    bare = replace(asset, colour=np.zeros((asset.colour.shape[0], asset.colour.shape[0], 3), np.uint8))
    span = float(np.ptp(asset.vertices, axis=0).max())
    bound = BOUND_SHARE * span
    truth = Surface(Mesh(asset.vertices, asset.faces))
    with tempfile.TemporaryDirectory() as folder:
        for name, geometry in (("ours, meshopt", "meshopt"), ("ours, draco", "draco")):
            start = spent(resource.RUSAGE_SELF)
            data = build_glb(bare, Label("a"), GlbParams(geometry, "jpeg", bound))
            seconds = spent(resource.RUSAGE_SELF) - start
            made = Path(folder) / f"{geometry}.glb"
            made.write_bytes(data)
            tell(path, name, made, truth, seconds)
        plain, packed = Path(folder) / "plain.glb", Path(folder) / "packed.glb"
        plain.write_bytes(build_glb(bare, Label("a"), GlbParams("none", "jpeg")))
        bits = position_bits(asset.vertices, bound)
        start = spent(resource.RUSAGE_CHILDREN)
        command = [*gltfpack, "-i", str(plain), "-o", str(packed), "-cc", "-vp", str(min(16, bits))]
        subprocess.run(command, check=True)
        tell(path, f"gltfpack -cc -vp {bits}", packed, truth, spent(resource.RUSAGE_CHILDREN) - start)


def tell(path: Path, name: str, made: Path, truth: Surface, seconds: float) -> None:
    opened = open_gltf(made)
    assert opened.document is not None and opened.values is not None, opened.report.issues
    part = world_parts(opened.document, opened.values)[0]
    mesh = trimesh.Trimesh(part.vertices, part.faces, process=False)
    far = apart(truth, Surface(Mesh(np.asarray(mesh.vertices, np.float32), np.asarray(mesh.faces, np.int32))))
    pictures = sum(len(i[0]) for i in opened.resources.images if i is not None) if opened.resources else 0
    size = made.stat().st_size - pictures
    print(
        f"{path.stem:12} {name:22} {size:8} bytes  Hausdorff {1000 * far.hausdorff:.4f} mm  {seconds:.2f} core-s"
    )


def spent(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
