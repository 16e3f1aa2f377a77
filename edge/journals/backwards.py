"""The last events of journals, read from the end: what comes before them is not read."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import BinaryIO

from edge.journals.jsonl import LONGEST, decode, ended, is_torn
from edge.journals.parts import Part
from edge.journals.reader import Event, Tally, parts_of, reading
from edge.journals.repair import end_of_data

BLOCK = 1 << 16  # bytes


def read_last(paths: Iterable[Path], count: int, accepts: Callable[[Event], bool] = lambda event: True) -> list[Event]:
    """The last events of journals, each with its rotated files, in the order in which they were written.

    Args:
        paths: the journals.
        count: how many events, at most.
        accepts: whether an event counts.

    Raises:
        JournalError: a journal does not exist, cannot be read, or has other lines but no event.
    """
    found: list[Event] = []
    for journal, group in groupby(reversed(parts_of(paths)), lambda part: part.journal):
        tally = Tally(journal)
        for part in group:
            if len(found) < count:
                found += _last_of(part, count - len(found), accepts, tally)
        tally.report()
    return found[::-1]


def _last_of(part: Part, count: int, accepts: Callable[[Event], bool], tally: Tally) -> list[Event]:
    """The last events of one file, the newest first; lines that are not events are skipped and counted."""
    found: list[Event] = []
    events = others = 0
    with reading(part) as file:
        for line in lines_backwards(file) if file else ():
            event = decode(ended(line))
            if event is None:
                others += not is_torn(line)
                continue
            events += 1
            if accepts(event):
                found.append(event)
                if len(found) == count:
                    break
    tally.add(part, events, others)
    return found


def lines_backwards(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file, the last one first; one that is too long for an event becomes an empty line.

    What follows the last line end comes without one, if it is not too long. Holes are not read.
    """
    place = end_of_data(file.fileno(), os.fstat(file.fileno()).st_size)
    rest: list[bytes] = []  # what is known of the line that the last block begins in, its end first
    size, whole = 0, False  # whether it has a line end
    while place > 0:
        begin = max(0, place - BLOCK)
        block = _block(file, begin, place)
        place = begin
        *complete, first = block.split(b"\n")[::-1]
        for part in complete:
            yield from _line([*rest, part], size + len(part), whole)
            rest, size, whole = [], 0, True
        size += len(first)
        rest = [*rest, first] if size < LONGEST else []
    yield from _line(rest, size, whole)


def _line(parts: Sequence[bytes], size: int, whole: bool) -> Iterator[bytes]:
    """The line of these parts, its end first; nothing where there is none."""
    line = b"" if size >= LONGEST else b"".join(reversed(parts))
    if line or whole:
        yield line + (b"\n" if whole else b"")


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
