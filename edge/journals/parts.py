"""A journal's files by what they are, not by their names: whoever writes it may rename them while they are read."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from edge.files import open_regular
from edge.journals.rotation import whole

TRIES, WAIT_S = 20, 0.01  # a rotation takes less than that

Identity = tuple[int, int]


@dataclass(frozen=True)
class Part:
    """One file of a journal.

    Attributes:
        journal: the name of the current file.
        path: its own name when it was listed.
        identity: device and inode, which a rename leaves alone.
        size: in bytes, when it was listed.
    """

    journal: Path
    path: Path
    identity: Identity
    size: int


def parts(journal: Path) -> list[Part]:
    """All files of a journal, the oldest first; those of one moment, though a rotation may be under way.

    Raises:
        OSError: the folder cannot be read.
    """
    before: list[Part] = []
    for _ in range(TRIES):
        found = [Part(journal, path, (s.st_dev, s.st_ino), s.st_size) for path, s in _stated(journal)]
        if [(p.path, p.identity) for p in found] == [(p.path, p.identity) for p in before]:
            break
        before = found
    return found


def open_part(part: Part) -> BinaryIO | None:
    """Open a file of a journal, whatever it is called now; None where it has been removed.

    Raises:
        OSError: it cannot be opened, or is not a regular file.
    """
    for again in range(3):
        for path in (part.path, *(path for path, status in _stated(part.journal) if _is(status, part.identity))):
            try:
                file = open_regular(path)
            except FileNotFoundError:
                continue
            if _is(os.fstat(file.fileno()), part.identity):
                return file
            file.close()
        if again < 2:
            time.sleep(WAIT_S)
    return None


def _stated(journal: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """The files with their status; one that is renamed in between is left out."""
    for path in whole(journal):
        try:
            yield path, os.stat(path)
        except FileNotFoundError:
            continue


def _is(status: os.stat_result, identity: Identity) -> bool:
    return (status.st_dev, status.st_ino) == identity
