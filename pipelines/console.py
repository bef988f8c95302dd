"""Progress: a bar with time left on a terminal, plain lines elsewhere, JSON events for programs, or nothing."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal, TextIO

from pipelines.bar import Bar

Mode = Literal["bar", "plain", "json", "quiet"]

# Seconds of each stage on one typical set; only their ratios matter: this run's own pace scales them. A past run of
# the same project knows better (`learn`).
_TYPICAL: dict[str, float] = {
    "photos": 2,
    "cameras": 35,
    "refine": 8,
    "survey": 6,
    "undistort": 2,
    "object": 4,
    "depth": 40,
    "fusion": 3,
    "surface": 12,
    "place": 3,
    "texture": 22,
    "model": 1,
    "report": 5,
    "source": 6,
    "thumb": 12,
    "mobile": 18,
    "ar": 24,
    "web": 60,
    "archive": 170,
}


class Console:
    """Shows the stages in order. `tell(done, total)` is the progress of the current one."""

    def __init__(self, mode: Mode | None = None, stream: TextIO | None = None) -> None:
        self.stream = stream or sys.stderr
        self.mode: Mode = mode or ("bar" if self.stream.isatty() else "plain")
        self.stages: list[str] = []
        self.finished: dict[str, float] = {}
        self._name, self._began, self._shown, self._said = "", 0.0, 0.0, -1
        self._typical, self._learnt = dict(_TYPICAL), False
        self._bar: Bar | None = None

    def learn(self, report: Path) -> None:
        """Take the stages' seconds from a past run's report.json, if there is one."""
        try:
            stages = json.loads(report.read_text("utf-8"))["stages"]
            self._typical.update({str(s["name"]): max(float(s["seconds"]), 0.1) for s in stages})
            self._learnt = True
        except (OSError, ValueError, KeyError, TypeError):
            return

    def expect(self, seconds: Mapping[str, float]) -> None:
        """What the stages should cost on this input; a past run of the same project knows better."""
        if not self._learnt:
            self._typical.update(seconds)

    def plan(self, stages: Sequence[str]) -> None:
        """The stages to come, for the count and the time left."""
        self.stages = list(stages)
        self._event("plan", stages=self.stages)

    def start(self, name: str) -> None:
        self._name, self._began, self._shown, self._said = name, time.monotonic(), 0.0, -1
        self._event("start", stage=name)
        self._line(f"{self._place(name)} {name} ...") if self.mode == "plain" else self.tell(0, 1)

    def tell(self, done: int, total: int) -> None:
        """Progress of the current stage; shown at most ten times a second, and every tenth in plain mode."""
        now, share = time.monotonic(), done / max(total, 1)
        if self.mode == "plain":
            tenth = int(share * 10)
            if tenth > self._said and 0 < tenth < 10 and now - self._began > 5:
                self._said = tenth
                self._line(f"{self._place(self._name)} {self._name} {share:4.0%}, {self._left(share)}")
        elif now - self._shown > 0.1 and self.mode != "quiet":
            self._shown = now
            self._event(
                "progress", stage=self._name, share=round(share, 4), seconds_left=self.seconds_left(share)
            )
            if self.mode == "bar":
                self._draw(lambda b: b.show(self._place(self._name), self._name, share, self._left(share)))

    def done(self, name: str, seconds: float, reused: bool) -> None:
        self.finished[name] = 0.0 if reused else seconds
        self._event("done", stage=name, seconds=seconds, reused=reused)
        text = f"{self._place(name)} {name:<10} {'kept from before' if reused else f'{seconds:.1f} s'}"
        if self.mode == "bar":
            self._draw(lambda b: b.end(text, "dim" if reused else ""))
        elif self.mode == "plain":
            self._line(text)

    def say(self, text: str) -> None:
        """A line for people."""
        self._event("message", text=text)
        if self.mode in {"bar", "plain"}:
            self._line(text)

    def seconds_left(self, share: float) -> float | None:
        """Of the whole run, from this run's pace against the typical one; None while nothing is known."""
        spent = time.monotonic() - self._began
        real = {k: v for k, v in self.finished.items() if v > 0.05 and k in self._typical}
        pace = (sum(real.values()) + (spent if share > 0.05 else 0)) / max(
            sum(self._typical[k] for k in real)
            + (self._typical.get(self._name, 10) * share if share > 0.05 else 0),
            1e-9,
        )
        work = sum(self._typical[k] for k in real) + self._typical.get(self._name, 10) * share
        whole = sum(self._typical.get(s, 10) for s in self.stages)
        if (not real and share <= 0.05) or work < (0 if self._learnt else 0.02) * whole:
            return None  # reading the photos says little about the pace of what follows
        here = spent * (1 - share) / share if share > 0.05 else self._typical.get(self._name, 10) * pace
        later = [s for s in self.stages if s not in self.finished and s != self._name]
        return float(round(here + pace * sum(self._typical.get(s, 10) for s in later), 1))

    def _left(self, share: float) -> str:
        seconds = self.seconds_left(share)
        if seconds is None:
            return ""
        return f"about {seconds / 60:.0f} min left" if seconds > 90 else f"about {max(seconds, 1):.0f} s left"

    def _place(self, name: str) -> str:
        return f"[{self.stages.index(name) + 1}/{len(self.stages)}]" if name in self.stages else "[-]"

    def _event(self, kind: str, **values: object) -> None:
        if self.mode == "json":
            self._write(sys.stdout, json.dumps({"event": kind, **values}) + "\n")

    def _line(self, text: str) -> None:
        if self.mode == "bar":
            self._draw(lambda b: b.line(text))
        else:
            self._write(self.stream, text + "\n")

    def _draw(self, what: Callable[[Bar], object]) -> None:
        """A terminal that has gone must not cost the run."""
        try:
            self._bar = self._bar or Bar(self.stream)
            what(self._bar)
        except (OSError, ValueError):
            self.mode = "quiet"

    def _write(self, stream: TextIO, text: str) -> None:
        """A reader that has gone must not cost the run: nothing is said any more."""
        try:
            stream.write(text)
            stream.flush()
        except (OSError, ValueError):
            self.mode = "quiet"
