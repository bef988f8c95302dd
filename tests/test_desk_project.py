"""A project in the window: errors, view counts and filled areas as colours; cameras; the best photos of a clicked place."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import trimesh
from hands import SIZE, at, click, opened, press

from sculpt3d.desk.photos import best_photos, read_taken
from sculpt3d.desk.surface import read_measured
from sculpt3d.models.document import Document, Part
from sculpt3d.models.normals import with_normals
from viewer import app
from viewer.drawing.strokes import View
from viewer.hand import drawn, still
from viewer.state.cameras import BEST, SIDE, close_ups, taken
from viewer.state.shown import settled

Windows = list[app.Desk]
SAMPLE = Path(__file__).parents[1] / "sample_data"


def _ply(path: Path, xyz: np.ndarray, faces: np.ndarray, **values: np.ndarray) -> None:
    names = ["x", "y", "z", *values]
    rows = np.zeros(len(xyz), [(n, "<f4") for n in names])
    for k, n in enumerate("xyz"):
        rows[n] = xyz[:, k]
    for n, v in values.items():
        rows[n] = v
    head = ["ply", "format binary_little_endian 1.0", "comment metres", f"element vertex {len(xyz)}"]
    head += [f"property float {n}" for n in names]
    tail = b""
    if len(faces):
        head += [f"element face {len(faces)}", "property list uchar int vertex_indices"]
        row = np.zeros(len(faces), [("n", "u1"), ("v", "<i4", (3,))])
        row["n"], row["v"] = 3, faces
        tail = row.tobytes()
    path.write_bytes(("\n".join([*head, "end_header"]) + "\n").encode() + rows.tobytes() + tail)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Of the sample's truth; its cloud counts views by height, its mesh is filled where x is large, both say errors."""
    folder = tmp_path / "figure"
    shutil.copytree(SAMPLE / "truth" / "cameras", folder / "cameras")
    shutil.copytree(SAMPLE / "photos", folder / "work" / "photos-1" / "images")
    mesh = trimesh.load(SAMPLE / "truth" / "figure.ply", process=False)
    xyz, faces = np.asarray(mesh.vertices), np.asarray(mesh.faces)
    high = (xyz[:, 1] - xyz[:, 1].min()) / np.ptp(xyz[:, 1])
    filled = (xyz[:, 0] > np.quantile(xyz[:, 0], 0.9)).astype(float)
    _ply(folder / "mesh.ply", xyz, faces, filled=filled, uncertainty=1e-4 + 1e-4 * high)
    _ply(folder / "cloud.ply", xyz, faces[:0], views=2 + 8 * high)
    mesh.export(folder / "model.glb")
    return folder


def test_errors_views_and_filled_areas_are_colours(project: Path, windows: Windows) -> None:
    window = opened(project, windows)
    points = window.desk.bench.document.points()
    high = (points[:, 1] - points[:, 1].min()) / np.ptp(points[:, 1])
    window.act("mode views")
    shown = settled(window.desk)
    assert shown.field is not None and shown.field.unit == "photos"
    assert np.nanmax(np.abs(shown.field.values - (2 + 8 * high))) < 0.5
    window.act("mode filled")
    shown = settled(window.desk)
    assert shown.field is not None
    assert ((points[:, 0] > np.quantile(points[:, 0], 0.9)) == (shown.field.values > 0.5)).mean() > 0.99
    window.on_draw()
    alone = project.parent / "alone.ply"
    shutil.copy(project / "mesh.ply", alone)
    single = opened(alone, windows)
    single.act("mode uncertainty")
    shown = settled(single.desk)
    assert (
        shown.field is not None
        and shown.field.unit == "mm"
        and np.nanmin(shown.field.values) == pytest.approx(0.1)
    )
    single.act("mode views")
    assert "says nothing of how many photos" in settled(single.desk).failed


def test_a_click_opens_the_best_photos_with_the_place_in_their_middle(
    project: Path, windows: Windows
) -> None:
    """To 1 px: where each photo's camera sees the place that was clicked."""
    window = opened(project, windows)
    press(window, "_1")
    window.act("tool", "photos")
    place = window.desk.bench.document.points()
    place = place[place[:, 2].argmax()].astype(float)
    window.desk.bench.wait()
    taken(window.desk.bench)
    window.desk.bench.wait()
    click(window, place)
    (point,) = window.desk.draft.points
    still(window.desk)
    found = close_ups(window.desk.bench, point)
    assert isinstance(found, list) and 0 < len(found) <= BEST
    truth = best_photos(read_measured(project), read_taken(project), np.array(point), BEST)
    for one, sight in zip(found, truth, strict=True):
        camera = sight.photo.cam_from_file[:, :3] @ np.array(point) + sight.photo.cam_from_file[:, 3]
        assert one.photo == sight.photo.name
        assert np.linalg.norm(sight.photo.lens.img_from_cam(camera) - np.array(one.pixel)) < 1
        assert one.picture.shape == (SIDE, SIDE, 3)
        ring = one.picture[SIDE // 2, SIDE // 2 - 14 : SIDE // 2 - 5].astype(int)
        assert ring.min() < 40 and ring.max() > 215  # the mark around the middle
    insets = drawn(window.desk).over.insets
    assert [i.caption for i in insets] == [c.caption for c in found]
    window.on_draw()


def test_photos_of_what_is_no_project_are_refused(cube: Path, windows: Windows) -> None:
    window = opened(cube, windows)
    window.act("tool", "photos")
    taken(window.desk.bench)
    window.desk.bench.wait()
    click(window, np.array([0.0, 0.0, 0.05]))
    assert not window.desk.draft.points


def test_cameras_stand_where_the_photos_were_taken(project: Path, windows: Windows) -> None:
    window = opened(project, windows)
    window.act("cameras")
    state = still(window.desk)
    eyes = np.array([t.eye for t in read_taken(project)])
    (line,) = state.over.lines
    tips = line.places.reshape(len(eyes), 20, 3)[:, 0]
    assert np.allclose(tips + window.desk.bench.document.offset, eyes, atol=1e-9)
    ways = line.places.reshape(len(eyes), 20, 3)[:, [1, 3, 5, 7]].mean(1) - tips
    to_model = window.desk.bench.document.points().mean(0) - tips
    cosine = (ways * to_model).sum(1) / np.linalg.norm(ways, axis=1) / np.linalg.norm(to_model, axis=1)
    assert cosine.min() > 0.9  # they look at it
    window.act("cameras")
    assert not drawn(window.desk).over


def test_marks_far_off_stay_exact(windows: Windows, tmp_path: Path) -> None:
    """Survey coordinates: a section's cap and a point lie where the file has them, to a hundredth of a mm."""
    from sculpt3d.desk.section import Section
    from sculpt3d.desk.slicing import Plane
    from viewer.drawing.picture import framed
    from viewer.state.bench import Bench
    from viewer.state.desk import act
    from viewer.state.desk import opened as laid

    box = trimesh.creation.box([0.1, 0.1, 0.1])
    offset = np.array([3_456_789.0, 123.0, 5_432_100.0])
    part = Part(box.vertices.astype(np.float32), box.faces.astype(np.int32))
    document = with_normals(Document("far", (part,), offset, 1.0, "test"))
    desk = laid(Bench(document), framed(document, SIZE))
    desk = act(desk, "add", "sections", Section(Plane.of(1, 0, 0, offset[0] + 0.02), cut=True))
    state = still(desk)
    assert np.allclose(state.over.fills[0].corners[..., 0], 0.02, atol=1e-8)
    assert state.cuts[0][3] == pytest.approx(0.02, abs=1e-8)
    assert desk.bench.in_file((0.05, 0.05, 0.05)) == pytest.approx(tuple(offset + 0.05), abs=1e-8)
    xy, _ = View(replace(state, home=state.home).camera, SIZE, 1).fall(desk.bench.local([tuple(offset)]))
    assert np.allclose(xy, [[320, 240]], atol=1.0) and at
    desk.bench.close()
