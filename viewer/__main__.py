"""`python -m viewer MODEL [--screenshot PNG]`, and `--probe`: whether OpenGL works here."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sculpt3d.errors import SculptError


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m viewer")
    parser.add_argument("model", type=Path, nargs="?")
    parser.add_argument("--screenshot", type=Path)
    parser.add_argument("--probe", action="store_true", help="say which OpenGL there is")
    options = parser.parse_args()
    try:
        if options.probe or options.model is None:
            from viewer.drawing.window import open_window

            window = open_window((64, 64), visible=False)
            print(f"OpenGL {window.context.get_info().get_version_string()}")
            return 0
        from viewer.app import view

        view(options.model, options.screenshot)
    except SculptError as error:
        print(f"sculpt3d: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
