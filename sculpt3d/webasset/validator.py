"""The Khronos validator, where node and npm's package `gltf-validator` are: a second opinion on every written file."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path
from typing import Any

from sculpt3d._child import die_with_parent

VARIABLE = "SCULPT3D_GLTF_VALIDATOR"  # the package's folder, where it is not installed globally
_PATIENCE = 600  # seconds
_SCRIPT = """
const v = require(process.argv[1]), fs = require('fs');
v.validateBytes(new Uint8Array(fs.readFileSync(process.argv[2])), { maxIssues: 20 })
  .then(r => console.log(JSON.stringify(r.issues.messages.filter(m => m.severity < 2))));
"""
# It knows no KTX2: the pictures' type is no mistake.
_KTX2 = {"IMAGE_UNRECOGNIZED_FORMAT", "VALUE_NOT_IN_LIST"}


@lru_cache(maxsize=1)
def find_validator() -> Path | None:
    """From the environment, else among npm's global packages; never from a folder somebody happens to work in."""
    if shutil.which("node") is None:
        return None
    named = os.environ.get(VARIABLE)
    if named is None and shutil.which("npm") is not None:
        done = subprocess.run(["npm", "root", "-g"], capture_output=True, text=True)
        named = f"{done.stdout.strip()}/gltf-validator" if done.returncode == 0 else None
    found = None if named is None else Path(named).resolve()
    return found if found is not None and (found / "package.json").is_file() else None


def validate(path: Path) -> list[str] | None:
    """Errors and warnings in the validator's words; None where it is not there or does not come to an end."""
    package = find_validator()
    if package is None:
        return None
    try:
        done = subprocess.run(
            ["node", "-e", _SCRIPT, str(package), str(path.resolve())],
            capture_output=True, text=True, timeout=_PATIENCE, preexec_fn=die_with_parent,
        )  # fmt: skip
        messages: list[dict[str, Any]] = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    return [f"{m['pointer']}: {m['message']}" for m in messages if not _is_ktx2(m)]


def _is_ktx2(message: dict[str, Any]) -> bool:
    where = str(message.get("pointer", ""))
    return message["code"] in _KTX2 and where.startswith("/images/") and (
        message["code"] == "IMAGE_UNRECOGNIZED_FORMAT" or "ktx2" in str(message["message"])
    )  # fmt: skip
