"""The journal on standard output, a pipe or a terminal: one line an event, written at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, BinaryIO

from edge.clock import Clock
from edge.journals.jsonl import encode


class StreamWriter:
    """Writes events to a binary stream.

    Raises (when written):
        BrokenPipeError: the reader is gone.
    """

    def __init__(self, stream: BinaryIO, clock: Clock) -> None:
        self._stream, self._clock = stream, clock

    def write(self, event: Mapping[str, Any]) -> None:
        """One line, flushed."""
        self._stream.write(encode(event, self._clock.wall()))
        self._stream.flush()

    def tick(self) -> None:
        """Nothing is due."""

    def close(self) -> None:
        """The stream belongs to its opener."""
