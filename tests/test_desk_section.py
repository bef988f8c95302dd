"""Sections of shapes whose outlines are known; drawings read back by other programs."""

from __future__ import annotations

import csv
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import ezdxf
import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.cli import main
from sculpt3d.desk.drawings import as_csv, as_dxf, as_svg
from sculpt3d.desk.section import Section, profile, profiles, read_sections
from sculpt3d.desk.slicing import Plane
from sculpt3d.errors import InputError
from tests.test_desk_measure import surface_of

CUBE = surface_of(trimesh.creation.box((100, 100, 100)))
BALL = surface_of(trimesh.creation.icosphere(6, 50.0))


def test_a_cube_of_100_mm_measures_100_mm() -> None:
    for axis in np.eye(3):
        for d in (0.0, 12.5, 50.0, -50.0):  # the last two lie on faces
            found = profile(CUBE, Plane.of(*axis, d), "side")
            assert found.area.value == pytest.approx(
                1e4, abs=1e-6
            ) and found.perimeter.value == pytest.approx(400)
            low, high = found.uv[0].min(0), found.uv[0].max(0)
            assert np.allclose(high - low, 100, atol=1e-9)
    corner = profile(CUBE, Plane.of(1, 1, 1, 0), "hexagon")  # through six edges' middles
    assert corner.area.value == pytest.approx(0.75 * np.sqrt(3) * 1e4)
    edges = profile(CUBE, Plane.of(1, -1, 0, 0), "through two edges")
    assert edges.area.value == pytest.approx(np.sqrt(2) * 1e4) and len(edges.outlines) == 1


@settings(max_examples=30, deadline=None)
@given(st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda n: np.linalg.norm(n) > 0.1), st.floats(-40, 40))
def test_a_section_of_a_ball_is_a_circle(normal: tuple[float, float, float], d: float) -> None:
    plane = Plane.of(*normal, d * float(np.linalg.norm(normal)))
    found = profile(BALL, plane, "ball")
    radius = np.sqrt(2500 - d**2)
    assert len(found.outlines) == 1 and found.outlines[0].closed
    from_axis = np.linalg.norm(found.outlines[0].xyz - d * plane.normal, axis=1)
    assert np.allclose(from_axis, radius, rtol=1e-3)  # the triangles' own sagging is .05 %
    assert np.allclose(found.outlines[0].xyz @ plane.normal, d, atol=1e-9)
    assert found.area.value == pytest.approx(np.pi * radius**2, rel=1e-3)
    assert found.perimeter.value == pytest.approx(2 * np.pi * radius, rel=1e-3)


def test_plus_minus_of_area_and_perimeter_holds() -> None:
    ball, sigma, rng = trimesh.creation.icosphere(4, 50.0), 0.05, np.random.default_rng(3)
    true, plane, held = ball.vertices.copy(), Plane.of(0.2, 1, 0.1, 5), 0
    truth = profile(surface_of(ball), plane, "x").area.value
    areas = []
    for _ in range(120):
        ball.vertices = true + rng.normal(0, sigma, true.shape)
        found = profile(surface_of(ball, sigma=sigma), plane, "x").area
        areas.append(found.value)
        held += abs(found.value - truth) <= found.plus_minus
    assert held >= 108 and found.plus_minus < 2 * 1.96 * np.std(areas)


def test_hollow_things_and_islands() -> None:
    ring = surface_of(trimesh.creation.torus(40, 10, 200, 100))
    across = profile(ring, Plane.of(0, 0, 1, 0), "ring")
    assert len(across.fills) == 1 and len(across.fills[0][1]) == 1
    assert across.area.value == pytest.approx(np.pi * (2500 - 900), rel=2e-3)
    through = profile(ring, Plane.of(1, 0, 0, 0), "two discs")
    assert len(through.fills) == 2 and through.area.value == pytest.approx(2 * np.pi * 100, rel=2e-3)
    inner = trimesh.creation.icosphere(4, 10.0)
    shells = trimesh.util.concatenate([trimesh.creation.icosphere(4, 50.0), inner.copy()])
    inner.invert()
    hollow = trimesh.util.concatenate([trimesh.creation.icosphere(4, 50.0), inner])
    for mesh in (hollow, shells):  # whichever way the inner one looks
        found = profile(surface_of(mesh), Plane.of(0, 1, 0, 0), "hollow")
        assert found.area.value == pytest.approx(np.pi * (2500 - 100), rel=3e-3)


def test_open_models_give_open_outlines_and_say_so() -> None:
    bowl = trimesh.creation.icosphere(5, 50.0)
    bowl.update_faces(bowl.triangles_center[:, 1] < 0)
    found = profile(surface_of(bowl), Plane.of(1, 0, 0, 0), "bowl")
    assert len(found.outlines) == 1 and not found.outlines[0].closed and not found.fills
    assert found.area.value == 0 and "open" in found.notes[0]
    assert found.perimeter.value == pytest.approx(np.pi * 50, rel=0.01)
    assert 'class="open"' in as_svg(surface_of(bowl), [found])


def test_a_plane_that_misses_is_told_where_the_model_lies() -> None:
    with pytest.raises(InputError, match=r"misses the model: .* from -50 to 50, and the plane is at 70"):
        profile(CUBE, Plane.of(1, 0, 0, 70), "x")
    with pytest.raises(InputError, match="no direction"):
        Plane.of(0, 0, 0, 1)


def test_a_stack_is_drawn_at_1_to_1_in_millimetres(tmp_path: Path) -> None:
    found = profiles(BALL, Section(Plane.of(0, 1, 0, -45), "ball", 30.0, 5))
    assert [p.plane.distance for p in found] == pytest.approx([-45, -15, 15, 45])  # the fifth misses
    radii = [np.sqrt(2500 - d**2) for d in (-45, -15, 15, 45)]
    (tmp_path / "s.dxf").write_text(as_dxf(BALL, found))
    drawing = ezdxf.readfile(tmp_path / "s.dxf")
    assert drawing.header["$INSUNITS"] == 4 and not drawing.audit().errors
    lines = drawing.modelspace().query("LWPOLYLINE")
    assert [line.dxf.elevation for line in lines] == pytest.approx([0, 30, 60, 90]) and all(
        x.closed for x in lines
    )
    for line, radius in zip(lines, radii, strict=True):
        assert np.allclose(np.hypot(*np.array(line.get_points("xy")).T), radius, rtol=1e-3)
    assert len(drawing.modelspace().query("HATCH")) == 4
    page = ET.fromstring(as_svg(BALL, found))
    assert page.get("width", "").endswith("mm") and float(page.get("width", "")[:-2]) == float(
        page.get("viewBox", "").split()[2]
    )
    paths = page.findall(".//{*}path")
    for path, radius in zip(paths, radii, strict=True):
        xy = np.array(re.findall(r"([-\d.]+) ([-\d.]+)", path.get("d", "")), float)
        assert np.allclose(np.ptp(xy, axis=0), 2 * radius, rtol=1e-3)
    bar = page.find(".//{*}rect")
    assert bar is not None and f"{float(bar.get('width', '')):g} mm" in "".join(page.itertext())
    rows = list(csv.DictReader(as_csv(BALL, found).splitlines()))
    xyz = np.array([[float(r[k]) for k in "xyz"] for r in rows])
    assert np.allclose(np.linalg.norm(xyz, axis=1), 50, rtol=1e-3)
    assert as_dxf(BALL, found) == as_dxf(BALL, found)


def test_metres_are_drawn_in_millimetres_and_far_models_too(tmp_path: Path) -> None:
    from sculpt3d.desk.units import Scale

    far = surface_of(trimesh.creation.box((0.1, 0.1, 0.1)), Scale(1000.0, "glTF"), offset=(4e6, 0, -6e6))
    found = profile(far, Plane.of(0, 1, 0, 0.01), "far")
    assert found.area.value == pytest.approx(1e4, rel=1e-5)
    (tmp_path / "f.dxf").write_text(as_dxf(far, [found]))
    (line,) = ezdxf.readfile(tmp_path / "f.dxf").modelspace().query("LWPOLYLINE")
    assert np.allclose(np.ptp(np.array(line.get_points("xy")), axis=0), 100, atol=1e-3)


def test_the_command_writes_what_it_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tmp_path / "cube.stl"
    trimesh.creation.box((100, 100, 100)).export(model)
    for name in ("a.svg", "a.dxf", "a.csv"):
        assert (
            main(["section", str(model), "--unit", "mm", "--plane", "-1,0,0,12", "-o", str(tmp_path / name)])
            == 0
        )
        assert (tmp_path / name).stat().st_size > 100
    assert "10000.000" in capsys.readouterr().out
    for arguments, said in (
        (["--plane", "x=1", "-o", "a.pdf"], "ends in .svg"),
        (["--plane", "x=1", "-o", "none/a.svg"], "no folder"),
        (["--plane", "x=99", "-o", "a.svg"], "misses"),
        (["--plane", "x=1", "--count", "3", "-o", "a.svg"], "--every"),
    ):
        given_ = [str(tmp_path / a) if a.endswith(("svg", "pdf")) else a for a in arguments]
        assert main(["section", str(model), "--unit", "mm", *given_]) == 2
        told = capsys.readouterr().err.strip().splitlines()
        assert len(told) == 1 and said in told[0]
    assert main(["section", str(model), "--plane", "x=1", "-o", str(tmp_path / "b.svg")]) == 2
    assert "--unit mm" in capsys.readouterr().err and not (tmp_path / "b.svg").exists()


def test_a_plane_through_three_points_is_that_plane() -> None:
    (asked,) = read_sections([{"name": "a", "points": [[0, 10, 0], [0, 10, 5], [5, 10, 0]]}])
    assert np.allclose(asked.plane.normal, [0, 1, 0]) and asked.plane.distance == pytest.approx(10)


@pytest.mark.parametrize(
    "bad", [3, {}, {"plane": [1, 0, 0]}, {"plane": [0, 0, 0, 1]}, {"plane": [1, 0, 0, 1], "count": True},
            {"plane": [1, 0, 0, 1], "every_mm": -1}, {"points": 3}, {"points": [[0, 0, 0]] * 3}, {"points": [[1, 2]] * 3}],
)  # fmt: skip
def test_a_wrong_section_is_named(bad: object) -> None:
    with pytest.raises(InputError, match=r"section 1|direction"):
        read_sections([bad])
