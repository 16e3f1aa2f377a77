"""What a terminal can do that a pipe cannot: colours, and a bar that shows how far a long job is."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Mapping
from typing import TextIO

AFTER_S = 2.0  # a job that is done sooner shows no bar
EVERY_S = 0.1
BAR = 24
CLEAR = "\r\x1b[K"
DIM, BOLD, RED, GREEN, YELLOW = "2", "1", "31", "32", "33"


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person looks at the stream; False for pipes, files and closed streams."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # closed
        return False


def has_colours(stream: TextIO | None, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether to write in colour: on a terminal that can, unless NO_COLOR is set (https://no-color.org)."""
    return is_terminal(stream) and not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"


def coloured(text: str, *codes: str) -> str:
    """The text in a colour or style, such as RED or DIM; without codes, as it is."""
    return f"\x1b[{';'.join(codes)}m{text}\x1b[0m" if codes else text


def background(colour: tuple[int, int, int]) -> str:
    """The code of a background in RGB, for `coloured`."""
    return "48;2;" + ";".join(map(str, colour))


class Progress:
    """A bar on the last line of a terminal, shown once a job has taken two seconds. On anything else it is silent.

    Args:
        stream: standard error, as a rule.
        what: what is counted, such as "pictures".
        total: how many there are; None: unknown, then only the count is shown.
        now: seconds that only grow; for tests.
    """

    def __init__(
        self, stream: TextIO | None, what: str, total: int | None = None, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream, self._what, self._now = stream, what, now
        self.total = total
        self._on = is_terminal(stream)
        self._began = self._drawn = now()
        self._shown = False

    def update(self, done: int) -> None:
        """So many are done."""
        moment = self._now()
        if not self._on or moment - self._began < AFTER_S or moment - self._drawn < EVERY_S:
            return
        self._drawn, self._shown = moment, True
        self._write(CLEAR + self.line(done, moment - self._began)[: shutil.get_terminal_size().columns - 1])

    def line(self, done: int, seconds: float) -> str:
        """Such as "[######------] 120 of 240 frames, 8.0 s left"."""
        if not self.total:
            return f"{done} {self._what}"
        share = min(1.0, done / self.total)
        bar = "#" * round(share * BAR)
        left = seconds * (1 - share) / share if share else 0.0
        rest = f"{left / 60:.0f} min" if left >= 120 else f"{left:.0f} s"
        return f"[{bar:-<{BAR}}] {done} of {self.total} {self._what}, {rest} left"

    def clear(self) -> None:
        """Take the bar away, before something else is printed or at the end."""
        if self._shown:
            self._write(CLEAR)
            self._shown = False

    def _write(self, text: str) -> None:
        assert self._stream is not None
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            self._on = False


class Step:
    """What a long job does just now, on the last line of a terminal. On anything else it is silent.

    Args:
        stream: standard error, as a rule.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream if is_terminal(stream) else None

    def show(self, text: str) -> None:
        """Such as "quantizing"; an empty one takes the line away."""
        if self._stream is not None:
            line = f"{text} ..."[: shutil.get_terminal_size().columns - 1] if text else ""
            try:
                self._stream.write(CLEAR + line)
                self._stream.flush()
            except (OSError, ValueError):
                self._stream = None
