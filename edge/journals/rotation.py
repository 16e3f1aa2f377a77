"""A journal's older files: journal.jsonl.1 is the newest of them, the highest number is the oldest."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from edge.clock import from_rfc3339
from edge.files import open_regular
from edge.journals.jsonl import decode, ended
from edge.journals.repair import is_journal

DAY_S = 86400.0
MAX_LINE = 65_536  # bytes
LONG_GONE = 1_577_836_800.0  # 2020, years before the first journal


@dataclass(frozen=True)
class Doubt:
    """A clock that nobody synchronizes may have been set ahead while nothing was written.

    Attributes:
        since: from when on it is known to run steadily, in seconds since 1970.
        gap: seconds without a write before that.
        most: seconds by which it may be ahead unnoticed.
    """

    since: float
    gap: float
    most: float


def rotated(path: Path) -> dict[int, Path]:
    """The older files of a journal by their number, from the newest (1) to the oldest.

    Raises:
        OSError: the folder cannot be read.
    """
    return {number: file for number, file in _numbered(path).items() if _is_regular(file)}


def foreign(path: Path) -> list[Path]:
    """What is named like an older file but is none: a folder, a dangling link. It is never read, renamed or removed.

    Raises:
        OSError: the folder cannot be read.
    """
    return [file for file in _numbered(path).values() if not _is_regular(file)]


def set_aside(path: Path) -> list[Path]:
    """Older files that somebody renamed or compressed, such as journal.jsonl.1.gz and journal.jsonl-20260131. They are
    nobody's but their maker's: neither read nor deleted.

    Raises:
        OSError: the folder cannot be read.
    """
    named = re.compile(re.escape(path.name) + r"[.-]\d.*")
    numbered = set(_numbered(path).values())
    return sorted(
        entry
        for entry in path.parent.iterdir()
        if named.fullmatch(entry.name) and entry not in numbered and _is_regular(entry)
    )


def whole(path: Path) -> list[Path]:
    """All files of a journal, the oldest first, the current one last where it exists.

    Raises:
        OSError: the folder cannot be read.
    """
    return [*reversed(rotated(path).values()), *([path] if os.path.exists(path) else [])]


def rotate(path: Path) -> None:
    """Rename the current file to number 1, number 1 to number 2, and so on up to the first free number.

    Each step is a rename, the oldest first: a power cut in between leaves a gap in the numbers but loses no file.
    Numbers that something else has are left out.

    Raises:
        OSError: a file cannot be renamed; nothing is lost.
    """
    taken = _numbered(path)
    files, free = [path], 1
    while free in taken:
        if _is_ours(taken[free]):
            files.append(taken[free])
        free += 1
    targets = [*files[1:], path.with_name(f"{path.name}.{free}")]
    for file, target in reversed(list(zip(files, targets, strict=True))):
        os.rename(file, target)


def _numbered(path: Path) -> dict[int, Path]:
    start = path.name + "."
    found = {}
    for entry in path.parent.iterdir():
        number = entry.name.removeprefix(start)
        # Nobody has billions of files; longer numbers are not even converted.
        named = entry.name.startswith(start) and number.isascii() and number.isdigit()
        if named and number[0] != "0" and len(number) < 10:
            found[int(number)] = entry
    return dict(sorted(found.items()))


def _is_regular(path: Path) -> bool:
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return False


def _is_ours(path: Path) -> bool:
    """Whether a file holds a journal: another program, or its user, may count names up in the same way."""
    try:
        with open_regular(path) as file:
            return is_journal(file.fileno(), os.fstat(file.fileno()).st_size)
    except OSError:
        return False


def newest(path: Path) -> float | None:
    """When the journal was last written to, in seconds since 1970; None where there is none.

    Raises:
        OSError: the folder cannot be read.
    """
    files = [*filter(_is_ours, _numbered(path).values()), path]
    times = [modified for file in files if (modified := _modified(file)) is not None]
    return max(times, default=None)


def prune(
    path: Path,
    keep_files: int,
    keep_days: float | None,
    wall: float,
    longest_gap: float | None = None,
    doubt: Doubt | None = None,
) -> list[Path]:
    """Remove older files beyond a number or an age; returns which. What is no journal stays, whatever its name.

    Args:
        path: the current file, which is never removed.
        keep_files: how many older files are kept.
        keep_days: how many days after their last write they are kept; None: whatever their age.
        wall: seconds since 1970, now.
        longest_gap: seconds without any write after which the age of what is older is not known; None: any.
        doubt: what may be wrong with `wall`: the longest time without a write since a file's last one may be a clock
            that was set ahead, and does not make it older; None: nothing.

    Raises:
        OSError: a file cannot be removed.
    """
    removed = []
    after, known = wall, keep_days is not None
    begun, gap = doubt.since if doubt else wall, 0.0
    if doubt:
        begun = min(begun, _began(path) or begun)
    for place, file in enumerate(filter(_is_ours, _numbered(path).values())):
        modified = _modified(file)
        if modified is None:
            continue
        # A clock that was not set wrote down a time long gone; that says nothing about the file's age. One that was
        # ahead wrote down a later time than that of the file after it: it is as old as that, at least.
        modified = min(modified, after)
        # Where writing went on after this file; a first line by a clock that was behind does not say it.
        following = begun if modified <= begun <= after else after
        known = known and (longest_gap is None or following - modified <= longest_gap or modified < LONG_GONE)
        if doubt and LONG_GONE <= modified < doubt.since:
            gap = max(gap, doubt.gap, following - modified)
            begun = min(begun, _began(file) or modified)
        age = wall - modified - (min(gap, doubt.most) if doubt else 0.0)
        old = known and modified >= LONG_GONE and age > (keep_days or 0) * DAY_S
        after = modified if modified >= LONG_GONE else after
        if place >= keep_files or old:
            file.unlink()
            removed.append(file)
    return removed


def _began(file: Path) -> float | None:
    """The time of a journal's first line, in seconds since 1970; None where there is none."""
    try:
        with open(file, "rb") as lines:
            event = decode(ended(lines.readline(MAX_LINE)))
    except OSError:
        return None
    try:
        return from_rfc3339(event["time"]) if event else None
    except ValueError:
        return None


def _modified(file: Path) -> float | None:
    try:
        return file.stat().st_mtime
    except OSError:
        return None
