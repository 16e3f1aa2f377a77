"""Repair the end of a journal that a power cut left torn."""

from __future__ import annotations

import os

from edge.errors import JournalError
from edge.journals.jsonl import HEAD, decode

WINDOW = 1 << 16


def repair(fd: int, name: str) -> int:
    """Cut what follows the last complete line: half a line, or the zeros that a file system leaves after a power cut.

    Args:
        fd: the file, open for reading and writing.
        name: for messages.

    Returns:
        How many bytes were cut; 0 for an intact journal.

    Raises:
        JournalError: the file is not a journal; it is left untouched.
        OSError: it cannot be read or cut.
    """
    size = os.fstat(fd).st_size
    head = os.pread(fd, len(HEAD), 0).rstrip(b"\0")
    if not HEAD.startswith(head):
        raise JournalError(f"{name}: not a journal of edge-emotion; choose another file with [journal] file")
    window = WINDOW
    while (end := _good_end(os.pread(fd, window, max(size - window, 0)))) is None and window < size:
        window *= 4
    keep = max(size - window, 0) + (end or 0)
    if keep < size:
        os.ftruncate(fd, keep)
        os.fsync(fd)
    return size - keep


def _good_end(data: bytes) -> int | None:
    """Where the last complete line of `data` ends, or None where there is none."""
    end = data.rfind(b"\n") + 1
    while end > 0:
        start = data.rfind(b"\n", 0, end - 1) + 1
        if decode(data[start:end]) is not None:
            return end
        end = start
    return None
