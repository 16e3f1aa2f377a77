"""FER2013's Kaggle csv, row by row: `emotion,pixels,Usage` in any order, and what is wrong with a row that is."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge.labels import EMOTIONS
from edge.setting import shown

USAGES = ("Training", "PublicTest", "PrivateTest")
COLUMNS = ("emotion", "pixels", "usage")
SIDE = 48


@dataclass(frozen=True, eq=False)
class Row:
    """A good row: its number from 0, the picture uint8 (48, 48), the emotion 0-6 and the position in USAGES."""

    number: int
    image: np.ndarray
    emotion: int
    usage: int


@dataclass(frozen=True)
class BadRow:
    """A row that cannot be used, and why."""

    number: int
    reason: str


def rows(path: Path) -> Iterator[Row | BadRow]:
    """Every row of the csv, in its order. A line is a row: an unbalanced quote spoils one row and no more.

    Raises:
        OSError: the file cannot be read.
        ValueError: it has no such columns.
    """
    with open(path, encoding="utf-8-sig", errors="replace") as file:
        head = [name.strip().lower() for name in _fields(next(file, ""))]
        missing = [name for name in COLUMNS if name not in head]
        if missing:
            raise ValueError(f"expected the columns emotion, pixels and Usage; there is no {missing[0]!r}")
        places = [head.index(name) for name in COLUMNS]
        for number, line in enumerate(line for line in file if line.strip()):
            yield _row(number, _fields(line), places, len(head))


def _fields(line: str) -> list[str]:
    try:
        return next(csv.reader([line.rstrip("\n")]), [])
    except csv.Error:  # a field of more than 131,072 characters
        return []


def _row(number: int, fields: Sequence[str], places: Sequence[int], count: int) -> Row | BadRow:
    if len(fields) != count:
        return BadRow(number, f"expected {count} columns, got {len(fields)}")
    emotion, pixels, usage = (fields[place].strip() for place in places)
    if not (emotion.isascii() and emotion.isdigit() and int(emotion[:9]) < len(EMOTIONS)):
        return BadRow(number, f"emotion: expected 0-{len(EMOTIONS) - 1}, got {shown(emotion)}")
    if usage not in USAGES:
        return BadRow(number, f"usage: expected one of {', '.join(USAGES)}, got {shown(usage)}")
    try:
        values = np.array([int(value) for value in pixels.split()], np.int64)
    except (ValueError, OverflowError):
        wrong = next((value for value in pixels.split() if not _is_pixel(value)), "")
        return BadRow(number, f"pixels: expected whole numbers, got {shown(wrong)}")
    if len(values) != SIDE * SIDE:
        return BadRow(number, f"pixels: expected {SIDE * SIDE}, got {len(values)}")
    if values.min() < 0 or values.max() > 255:
        wrong = values[(values < 0) | (values > 255)][0]
        return BadRow(number, f"pixels: expected 0-255, got {wrong}")
    return Row(number, values.astype(np.uint8).reshape(SIDE, SIDE), int(emotion), USAGES.index(usage))


def _is_pixel(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19
