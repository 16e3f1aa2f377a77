"""The last events of journals, read from the end: what comes before them is not read."""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from edge.errors import JournalError
from edge.journals.jsonl import LONGEST, decode
from edge.journals.parts import Part, open_part
from edge.journals.reader import Event, parts_of
from edge.journals.repair import end_of_data

_log = logging.getLogger(__name__)

BLOCK = 1 << 16  # bytes


def read_last(paths: Iterable[Path], count: int, accepts: Callable[[Event], bool] = lambda event: True) -> list[Event]:
    """The last events of journals, each with its rotated files, in the order in which they were written.

    Args:
        paths: the journals.
        count: how many events, at most.
        accepts: whether an event counts.

    Raises:
        JournalError: a journal does not exist or cannot be read.
    """
    found: list[Event] = []
    for part in reversed(parts_of(paths)):
        if len(found) >= count:
            break
        found += _last_of(part, count - len(found), accepts)
    return found[::-1]


def _last_of(part: Part, count: int, accepts: Callable[[Event], bool]) -> list[Event]:
    """The last events of one file, the newest first; lines that are not events are skipped, their number is logged."""
    found: list[Event] = []
    bad = 0
    try:
        file = open_part(part)
        if file is None:
            return []
        with file:
            for line in lines_backwards(file):
                event = decode(line)
                if event is None:
                    bad += 1
                elif accepts(event):
                    found.append(event)
                    if len(found) == count:
                        break
    except OSError as error:
        raise JournalError(f"{part.path}: cannot read the journal ({error.strerror or error})") from None
    if bad:
        _log.warning(
            "%s: skipped %d %s",
            part.path,
            bad,
            "line that is not an event" if bad == 1 else "lines that are not events",
        )
    return found


def lines_backwards(file: BinaryIO) -> Iterator[bytes]:
    """The complete lines of a file, the last one first; one that is too long for an event becomes an empty line.

    What follows the last line end is left out: the writer is in the middle of it. Holes are not read.
    """
    place = end_of_data(file.fileno(), os.fstat(file.fileno()).st_size)
    rest: list[bytes] = []  # what is known of the line that the last block begins in, its end first
    size, ended = 0, False
    while place > 0:
        begin = max(0, place - BLOCK)
        block = _block(file, begin, place)
        place = begin
        *complete, first = block.split(b"\n")[::-1]
        for part in complete:
            if ended:
                yield _line([*rest, part], size + len(part))
            rest, size, ended = [], 0, True
        size += len(first)
        rest = [*rest, first] if size < LONGEST else []
    if ended:
        yield _line(rest, size)


def _line(parts: Sequence[bytes], size: int) -> bytes:
    return b"\n" if size >= LONGEST else b"".join(reversed(parts)) + b"\n"


def _block(file: BinaryIO, begin: int, end: int) -> bytes:
    """The bytes of a part of a file, read past the file object's buffer."""
    try:
        hole = os.lseek(file.fileno(), begin, os.SEEK_DATA) >= end
    except OSError as error:
        hole = error.errno == errno.ENXIO  # nothing but a hole follows; else the file system does not tell
    if hole:
        return bytes(end - begin)
    block = b""
    while len(block) < end - begin and (more := os.pread(file.fileno(), end - begin - len(block), begin + len(block))):
        block += more
    return block
