"""`sculpt3d check` against the Khronos validator's verdicts, hostile files, and faults of known kind."""

from __future__ import annotations

import dataclasses
import json
import random
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from pipelines.cli import main
from sculpt3d.gltf_check import check_gltf
from sculpt3d.models.glb_write import GltfInfo, write_glb
from tests.conftest import SHARED
from tests.test_gltf import square

CASES = SHARED / "gltf" / "validator"


def frame(document: Any, chunk: bytes = b"") -> bytes:
    """A GLB around any JSON value."""
    text = document if isinstance(document, bytes) else json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    chunk += b"\0" * (-len(chunk) % 4)
    body = struct.pack("<II", len(text), 0x4E4F534A) + text
    if chunk:
        body += struct.pack("<II", len(chunk), 0x4E4942) + chunk
    return struct.pack("<4sII", b"glTF", 2, 12 + len(body)) + body


def codes(path: Path, severity: str = "error") -> set[str]:
    return {i.code for i in check_gltf(path).issues if i.severity == severity}


def test_agrees_with_the_recorded_verdicts() -> None:
    reports = sorted(CASES.rglob("*.report.json"))
    if not reports:
        pytest.skip(f"no validator cases at {CASES}")
    differ, other_reason = [], []
    for report in reports:
        wanted = {
            m["code"] for m in json.loads(report.read_text())["issues"]["messages"] if not m["severity"]
        }
        path = report.with_name(report.name.removesuffix(".report.json"))
        found = codes(path)
        if bool(wanted) != bool(found):
            differ.append(path.name)
        elif wanted and not wanted & found:
            other_reason.append(path.name)
    assert not differ, f"{len(reports) - len(differ)} of {len(reports)} agree, not {differ}"
    assert len(other_reason) <= 4, other_reason


HOSTILE: dict[str, bytes] = {
    "values": b'{"asset":{"version":"2.0"},"nodes":[' + b"{}," * 4_000_000 + b"{}]}",
    "depth": b'{"asset":' + b"[" * 1_000_000,
    "count": json.dumps(
        {"asset": {"version": "2.0"}, "buffers": [{"byteLength": 2**52}],
         "bufferViews": [{"buffer": 0, "byteLength": 2**52}],
         "accessors": [{"bufferView": 0, "componentType": 5126, "count": 2**50, "type": "SCALAR"}],
         "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 99}]}]}
    ).encode(),
    "sparse": json.dumps(
        {"asset": {"version": "2.0"}, "buffers": [{"byteLength": 16, "uri": "data:application/octet-stream;base64,"
                                                   "AAAAAAAAAAAAAAAAAAAAAA=="}],
         "bufferViews": [{"buffer": 0, "byteLength": 16}],
         "accessors": [{"componentType": 5126, "count": 2**33, "type": "VEC3",
                        "sparse": {"count": 1, "indices": {"bufferView": 0, "componentType": 5125},
                                   "values": {"bufferView": 0}}}]}
    ).encode(),
    "numbers": b'{"asset":{"version":"2.0"},"nodes":[{"translation":[1e999,' + b"9" * 4000 + b",0]}]}",
    "escape": b'{"asset":{"version":"2.0"},"buffers":[{"byteLength":4,"uri":"../../../../etc/passwd"}]}',
    "loop": json.dumps(
        {"asset": {"version": "2.0"}, "nodes": [{"children": [(i + 1) % 30000]} for i in range(30000)]}
    ).encode(),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_at_once(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"{name}.glb"
    path.write_bytes(frame(HOSTILE[name]))
    code = (
        "import sys,time; from pathlib import Path; from sculpt3d.gltf_check import check_gltf;"
        "t=time.process_time(); r=check_gltf(Path(sys.argv[1])); t=time.process_time()-t;"
        "own=Path('/proc/self/status'); lines=own.read_text().splitlines() if own.exists() else [];"
        "print(r.errors, t, next((l.split()[1] for l in lines if l.startswith('VmHWM')), 0))"
    )  # rusage would count what pytest held when it forked
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    errors, seconds, kilobytes = (float(v) for v in done.stdout.split())
    assert errors and seconds < 1 and kilobytes < 500_000, (errors, seconds, kilobytes)


def test_a_shared_buffer_read_over_and_over_is_refused(tmp_path: Path) -> None:
    views = [{"buffer": 0, "byteLength": 4_000_000}]
    one = {"bufferView": 0, "componentType": 5121, "count": 4_000_000, "type": "SCALAR"}
    document = {"asset": {"version": "2.0"}, "buffers": [{"byteLength": 4_000_000}], "bufferViews": views}
    (tmp_path / "a.glb").write_bytes(frame(document | {"accessors": [one] * 5000}, bytes(4_000_000)))
    start = time.process_time()
    assert "ACCESSORS_OVERLAP" in codes(tmp_path / "a.glb")
    assert time.process_time() - start < 1


def test_damaged_files_never_crash(tmp_path: Path) -> None:
    write_glb(tmp_path / "a.glb", square(), GltfInfo("Square", "A. Person", True))
    whole = (tmp_path / "a.glb").read_bytes()
    size = struct.unpack("<I", whole[12:16])[0]
    document = json.loads(whole[20 : 20 + size])
    pick = random.Random(1)
    junk = [None, -1, 1.5, 2**60, "x", "", [], {}, [0], {"a": 1}, True, float("inf"), 5]
    for _ in range(600):
        copy = json.loads(json.dumps(document))
        place = copy
        while True:
            key = pick.choice(list(place) if isinstance(place, dict) else range(len(place)))
            if isinstance(place[key], dict | list) and place[key] and pick.random() < 0.8:
                place = place[key]
                continue
            place[key] = pick.choice(junk)
            break
        (tmp_path / "b.glb").write_bytes(frame(copy, whole[28 + size :]))
        check_gltf(tmp_path / "b.glb")
    for _ in range(300):
        broken = bytearray(whole)
        for _ in range(pick.randint(1, 8)):
            broken[pick.randrange(len(broken))] = pick.randrange(256)
        (tmp_path / "b.glb").write_bytes(
            broken[: pick.randrange(len(broken))] if pick.random() < 0.3 else broken
        )
        check_gltf(tmp_path / "b.glb")


def test_our_own_model_is_sound_and_measured(tmp_path: Path) -> None:
    write_glb(
        tmp_path / "a.glb", square(0.5), GltfInfo("Square", "A. Person, CC0", True, {"scale_source": "ruler"})
    )
    report = check_gltf(tmp_path / "a.glb")
    assert report.good and not report.warnings, report.issues
    assert report.facts["size"] == [0.5, 0.5, 0.0] and report.facts["triangles"] == 2
    assert report.facts["texels_per_mm"] == pytest.approx([64 / 500] * 3, rel=1e-3)
    assert report.provenance["copyright"] == "A. Person, CC0" and report.provenance["scale_source"] == "ruler"
    assert report.facts["budgets"] == {"mobile": True, "ar": True, "desktop": True}


def test_faults_of_quality_are_named(tmp_path: Path) -> None:
    flat = square()
    turned = dataclasses.replace(flat, faces=flat.faces[:, ::-1].copy())
    write_glb(tmp_path / "flipped.glb", turned, GltfInfo("a", metric=True))
    assert "FLIPPED_TRIANGLES" in codes(tmp_path / "flipped.glb", "warning")
    half = dataclasses.replace(flat, faces=np.array([[0, 1, 2], [0, 3, 2]], np.int32))
    write_glb(tmp_path / "mixed.glb", half, GltfInfo("a", metric=True))
    assert "WINDING_MIXED" in codes(tmp_path / "mixed.glb", "warning")
    thin = dataclasses.replace(flat, faces=np.array([[0, 1, 2], [0, 2, 2]], np.int32))
    write_glb(tmp_path / "thin.glb", thin, GltfInfo("a", metric=True))
    assert "DEGENERATE_TRIANGLES" in codes(tmp_path / "thin.glb", "warning")
    write_glb(tmp_path / "big.glb", square(420.0), GltfInfo("a", metric=True))
    assert "SCALE_IMPLAUSIBLE" in codes(tmp_path / "big.glb", "warning")
    write_glb(tmp_path / "free.glb", square(420.0), GltfInfo("a", metric=False))
    assert "NO_SCALE" in codes(tmp_path / "free.glb", "note")


def test_a_colour_profile_is_told(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    Image.new("RGB", (8, 8), (200, 10, 10)).save(tmp_path / "a.png", icc_profile=profile)
    document = {
        "asset": {"version": "2.0"},
        "images": [{"uri": "a.png"}],
        "textures": [{"source": 0}],
        "materials": [{"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}],
    }
    (tmp_path / "a.gltf").write_text(json.dumps(document))
    assert "COLOUR_PROFILE" in codes(tmp_path / "a.gltf", "warning")


def test_exit_codes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_glb(tmp_path / "good.glb", square(), GltfInfo("Square", metric=True))
    (tmp_path / "bad.glb").write_bytes(b"no model at all")
    assert main(["check", str(tmp_path / "good.glb")]) == 0
    assert "good.glb: sound" in capsys.readouterr().out
    assert main(["check", "--json", str(tmp_path / "good.glb"), str(tmp_path / "bad.glb")]) == 1
    good, bad = json.loads(capsys.readouterr().out)
    assert good["errors"] == 0 and bad["issues"][0]["code"] == "GLB_INVALID_MAGIC"
    assert main(["check", str(tmp_path / "none.glb")]) == 2


@pytest.mark.parametrize("bits", [6, 9, 11, 14])
@pytest.mark.parametrize("thick", [1.0, 0.01])
def test_draco_values_beside_their_bounds_are_no_error(tmp_path: Path, thick: float, bits: int) -> None:
    """Bounds are of the values before the grid; more than its step beside them they are wrong. One step serves a relief's
    thickness and its width alike."""
    draco = pytest.importorskip("DracoPy")
    rng = np.random.default_rng(0)
    vertices = (rng.uniform(-1, 1, (60, 3)) * (1, 0.5, thick) + (5, -2, 0)).astype(np.float32)
    faces = rng.permutation(60).reshape(-1, 3).astype(np.uint32)
    data = draco.encode(vertices, faces, quantization_bits=bits, preserve_order=True)
    step = float(np.ptp(vertices, axis=0).max()) / (2**bits - 1)
    found = draco.decode(data)
    low, high = vertices.min(0), vertices.max(0)
    assert (found.points.max(0) != high).any()
    for off, bad in ((0.0, set()), (1.6 * step, {"ACCESSOR_MAX_MISMATCH"})):
        held = {"bufferView": 0, "attributes": {"POSITION": found.attributes[0]["unique_id"]}}
        primitive = {"attributes": {"POSITION": 0}, "indices": 1, "extensions": {"KHR_draco_mesh_compression": held}}
        document = {
            "asset": {"version": "2.0"}, "scene": 0, "scenes": [{"nodes": [0]}], "nodes": [{"mesh": 0}],
            "meshes": [{"primitives": [primitive]}], "buffers": [{"byteLength": len(data)}],
            "bufferViews": [{"buffer": 0, "byteLength": len(data)}],
            "accessors": [
                {"componentType": 5126, "count": len(found.points), "type": "VEC3", "min": low.tolist(),
                 "max": (high + off).tolist()},
                {"componentType": 5125, "count": int(found.faces.size), "type": "SCALAR"},
            ],
            "extensionsUsed": ["KHR_draco_mesh_compression"], "extensionsRequired": ["KHR_draco_mesh_compression"],
        }  # fmt: skip
        (tmp_path / "d.glb").write_bytes(frame(document, data))
        assert codes(tmp_path / "d.glb") == bad


def test_pointers_to_different_things_are_no_duplicates(tmp_path: Path) -> None:
    times, values = np.array([0, 1], "<f4").tobytes(), np.zeros((2, 4), "<f4").tobytes()

    def channels(*pointers: str) -> list[dict[str, Any]]:
        return [{"sampler": 0, "target": {"path": "pointer", "extensions": {"KHR_animation_pointer": {"pointer": p}}}}
                for p in pointers]  # fmt: skip

    def judged(found: list[dict[str, Any]]) -> set[str]:
        document = {
            "asset": {"version": "2.0"}, "extensionsUsed": ["KHR_animation_pointer"], "materials": [{}, {}],
            "animations": [{"channels": found, "samplers": [{"input": 0, "output": 1}]}],
            "buffers": [{"byteLength": 40}],
            "bufferViews": [{"buffer": 0, "byteLength": 8}, {"buffer": 0, "byteOffset": 8, "byteLength": 32}],
            "accessors": [{"bufferView": 0, "componentType": 5126, "count": 2, "type": "SCALAR", "min": [0], "max": [1]},
                          {"bufferView": 1, "componentType": 5126, "count": 2, "type": "VEC4"}],
        }  # fmt: skip
        (tmp_path / "a.glb").write_bytes(frame(document, times + values))
        return codes(tmp_path / "a.glb")

    base = "/materials/{}/pbrMetallicRoughness/baseColorFactor"
    assert not judged(channels(base.format(0), base.format(1), "/materials/0/emissiveFactor"))
    assert judged(channels(base.format(0), base.format(0))) == {"ANIMATION_DUPLICATE_TARGETS"}
