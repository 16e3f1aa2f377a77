"""Tables as csv files, for the lists of what a command skipped or got wrong."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from edge.files import replacing


def write(path: Path, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table with its head; letters of file names that are not UTF-8 are escaped."""
    with (
        replacing(path) as scratch,
        open(scratch, "w", newline="", encoding="utf-8", errors="backslashreplace") as file,
    ):
        csv.writer(file).writerows([head, *rows])
