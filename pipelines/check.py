"""`sculpt3d check`: any GLB or glTF file, in plain words or as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from sculpt3d.errors import UnreadableFile
from sculpt3d.gltf_check import check_gltf
from sculpt3d.gltf_check.words import in_words

EXIT_FINE, EXIT_ERRORS, EXIT_UNUSABLE = 0, 1, 2


def check_files(paths: Sequence[Path], as_json: bool, say: Callable[[str], None] = print) -> int:
    """0: no errors, 1: errors found, 2: a file is not there or no file one can read."""
    code, reports = EXIT_FINE, []
    for path in paths:
        try:
            report = check_gltf(path)
        except UnreadableFile as error:
            code = EXIT_UNUSABLE
            reports.append({"file": path.name, "unusable": str(error)})
            if not as_json:
                say(f"{path.name}: {error}")
            continue
        code = code if report.good else max(code, EXIT_ERRORS)
        reports.append(report.as_dict())
        if not as_json:
            say(in_words(report))
    if as_json:
        say(json.dumps(reports, indent=1, default=str))
    return code
