#!/usr/bin/env bash
# OpenCV 5.0.0.93's ArUco detector loses some clear, large, lone markers, and a wider search loses more: of 600 drawn views (side 70
# to 160 pixels, mild perspective, blur .6, noise 1.5 of 255) its three threshold windows (3, 13, 23 pixels) miss a few, the
# window of 3 alone misses none, and windows up to 53 miss several times as many. Quadrangles found under different windows are taken for one
# when near (minMarkerDistanceRate .125), and the one that is kept may not decode. Met: control targets missing from photos in
# which anybody sees them; adding windows, the usual advice for missed markers, makes it worse.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q opencv-python-headless==5.0.0.93 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import cv2
import numpy as np

FAMILIES = [cv2.aruco.DICT_4X4_50, cv2.aruco.DICT_5X5_50, cv2.aruco.DICT_6X6_250, cv2.aruco.DICT_APRILTAG_36h11]
WINDOWS = {"windows 3, 13, 23 (as they come)": None, "window 3 alone": (3, 3, 10), "windows 3, 13 ... 53": (3, 53, 10)}


def view(seed):
    """A marker of a known number, turned and seen a little askew, on light paper."""
    rng = np.random.default_rng(seed)
    family, number = FAMILIES[seed % len(FAMILIES)], int(rng.integers(0, 30))
    sheet = np.full((560, 560), 235, np.uint8)
    marker = cv2.aruco.generateImageMarker(cv2.aruco.getPredefinedDictionary(family), number, 400)
    sheet[80:480, 80:480] = np.where(marker > 0, 235, 20)
    turn, size, middle = rng.uniform(0, 2 * np.pi), rng.uniform(35, 80), rng.uniform(150, 250, 2)
    c, s = np.cos(turn), np.sin(turn)
    square = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) @ np.array([[c, s], [-s, c]])
    there = middle + size * square * rng.uniform(0.9, 1.1, (4, 1))
    paper = np.float32([[80, 80], [480, 80], [480, 480], [80, 480]])
    move = cv2.getPerspectiveTransform(paper, np.float32(4 * there))
    drawn = cv2.warpPerspective(sheet, move, (1600, 1600), borderValue=150)
    photo = cv2.GaussianBlur(cv2.resize(drawn, (400, 400), interpolation=cv2.INTER_AREA).astype(float), (0, 0), 0.6)
    return family, number, np.clip(photo + rng.normal(0, 1.5, photo.shape), 0, 255).astype(np.uint8)


def missed(window):
    lost = 0
    for seed in range(600):
        family, number, photo = view(seed)
        parameters = cv2.aruco.DetectorParameters()
        if window:
            low, high, step = window
            parameters.adaptiveThreshWinSizeMin, parameters.adaptiveThreshWinSizeMax = low, high
            parameters.adaptiveThreshWinSizeStep = step
        _, numbers, _ = cv2.aruco.ArucoDetector(cv2.aruco.getPredefinedDictionary(family), parameters).detectMarkers(photo)
        lost += numbers is None or number not in numbers.ravel()
    return lost


print("OpenCV", cv2.__version__, "of 600 clear views are missed with")
found = {name: missed(window) for name, window in WINDOWS.items()}
for name, lost in found.items():
    print(f"  {name}: {lost}")
usual, alone, more = found.values()
assert alone == 0, "the smallest window alone sees all"
assert usual > 0, "the usual windows lose some"
assert more > usual, "more windows lose more"
PY
echo "as described"
