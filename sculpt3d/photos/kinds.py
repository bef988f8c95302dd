"""Kinds of picture files by their endings: those that are read, and those that are refused with the remedy."""

from __future__ import annotations

SUFFIXES = {
    ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".tif", ".tiff", ".heic", ".heif", ".hif", ".avif", ".jxl", ".webp",
    ".bmp", ".gif", ".jp2", ".j2k", ".ppm", ".pgm", ".pnm", ".tga",
}  # fmt: skip
_RAW = {
    ".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw", ".sr2", ".srf", ".dng", ".orf", ".rw2", ".raf", ".pef", ".srw", ".x3f",
    ".3fr", ".fff", ".iiq", ".rwl", ".mrw", ".erf", ".kdc", ".dcr", ".mos", ".mef", ".gpr", ".raw",
    ".cap", ".eip", ".bay", ".dcs", ".drf", ".k25", ".kc2", ".ptx", ".pxn", ".rwz", ".cs1", ".sti", ".cine", ".ari", ".r3d",
}  # fmt: skip
_DRAWN = dict.fromkeys((".psd", ".psb", ".xcf", ".kra", ".afphoto"), "a drawing program's document; save it as TIFF or PNG")
_LIGHT = dict.fromkeys((".exr", ".hdr"), "a picture without a brightest value; save it as 16-bit TIFF or PNG")
REFUSED = {**dict.fromkeys(_RAW, "a camera RAW file; develop it to TIFF or JPEG"), **_DRAWN, **_LIGHT}
