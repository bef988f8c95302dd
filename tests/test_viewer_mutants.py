"""Whatever a stranger hands over opens or is refused in one sentence, by reader and renderer: see viewer_mutants.py."""

from __future__ import annotations

import pytest

from tests.conftest import SHARED
from tests.viewer_mutants import run

pytestmark = pytest.mark.skipif(
    not (SHARED / "gltf" / "validator").is_dir(), reason="the evaluation data is not beside the project"
)


def test_some_mutants_open_or_are_refused() -> None:
    found = run(60, wholes=False)
    assert found.wrong == 0 and found.opened > 3 and found.refused >= 5


@pytest.mark.slow
def test_all_files_and_two_thousand_mutants_open_or_are_refused() -> None:
    found = run(2000)
    assert found.wrong == 0 and found.opened + found.refused == 2000 + 378
