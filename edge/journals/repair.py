"""Repair the end of a journal that a power cut left torn. No other file is changed, and no byte that says something."""

from __future__ import annotations

import os

from edge.errors import JournalError
from edge.journals.jsonl import begins_as_ours, is_ours, is_torn

WINDOW = 1 << 20  # bytes that are read at once in the search for the end of zeros
LOOK = 1 << 16  # bytes at the beginning and at the end that are looked at: some hundred lines


def repair(fd: int, name: str) -> int:
    """Cut what a power cut leaves behind the last line: the beginning of a line of ours, or zeros of the file system.

    Anything else behind it stays and becomes a line of its own: an event that lacks only its line end, or what readers
    skip.

    Args:
        fd: the file, open for reading and writing.
        name: for messages.

    Returns:
        How many bytes were cut; 0 for an intact journal.

    Raises:
        JournalError: the file is not a journal; it is left untouched.
        OSError: it cannot be read or cut.
    """
    size = expect_journal(fd, name)
    end = _without_zeros(fd, size)
    tail = os.pread(fd, min(LOOK, end), max(end - LOOK, 0))
    rest = tail[tail.rfind(b"\n") + 1 :]
    torn = len(rest) < LOOK and is_torn(rest)
    keep = end - len(rest) if torn else end
    if keep < size:
        os.ftruncate(fd, keep)
    if rest and not torn:
        os.pwrite(fd, b"\n", keep)
    if keep < size or rest:
        os.fsync(fd)
    return size - keep


def expect_journal(fd: int, name: str) -> int:
    """The size of an open file; nothing is changed.

    Raises:
        JournalError: the file is not a journal.
        OSError: it cannot be read.
    """
    size = os.fstat(fd).st_size
    if not is_journal(fd, size):
        raise JournalError(f"{name}: not a journal of edge-emotion; choose another file with [journal] file")
    return size


def is_journal(fd: int, size: int) -> bool:
    """Whether an open file begins as a journal: whole lines of ours, or what a power cut left of the first."""
    head = os.pread(fd, LOOK, 0)
    lines = head.splitlines(keepends=True)
    if not lines or is_ours(lines[0]):
        return True
    # The first line may have been damaged. A file without any line of ours may have been a journal for a second.
    damaged = lines[0].startswith(b"\0") or begins_as_ours(lines[0])
    if any(map(is_ours, lines[1:])):
        return damaged
    return size <= LOOK and b"\n" not in head and begins_as_ours(head.rstrip(b"\0"))


def _without_zeros(fd: int, size: int) -> int:
    """The size of the file without the zeros at its end; holes (of a sparse file) are not read."""
    end = end_of_data(fd, size)
    while end > 0:
        start = max(end - WINDOW, 0)
        data = os.pread(fd, end - start, start).rstrip(b"\0")
        if data:
            return start + len(data)
        end = start
    return 0


def end_of_data(fd: int, size: int) -> int:
    """Where the last hole begins, if the file ends with one; else its size."""
    end = 0
    while end < size:
        try:
            end = os.lseek(fd, os.lseek(fd, end, os.SEEK_DATA), os.SEEK_HOLE)
        except OSError:  # nothing but a hole follows
            return end
    return size
