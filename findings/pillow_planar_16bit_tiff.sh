#!/usr/bin/env bash
# Pillow 13.0.0 opens a TIFF of 16-bit RGB stored in planes (PlanarConfiguration 2) without an error, with wrong pixels:
# each plane's bytes are taken for 8-bit samples, so the two bytes of a sample become two pixels. Interleaved ones are right.
# tifffile reads both. Met: archive scans and raw developers' exports, which are often planar.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q pillow==13.0.0 tifffile==2026.3.3 numpy==2.3.5
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
from importlib.metadata import version

import numpy as np
import tifffile
from PIL import Image

print("Pillow", version("pillow"), "tifffile", version("tifffile"))
true = (np.arange(6 * 8 * 3).reshape(6, 8, 3) * 400).astype(np.uint16)
tifffile.imwrite("planar.tif", np.moveaxis(true, -1, 0), photometric="rgb", planarconfig="separate")
tifffile.imwrite("chunky.tif", true, photometric="rgb", planarconfig="contig")
high = (true >> 8).astype(np.uint8)
for name in ("chunky.tif", "planar.tif"):
    with Image.open(name) as picture:
        found = np.asarray(picture)
    print(name, picture.mode, "first row, red:", found[0, :, 0].tolist(), "meant:", high[0, :, 0].tolist())
    right = bool(np.abs(found.astype(int) - high).max() <= 1)
    assert right == (name == "chunky.tif"), "this has changed"
    again = tifffile.imread(name)
    again = np.moveaxis(again, 0, -1) if again.shape[0] == 3 else again
    assert np.array_equal(again, true)
print("as described: the planar file opens as RGB and is wrong, the interleaved one is right")
PY
