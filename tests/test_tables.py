"""Known lengths as people write them: read as meant, or refused with the line that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sculpt3d.errors import InputError
from sculpt3d.metric.survey import resolve
from sculpt3d.metric.tables import (
    BAR_SIGMA_MM,
    Bar,
    families_of,
    read_bars,
    read_clicks,
    read_known,
    read_points,
)
from sculpt3d.metric.targets import Sighting


def bars(folder: Path, text: str, end: str = "\n") -> tuple[Bar, ...]:
    (folder / "bars.csv").write_bytes(end.join(text.split("\n")).encode())
    return read_bars(folder / "bars.csv")


def test_bars_as_they_are_written(tmp_path: Path) -> None:
    plain = bars(tmp_path, "marker1,marker2,distance_mm,sigma_mm,use\n7,8,200.05,0.02,control\n9,10,500,,check")
    assert plain == (Bar("7", "8", 200.05, 0.02, "control"), Bar("9", "10", 500.0, BAR_SIGMA_MM, "check"))
    assert bars(tmp_path, "\ufeffMarker1;Marker2;Distance_mm\n7;8;200,05\n\n# spare\n", "\r\n") == (Bar("7", "8", 200.05),)
    assert bars(tmp_path, "marker2,marker1,distance_m\n4x4_50:3,4X4_50:07,0.25") == (Bar("4x4_50:7", "4x4_50:3", 250.0),)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("marker1,marker2,distance_mm", "0 rows"),
        ("a,b,c\n1,2,3", "lacks the column marker1"),
        ("marker1,marker2,distance_mm\n1,1,100", "Line 2"),
        ("marker1,marker2,distance_mm\n1,2,100\n2,1,100", "again (line 2)"),
        ("marker1,marker2,distance_mm\n1,2,-100", "more than 0"),
        ("marker1,marker2,distance_mm\n1,2,nan", "not a number"),
        ("marker1,marker2,distance_mm\n1,2,", "no distance"),
        ("marker1,marker2,distance_mm\nx,2,100", "names a marker 'x'"),
        ("marker1,marker2,distance_mm\n9x9:1,2,100", "names a marker"),
        ("marker1,marker2,distance_mm,use\n1,2,100,maybe", "control or check"),
        ("marker1,marker2,distance_mm,use\n1,2,100,check", "no bar to scale by"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(InputError) as error:
        bars(tmp_path, text)
    assert says in str(error.value) and "bars.csv" in str(error.value)


@given(st.binary(max_size=400))
def test_any_bytes_are_a_table_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("bytes") / "bars.csv"
    path.write_bytes(data)
    with pytest.raises(InputError):
        read_bars(path)


def test_points_in_metres_and_millimetres(tmp_path: Path) -> None:
    head = "marker,x_m,y_m,z_m,sx_mm,sy_mm,sz_mm,use\n"
    (tmp_path / "p.csv").write_text(head + "1,0.1,0.2,0.3,1,2,3,control\n2,1,0,0,,,,\n3,0,1,0,,,,\n4,0,0,1,,,,check\n")
    points = read_points(tmp_path / "p.csv")
    assert points[0].xyz_mm == (100.0, 200.0, 300.0) and points[0].sigma_mm == (1.0, 2.0, 3.0)
    assert [p.use for p in points] == ["control"] * 3 + ["check"]


def test_markers_are_named_by_number_or_family_and_number() -> None:
    def seen(*names: tuple[str, int]) -> dict[str, list[Sighting]]:
        return {"a.jpg": [Sighting(f, n, None, None) for f, n in names]}  # type: ignore[arg-type]

    both = seen(("4x4_50", 7), ("apriltag_36h11", 7), ("4x4_50", 3))
    assert resolve(["3", "4x4_50:7"], both) == {"3": "4x4_50:3", "4x4_50:7": "4x4_50:7"}
    with pytest.raises(InputError, match="several families"):
        resolve(["7"], both)
    with pytest.raises(InputError, match="the photos show 4x4_50:3"):
        resolve(["8"], both)
    assert families_of(["7", "4x4_50:3"]) == ("4x4_50",)


def test_points_clicked_in_photos_stand_for_markers(tmp_path: Path) -> None:
    (tmp_path / "clicks.csv").write_text(
        "point,image,x,y\ntip,a.jpg,10.5,20\ntip,b.jpg,11,21\ntoe 2,a.jpg,1,2\ntoe 2,b.jpg,3,4\n"
    )
    (tmp_path / "bars.csv").write_text("marker1,marker2,distance_mm\ntip,toe 2,300\n7,tip,20\n")
    known = read_known(tmp_path / "bars.csv", None, tmp_path / "clicks.csv")
    assert known.names() == ["tip", "toe 2", "7"] and known.clicks[0].xy == (10.5, 20.0) and bool(known)
    with pytest.raises(InputError, match="names a marker 'tip'"):
        read_known(tmp_path / "bars.csv", None, None)
    with pytest.raises(InputError, match="nothing is known"):
        read_known(None, None, tmp_path / "clicks.csv")


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("tip,a.jpg,1,2", "in one photo only"),
        ("tip,a.jpg,1,2\ntip,a.jpg,1,2", "again"),
        ("7,a.jpg,1,2\n7,b.jpg,1,2", "begin with a letter"),
        ("tip,a.jpg,1,x\ntip,b.jpg,1,2", "not a number"),
        ("tip,,1,2\ntip,b.jpg,1,2", "has no image"),
    ],
)
def test_what_is_wrong_with_a_click_is_said(tmp_path: Path, row: str, says: str) -> None:
    (tmp_path / "clicks.csv").write_text(f"point,image,x,y\n{row}\n")
    with pytest.raises(InputError, match=says):
        read_clicks(tmp_path / "clicks.csv")
