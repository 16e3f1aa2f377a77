"""The journal as a sink: a file with rotation, or a plain stream."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from edge.cli.output import is_closed
from edge.clock import Clock
from edge.errors import JournalError
from edge.journals import opening
from edge.journals.location import journal_file
from edge.journals.stream import DeviceWriter, StreamWriter
from edge.journals.writer import JournalWriter
from edge.ports import Sink
from edge.settings import Settings


def open_journal(settings: Settings, clock: Clock, environment: Mapping[str, str] = os.environ) -> Sink:
    """The journal of the settings. What is not a regular file (a pipe, a terminal) is just written to.

    Raises:
        JournalError: it cannot be opened, is in use, or is not a journal; or standard output is closed.
    """
    file = journal_file(settings.journal, environment)
    if file == "-":
        if is_closed():
            raise JournalError("standard output is closed; name a file with --journal or [journal] file")
        return StreamWriter(sys.stdout.buffer, clock)
    path = Path(file)
    if _is_device(path):
        return DeviceWriter(path, clock)
    return JournalWriter(path, settings.journal, clock)


def check(settings: Settings, environment: Mapping[str, str] = os.environ) -> str:
    """Where the journal would go, for `edge-emotion doctor`; nothing is opened for longer or changed.

    Raises:
        JournalError: it cannot be opened, is in use, or is not a journal.
    """
    file = journal_file(settings.journal, environment)
    if file == "-":
        return "standard output" + (", or the service's log folder" if settings.journal.file == "auto" else "")
    path = Path(file)
    if not _is_device(path):
        opening.check(path)
        return f"{path} can be written"
    # Opening a FIFO and closing it again would end its reader.
    if not os.access(path, os.W_OK):
        raise opening.cannot_write(path, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))
    return f"{path} can be written" + ("; start its reader before `run`" if path.is_fifo() else "")


def _is_device(path: Path) -> bool:
    """Whether it is just written to: a pipe, a terminal."""
    return os.path.exists(path) and not path.is_file() and not path.is_dir()
