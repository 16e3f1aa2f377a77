"""Following a journal: what is being added to its end, across rotations."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from edge.errors import JournalError
from edge.files import open_regular
from edge.journals.jsonl import LONGEST, decode, ended
from edge.journals.reader import Event, lines


def follow(path: Path, wait: Callable[[], bool], from_end: bool = True) -> Iterator[Event]:
    """The events that are added to a journal, across any number of rotations.

    Args:
        path: the current file; it need not exist yet.
        wait: called when there is nothing new; False ends the iteration.
        from_end: skip what is already there.

    Raises:
        JournalError: it cannot be read, or is not a regular file.
    """
    files: list[BinaryIO] = []  # the one being followed, and newer ones after a rotation
    rest, whole = b"", 0  # a line that is not complete yet, and where in the file it begins
    try:
        while True:
            if not files and os.path.exists(path):
                files = [_opened(path)]
                if from_end:
                    whole = files[0].seek(0, os.SEEK_END)
            from_end = False
            for line in lines(files[0]) if files else ():
                rest = rest + line if len(rest) < LONGEST else b"\0" + line[-1:]
                if rest.endswith(b"\n"):
                    event, rest, whole = decode(rest), b"", files[0].tell()
                    if event is not None:
                        yield event
            if len(files) == 1:
                files += _newer(path, files[0])
            if len(files) > 1:
                # Nobody writes to the old file any more, but its last lines may be newer than our last read.
                for line in chain(lines(files[0]), [b""]):
                    event, rest = decode(ended(rest + line)), b""
                    if event is not None:
                        yield event
                files.pop(0).close()
                whole = 0
            elif not wait():
                return
            elif files and files[0].tell() > (size := os.fstat(files[0].fileno()).st_size):
                # A torn end was cut off; or the file was emptied in place, as logrotate's copytruncate does.
                whole = whole if whole <= size else 0
                rest = b""
                files[0].seek(whole)
    finally:
        for file in files:
            file.close()


def _newer(path: Path, file: BinaryIO) -> list[BinaryIO]:
    """The files that came after an open one, the oldest first; empty while it is the current one.

    They are opened from the newest on: a rotation in between shows one of them twice but hides none. If the open one
    no longer has a name, only the current one is known to be newer.
    """
    found: dict[tuple[int, int], BinaryIO] = {}
    name, number = path, 0
    while True:
        try:
            other = open_regular(name)
        except OSError:
            for known in list(found.values())[1:]:
                known.close()
            return list(found.values())[:1]
        identity = _identity(other)
        if identity == _identity(file):
            other.close()
            return list(reversed(found.values()))
        if identity in found:
            other.close()
        else:
            found[identity] = other
        number += 1
        name = path.with_name(f"{path.name}.{number}")


def _opened(path: Path) -> BinaryIO:
    try:
        return open_regular(path)
    except OSError as error:
        raise JournalError(f"{path}: cannot read the journal ({error.strerror or error})") from None


def _identity(file: BinaryIO) -> tuple[int, int]:
    """What identifies a file even when it is renamed."""
    status = os.fstat(file.fileno())
    return status.st_dev, status.st_ino
