"""A journal's older files: journal.jsonl.1 is the newest of them, the highest number is the oldest."""

from __future__ import annotations

import os
from pathlib import Path

DAY_S = 86400.0


def rotated(path: Path) -> dict[int, Path]:
    """The older files of a journal by their number, from the newest (1) to the oldest.

    Raises:
        OSError: the folder cannot be read.
    """
    start = path.name + "."
    found = {}
    for entry in path.parent.iterdir():
        number = entry.name.removeprefix(start)
        if entry.name.startswith(start) and number.isascii() and number.isdigit() and number[0] != "0":
            found[int(number)] = entry
    return dict(sorted(found.items()))


def whole(path: Path) -> list[Path]:
    """All files of a journal, the oldest first, the current one last where it exists.

    Raises:
        OSError: the folder cannot be read.
    """
    return [*reversed(rotated(path).values()), *([path] if path.exists() else [])]


def rotate(path: Path) -> None:
    """Rename the current file to number 1, number 1 to number 2, and so on up to the first free number.

    Each step is a rename, the oldest first: a power cut in between leaves a gap in the numbers but loses no file.

    Raises:
        OSError: a file cannot be renamed; nothing is lost.
    """
    taken = rotated(path)
    last = 0
    while last + 1 in taken:
        last += 1
    for number in range(last, 0, -1):
        os.rename(taken[number], taken[number].with_name(f"{path.name}.{number + 1}"))
    os.rename(path, path.with_name(f"{path.name}.1"))


def prune(path: Path, keep_files: int, keep_days: float, wall: float) -> list[Path]:
    """Remove older files beyond a number or an age; returns which.

    Args:
        path: the current file, which is never removed.
        keep_files: how many older files are kept.
        keep_days: how many days after their last write they are kept.
        wall: seconds since 1970, now.

    Raises:
        OSError: a file cannot be removed.
    """
    removed = []
    for place, file in enumerate(rotated(path).values()):
        if place >= keep_files or wall - file.stat().st_mtime > keep_days * DAY_S:
            file.unlink()
            removed.append(file)
    return removed
