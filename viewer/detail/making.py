"""A model's levels of detail while it is being looked at: the kept ones, or a rough one at once and the true ones when made."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from sculpt3d.errors import Cancelled, SculptError
from sculpt3d.models.document import Document
from viewer.detail import cloud, documents, kept
from viewer.detail.cloud import Blocks
from viewer.detail.levels import Levels
from viewer.detail.quick import rough
from viewer.language import _
from viewer.language.library import of_library

_LAST_S = 2.0


class Making:
    """levels: what there is now, None while there is nothing. said: what a person may be told, empty when there is nothing."""

    def __init__(self, document: Document, path: Path | None = None) -> None:
        self.levels: Levels | None = None
        self.clouds: tuple[Blocks | None, ...] = ()
        self.said = ""
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        scattered = any(not len(p.faces) and len(p.vertices) >= cloud.WORTH for p in document.parts)
        if not kept.worth(document) and not scattered:
            return
        key = None if path is None else documents.key_of(path)
        self.levels = None if key is None else kept.find(key)
        if self.levels is None or scattered:
            self._thread = threading.Thread(target=self._run, args=(document, key), daemon=True)
            self._thread.start()

    @property
    def busy(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def wait(self, seconds: float | None = None) -> None:
        if self._thread is not None:
            self._thread.join(seconds)

    def close(self) -> None:
        """Ends what is being made, or leaves it alone where it does not hear in time; the next time it goes on from there."""
        self._ended.set()
        self.wait(_LAST_S)

    def _run(self, document: Document, known: str | None) -> None:
        try:
            self.clouds = cloud.clouds_of(document)
            if not kept.worth(document):
                return
            key = known or kept.key_of(document)
            self.levels = kept.find(key)
            if self.levels is None:
                self.levels = rough(document)
                documents.keep_waiting()
                workers = max(1, (os.cpu_count() or 2) - 1)
                self.levels = kept.make(document, key, workers, self._told)
        except Cancelled:
            pass
        except (SculptError, OSError, MemoryError) as error:
            self.said = _("Turning stays slow: {why}").format(why=of_library(str(error))[:200])
            return
        self.said = ""

    def _told(self, share: float, left: float) -> None:
        if self._ended.is_set():
            raise Cancelled
        told = _("Making levels of detail: {share} %, {left} left")
        self.said = told.format(share=f"{100 * share:.0f}", left=_time(left))


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
