"""What `make` does, also where there is no make: `python -m make demo` (on Windows `py -m make demo`), test, test-slow, check.

Builds `.venv` first where it is not there or older than `pyproject.toml`.
"""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).parent
VENV, READY = ROOT / ".venv", ROOT / ".venv" / "ready"
BIN = VENV / ("Scripts" if sys.platform == "win32" else "bin")
PYTHON = str(BIN / ("python.exe" if sys.platform == "win32" else "python"))
TARGETS = {
    "demo": [["-m", "pipelines.cli", "demo"]],
    "test": [["-m", "pytest", "-q", "-n", "2", "--dist", "loadfile"]],
    "test-slow": [["-m", "pytest", "-q", "-m", "slow"]],
    "check": [["-m", "ruff", "check", "."], ["-m", "mypy"], ["-m", "mypy", "--platform", "win32"]],
    "ready": [],
}
NO_WHEEL = (
    "The environment could not be built. Where pip found no pycolmap: its wheels are for Windows and Linux on x86-64 and for "
    "macOS 14 or newer on Apple's own processors; elsewhere conda-forge has it"
)


def main(wanted: list[str]) -> int:
    unknown = [name for name in wanted if name not in TARGETS]
    if unknown or not wanted:
        print(f"usage: python -m make {'|'.join(TARGETS)}", file=sys.stderr)
        return 2
    if sys.version_info < (3, 11):  # noqa: UP036  (this file is what an older one meets)
        print(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}", file=sys.stderr)
        return 2
    if not is_ready() and not build():
        print(NO_WHEEL, file=sys.stderr)
        return 1
    for name in wanted:
        for command in TARGETS[name]:
            code = subprocess.call([PYTHON, *command], cwd=ROOT)
            if code:
                return code
    return 0


def is_ready() -> bool:
    return READY.exists() and READY.stat().st_mtime >= (ROOT / "pyproject.toml").stat().st_mtime


def build() -> bool:
    """The environment with the project and everything its tests need."""
    if not Path(PYTHON).exists():
        venv.create(VENV, with_pip=True, symlinks=sys.platform != "win32")
    pip = [PYTHON, "-m", "pip", "install", "-q"]
    if subprocess.call([*pip, "--upgrade", "pip"], cwd=ROOT) or subprocess.call([*pip, "-e", ".[dev]"], cwd=ROOT):
        return False
    READY.touch()
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
