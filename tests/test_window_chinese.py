"""What the library says, in the language of the window: sentences, notes, names and words over the model; what is kept is not."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import trimesh
from hypothesis import given
from hypothesis import strategies as st

from sculpt3d.desk.annotations import Annotation
from sculpt3d.desk.measurements import KINDS, measure
from sculpt3d.desk.quantity import Measurement, Region
from sculpt3d.desk.section import Section, profiles
from sculpt3d.desk.slicing import Plane
from sculpt3d.desk.viewfile import read_view
from sculpt3d.errors import SculptError
from sculpt3d.models.ply import write_mesh
from sculpt3d.models.read import read_document
from sculpt3d.types import Mesh
from tests.conftest import ROOT
from viewer.drawing.letters import font_of
from viewer.files.desks import desk_keys
from viewer.files.loading import load
from viewer.language import _, speak
from viewer.language.library import of_library, templates
from viewer.modes import modes
from viewer.state import desk as desks
from viewer.state.bench import Bench
from viewer.state.camera import OrbitCamera
from viewer.state.commands import State
from viewer.state.names import shown_name
from viewer.state.sketch import marks_of
from viewer.tools import tools

NEW, WHEN = "urn:uuid:12345678-1234-4123-8123-123456789abc", "2027-03-01T09:30:00Z"
_FIELD = re.compile(r"\{(\w+)\}")
_ENGLISH = re.compile(r"[a-z]{3,} [a-z]{3,}")
_HAN = re.compile("[\u4e00-\u9fff]")


@pytest.fixture(autouse=True)
def _chinese() -> Iterator[None]:
    speak("zh")
    yield
    speak("en")


def in_code() -> set[str]:
    """All texts of the library and the viewer, {} for values."""
    found = set()
    for folder in ("sculpt3d", "viewer"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found.add(node.value)
                elif isinstance(node, ast.JoinedStr):
                    found.add("".join(str(v.value) if isinstance(v, ast.Constant) else "{}" for v in node.values))
    return found


def test_the_code_still_says_every_sentence_that_is_translated() -> None:
    said = in_code()
    assert len(templates("zh")) > 150
    assert not [t for t in templates("zh") if _FIELD.sub("{}", t) not in said]
    for english, told in templates("zh").items():
        assert set(_FIELD.findall(told)) <= set(_FIELD.findall(english)), english


def test_every_sentence_is_found_by_itself_and_none_takes_another_s_place() -> None:
    """With numbers for its values, each comes out as it is written here, though shorter ones fit it too."""
    plain = {e: t for e, t in templates("zh").items() if "{known}" not in e}
    assert not [e for e, t in plain.items() if of_library(_FIELD.sub("7", e)) != _FIELD.sub("7", t)]


def test_the_letters_are_in_a_font() -> None:
    for told in templates("zh").values():
        assert font_of(told, 15)[1] == told.replace("\n", "?")


@given(st.text(max_size=60))
def test_what_nobody_knows_stays_as_it_is(text: str) -> None:
    assert of_library(f"Zq {text} qZ") == f"Zq {text} qZ"


def test_files_keep_their_names_and_english_is_left_alone() -> None:
    assert of_library("radius.ply is not a PLY file; export it again") == "radius.ply 不是 PLY 文件；请重新导出"
    assert of_library("head: 3 faces without area are left out") == "head：3 个没有面积的面已略去"
    assert of_library("head: a thing that nobody knows") == "head: a thing that nobody knows"
    speak("en")
    assert of_library("two points") == "two points"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    mesh = trimesh.creation.icosphere(3, 50.0)
    path = tmp_path / "ball.ply"
    write_mesh(path, Mesh(mesh.vertices.astype(np.float32), mesh.faces.astype(np.int32)), ("millimetres",))
    made = Bench(load(path, "mm"), path, "mm")
    yield made
    made.close()


def test_the_usual_mistakes_are_told_in_chinese(bench: Bench, tmp_path: Path) -> None:
    """By what the library really raises."""
    top, far = (0.0, 50.0, 0.0), (0.0, 500.0, 0.0)
    asked = [Measurement(k, (top,)) for k in KINDS if k not in ("area", "volume")]
    asked += [Measurement(k, (top, top, top)) for k in ("angle", "plane", "circle")] + [Measurement("lean", (top, top), "x")]
    asked += [Measurement(k, region=Region(brush=((*far, 1.0),))) for k in ("area", "sphere")]
    works: list[Callable[[], object]] = [lambda one=one: measure(bench.surface, one) for one in asked]  # type: ignore[misc]
    works.append(lambda: profiles(bench.surface, Section(Plane(np.array([1.0, 0, 0]), 700.0))))
    for name, data in {"a.ply": b"ply\nx", "b.stl": b"x", "c.ply": b"", "d.fbx": b"x", "e.txt": b"x"}.items():
        (tmp_path / name).write_bytes(data)
        works.append(lambda path=tmp_path / name: read_document(path))  # type: ignore[misc]
    works.append(lambda: read_view(tmp_path / "none.json"))
    said = []
    for work in works:
        with pytest.raises(SculptError) as raised:
            work()
        said.append(str(raised.value).replace(str(tmp_path), ""))
    assert len(said) > 20
    assert not {s: t for s in said if not _HAN.search(t := of_library(s)) or _ENGLISH.search(t)}


def test_notes_of_what_was_measured_are_chinese(bench: Bench) -> None:
    found = measure(bench.surface, Measurement("distance", ((0.0, 50.0, 0.0), (0.0, -70.0, 0.0))))
    (note,) = found.notes
    assert of_library(note) == "第 2 点离表面 20.00 mm：它是否放在剖面的填充面上，或另一个模型上？"
    assert not [q.name for q in (found.value, *found.more) if of_library(q.name) == q.name]


def test_what_every_mode_says_of_its_colours_is_chinese(bench: Bench) -> None:
    for name in ("relief", "mean", "gauss"):
        measures = modes()[name].measure
        assert measures is not None
        assert of_library(measures(bench.document, 7.0).said) == "半径 7 mm"


def test_what_lies_over_the_model_is_chinese_and_what_is_kept_is_not(bench: Bench) -> None:
    camera = OrbitCamera.framing(bench.document.points())
    told = []
    for language in ("zh", "en"):
        speak(language)
        desk = desks.opened(bench, State(camera, camera))
        desk = desks.act(desk, "add", "measurements", Measurement("distance", ((0.0, 50.0, 0.0), (0.0, -50.0, 0.0))))
        desk = desks.act(desk, "add", "measurements", Measurement("sphere", ((0.0, 50.0, 0.0),)))
        desk = desks.act(desk, "add", "sections", Section(Plane(np.array([1.0, 0, 0]), 0.0)))
        note = Annotation(NEW, "crack", ((0.0, 0.0, 50.0),), None, "fine", "", "", "", created=WHEN, modified=WHEN)
        desk = replace(desk, content=replace(desk.content, annotations=(note,)))
        marks_of(desk)
        bench.wait()
        told.append((sorted(w.text.split(":")[0] for w in marks_of(desk).words), desk_keys(desk)))
        names = [*desk.content.measurements, *desk.content.sections]
        assert [n.name for n in names] == ["distance 1", "sphere 1", "section 1"]
    assert told[0][1] == told[1][1]
    assert [w for w in told[1][0] if not w[0].isdigit()] == ["Crack", "section 1", "sphere"]
    assert {w for w in told[0][0] if not w[0].isdigit()} == {"裂隙", "剖面 1", "球拟合：未能测量"}


def test_what_a_tool_still_asks_for_is_chinese() -> None:
    for tool in tools().values():
        assert of_library(f"{tool.name}: {tool.says}") == f"{_(tool.name)}：{_(tool.says)}"


def test_a_name_that_a_person_gave_is_as_it_is() -> None:
    assert shown_name("distance 12") == "距离 12" and shown_name("section 2 3") == "剖面 2 3"
    for name in ("nose to chin", "front 2", "distance of it", "Distance 1", ""):
        assert shown_name(name) == name
