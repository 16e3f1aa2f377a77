"""Reading journals: all files of one, in order."""

from __future__ import annotations

import logging
import os
import shlex
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO

from edge.errors import JournalError
from edge.journals.jsonl import LONGEST, decode, ended, is_torn
from edge.journals.parts import Part, open_part, parts
from edge.journals.rotation import foreign, set_aside

_log = logging.getLogger(__name__)

Event = dict[str, Any]

# How compressed files begin: the format, and what unpacks it.
PACKED = {
    b"\x1f\x8b": ("gzip", "zcat"), b"\xfd7zXZ\0": ("xz", "xzcat"), b"BZh": ("bzip2", "bzcat"),
    b"\x28\xb5\x2f\xfd": ("zstd", "zstdcat"),
}  # fmt: skip


def read(paths: Iterable[Path], warn: bool = True) -> Iterator[Event]:
    """The events of journals, each with its rotated files, the oldest first. Lines that are not events are counted
    and, with `warn`, logged.

    Raises:
        JournalError: a journal does not exist (raised at once), cannot be read, or has other lines but no event.
    """
    paths = list(paths)
    listed = parts_of(paths, warn)
    for path in paths if warn else ():
        _name_set_aside(path, paths)
    return _read(listed, warn)


def _name_set_aside(path: Path, named: Iterable[Path]) -> None:
    try:
        known = {file.resolve() for file in named}
        found = [file for file in set_aside(path) if file.resolve() not in known]
    except OSError:
        return
    if found:
        others = f" and {len(found) - 1} more" if len(found) > 1 else ""
        _log.warning(
            "%s%s: not read, because renamed or compressed; to include such files, unpack them and name them, too",
            *(found[0], others),
        )


def _read(listed: Iterable[Part], warn: bool) -> Iterator[Event]:
    for journal, group in groupby(listed, lambda part: part.journal):
        tally = Tally(journal)
        for part in group:
            yield from read_part(part, tally)
        tally.report(warn)


def parts_of(paths: Iterable[Path], warn: bool = True) -> list[Part]:
    """The files of journals, each with its rotated ones, the oldest first; what is not a regular file is named.

    Raises:
        JournalError: a journal does not exist or is a folder, or its folder cannot be read.
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
        if path.is_dir():
            raise JournalError(f"{path}: is a folder; name the journal in it{_such_as(path)}")
        found += files
    return found


def _such_as(folder: Path) -> str:
    try:
        return next((f", such as {file}" for file in sorted(folder.glob("*.jsonl"))), "")
    except OSError:
        return ""


@dataclass
class Tally:
    """What the lines of one journal are.

    Attributes:
        journal: its current file.
        events: how many are events.
        others: how many are not, by file.
    """

    journal: Path
    events: int = 0
    others: dict[Path, int] = field(default_factory=dict)

    def add(self, part: Part, events: int, others: int) -> None:
        """Count the lines of one file."""
        self.events += events
        if others:
            self.others[part.path] = others

    def report(self, warn: bool = True) -> None:
        """Log, with `warn`, how many lines were skipped.

        Raises:
            JournalError: all were: this is no journal.
        """
        if self.others and not self.events:
            raise JournalError(f"{self.journal}: not a journal of edge-emotion, none of its lines is an event")
        for path, count in self.others.items() if warn else ():
            lines = "line that is not an event" if count == 1 else "lines that are not events"
            _log.warning("%s: skipped %d %s", path, count, lines)


def read_part(part: Part, tally: Tally) -> Iterator[Event]:
    """The events of one file, none if it was removed; lines that are not events are skipped and counted.

    Raises:
        JournalError: it cannot be read, or is compressed.
    """
    events = others = 0
    with reading(part) as file:
        for line in lines(file) if file else ():
            event = decode(ended(line))
            if event is not None:
                events += 1
                yield event
            elif not is_torn(line):
                others += 1
    tally.add(part, events, others)


@contextmanager
def reading(part: Part) -> Iterator[BinaryIO | None]:
    """A file of a journal, open for reading; None if it was removed.

    Raises:
        JournalError: it cannot be read, or is compressed.
    """
    try:
        file = open_part(part)
        if file is None:
            yield None
            return
        with file:
            head = os.pread(file.fileno(), 8, 0)
            for magic, (name, command) in PACKED.items():
                if head.startswith(magic):
                    raise JournalError(
                        f"{part.path}: compressed with {name}; unpack it first, such as with: "
                        f"{command} {shlex.quote(str(part.path))} > unpacked.jsonl"
                    )
            yield file
    except JournalError:
        raise
    except OSError as error:
        raise JournalError(f"{part.path}: cannot read the journal ({error.strerror or error})") from None


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
