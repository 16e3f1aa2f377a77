"""Reading journals: all files of one, in order, and what happens at the end of one that is being written."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from edge.errors import JournalError
from edge.journals.lines import decode
from edge.journals.rotate import whole

_log = logging.getLogger(__name__)

Event = dict[str, Any]


def read(paths: Iterable[Path]) -> Iterator[Event]:
    """The events of journals, each with its rotated files, the oldest first. Lines that are no events are counted.

    Raises:
        JournalError: a journal is not there (raised at once) or cannot be read.
    """
    found: list[Path] = []
    for path in paths:
        try:
            files = whole(path) if path.parent.exists() else []
        except OSError as error:
            raise JournalError(f"{path}: cannot read the journal ({error.strerror})") from None
        if not files:
            raise JournalError(f"{path}: no such journal; name its file, or start edge-emotion run --journal FILE")
        found += files
    return chain.from_iterable(map(read_file, found))


def read_file(path: Path) -> Iterator[Event]:
    """The events of one file; lines that are no events are left out and their number is logged.

    Raises:
        JournalError: it cannot be read.
    """
    bad = 0
    try:
        with open(path, "rb") as file:
            for line in file:
                event = decode(line)
                if event is not None:
                    yield event
                elif line.endswith(b"\n"):  # else the writer is in the middle of it
                    bad += 1
    except OSError as error:
        raise JournalError(f"{path}: cannot read the journal ({error.strerror or error})") from None
    if bad:
        _log.warning("%s: %d lines are not events, left out", path, bad)


def follow(path: Path, wait: Callable[[], bool], from_end: bool = True) -> Iterator[Event]:
    """The events that are added to a journal, across its rotations.

    Args:
        path: the current file; it may not be there yet.
        wait: called where nothing new is there; False ends it.
        from_end: leave out what is there already.
    """
    file, rest = None, b""
    try:
        while True:
            if file is None and path.exists():
                file = open(path, "rb")  # noqa: SIM115 - it lives across turns
                if from_end:
                    file.seek(0, os.SEEK_END)
            from_end = False
            for line in file or ():
                rest += line
                if rest.endswith(b"\n"):
                    event, rest = decode(rest), b""
                    if event is not None:
                        yield event
            if file is not None and _replaced(path, file.fileno()):
                # Nobody writes to the old file any more, but the last lines may have come since it was read.
                last = [decode(line) for line in (rest + file.read()).splitlines(keepends=True)]
                file.close()
                file, rest = None, b""
                yield from (event for event in last if event is not None)
            elif not wait():
                return
            elif file is not None and file.tell() > os.fstat(file.fileno()).st_size:
                rest = b""  # a torn end was cut
                file.seek(0, os.SEEK_END)
    finally:
        if file is not None:
            file.close()


def _replaced(path: Path, fd: int) -> bool:
    """Whether the name means another file by now."""
    try:
        now = path.stat()
    except OSError:
        return False
    mine = os.fstat(fd)
    return (now.st_dev, now.st_ino) != (mine.st_dev, mine.st_ino)
