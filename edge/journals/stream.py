"""The journal on standard output, a pipe or a terminal: one line an event, written at once."""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from edge.clock import Clock
from edge.errors import JournalError
from edge.journals.jsonl import encode

_log = logging.getLogger(__name__)


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


class DeviceWriter:
    """Writes events to a FIFO or a device, and never waits for its reader: what it does not take is dropped.

    Raises:
        JournalError: it cannot be opened, or it is a FIFO that nobody reads.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path, self._clock, self._dropped = path, clock, 0
        try:
            self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        except OSError as error:
            fifo = error.errno == errno.ENXIO
            reason = "nobody reads from it; start its reader first" if fifo else f"{error.strerror}"
            fix = "" if fifo else "; change [journal] file"
            raise JournalError(f"{path}: cannot write the journal ({reason}){fix}") from None

    def write(self, event: Mapping[str, Any]) -> None:
        """One line, if there is room for it."""
        line = encode(event, self._clock.wall())
        try:
            # A short write is the beginning of a line that the reader has to skip.
            taken = os.write(self._fd, line)
        except OSError as error:
            self._lost(error.strerror or str(error))
            return
        if taken < len(line):
            self._lost("its reader is too slow")
        elif self._dropped:
            _log.warning("%s: writing again; %d events were dropped", self._path, self._dropped)
            self._dropped = 0

    def tick(self) -> None:
        """Nothing is due."""

    def close(self) -> None:
        """Close it."""
        os.close(self._fd)

    def _lost(self, reason: str) -> None:
        """Log it once, not for every event."""
        if not self._dropped:
            _log.warning("%s: cannot be written (%s); events are dropped until it works again", self._path, reason)
        self._dropped += 1
