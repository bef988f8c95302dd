"""The Khronos validator (npm's `gltf-validator`), where node is: a second opinion on every written file."""

from __future__ import annotations

import json
import os
import subprocess
from functools import lru_cache
from pathlib import Path
from typing import Any

from sculpt3d.errors import ResourceError
from sculpt3d.system import run
from sculpt3d.webasset.npm import VALIDATOR, need, program

VARIABLE = "SCULPT3D_GLTF_VALIDATOR"  # the package's folder, where it is not to be fetched
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
    """Its folder, fetched at first use; None where there is no node or it cannot be had. Never from a working folder."""
    if program("node") is None:
        return None
    named = os.environ.get(VARIABLE)
    if named is not None:
        found = Path(named).resolve()
        return found if (found / "package.json").is_file() else None
    try:
        return need(VALIDATOR)
    except ResourceError:
        return None


def validate(path: Path) -> list[str] | None:
    """Errors and warnings in the validator's words; None where it is not there or does not come to an end."""
    package = find_validator()
    if package is None:
        return None
    try:
        command = [program("node") or "node", "-e", _SCRIPT, str(package), str(path.resolve())]
        messages: list[dict[str, Any]] = json.loads(run(command, _PATIENCE)[1])
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    return [f"{m['pointer']}: {m['message']}" for m in messages if not _is_ktx2(m)]


def _is_ktx2(message: dict[str, Any]) -> bool:
    where = str(message.get("pointer", ""))
    return message["code"] in _KTX2 and where.startswith("/images/") and (
        message["code"] == "IMAGE_UNRECOGNIZED_FORMAT" or "ktx2" in str(message["message"])
    )  # fmt: skip
