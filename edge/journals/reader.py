"""Reading journals: all files of one in order, and what is being added to its end."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

from edge.errors import JournalError
from edge.journals.jsonl import decode
from edge.journals.rotation import whole

_log = logging.getLogger(__name__)

Event = dict[str, Any]


def read(paths: Iterable[Path]) -> Iterator[Event]:
    """The events of journals, each with its rotated files, the oldest first. Lines that are not events are counted.

    Raises:
        JournalError: a journal does not exist (raised at once) or cannot be read.
    """
    found: list[Path] = []
    for path in paths:
        try:
            files = whole(path) if path.parent.exists() else []
        except OSError as error:
            raise JournalError(f"{path}: cannot read the journal ({error.strerror})") from None
        if not files:
            raise JournalError(
                f"{path}: no such journal; name its file, or write one with: edge-emotion run --journal FILE"
            )
        found += files
    return chain.from_iterable(map(read_file, found))


def read_file(path: Path) -> Iterator[Event]:
    """The events of one file; lines that are not events are skipped, and their number is logged.

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
        _log.warning("%s: skipped %d lines that are not events", path, bad)


def follow(path: Path, wait: Callable[[], bool], from_end: bool = True) -> Iterator[Event]:
    """The events that are added to a journal, across any number of rotations.

    Args:
        path: the current file; it need not exist yet.
        wait: called when there is nothing new; False ends the iteration.
        from_end: skip what is already there.
    """
    files: list[BinaryIO] = []  # the one being followed, and newer ones after a rotation
    rest = b""
    try:
        while True:
            if not files and path.exists():
                files = [open(path, "rb")]  # noqa: SIM115 - they live across turns
                if from_end:
                    files[0].seek(0, os.SEEK_END)
            from_end = False
            for line in files[0] if files else ():
                rest += line
                if rest.endswith(b"\n"):
                    event, rest = decode(rest), b""
                    if event is not None:
                        yield event
            if len(files) == 1:
                files += _newer(path, files[0])
            if len(files) > 1:
                # Nobody writes to the old file any more, but its last lines may be newer than our last read.
                last = [decode(line) for line in (rest + files[0].read()).splitlines(keepends=True)]
                files.pop(0).close()
                rest = b""
                yield from (event for event in last if event is not None)
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
            other = open(name, "rb")  # noqa: SIM115 - they live on
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


def _identity(file: BinaryIO) -> tuple[int, int]:
    """What identifies a file even when it is renamed."""
    status = os.fstat(file.fileno())
    return status.st_dev, status.st_ino
