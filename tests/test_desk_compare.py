"""Two epochs with known change: the dent is found and measured, noise is not, units are named, M3C2 is py4dgeo's."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import trimesh

from pipelines.cli import main
from sculpt3d._open3d import o3d
from sculpt3d.desk.change import change
from sculpt3d.desk.colours import CALM, NOTHING, diverging, only
from sculpt3d.desk.comparison import Comparison, How, compare
from sculpt3d.desk.deviation import deviations
from sculpt3d.desk.epochs import read_epochs
from sculpt3d.desk.m3c2 import M3c2Params, run_m3c2
from sculpt3d.desk.settle import as_given
from sculpt3d.errors import InputError
from sculpt3d.models.read import read_document
from tests.conftest import SHARED
from tests.test_desk_measure import surface_of

DEEP = 1.0  # mm


def bust() -> trimesh.Trimesh:
    """A head of some 200 mm in mm, unlike itself from every side."""
    ball = trimesh.creation.icosphere(5, 80.0)
    x, y, z = ball.vertices.T / 80
    grow = 1 + 0.25 * x * y + 0.2 * z**3 + 0.12 * np.sin(4 * x + 1) * np.cos(3 * z) + 0.05 * np.sin(9 * y)
    ball.vertices = ball.vertices * grow[:, None] * [0.9, 1.3, 1.0]
    return ball


def dented(mesh: trimesh.Trimesh, centre: int, radius: float, deep: float) -> trimesh.Trimesh:
    """Pressed in along one direction, `deep` at the centre."""
    made = mesh.copy()
    r = np.linalg.norm(made.vertices - made.vertices[centre], axis=1) / radius
    press = np.where(r < 1, (1 - r**2) ** 2, 0)[:, None] * mesh.vertex_normals[centre]
    made.vertices = made.vertices - deep * press
    return made


def moved(mesh: trimesh.Trimesh, degrees: float, shift: tuple[float, ...]) -> trimesh.Trimesh:
    made = mesh.copy()
    matrix = trimesh.transformations.rotation_matrix(np.radians(degrees), (1, 2, 0.5))
    matrix[:3, 3] = shift
    made.apply_transform(matrix)
    return made


def both(folder: Path, a: trimesh.Trimesh, b: trimesh.Trimesh, **how: object) -> Comparison:
    for name, mesh in (("a.ply", a), ("b.ply", b)):
        mesh.export(folder / name)
    return compare(folder / "a.ply", folder / "b.ply", How(unit_a="mm", unit_b="mm", **how))  # type: ignore[arg-type]


def test_a_dent_of_1_mm_reads_1_mm_and_nothing_else_is_significant(tmp_path: Path) -> None:
    whole = bust()
    hurt = dented(whole, 700, 20.0, DEEP)
    touched = np.linalg.norm(hurt.vertices - whole.vertices, axis=1) > 0
    found = both(tmp_path, whole, moved(hurt, 1.0, (0.8, -0.5, 0.6)))
    assert found.change.patches[0].peak == pytest.approx(-DEEP, abs=0.05)
    assert not found.change.significant[~touched].any()
    assert np.abs(found.change.signed[~touched]).max() < 1e-3
    volume = abs(whole.volume - hurt.volume)
    assert found.change.patches[0].volume == pytest.approx(-volume, rel=0.05)


def test_so_it_does_under_noise_that_the_files_tell(tmp_path: Path) -> None:
    whole, sigma = bust(), 0.03
    hurt, rng = dented(whole, 700, 20.0, DEEP), np.random.default_rng(5)
    touched = np.linalg.norm(hurt.vertices - whole.vertices, axis=1) > 0
    for mesh, name in ((whole, "a.ply"), (moved(hurt, 1.0, (0.8, -0.5, 0.6)), "b.ply")):
        noisy = mesh.vertices + rng.normal(0, sigma, mesh.vertices.shape)
        made = trimesh.Trimesh(noisy, mesh.faces, process=False)
        made.vertex_attributes["uncertainty_mm"] = np.full(len(noisy), sigma, np.float32)
        made.export(tmp_path / name, vertex_normal=False)
    assert "uncertainty_mm" in read_document(tmp_path / "a.ply").parts[0].attributes
    found = compare(tmp_path / "a.ply", tmp_path / "b.ply", How(unit_a="mm", unit_b="mm"))
    assert found.change.noise == "the errors that both files give"
    largest, *others = found.change.patches
    assert largest.peak == pytest.approx(-DEEP, abs=4 * sigma) and not others
    assert not found.change.significant[~touched].sum() > 5  # the dent's own rim, by noise
    beyond = np.abs(found.change.signed) > found.change.level
    assert 0.005 < beyond[~touched].mean() < 0.06  # 5 in 100 by chance, and none of them is told as change


def test_other_triangles_and_untold_noise_are_no_change(tmp_path: Path) -> None:
    whole = bust()
    hurt = dented(whole.subdivide(), 700, 20.0, 3.0)
    body = o3d.geometry.TriangleMesh(
        o3d.utility.Vector3dVector(hurt.vertices), o3d.utility.Vector3iVector(hurt.faces)
    )
    body = body.simplify_quadric_decimation(15_000)
    noisy = np.asarray(body.vertices) + np.random.default_rng(0).normal(0, 0.05, (len(body.vertices), 3))
    found = both(tmp_path, whole, trimesh.Trimesh(noisy, np.asarray(body.triangles), process=False))
    largest, *others = found.change.patches
    assert largest.peak == pytest.approx(-3, abs=0.3) and not others
    assert np.linalg.norm(largest.at - hurt.vertices[700]) < 5


@pytest.mark.slow
def test_any_pose_is_found_and_a_large_change_pulls_nothing(tmp_path: Path) -> None:
    whole = bust()
    hurt = dented(whole, 700, 60.0, 8.0)  # a sixth of the surface
    touched = np.linalg.norm(hurt.vertices - whole.vertices, axis=1) > 0
    found = both(tmp_path, whole, moved(hurt, 130.0, (300, 40, -90)))
    assert "search" in found.registration.how
    assert np.abs(found.change.signed[~touched]).max() < 2e-3
    back = found.a_from_b().apply(np.asarray(moved(hurt, 130.0, (300, 40, -90)).vertices))
    assert np.allclose(back, hurt.vertices, atol=1e-3)


def test_picked_pairs_and_a_stable_area(tmp_path: Path) -> None:
    whole = bust()
    grown = whole.copy()  # all but a cap of it is 0.4 mm larger: only the cap may have a say
    far = np.linalg.norm(whole.vertices - whole.vertices[700], axis=1) > 60
    grown.vertices[far] += 0.4 * whole.vertex_normals[far]
    away = moved(grown, 70.0, (30, 40, -90))
    picked = [5, 300, 1500, 2200]
    pairs = np.c_[whole.vertices[picked], away.vertices[picked]] + np.random.default_rng(0).normal(
        0, 1, (4, 6)
    )
    np.savetxt(tmp_path / "p.csv", pairs, delimiter=",", header="ax,ay,az,bx,by,bz", comments="")
    np.savetxt(tmp_path / "s.csv", [[*whole.vertices[700], 50.0]], delimiter=",")
    arguments = [
        str(tmp_path / "a.ply"),
        str(tmp_path / "b.ply"),
        "--unit-a",
        "mm",
        "--unit-b",
        "mm",
        "-o",
        str(tmp_path / "out"),
    ]
    whole.export(tmp_path / "a.ply")
    away.export(tmp_path / "b.ply")
    assert (
        main(
            [
                "compare",
                *arguments,
                "--register",
                str(tmp_path / "p.csv"),
                "--stable",
                str(tmp_path / "s.csv"),
            ]
        )
        == 0
    )
    found = json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert (
        found["registration"]["how"] == "from picked points" and "4 picked pairs fit to" in found["notes"][0]
    )
    assert found["deviation"]["median_mm"] == pytest.approx(0.4, abs=0.02)


def test_the_sign_is_right_beside_edges_and_corners() -> None:
    box = trimesh.creation.box((10, 10, 10)).subdivide().subdivide()
    rng = np.random.default_rng(0)
    points = rng.uniform(-8, 8, (4000, 3))
    found = deviations(surface_of(box), points)
    out = np.maximum(np.abs(points) - 5, 0)
    true = np.linalg.norm(out, axis=1) + np.minimum((np.abs(points) - 5).max(1), 0)
    assert np.allclose(found.signed, true, atol=1e-5)


def test_past_an_open_rim_there_is_nothing_to_compare_with(tmp_path: Path) -> None:
    grid = trimesh.creation.box((100, 100, 100)).subdivide().subdivide().subdivide()
    part = grid.copy()
    part.update_faces(part.triangles_center[:, 1] < 20)
    found = both(tmp_path, part, grid, register="none")
    over = found.b.xyz[:, 1] > 30
    assert (
        np.isnan(found.change.signed[over]).all()
        and np.abs(found.change.signed[~over & (found.b.xyz[:, 1] < 20)]).max() < 1e-6
    )
    assert not found.change.significant[over].any()


@pytest.mark.parametrize(
    ("factor", "said"), [(1000.0, "m and mm"), (25.4, "inches and mm"), (1 / 1000, "m and mm")]
)
def test_a_factor_between_units_is_named_and_not_guessed(tmp_path: Path, factor: float, said: str) -> None:
    whole = bust()
    whole.export(tmp_path / "a.ply")
    larger = whole.copy()
    larger.apply_scale(factor)
    larger.export(tmp_path / "b.ply")
    with pytest.raises(InputError, match=f"{said} are mistaken"):
        compare(tmp_path / "a.ply", tmp_path / "b.ply", How(unit_a="mm", unit_b="mm"))
    with pytest.raises(
        InputError, match=r"b.ply names no unit: say it with --unit-b mm .* in \w+ it would be"
    ):
        compare(tmp_path / "a.ply", tmp_path / "b.ply", How(unit_a="mm"))


def test_corrected_on_request(tmp_path: Path) -> None:
    whole = bust()
    whole.export(tmp_path / "a.ply")
    whole.apply_scale(1 / 25.4)
    whole.export(tmp_path / "b.stl")
    a, b, _ = read_epochs(tmp_path / "a.ply", tmp_path / "b.stl", "mm", "in")
    found = change(a, b, as_given())
    assert np.abs(found.signed).max() < 1e-4 and not found.significant.any() and b.scale.name == "in"


def test_m3c2_is_py4dgeo_on_its_planes() -> None:
    py4dgeo = pytest.importorskip("py4dgeo")
    rng = np.random.default_rng(1)
    first, second = (np.c_[rng.uniform(0, 10, (3000, 2)), rng.normal(h, 0.02, 3000)] for h in (0.0, 0.15))
    core, up = first[::20], np.tile([0.0, 0.0, 1.0], (150, 1))
    ours = run_m3c2(first, second, core, up, M3c2Params(0.5, 3.2), 0.004)
    epochs = py4dgeo.Epoch(first), py4dgeo.Epoch(second)
    theirs = py4dgeo.M3C2(
        epochs=epochs,
        corepoints=core,
        corepoint_normals=up,
        cyl_radius=0.5,
        max_distance=3.2,
        registration_error=0.004,
    ).run()
    assert np.allclose(ours.distance, theirs[0], atol=1e-6, equal_nan=True)
    assert np.allclose(ours.level, theirs[1]["lodetection"], atol=1e-6, equal_nan=True)
    for k in range(0, 150, 10):  # and as its authors wrote it down
        inside = [x[np.hypot(*(x - core[k])[:, :2].T) <= 0.5][:, 2] for x in (first, second)]
        spread = np.sqrt(sum(x.var(ddof=1) / len(x) for x in inside))
        assert ours.distance[k] == pytest.approx(inside[1].mean() - inside[0].mean(), abs=1e-9)
        assert ours.level[k] == pytest.approx(1.96 * (spread + 0.004), abs=1e-9)
    assert not Path("py4dgeo.log").exists()


def test_everything_that_is_written_says_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = bust()
    whole.apply_scale(0.001)
    hurt = dented(whole, 700, 0.02, 0.001)
    whole.export(tmp_path / "a.glb")
    moved(hurt, 1.0, (0.0008, 0, 0)).export(tmp_path / "b <1>.glb")
    out = tmp_path / "out"
    before = (tmp_path / "a.glb").read_bytes()
    assert (
        main(
            [
                "compare",
                str(tmp_path / "a.glb"),
                str(tmp_path / "b <1>.glb"),
                "-o",
                str(out),
                "--limits",
                "2",
                "--m3c2",
            ]
        )
        == 0
    )
    assert "sunk by 1.0" in capsys.readouterr().out and (tmp_path / "a.glb").read_bytes() == before
    facts = json.loads((out / "comparison.json").read_text())
    assert facts["limit_mm"] == 2 and facts["a"]["unit"] == "m" and len(facts["patches"]) == 1
    assert facts["patches"][0]["peak_mm"] == pytest.approx(-1, abs=0.05) and facts["m3c2"]["compared"] > 1000
    assert facts["m3c2"]["significant_share"] < 0.06
    coloured, flat = read_document(out / "deviation.glb"), read_document(out / "deviation.ply")
    assert coloured.unit_m == 1 and flat.unit_m == 1
    for document in (coloured, flat):
        told = document.parts[0].attributes["deviation_mm"]
        assert float(np.min(told)) == pytest.approx(facts["deviation"]["least_mm"], rel=1e-5)
    at = np.asarray(facts["patches"][0]["at"])
    assert np.linalg.norm(at - hurt.vertices[700]) < 0.005
    rows = np.genfromtxt(out / "deviations.csv", delimiter=",", names=True)
    assert rows["deviation_mm"].min() == pytest.approx(facts["deviation"]["least_mm"], rel=1e-6)
    text = (out / "report.html").read_text()
    assert "b &lt;1&gt;.glb" in text and "<1>" not in text and "http" not in text.replace("http-equiv", "")


def test_what_may_mislead_is_told(tmp_path: Path) -> None:
    ball = trimesh.creation.icosphere(3, 50.0)
    turned = ball.copy()
    turned.invert()
    found = both(tmp_path, turned, ball, register="none")
    assert any("look inwards" in n for n in found.notes()) and any("not known" in n for n in found.notes())
    fine = trimesh.creation.icosphere(5, 50.0)
    assert any("slide or turn" in n for n in both(tmp_path, fine, fine).notes())
    assert not both(tmp_path, bust(), bust()).registration.notes


def test_colours_are_told_apart() -> None:
    found = diverging(np.array([-2.0, -1, 0, 1, 2, np.nan]), 1.0).astype(int)
    assert (found[0] == found[1]).all() and (found[3] == found[4]).all() and tuple(found[5]) == NOTHING
    assert found[1][2] > found[1][0] + 60 and found[3][0] > found[3][2] + 60  # blue; orange
    assert np.ptp(found[2]) < 5 and tuple(only(found.astype(np.uint8), np.zeros(6, bool))[0]) == CALM


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["{cloud}", "{mesh}"], "cloud of points without faces"),
        (["{mesh}", "{none}"], "There is no model"),
        (["{mesh}", "{mesh}", "--register", "{none}"], "There is no table"),
        (["{mesh}", "{mesh}", "--register", "{mesh}"], "no table of picked pairs"),
        (["{mesh}", "{mesh}", "--stable", "{mesh}"], "no table of a stable area"),
        (["{mesh}", "{small}"], "0.2 times as large"),
    ],
)
def test_wrong_input_costs_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    names = {n: str(tmp_path / f"{n}.ply") for n in ("mesh", "cloud", "small", "none")}
    ball = trimesh.creation.icosphere(3, 50.0)
    ball.export(names["mesh"])
    trimesh.PointCloud(ball.vertices).export(names["cloud"])
    ball.apply_scale(0.2)
    ball.export(names["small"])
    given = [a.format(**names) for a in arguments]
    assert main(["compare", *given, "--unit-a", "mm", "--unit-b", "mm", "-o", str(tmp_path / "out")]) == 2
    told = capsys.readouterr().err.strip().splitlines()
    assert len(told) == 1 and said in told[0] and not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_dent_in_a_scan_turned_anyhow(tmp_path: Path) -> None:
    path = SHARED / "scans" / "Nymph.glb"
    if not path.is_file():
        pytest.skip(f"{path} is not here")
    scan = trimesh.load(path, force="mesh")
    scan = trimesh.Trimesh(scan.vertices, scan.faces)
    hurt = dented(scan, 1234, 0.06, 0.001)
    touched = np.linalg.norm(hurt.vertices - scan.vertices, axis=1) > 0
    moved(hurt, 40.0, (0.3, -0.2, 0.1)).export(tmp_path / "b.ply")
    found = compare(path, tmp_path / "b.ply", How(unit_b="m"))
    assert found.change.patches[0].peak == pytest.approx(-1, abs=0.05)
    assert not found.change.significant[~touched].any()
