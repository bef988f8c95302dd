"""sculpt3d imports neither pipelines nor viewer; viewer and pipelines do not import each other at load time."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
FORBIDDEN = {"sculpt3d": {"pipelines", "viewer"}, "viewer": {"pipelines"}, "pipelines": {"viewer"}}


def top_level_imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {a.name.split(".")[0] for a in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.split(".")[0])
    return names


def test_imports_go_one_way() -> None:
    for package, forbidden in FORBIDDEN.items():
        files = list((ROOT / package).rglob("*.py"))
        assert files
        for path in files:
            assert not top_level_imports(path) & forbidden, path


def test_pycolmap_stays_in_its_modules() -> None:
    for path in (ROOT / "sculpt3d").rglob("*.py"):
        if "pycolmap" in top_level_imports(path):
            inside = path.relative_to(ROOT / "sculpt3d").as_posix()
            assert inside in {"_pycolmap.py", "mvs/patchmatch_cuda.py"}, path
