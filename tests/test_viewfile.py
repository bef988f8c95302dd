"""VIEW.json: what is written comes back, others' keys stay, and no other file is read or overwritten."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sculpt3d.desk.viewfile import KINDS, number, numbers, read_view, write_view
from sculpt3d.errors import InputError, UnreadableFile

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text(min_size=1).filter(lambda k: k not in {*KINDS, "format", "version"}), VALUES))
def test_unknown_keys_survive_another_writer(others: dict[str, Any]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "view.json"
        write_view(path, {"lights": [{"az": 30.0}], **others})
        write_view(path, {"measurements": [{"kind": "distance"}]})
        found = read_view(path)
        assert found["lights"] == [{"az": 30.0}] and found["measurements"] == [{"kind": "distance"}]
        assert {k: found[k] for k in others if others[k] is not None} == {
            k: v for k, v in others.items() if v is not None
        }
        write_view(path, {"measurements": None})
        assert "measurements" not in read_view(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("[]", "no saved view"),
        ('{"format": "glTF", "version": 1}', "no saved view"),
        ('{"format": "sculpt3d view"}', "no version"),
        ('{"format": "sculpt3d view", "version": true}', "no version"),
        ('{"format": "sculpt3d view", "version": 2}', "later"),
        ('{"format": "sculpt3d view", "version": 1, "lights": {}}', '"lights" is {}, not a list'),
        ('{"format": "sculpt3d view", "version": 1, "camera": 3}', "not an object"),
        ('{"format": "sculpt3d view", "version": 1, "x": NaN}', "no JSON"),
        ('{"format": "sculpt3d view", "version": 1, "x": ' + "[" * 100 + "]" * 100 + "}", "too deep"),
    ],
)
def test_what_is_no_view_is_refused_and_kept(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "view.json"
    path.write_text(text)
    with pytest.raises(UnreadableFile, match=said):
        read_view(path)
    with pytest.raises(UnreadableFile):
        write_view(path, {"lights": []})
    assert path.read_text() == text


def test_what_cannot_be_saved_leaves_the_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "view.json"
    write_view(path, {"model": "Nymphé.glb"})
    before = path.read_bytes()
    for keys in ({"x": float("nan")}, {"x": "\ud800"}, {"sections": {}}):
        with pytest.raises(InputError):
            write_view(path, keys)
    assert path.read_bytes() == before and json.loads(before)["model"] == "Nymphé.glb"
    with pytest.raises(InputError, match="no folder"):
        write_view(tmp_path / "none" / "view.json", {})


def test_numbers_are_numbers() -> None:
    assert number(3, "x") == 3.0 and numbers([1, 2.5], "p", 2) == (1.0, 2.5)
    for bad in (True, "3", None, float("inf"), float("nan"), [1]):
        with pytest.raises(InputError, match="x is"):
            number(bad, "x")
    with pytest.raises(InputError, match="from 0 to 1"):
        number(2, "x", 0, 1)
    with pytest.raises(InputError, match="not 3 numbers"):
        numbers([1, 2], "p", 3)
