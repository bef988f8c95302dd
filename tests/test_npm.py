"""What npm has: fetched once, checked, whole or not at all; without a network a sentence says what to do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sculpt3d.errors import ResourceError
from sculpt3d.webasset import npm


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
