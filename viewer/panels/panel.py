"""What a panel is: a part of the inspector that reads what is seen and answers with commands; each is a file here.

A panel draws with imgui and `viewer/shell/widgets.py`. It changes nothing: what a person does in it is sent as the text of a
command, which `viewer/shell/orders.py` carries out. It knows no OpenGL of the model, and no sum that the command line has not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sculpt3d.desk.field import Field
from sculpt3d.models.document import Document
from viewer.files.settings import Settings
from viewer.shell.letters import Letters
from viewer.shell.theme import Theme
from viewer.state.commands import State
from viewer.state.desk import Desk
from viewer.state.keymap import marked

LOOK, CAMERA, MEASURE = marked("Look"), marked("Camera"), marked("Measure")
COMPARE, NOTES, PUBLISH = marked("Compare"), marked("Notes"), marked("Publish")
TABS = (LOOK, CAMERA, MEASURE, COMPARE, NOTES, PUBLISH)


@dataclass
class Memory:
    """What fields hold while they are being filled in, by name; lost when the window closes."""

    values: dict[str, Any] = field(default_factory=dict)

    def get(self, name: str, usual: Any) -> Any:
        return self.values.setdefault(name, usual)

    def put(self, name: str, value: Any) -> None:
        self.values[name] = value


@dataclass(frozen=True)
class Seen:
    """All that a panel may read. path: of the model. field: what the mode's colours say, or None. desk: with what was measured,
    cut and noted. scale: of letters. busy: what is being worked at, in words."""

    document: Document
    path: Path
    state: State
    field: Field | None
    desk: Desk
    settings: Settings
    recent: tuple[Path, ...]
    letters: Letters
    theme: Theme
    scale: float
    busy: tuple[str, ...]
    memory: Memory


Send = Callable[..., None]  # a command, and what it is done to, as `viewer.state.desk.act` takes them


def always(_seen: Seen) -> bool:
    return True


@dataclass(frozen=True)
class Panel:
    """name: in commands and settings. tab: of `TABS`. place: among those of its tab. wanted: whether it is shown."""

    name: str
    title: str
    tab: str
    place: int
    draw: Callable[[Seen, Send], None]
    wanted: Callable[[Seen], bool] = always
