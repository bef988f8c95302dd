"""Every key and gesture of the window with what it does: the window's keys, its help and its map of keys come from here."""

from __future__ import annotations

from dataclasses import dataclass


def marked(words: str) -> str:
    """Words that are translated where they are shown; marks them for the catalogues."""
    return words


_NAMES = {
    "COMMA": ",", "PERIOD": ".", "SLASH": "?", "ESCAPE": "Esc", "DELETE": "Del", "RETURN": "Enter", "BACKSPACE": "Backspace",
}  # fmt: skip


@dataclass(frozen=True)
class Key:
    """key: a name of `pyglet.window.key`, "CTRL+" before it where Ctrl (Command on a Mac) is held. group: where the map of keys
    has it."""

    key: str
    command: str
    says: str
    group: str

    @property
    def shown(self) -> str:
        """As a person calls it."""
        held, _, name = self.key.rpartition("+")
        name = _NAMES.get(name, name.removeprefix("_"))
        return f"{held.title()}+{name}" if held else name


@dataclass(frozen=True)
class Gesture:
    hand: str
    says: str


CAMERA, LIGHT, TOOL = marked("Camera"), marked("Light"), marked("Tool in hand")
FILE, DESK = marked("File"), marked("Window")

TABLE = (
    Key("F", "frame", marked("Show the whole model"), CAMERA),
    Key("_1", "front", marked("From the front"), CAMERA),
    Key("_2", "right", marked("From the right"), CAMERA),
    Key("_3", "back", marked("From the back"), CAMERA),
    Key("_4", "left", marked("From the left"), CAMERA),
    Key("_5", "top", marked("From the top"), CAMERA),
    Key("_6", "bottom", marked("From the bottom"), CAMERA),
    Key("O", "projection", marked("Orthographic or perspective"), CAMERA),
    Key("U", "turntable", marked("Turntable or free"), CAMERA),
    Key("COMMA", "roll left", marked("Lean to the left"), CAMERA),
    Key("PERIOD", "roll right", marked("Lean to the right"), CAMERA),
    Key("Z", "undo", marked("Camera one step back"), CAMERA),
    Key("Y", "redo", marked("Camera one step forward"), CAMERA),
    Key("B", "bookmark", marked("Keep this camera"), CAMERA),
    Key("N", "next bookmark", marked("Next kept camera"), CAMERA),
    Key("L", "light", marked("Studio, head or raking light"), LIGHT),
    Key("K", "lamp fixed", marked("Lamp fixed to the object or the camera"), LIGHT),
    Key("J", "another lamp", marked("Another lamp"), LIGHT),
    Key("D", "shadows", marked("Shadows"), LIGHT),
    Key("G", "gloss", marked("More gloss"), LIGHT),
    Key("RETURN", "finish", marked("Finish what was begun"), TOOL),
    Key("BACKSPACE", "step back", marked("Take the last point back"), TOOL),
    Key("DELETE", "delete selected", marked("Delete what is chosen"), TOOL),
    Key("CTRL+Z", "undo edit", marked("Undo"), TOOL),
    Key("CTRL+Y", "redo edit", marked("Redo"), TOOL),
    Key("CTRL+O", "open", marked("Open a model"), FILE),
    Key("V", "save view", marked("Save the view"), FILE),
    Key("S", "screenshot", marked("Save a picture"), FILE),
    Key("H", "help", marked("Show or hide the panels"), DESK),
    Key("SLASH", "keys", marked("Show the keys"), DESK),
    Key("ESCAPE", "leave", marked("Put the tool down, close what is open"), DESK),
    Key("Q", "quit", marked("Close the window"), DESK),
)

GESTURES = (
    Gesture(marked("Drag"), marked("Turn")),
    Gesture(marked("Right drag, Shift+drag"), marked("Move")),
    Gesture(marked("Wheel, two fingers"), marked("Zoom to the cursor")),
    Gesture(marked("Wheel or two fingers sideways"), marked("Turn about the upright axis")),
    Gesture(marked("Ctrl+drag"), marked("Move the lamp")),
    Gesture(marked("Alt+drag"), marked("Frame what the rectangle holds")),
    Gesture(marked("Drop a file"), marked("Open it; with Shift: compare with it")),
)
