"""`edge-emotion run` on a terminal: what it watches, and one readable line per event."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any, TextIO

from edge.cli.output import flush
from edge.cli.terminal import DIM, GREEN, YELLOW, Progress, background, coloured
from edge.commands.log_tail import line
from edge.text import printable
from edge.vision import palette

STAMP = len("2026-01-31 08:00:01")


class TerminalSink:
    """Prints events for a person; samples, which say nothing new, are left out. Those of a clip have their place in it.

    Once the terminal is closed, nothing is printed: the journal and the recording still get their end.

    Args:
        stream: standard output, a terminal.
        colours: whether to write in colour.
        journal: where the journal is written; empty: nowhere.
        progress: its bar makes way for each line.
    """

    def __init__(self, stream: TextIO, colours: bool, journal: str, progress: Progress) -> None:
        self._stream, self._colours, self._journal, self._progress = stream, colours, journal, progress
        self._live, self._gone = True, False

    def write(self, event: Mapping[str, Any]) -> None:
        """Print one event."""
        kind = event["event"]
        if kind not in ("sample", "stop"):
            self.say(self._started(event) if kind == "start" else self._line(event))

    def say(self, text: str) -> None:
        """Print lines, such as the summary."""
        if self._gone:
            return
        self._progress.clear()
        try:
            print(text, file=self._stream, flush=True)
        except OSError:
            self._gone = True
            with contextlib.suppress(OSError):  # what could not be printed is dropped: it is no reason to fail
                flush(self._stream)

    def tick(self) -> None:
        """Nothing is due."""

    def close(self) -> None:
        """Take the bar away."""
        self._progress.clear()

    def _started(self, event: Mapping[str, Any]) -> str:
        self._live = event.get("live", True)
        text = f"Watching {printable(event['source'])}; Ctrl-C stops it."
        if self._journal:
            text += f" Journal: {printable(self._journal)}"
        return self._in(text, GREEN)

    def _line(self, event: Mapping[str, Any]) -> str:
        text = printable(line(event))
        stamp, rest = text[:STAMP] if self._live else position(event["monotonic"]), text[STAMP:]
        if "track" not in event:
            return self._in(stamp, DIM) + self._in(rest, YELLOW)
        emotion = str(event.get("emotion"))
        if self._colours and emotion in palette.EMOTION:
            # A block before the word: yellow or near-white letters cannot be read on a light background.
            block = coloured("  ", background(palette.of(emotion)))
            rest = rest.replace(emotion, f"{block} {emotion}", 1)
        return self._in(stamp, DIM) + rest

    def _in(self, text: str, code: str) -> str:
        return coloured(text, code) if self._colours else text


def position(seconds: float) -> str:
    """A place in a clip: " 0:04.6", "12:00.0", "1:02:03.4"."""
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    shown = f"{rest // 10:02}.{rest % 10}"
    return f"{hours}:{minutes:02}:{shown}" if hours else f"{minutes:2}:{shown}"
