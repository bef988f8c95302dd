"""What npm has: fetched once, checked, whole or not at all; without a network a sentence says what to do."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

from sculpt3d.errors import ResourceError
from sculpt3d.webasset import npm
from tests.conftest import ROOT


def test_the_list_names_each_package_once_with_its_sha512() -> None:
    assert len({p.name for p in npm.PINNED}) == len(npm.PINNED) == 4
    assert all(p.integrity.startswith("sha512-") and len(p.integrity) == 95 for p in npm.PINNED)


def test_without_npm_a_sentence_says_what_to_run_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(npm.CACHE, str(tmp_path))
    monkeypatch.setattr(npm, "program", lambda name: None)
    with pytest.raises(ResourceError) as error:
        npm.need(npm.VIEWER)
    said = str(error.value)
    assert "sculpt3d[web]" in said and "sculpt3d doctor --fetch" in said and str(tmp_path) in said


def test_killed_half_way_leaves_nothing_in_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed with the packed file there or not, the cache holds the package whole or not at all; the next run clears up."""
    monkeypatch.setenv(npm.CACHE, str(tmp_path))
    fetch = [sys.executable, "-c", "from sculpt3d.webasset import npm; npm.need(npm.MESHOPT)"]
    for wait in (0.4, 0.8, 1.2):
        process = subprocess.Popen(fetch, cwd=ROOT, stderr=subprocess.DEVNULL)
        time.sleep(wait)
        process.kill()
        process.wait()
        found = npm.cached(npm.MESHOPT)
        assert found is None or (found / "meshopt_decoder.cjs").is_file()
    left = list((tmp_path / "npm").glob(".part-*")) if (tmp_path / "npm").is_dir() else []
    for folder in left:
        os.utime(folder, (0, 0))
    monkeypatch.setattr(npm, "cached", lambda package: None)
    try:
        whole = npm.need(npm.MESHOPT)
    except ResourceError as error:
        pytest.skip(str(error))
    assert (whole / "meshopt_decoder.cjs").is_file()
    assert [p.name for p in (tmp_path / "npm").iterdir()] == [npm.MESHOPT.folder]


def test_fetched_once_and_only_what_the_list_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(npm.CACHE, str(tmp_path))
    try:
        first = npm.need(npm.MESHOPT)
    except ResourceError as error:
        pytest.skip(str(error))
    assert (first / "meshopt_decoder.cjs").is_file() and [p.name for p in (tmp_path / "npm").iterdir()] == [
        first.name
    ]
    monkeypatch.setattr(npm, "program", lambda name: None)
    assert npm.need(npm.MESHOPT) == first  # no npm needed again
    monkeypatch.undo()
    monkeypatch.setenv(npm.CACHE, str(tmp_path / "other"))
    with pytest.raises(ResourceError, match="thrown away"):
        npm.need(replace(npm.MESHOPT, integrity=npm.VIEWER.integrity))
    assert not list((tmp_path / "other" / "npm").iterdir())


def test_meshopt_0_1_0_writes_what_the_extension_allows_by_one_call_alone() -> None:
    """EXT_meshopt_compression allows version 0 of the vertex codec (first byte a0); the plainer call writes 1 (a1)."""
    meshopt = pytest.importorskip("meshopt")
    if version("meshopt") != "0.1.0":
        pytest.skip("measured with meshopt 0.1.0")
    rows = np.arange(64, dtype=np.float32).reshape(16, 4)
    assert bytes(meshopt.encode_gltf_buffer(rows, "ATTRIBUTES"))[0] == 0xA0
    assert bytes(meshopt.encode_vertex_buffer(rows))[0] == 0xA1


def test_model_viewer_4_4_0_asks_the_network_for_draco_and_has_no_meshopt() -> None:
    """So pages bring the decoder themselves and name it before the viewer's script."""
    try:
        script = (npm.need(npm.VIEWER) / "dist/model-viewer.min.js").read_text()
    except ResourceError as error:
        pytest.skip(str(error))
    assert npm.VIEWER.version == "4.4.0"
    assert "https://www.gstatic.com/draco/" in script
    assert "meshoptDecoderLocation" in script and "meshopt_decoder" not in script
