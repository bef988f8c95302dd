"""Our pictures against three.js in Chromium, which reads the same files by itself: same camera, colours without light."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sculpt3d.errors import SculptError
from sculpt3d.models.document import Document, Part
from tests.browser_pictures import browser, browser_pictures, fetch_three
from tests.conftest import SHARED
from tests.gltf_samples import SAMPLES, sample
from tests.obj_samples import SAMPLES as OBJ_SAMPLES
from tests.obj_samples import write_samples
from tests.pictures import WAYS, ssim
from viewer.drawing.picture import framed
from viewer.files.loading import load
from viewer.state.commands import State

pytestmark = pytest.mark.slow
SIZE = (320, 240)
SKY = (255, 0, 255)
# The rest of the cases three.js 0.187 reads wrongly or not at all: float colours and texture files of PLY, backslashes
# in MTL, doubles far from the origin.
CASES = ("ref.glb", "color0.glb", "factor_tex.glb", "mask.glb", "transform.glb", "uv1.glb", "strip.glb", "local.ply",
         "le_crlf.ply", "le_mixed.ply", "vcol.obj")  # fmt: skip
LEAST = 0.002  # of the picture; what covers less shows nothing


def sound_files() -> list[str]:
    """Of the Khronos validator's own: those in which it finds no error."""
    found = []
    for report in sorted((SHARED / "gltf" / "validator").rglob("*.report.json")):
        model = report.with_name(report.name.removesuffix(".report.json"))
        if json.loads(report.read_text())["issues"]["numErrors"] == 0 and model.is_file():
            found.append(str(model.relative_to(SHARED)))
    return found


FILES = (
    [f"cases/{name}" for name in CASES]
    + [str(p.relative_to(SHARED)) for p in sorted((SHARED / "scans").glob("*.glb"))]
    + sound_files()
)
Read = dict[str, Document | str]
Seen = dict[str, np.ndarray | str]


def read_all(folder: Path, names: Iterable[str]) -> Read:
    """As the door reads them, or why it does not."""
    found: Read = {}
    for name in names:
        try:
            found[name] = load(folder / name)
        except SculptError as error:
            found[name] = str(error)
    return found


def state_of(document: Document | str) -> State:
    """What is not read is looked for by a camera at the origin."""
    if isinstance(document, str):
        corners = np.array([[x, y, z] for x in (-2.0, 2) for y in (-2.0, 2) for z in (-2.0, 2)])
        document = Document("nothing", (Part(corners, np.zeros((0, 3), np.int32)),))
    return replace(framed(document, SIZE), mode="plain", sky=((1.0, 0.0, 1.0),) * 2)


def has_cut_outs(document: Document | str) -> bool:
    return not isinstance(document, str) and any(p.material.alpha == "mask" for p in document.parts)


@pytest.fixture(scope="module")
def three(request: pytest.FixtureRequest) -> Path:
    browser()
    return fetch_three(request.config.cache.mkdir("three"))  # type: ignore[union-attr]


@pytest.fixture(scope="module")
def given(three: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Read, Seen]:
    documents = read_all(SHARED, FILES)
    return documents, seen_by_three(documents, SHARED, three, tmp_path_factory.mktemp("profile"))


@pytest.fixture(scope="module")
def built(three: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Read, Seen]:
    folder = tmp_path_factory.mktemp("samples")
    for name in SAMPLES:
        (folder / f"{name}.glb").write_bytes(sample(name))
    documents = read_all(folder, [*(f"{name}.glb" for name in SAMPLES), *write_samples(folder)])
    return documents, seen_by_three(documents, folder, three, tmp_path_factory.mktemp("profile"))


def seen_by_three(documents: Read, folder: Path, three: Path, profile: Path) -> Seen:
    jobs = {name: (state_of(d), SIZE, 2 if has_cut_outs(d) else 1) for name, d in documents.items()}
    return browser_pictures(jobs, folder, three, profile)


def compare(document: Document | str, their: np.ndarray | str) -> None:
    covered = np.zeros(SIZE[::-1], bool) if isinstance(their, str) else (their != SKY).any(-1)
    if isinstance(document, str):
        assert covered.mean() < LEAST, f"a browser shows it, but: {document}"
        return
    if isinstance(their, str):
        pytest.skip(f"three.js: {their}")
    state = state_of(document)
    for draw in WAYS.values():
        our = draw(document, state, SIZE)
        ours = (our != SKY).any(-1)
        if max(covered.mean(), ours.mean()) < LEAST:
            continue
        assert (ours & covered).sum() / (ours | covered).sum() > 0.97
        assert ssim(our, their, ours | covered) > 0.98


@pytest.mark.skipif(not SHARED.is_dir(), reason=f"{SHARED} is not here")
@pytest.mark.parametrize("name", FILES)
def test_same_picture(name: str, given: tuple[Read, Seen]) -> None:
    compare(given[0][name], given[1][name])


@pytest.mark.parametrize("name", [*(f"{n}.glb" for n in SAMPLES), *(f"{n}.obj" for n in OBJ_SAMPLES)])
def test_same_picture_of_what_is_said_in_unusual_ways(name: str, built: tuple[Read, Seen]) -> None:
    document, their = built[0][name], built[1][name]
    assert isinstance(document, Document), document
    assert not isinstance(their, str), their
    compare(document, their)
