"""Journals: where events go. `open_journal` picks the adapter."""

from __future__ import annotations

import sys
from pathlib import Path

from edge.clock import Clock
from edge.errors import JournalError
from edge.journals.stream import StreamJournal
from edge.journals.writer import FileJournal
from edge.ports import Journal
from edge.settings import JournalSettings


def open_journal(file: str, settings: JournalSettings, clock: Clock) -> Journal:
    """The journal of a file; "-" is standard output. What is no regular file (a pipe, a terminal) is just written to.

    Raises:
        JournalError: it cannot be opened, is in use, or is not a journal.
    """
    if file == "-":
        return StreamJournal(sys.stdout.buffer, clock)
    path = Path(file)
    if path.exists() and not path.is_file() and not path.is_dir():
        try:
            return StreamJournal(open(path, "ab", buffering=0), clock)
        except OSError as error:
            raise JournalError(f"{path}: cannot write the journal ({error.strerror}); mend [journal] file") from None
    return FileJournal(path, settings, clock)
