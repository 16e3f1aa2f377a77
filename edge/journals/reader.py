"""Reading journals: all files of one in order, and what is being added to its end."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

from edge.errors import JournalError
from edge.files import open_regular
from edge.journals.jsonl import LONGEST, decode
from edge.journals.parts import Part, open_part, parts
from edge.journals.rotation import foreign

_log = logging.getLogger(__name__)

Event = dict[str, Any]


def read(paths: Iterable[Path], warn: bool = True) -> Iterator[Event]:
    """The events of journals, each with its rotated files, the oldest first. Lines that are not events are counted
    and, with `warn`, logged.

    Raises:
        JournalError: a journal does not exist (raised at once) or cannot be read.
    """
    return chain.from_iterable(read_part(part, warn) for part in parts_of(paths, warn))


def parts_of(paths: Iterable[Path], warn: bool = True) -> list[Part]:
    """The files of journals, each with its rotated ones, the oldest first; what is not a regular file is named.

    Raises:
        JournalError: a journal does not exist, or its folder cannot be read.
    """
    found: list[Part] = []
    for path in paths:
        try:
            files = parts(path)
            for other in foreign(path) if warn else ():
                _log.warning("%s: skipped, not a regular file", other)
        except FileNotFoundError:
            files = []
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise JournalError(f"{path}: cannot read the journal ({reason})") from None
        if not files:
            raise JournalError(
                f"{path}: no such journal; name its file, or write one with: edge-emotion run --journal FILE"
            )
        found += files
    return found


def read_part(part: Part, warn: bool = True) -> Iterator[Event]:
    """The events of one file, none if it was removed; lines that are not events are skipped, their number is logged.

    Raises:
        JournalError: it cannot be read.
    """
    bad = 0
    try:
        file = open_part(part)
        if file is None:
            return
        with file:
            for line in lines(file):
                event = decode(line)
                if event is not None:
                    yield event
                elif line.endswith(b"\n"):  # else the writer is in the middle of it
                    bad += 1
    except OSError as error:
        raise JournalError(f"{part.path}: cannot read the journal ({error.strerror or error})") from None
    if bad and warn:
        _log.warning(
            "%s: skipped %d %s",
            part.path,
            bad,
            "line that is not an event" if bad == 1 else "lines that are not events",
        )


def lines(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file; one that is too long for an event is cut short to its line end. Holes are not read."""
    while line := file.readline(LONGEST):
        if len(line) < LONGEST or line.endswith(b"\n"):
            yield line
            continue
        while line and not line.endswith(b"\n"):
            if not line.strip(b"\0"):
                _skip_hole(file)
            line = file.readline(LONGEST)
        yield b"\n" if line else b""


def _skip_hole(file: BinaryIO) -> None:
    """Continue where there is data again."""
    fd, place = file.fileno(), file.tell()
    before = os.lseek(fd, 0, os.SEEK_CUR)
    try:
        data = os.lseek(fd, place, os.SEEK_DATA)
    except OSError:  # nothing but a hole follows
        data = os.fstat(fd).st_size
    os.lseek(fd, before, os.SEEK_SET)  # where the buffer believes to be
    file.seek(data)


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
    rest = b""
    try:
        while True:
            if not files and os.path.exists(path):
                files = [_opened(path)]
                if from_end:
                    files[0].seek(0, os.SEEK_END)
            from_end = False
            for line in lines(files[0]) if files else ():
                rest = rest + line if len(rest) < LONGEST else b"\0" + line[-1:]
                if rest.endswith(b"\n"):
                    event, rest = decode(rest), b""
                    if event is not None:
                        yield event
            if len(files) == 1:
                files += _newer(path, files[0])
            if len(files) > 1:
                # Nobody writes to the old file any more, but its last lines may be newer than our last read.
                for line in lines(files[0]):
                    event, rest = decode(rest + line), b""
                    if event is not None:
                        yield event
                files.pop(0).close()
                rest = b""
            elif not wait():
                return
            elif files and files[0].tell() > os.fstat(files[0].fileno()).st_size:
                rest = b""  # a torn end was cut off
                files[0].seek(0, os.SEEK_END)
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
