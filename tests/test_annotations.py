"""Annotations: what is written is read again, a killed program loses none, regions outlive their mesh, strangers are refused."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from reportlab.pdfbase import pdfmetrics

from sculpt3d._open3d import o3d
from sculpt3d.desk import history
from sculpt3d.desk.annotated import resolve, total_area
from sculpt3d.desk.annotations import Annotation, checked, new_id, now, photo_file
from sculpt3d.desk.conditions import DEFAULT, read_conditions, write_conditions
from sculpt3d.desk.fonts import font_for, unprintable
from sculpt3d.desk.history import Book
from sculpt3d.desk.notebook import Notebook, journal_of, page_of, read_annotated
from sculpt3d.desk.quantity import Measurement, Region
from sculpt3d.desk.regions import covered, region_area
from sculpt3d.desk.webannotation import as_item, as_page, read_item
from sculpt3d.errors import InputError, ResourceError, UnreadableFile
from tests.test_desk_measure import surface_of
from tests.web_annotation_rules import violations

CAP = Region(brush=((0.0, 0.0, 50.0, 20.0),))
NUMBER = st.floats(-1e9, 1e9)
POINT = st.tuples(NUMBER, NUMBER, NUMBER)
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
PLACES = st.one_of(
    st.tuples(st.lists(POINT, min_size=1, max_size=5).map(tuple), st.none()),
    st.tuples(st.just(()), st.lists(POINT, min_size=3, max_size=6).map(lambda p: Region(polygon=tuple(p)))),
    st.tuples(
        st.just(()),
        st.lists(st.tuples(NUMBER, NUMBER, NUMBER, st.floats(1e-9, 1e9)), min_size=1, max_size=5).map(
            lambda s: Region(brush=tuple(s))
        ),
    ),
)


@st.composite
def annotations(draw: st.DrawFn) -> Annotation:
    points, region = draw(PLACES)
    if region is not None and region.polygon and region.polygon[0] == region.polygon[-1]:
        region = Region(polygon=((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)))
    photo = draw(st.sampled_from(["", "a.jpg", "photos/été 3%.jpg", "照片/1#?.png"]))
    colour, condition = draw(st.sampled_from(["", "#12abef"])), draw(st.sampled_from(["crack", "loss", "錆"]))
    return Annotation(
        draw(st.uuids()).urn, condition, points, region, draw(WORDS), "A. Berger", photo, colour, now(), now()
    )


def at(x: float, condition: str = "crack") -> Annotation:
    return Annotation(new_id(), condition, ((x, 0.0, 0.0),), created=now(), modified=now())


@pytest.fixture
def ball(tmp_path: Path) -> Path:
    path = tmp_path / "ball.ply"
    trimesh.creation.icosphere(4, 50.0).export(path)
    return path


@given(st.lists(annotations(), max_size=4, unique_by=lambda a: a.id))
def test_what_is_written_holds_the_w3cs_rules_and_is_read_again(listed: list[Annotation]) -> None:
    items = json.loads(json.dumps([as_item(a, "bust é.glb") for a in listed]))
    assert violations(as_page(new_id(), "x", items)) == []
    assert [read_item(i) for i in items] == listed


def test_the_rules_can_fail() -> None:
    good = as_item(at(1), "a.glb")
    for key, value in [
        ("id", "none"),
        ("type", "Note"),
        ("target", []),
        ("motivation", "liking"),
        ("created", "today"),
    ]:
        assert violations(as_page(new_id(), "x", [{**good, key: value}]))
    assert violations(as_page(new_id(), "x", [good, good])) and violations(
        {**as_page(new_id(), "x", []), "@context": "x"}
    )


def test_other_programs_words_stay() -> None:
    item = as_item(at(1), "a.glb")
    item["rights"] = "CC0"
    item["body"].append({"type": "TextualBody", "purpose": "commenting", "value": "seen"})
    assert as_item(read_item(item), "a.glb") == item


STEPS = st.lists(
    st.tuples(st.sampled_from(["put", "put", "remove", "undo", "redo"]), st.integers(0, 3)), max_size=40
)


@given(STEPS)
def test_undo_and_redo_go_back_and_forth_over_everything(steps: list[tuple[str, int]]) -> None:
    book, states = Book(), [dict[str, Annotation]()]
    place = 0
    for number, (what, which) in enumerate(steps):
        id = f"urn:{which}"
        if what == "put":
            book = history.put(book, Annotation(id, "crack", ((float(number), 0.0, 0.0),)))
        elif what == "remove" and id in book.notes:
            book = history.remove(book, id)
        elif what in ("undo", "redo"):
            book = getattr(history, what)(book)
            place = max(place - 1, 0) if what == "undo" else min(place + 1, len(states) - 1)
            assert book.notes == states[place]
            continue
        else:
            continue
        states[place + 1 :] = [dict(book.notes)]
        place += 1
    while book.done:
        book = history.undo(book)
    assert book.notes == {}
    while book.undone:
        book = history.redo(book)
    assert book.notes == states[-1]


@settings(max_examples=20, deadline=None)
@given(steps=STEPS, save_at=st.integers(0, 40))
def test_a_desk_that_never_saved_is_found_again(
    steps: list[tuple[str, int]], save_at: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    model = tmp_path_factory.mktemp("desk") / "a.ply"
    model.write_bytes(b"")
    notebook = Notebook(model)
    for number, (what, which) in enumerate(steps):
        id = f"urn:n{which}"
        if what == "put":
            notebook.put(Annotation(id, "crack", ((float(number), 0.0, 0.0),)))
        elif what != "remove":
            getattr(notebook, what)()
        elif id in notebook.book.notes:
            notebook.remove(id)
        if number == save_at:
            notebook.save()
    before = page_of(model).read_bytes() if page_of(model).exists() else None
    assert read_annotated(model).book.notes == notebook.book.notes
    expected = notebook.book.listed()
    notebook.close()
    assert read_annotated(model).book.listed() == expected and not journal_of(page_of(model)).exists()
    assert before is None or violations(json.loads(before)) == []


WRITER = """
import sys
from pathlib import Path
from sculpt3d.desk.annotations import Annotation
from sculpt3d.desk.notebook import Notebook
with Notebook(Path(sys.argv[1])) as notebook:
    number = len(notebook.book.notes)
    while True:
        notebook.put(Annotation(f"urn:n{number}", "crack", ((float(number), 0.0, 0.0),), text="x" * 2000))
        print(number, flush=True)
        number += 1
        if number % 3 == 0:
            notebook.save()
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
def test_a_killed_desk_loses_no_annotation(ball: Path) -> None:
    pause, model = np.random.default_rng(3), ball.read_bytes()
    for _ in range(6):
        had = len(read_annotated(ball).book.notes)
        child = subprocess.Popen([sys.executable, "-c", WRITER, str(ball)], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        first = child.stdout.readline()
        time.sleep(float(pause.uniform(0, 0.15)))
        os.kill(child.pid, signal.SIGKILL)
        told = [int(n) for n in (first + child.stdout.read()).split()]  # what it was promised is kept
        child.wait()
        found = read_annotated(ball).book.notes
        assert told and had == told[0]
        assert {f"urn:n{n}" for n in range(told[-1] + 1)} <= set(found) and len(found) <= told[-1] + 2
        assert all(a.text == "x" * 2000 for a in found.values())
        if page_of(ball).exists():
            assert violations(json.loads(page_of(ball).read_bytes())) == []
    assert ball.read_bytes() == model


def test_a_line_torn_by_a_crash_costs_that_line_alone(ball: Path) -> None:
    one, two = at(1), at(2)
    lines = [json.dumps({"put": as_item(a, "ball.ply")}).encode() + b"\n" for a in (one, two)]
    journal_of(page_of(ball)).write_bytes(lines[0] + lines[1][:-20])
    assert any("half written" in n for n in read_annotated(ball).notes)
    with Notebook(ball) as notebook:
        notebook.put(two)
        assert set(notebook.book.notes) == {one.id, two.id}
        assert set(read_annotated(ball).book.notes) == {one.id, two.id}


def test_one_desk_writes_at_a_time(ball: Path) -> None:
    with Notebook(ball), pytest.raises(ResourceError, match="another window"):
        Notebook(ball)
    Notebook(ball).close()


@pytest.mark.parametrize(
    "data",
    [b"[1", b"[]", b"3", b'{"items": 3}', b"\xff\xfe", b'{"items": [1e999]}', b'{"items": [NaN]}', b"[" * 100_000,
     b'{"items": ' + b"[" * 100 + b"]" * 100 + b"}", b'{"items": [' + b"{}," * 10_000 + b"{}]}"],
)  # fmt: skip
def test_pages_of_strangers_are_refused_in_a_sentence(ball: Path, data: bytes) -> None:
    page_of(ball).write_bytes(data)
    with pytest.raises(UnreadableFile, match=r"ball\.annotations\.jsonld"):
        Notebook(ball)
    assert page_of(ball).read_bytes() == data


def test_huge_files_are_refused_before_they_are_read(ball: Path) -> None:
    for path in (page_of(ball), journal_of(page_of(ball)), ball.with_name("conditions.toml")):
        with open(path, "wb") as f:
            f.truncate(65_000_000)
        with pytest.raises(UnreadableFile, match="larger than"):
            read_conditions(ball) if path.suffix == ".toml" else read_annotated(ball)
        path.unlink()


def test_entries_of_other_kinds_are_said_and_kept(ball: Path) -> None:
    tricky = as_item(at(1), "ball.ply")
    image = {"id": "../../etc/passwd", "type": "Image"}
    tricky["body"].append({"type": "SpecificResource", "purpose": "linking", "source": image})
    others = [
        tricky,
        {"id": "urn:x", "type": "Annotation", "body": "http://example.org/", "target": "http://example.org/"},
    ]
    page_of(ball).write_text(json.dumps(as_page("urn:p", "x", [as_item(at(2), "ball.ply"), *others])))
    with Notebook(ball) as notebook:
        assert len(notebook.book.notes) == 1 and "2 of 3" in notebook.notes[0]
        notebook.put(at(3))
    assert json.loads(page_of(ball).read_text())["items"][2:] == others


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../a.jpg", "a/../../b.jpg", "C:\\a.jpg", "http://x/a.jpg", "a\0.jpg", "."]
)
def test_photos_lie_in_the_models_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="folder"):
        photo_file(tmp_path, name)


def test_a_photos_link_does_not_lead_out(tmp_path: Path) -> None:
    (tmp_path / "secret.jpg").write_bytes(b"x")
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "a.jpg").symlink_to(tmp_path / "secret.jpg")
    with pytest.raises(InputError, match="out of"):
        photo_file(folder, "a.jpg")


@pytest.mark.parametrize(
    "wrong",
    [{"points": ()}, {"region": CAP}, {"points": ((float("nan"), 0.0, 0.0),)}, {"condition": ""}, {"colour": "red"},
     {"created": "now"}, {"id": "1"}, {"text": "x" * 10_001}, {"text": "\ud800"}, {"photo": "../x"},
     {"points": (), "region": Region(brush=((0.0, 0.0, 0.0, 0.0),))}],
)  # fmt: skip
def test_what_is_no_annotation_is_named(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError):
        checked(Annotation(**{"id": "urn:a", "condition": "crack", "points": ((0.0, 0.0, 0.0),), **wrong}))  # type: ignore[arg-type]


def test_a_region_outlives_its_mesh() -> None:
    ball = trimesh.creation.icosphere(6, 50.0)
    mesh = o3d.geometry.TriangleMesh(
        o3d.utility.Vector3dVector(ball.vertices), o3d.utility.Vector3iVector(ball.faces)
    )
    true_cm2 = (
        np.pi * 20.0**2 / 100
    )  # a sphere's cap has the area of a disc as wide as the way from its middle to its rim
    corners = [
        (25 * np.cos(t), 25 * np.sin(t), np.sqrt(50**2 - 25**2))
        for t in np.linspace(0, 2 * np.pi, 64, endpoint=False)
    ]
    outline_cm2 = 2 * np.pi * 50 * (50 - np.sqrt(50**2 - 25**2)) / 100
    for region, truth in ((CAP, true_cm2), (Region(polygon=tuple(corners)), outline_cm2)):
        note, areas = Annotation("urn:a", "loss", region=region), []
        for faces in (len(ball.faces), 20_000, 5_000):
            small = mesh.simplify_quadric_decimation(faces)
            found = resolve(
                surface_of(trimesh.Trimesh(np.asarray(small.vertices), np.asarray(small.triangles))), note
            )
            assert found.size is not None and found.size.unit == "cm²" and not found.notes
            assert found.size.value == pytest.approx(truth, rel=0.01)
            assert abs(found.size.value - truth) <= found.size.plus_minus + 0.003 * truth
            areas.append(found.size.value)
        assert max(areas) / min(areas) < 1.01


def test_the_part_around_a_region_gives_what_the_whole_gives() -> None:
    rough = trimesh.creation.icosphere(5, 50.0)
    rough.vertices += np.random.default_rng(0).normal(0, 0.05, rough.vertices.shape)
    surface = surface_of(rough, sigma=0.05, offset=(1e5, 0, 0))
    strokes = tuple((1e5 + x, 0.0, float(np.sqrt(2500 - x * x)), 6.0) for x in np.linspace(-30, 30, 15))
    outline = (
        (1e5 - 20.0, -20.0, 41.0),
        (1e5 + 20.0, -20.0, 41.0),
        (1e5 + 20.0, 20.0, 41.0),
        (1e5 - 20.0, 20.0, 41.0),
    )
    for region in (Region(brush=strokes), Region(polygon=outline)):
        whole = region_area(surface, Measurement("area", region=region)).value
        found = resolve(surface, Annotation("urn:a", "loss", region=region))
        assert found.size is not None and found.faces is not None and found.share is not None
        assert found.size.value * 100 == pytest.approx(whole.value, rel=1e-12)
        assert found.size.plus_minus * 100 == pytest.approx(whole.plus_minus, rel=1e-6)
        share = covered(surface, region)
        assert np.array_equal(np.flatnonzero(share), found.faces) and np.array_equal(
            share[found.faces], found.share
        )


def test_areas_together_count_what_overlaps_once() -> None:
    surface = surface_of(trimesh.creation.icosphere(6, 50.0))
    there = Region(brush=((0.0, 0.0, -50.0, 20.0),))
    once, again, far = (
        resolve(surface, Annotation(f"urn:{k}", "loss", region=r)) for k, r in enumerate((CAP, CAP, there))
    )
    truth = np.pi * 20.0**2 / 100
    for found, times in (([once], 1), ([once, again], 1), ([once, far], 2)):
        total = total_area(surface, found)
        assert total is not None and abs(total.value - times * truth) <= total.plus_minus + 1e-3 * truth
    assert total_area(surface, []) is None


def test_what_lies_off_the_model_is_said_and_fails_nothing_else() -> None:
    surface = surface_of(trimesh.creation.box((100, 100, 100)))
    for note in (at(500), Annotation("urn:r", "loss", region=Region(brush=((500.0, 0.0, 0.0, 5.0),)))):
        assert "another model" in resolve(surface, note).notes[0]


def test_conditions_are_the_users_own(tmp_path: Path) -> None:
    model = tmp_path / "a.ply"
    assert list(read_conditions(model)) == [c.key for c in DEFAULT]
    path = write_conditions(model)
    assert list(read_conditions(model).values()) == list(DEFAULT)
    path.write_text('[moss]\nname = "Moos"\ncolour = "#00FF00"\n')
    assert write_conditions(model) == path and [c.name for c in read_conditions(model).values()] == ["Moos"]
    for broken in ("[", "", "[a]\nname = 3\n", '[a]\ncolour = "red"\n', "a = 1\n", '["a b"]\n', "\x00"):
        path.write_text(broken)
        with pytest.raises(UnreadableFile, match=r"conditions\.toml"):
            read_conditions(model)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20))
def test_letters_are_printed_or_named(text: str) -> None:
    """Every letter that is printed is one that the font has."""
    font, printed = font_for(text)
    lost = unprintable(text)
    assert printed == "".join("?" if c in lost else c for c in text)
    if font == "Helvetica":
        printed.encode("cp1252")
    else:
        known = pdfmetrics.getFont(font).face.charToGlyph
        assert all(ord(c) in known or c == "?" for c in printed)
