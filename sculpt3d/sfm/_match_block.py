"""Match the pairs of one block: `python -m sculpt3d.sfm._match_block DATABASE PAIRS plain|guided|known`.

`known`: the matches are there, and only verified.

A process of its own: matchers on two threads of one process lost matches of the pairs they worked on at the same moment,
once in about ten runs (pycolmap 4.2.1).
"""

from __future__ import annotations

import sys
from pathlib import Path

from sculpt3d.sfm._colmap import pycolmap, seed_this_thread, verification


def match_block(database: Path, pairs: Path, how: str) -> None:
    """Write matches and verified geometries of the pairs listed in `pairs` into `database`."""
    seed_this_thread()
    if how == "known":
        pycolmap.verify_matches(database, pairs, verification())
        return
    matching = pycolmap.FeatureMatchingOptions()
    matching.num_threads = 1
    matching.use_gpu = False
    matching.guided_matching = how == "guided"
    pairing = pycolmap.ImportedPairingOptions()
    pairing.match_list_path = pairs
    pycolmap.match_image_pairs(database, matching, pairing, verification(), pycolmap.Device.cpu)


if __name__ == "__main__":
    match_block(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
