"""Our pictures against three.js in Chromium, which reads the same files by itself: same camera, colours without light."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from sculpt3d.errors import SculptError
from sculpt3d.models.document import Document, Part
from tests.browser_pictures import browser, browser_pictures, fetch_three
from tests.conftest import SHARED
from tests.pictures import ssim
from viewer import software
from viewer.commands import State
from viewer.loading import load
from viewer.picture import by_opengl, framed

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not SHARED.is_dir(), reason=f"{SHARED} is not here"),
]
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


@pytest.fixture(scope="module")
def documents() -> dict[str, Document | str]:
    """As the door reads them, or why it does not."""
    found: dict[str, Document | str] = {}
    for name in FILES:
        try:
            found[name] = load(SHARED / name)
        except SculptError as error:
            found[name] = str(error)
    return found


def state_of(document: Document | str) -> State:
    """What is not read is looked for by a camera at the origin."""
    if isinstance(document, str):
        corners = np.array([[x, y, z] for x in (-2.0, 2) for y in (-2.0, 2) for z in (-2.0, 2)])
        document = Document("nothing", (Part(corners, np.zeros((0, 3), np.int32)),))
    return replace(framed(document, SIZE), style="plain", sky=((1.0, 0.0, 1.0),) * 2)


@pytest.fixture(scope="module")
def theirs(
    documents: dict[str, Document | str],
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, np.ndarray | str]:
    browser()
    three = fetch_three(request.config.cache.mkdir("three"))  # type: ignore[union-attr]
    jobs = {name: (state_of(d), SIZE) for name, d in documents.items()}
    return browser_pictures(jobs, SHARED, three, tmp_path_factory.mktemp("profile"))


@pytest.mark.parametrize("name", FILES)
def test_same_picture(
    name: str, documents: dict[str, Document | str], theirs: dict[str, np.ndarray | str]
) -> None:
    document, their = documents[name], theirs[name]
    covered = np.zeros(SIZE[::-1], bool) if isinstance(their, str) else (their != SKY).any(-1)
    if isinstance(document, str):
        assert covered.mean() < LEAST, f"a browser shows it, but: {document}"
        return
    if isinstance(their, str):
        pytest.skip(f"three.js: {their}")
    state = state_of(document)
    for draw in (by_opengl, software.draw):
        our = draw(document, state, SIZE)
        ours = (our != SKY).any(-1)
        if max(covered.mean(), ours.mean()) < LEAST:
            continue
        assert (ours & covered).sum() / (ours | covered).sum() > 0.97
        assert ssim(our, their, ours | covered) > 0.98
