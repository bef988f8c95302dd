"""`sculpt3d annotate`: the model is never touched, tables hold what the functions say, a condition map is true to its scale."""

from __future__ import annotations

import csv
import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
import trimesh

from pipelines.cli import main
from pipelines.condition_notes import condition_notes
from pipelines.source import load_source
from pipelines.webpage import _note as render_note
from sculpt3d.desk.notebook import page_of
from tests.web_annotation_rules import violations

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def cube(tmp_path: Path) -> Path:
    path = tmp_path / "cube.ply"
    trimesh.creation.box((100, 100, 100)).export(path)
    return path


@pytest.fixture
def noted(cube: Path) -> Path:
    """A disc on the front, a crack on the right side, a point on top."""
    (cube.parent / "photos").mkdir()
    (cube.parent / "photos" / "a b.jpg").write_bytes(b"x")
    for given in (
        [
            "--add",
            "salt",
            "--brush",
            "0,0,50",
            "--radius",
            "20",
            "--text",
            "=1+1 盐",
            "--author",
            "A. Berger",
        ],
        ["--add", "crack", "--line", "50,-40,0", "50,40,0", "--photo", "photos/a b.jpg"],
        ["--add", "note", "--point", "-10,50,-20", "--colour", "#112233"],
    ):
        assert main(["annotate", str(cube), "--unit", "mm", *given]) == 0
    return cube


def test_the_model_stays_and_the_page_holds_the_rules(
    noted: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = noted.read_bytes()
    page = json.loads(page_of(noted).read_text())
    assert violations(page) == [] and len(page["items"]) == 3
    capsys.readouterr()
    assert main(["annotate", str(noted), "--unit", "mm", "--json"]) == 0
    salt, crack, note = json.loads(capsys.readouterr().out)["annotations"]
    assert salt["size"]["value"] == pytest.approx(4 * np.pi, rel=1e-3) and salt["size"]["unit"] == "cm²"
    assert salt["part_of_surface"] == pytest.approx(np.pi * 400 / 60_000, rel=1e-3)
    assert crack["size"]["value"] == pytest.approx(80) and crack["photo"] == "photos/a b.jpg"
    assert note["shape"] == "point" and note["size"] is None
    table = noted.with_name("t.csv")
    assert main(["annotate", str(noted), "--unit", "mm", "-o", str(table)]) == 0
    rows = list(csv.DictReader(table.read_text("utf-8-sig").splitlines()))
    assert [float(r["value"]) for r in rows[:2]] == [salt["size"]["value"], crack["size"]["value"]]
    assert rows[0]["text"] == "'=1+1 盐" and [r["id"] for r in rows] == [a["id"] for a in (salt, crack, note)]
    assert main(["annotate", str(noted), "--remove", "2"]) == 0
    assert [i["id"] for i in json.loads(page_of(noted).read_text())["items"]] == [salt["id"], note["id"]]
    assert noted.read_bytes() == before


def rings(path: str) -> list[np.ndarray]:
    return [
        np.array(
            [[float(v) for v in p.split()] for p in re.split("[ML]", ring.replace("Z", "")) if p.strip()]
        )
        for ring in path.split("M")
        if ring.strip()
    ]


def area(ring: np.ndarray) -> float:
    x, y = ring.T
    return abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2


def test_a_condition_map_is_true_to_its_scale(noted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = noted.with_name("map.svg")
    assert main(["annotate", str(noted), "--unit", "mm", "-o", str(out)]) == 0
    scale = re.search(r"on (\d) views, 1:([\d.]+)", capsys.readouterr().out)
    assert scale is not None and scale[1] == "3"  # front, right, top: those that show any
    parts = float(scale[2])
    svg = ElementTree.fromstring(out.read_text())
    assert svg.get("width") == "297mm" and svg.get("viewBox", "").split()[2] == "297"
    texts = [t.text or "" for t in svg.iter(f"{SVG}text")]
    (disc,) = [p for p in svg.iter(f"{SVG}path") if p.get("class") == "annotation-1"]
    assert sum(area(r) for r in rings(disc.get("d", ""))) * parts**2 == pytest.approx(np.pi * 400, rel=0.02)
    (crack,) = [p for p in svg.iter(f"{SVG}path") if p.get("class") == "annotation-2"]
    ends = np.concatenate(rings(crack.get("d", "")))
    assert np.ptp(ends[:, 1]) * parts == pytest.approx(80, abs=0.6) and np.ptp(ends[:, 0]) * parts < 0.2
    picture = next(iter(svg.iter(f"{SVG}image")))
    assert float(picture.get("width", 0)) * parts == pytest.approx(100, abs=3 * parts * 25.4 / 200)
    (bar,) = [p for p in svg.iter(f"{SVG}path") if p.get("class") == "scale-bar"]
    said = next(float(m[1]) for t in texts if (m := re.match(r"([\d.]+) mm ", t)))
    assert np.ptp(rings(bar.get("d", ""))[0][:, 0]) * parts == pytest.approx(said, abs=1e-3)
    assert any("cm²" in t for t in texts) and any("盐" in t for t in texts)


def test_without_a_scale_there_are_no_millimetres(noted: Path) -> None:
    out = noted.with_name("map.svg")
    assert main(["annotate", str(noted), "-o", str(out)]) == 0
    texts = [t.text or "" for t in ElementTree.fromstring(out.read_text()).iter(f"{SVG}text")]
    assert not any(re.search(r"\d (mm|cm)", t) for t in texts) and any("No scale" in t for t in texts)
    assert 'class="scale-bar"' not in out.read_text()


def test_the_pdf_is_the_same_every_time(noted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = noted.with_name("map.pdf")
    made = []
    for _ in range(2):
        assert (
            main(
                ["annotate", str(noted), "--unit", "mm", "--up", "z", "--views", "front,top", "-o", str(out)]
            )
            == 0
        )
        made.append(out.read_bytes())
    assert made[0] == made[1] and made[0].startswith(b"%PDF-") and b"/Count 2" in made[0]
    assert (
        "only in the list" in capsys.readouterr().err
    )  # the disc on +Z is on top now, the crack at the side


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--add", "crack"], "Say where"),
        (["--point", "0,0,50"], "--add"),
        (["--add", "rot", "--point", "0,0,50"], "known are crack"),
        (["--add", "salt", "--brush", "0,0,50"], "--radius"),
        (["--add", "salt", "--brush", "0,0,50", "--radius", "5"], "--unit mm"),
        (["--add", "salt", "--point", "0,0,500"], "It was not added"),
        (["--add", "salt", "--point", "0,0,50", "--photo", "../x.jpg"], "folder"),
        (["--add", "salt", "--point", "0,0,50", "--photo", "none.jpg"], "no photo"),
        (["--add", "salt", "--point", "0,0,50", "--colour", "red"], "no colour"),
        (["--add", "salt", "--line", "0,0,50"], "two places"),
        (["--remove", "7"], "no annotation"),
        (["-o", "map.docx"], ".pdf"),
        (["-o", "none/map.pdf"], "no folder"),
    ],
)
def test_wrong_input_costs_one_sentence(
    cube: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert main(["annotate", str(cube), *arguments]) == 2
    told = capsys.readouterr().err.strip().splitlines()
    assert len(told) == 1 and said in told[0] and told[0].startswith("sculpt3d: ")
    assert not page_of(cube).exists()


def test_conditions_are_written_to_be_edited(cube: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["annotate", str(cube), "--conditions"]) == 0
    cube.with_name("conditions.toml").write_text('[moss]\nname = "Moos"\n')
    assert main(["annotate", str(cube), "--add", "moss", "--point", "0,0,50"]) == 0
    assert "Moos" in capsys.readouterr().out
    assert main(["annotate", str(cube), "--add", "crack", "--point", "0,0,50"]) == 2


@pytest.mark.parametrize(("ending", "unit"), [("ply", 1.0), ("glb", 0.001)])
def test_the_exported_page_shows_them_where_they_are(tmp_path: Path, ending: str, unit: float) -> None:
    """Far from the origin too, where the page's model lies near it; a PLY that says no unit is exported in its own."""
    model = tmp_path / f"a.{ending}"
    mesh = trimesh.creation.icosphere(4, 50.0 * unit)
    mesh.apply_translation(np.array([1000.0, 0, 0]) * unit)
    mesh.export(model)
    where = [f"{v * unit!r}" for v in (1000.0, 0.0, 50.0)]
    assert (
        main(["annotate", str(model), "--add", "salt", "--point", ",".join(where), "--text", "</p><b>"]) == 0
    )
    source = load_source(model)
    (note,), said = condition_notes(model, source)
    assert not said and note.title == "Salt" and note.colour == "#56b4e9" and note.text.startswith("</p><b>")
    vertices = source.full.vertices.astype(float)
    nearest = np.linalg.norm(vertices - note.position, axis=1).min()
    assert nearest < 0.02 * np.ptp(vertices) and note.normal[2] > 0.99
    assert note.position[2] == pytest.approx(vertices[:, 2].max(), rel=1e-3)
    page = render_note(1, note)
    assert page["ink"] == "#000" and page["lines"][0] == "</p><b>"
