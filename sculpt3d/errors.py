"""What can go wrong, as a tree; every message names the thing and the remedy.

SculptError
├── InputError            the user's files or arguments cannot be used (exit code 2)
│   ├── NotEnoughPhotos
│   ├── NotEnoughViews
│   └── UnreadableFile
├── ResourceError         no space, no permission, too little memory (exit code 2)
└── Cancelled             the user stopped the run (exit code 130)
"""


class SculptError(Exception):
    """Base of all errors that Sculpt3D raises on purpose: one clear sentence with the remedy."""


class InputError(SculptError):
    """The given files or arguments cannot be used."""


class NotEnoughPhotos(InputError):
    """Too few usable photos, or too few of them could be placed."""


class NotEnoughViews(InputError):
    """A view has too few neighbours for dense stereo."""


class UnreadableFile(InputError):
    """A file is missing, broken, hostile or of an unknown kind."""


class ResourceError(SculptError):
    """Disk space, permission or memory is missing."""


class Cancelled(SculptError):
    """Raised from a progress callback when the user stopped the run."""
