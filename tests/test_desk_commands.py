"""The desk's commands: the same numbers as the functions give, to the last digit; wrong input costs one sentence."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
import trimesh

from pipelines.cli import main
from sculpt3d.desk.measurements import measure, read_measurements
from sculpt3d.desk.section import profile
from sculpt3d.desk.slicing import Plane
from sculpt3d.desk.surface import read_measured
from sculpt3d.desk.viewfile import write_view

ASKED = [
    {"kind": "distance", "name": "edge", "points": [[50, 50, 50], [-50, 50, 50]]},
    {"kind": "geodesic", "name": "over", "points": [[50, 50, 50], [-50, -50, -50]]},
    {"kind": "volume", "name": "all"},
    {"kind": "area", "name": "spot", "region": {"brush": [[50, 0, 0, 20]]}},
]


@pytest.fixture
def cube(tmp_path: Path) -> Path:
    path = tmp_path / "cube.ply"
    trimesh.creation.box((100, 100, 100)).subdivide().export(path)
    return path


def test_a_saved_view_measures_the_same_unattended(cube: Path, capsys: pytest.CaptureFixture[str]) -> None:
    view, table = cube.with_name("view.json"), cube.with_name("table.csv")
    write_view(
        view, {"measurements": ASKED, "unit": "mm", "sections": [{"name": "waist", "plane": [0, 1, 0, 5]}]}
    )
    before = cube.read_bytes(), view.read_bytes()
    assert main(["measure", str(cube), "--state", str(view), "--json", "--csv", str(table)]) == 0
    everything = json.loads(capsys.readouterr().out)
    printed = everything["measurements"]
    surface = read_measured(cube, "mm")
    assert printed == [
        json.loads(json.dumps(measure(surface, a).as_dict())) for a in read_measurements(ASKED)
    ]
    rows = list(csv.DictReader(table.read_text("utf-8-sig").splitlines()))
    first = {row["name"]: float(row["value"]) for row in reversed(rows)}
    (waist,) = everything["sections"][0]["profiles"]
    assert waist["area"]["value"] == profile(surface, Plane.of(0, 1, 0, 5), "waist").area.value
    assert first == {one["name"]: one["value"] for one in printed} | {"waist": waist["area"]["value"]}
    assert (cube.read_bytes(), view.read_bytes()) == before


def test_quick_forms_take_negative_numbers(cube: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ends = ["--distance", "-50,50,50", "50,50,50"]
    assert main(["measure", str(cube), "--unit", "mm", *ends]) == 0
    assert "distance 100.000" in capsys.readouterr().out
    assert main(["measure", str(cube), *ends]) == 2
    assert "--unit mm" in capsys.readouterr().out


def test_one_that_fails_stops_no_other(cube: Path, capsys: pytest.CaptureFixture[str]) -> None:
    view = cube.with_name("view.json")
    write_view(
        view,
        {"measurements": [{"kind": "angle", "name": "bad", "points": [[0, 0, 0]]}, *ASKED], "unit": "mm"},
    )
    assert main(["measure", str(cube), "--state", str(view)]) == 2
    printed = capsys.readouterr().out
    assert "needs 3" in printed and "distance 100.000" in printed


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["measure", "{cube}"], "Say what to measure"),
        (["measure", "{cube}", "--state", "{none}"], "There is no"),
        (["measure", "{none}", "--volume"], "There is no model"),
        (["measure", "{cube}", "--volume", "--csv", "{none}/t.csv"], "no folder"),
    ],
)
def test_wrong_input_costs_one_sentence(
    cube: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    given = [a.format(cube=cube, none=cube.with_name("none"), out=cube.with_name("out")) for a in arguments]
    assert main(given) == 2
    told = capsys.readouterr().err.strip().splitlines()
    assert len(told) == 1 and said in told[0] and told[0].startswith("sculpt3d: ")


def test_the_comparison_of_a_view_is_done_again(cube: Path, capsys: pytest.CaptureFixture[str]) -> None:
    view, later = cube.with_name("view.json"), cube.with_name("later.stl")
    trimesh.creation.box((100, 100, 102)).subdivide().export(later)
    write_view(view, {"comparison": {"other": "later.stl", "register": "none", "unit_b": "mm"}, "unit": "mm"})
    assert main(["measure", str(cube), "--state", str(view), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["comparison"]
    assert found["deviation"]["most_mm"] == pytest.approx(1) and found["b"]["unit"] == "mm"
    write_view(view, {"comparison": {"other": "../later.stl"}})
    assert main(["measure", str(cube), "--state", str(view)]) == 2
    assert "outside of its folder" in capsys.readouterr().err
