"""The typed Python API: every promised name is there, and importing it stays light."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import sculpt3d
from tests.conftest import ROOT


@pytest.mark.parametrize("name", sculpt3d.__all__)
def test_promised_names_exist(name: str) -> None:
    assert callable(getattr(sculpt3d, name))


def test_unknown_names_are_refused() -> None:
    with pytest.raises(AttributeError, match="nothing_like_this"):
        sculpt3d.nothing_like_this  # noqa: B018


def test_type_checkers_know_the_same_names() -> None:
    tree = ast.parse(Path(sculpt3d.__file__).read_text())
    named = {
        a.name for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.level == 0 for a in n.names
    }
    assert named - {"import_module", "TYPE_CHECKING", "Any"} == set(sculpt3d.__all__)


def test_the_readme_example_is_typed(tmp_path: Path) -> None:
    """The example in README.md passes mypy --strict: every name exists and takes what it is given."""
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    (tmp_path / "example.py").write_text(code + "\nreveal_type(project.report)\nreveal_type(scene)\n")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            "--config-file",
            str(ROOT / "pyproject.toml"),
            "-m",
            "example",
        ],
        cwd=tmp_path,
        env={"MYPYPATH": f"{ROOT}:{tmp_path}", "PATH": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    assert "Mapping[str, Any]" in done.stdout
    assert "sculpt3d.types.Scene" in done.stdout
