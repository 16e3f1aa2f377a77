"""FER2013's Kaggle csv, row by row: `emotion,pixels,Usage` in any order, and what is wrong with a row that is."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO, cast

import numpy as np

from edge.files import open_regular
from edge.labels import EMOTIONS
from edge.setting import shown

USAGES = ("Training", "PublicTest", "PrivateTest")
COLUMNS = ("emotion", "pixels", "Usage")
SEPARATORS = ",;\t"  # spreadsheets of half of Europe write semicolons
SIDE = 48
GZIP, START = b"\x1f\x8b", 512
# Python's own int() also takes 1_0, +5 and the digits of every script.
_CHARACTERS, _NUMBER = re.compile(r"[0-9\s-]*"), re.compile(r"-?[0-9]{1,18}")


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
    with opened(path) as file:
        separator, head = head_of(next(file, ""), COLUMNS)
        places = [head.index(name.lower()) for name in COLUMNS]
        for number, line in enumerate(line for line in file if line.strip()):
            yield _row(number, _fields(line, separator), places, len(head))


def head_of(line: str, columns: Sequence[str]) -> tuple[str, list[str]]:
    """The separator and the names of the columns, in small letters, of a first line that has to have some of them.

    Raises:
        ValueError: a column is missing.
    """
    heads = {one: [name.strip().lower() for name in _fields(line, one) or ()] for one in SEPARATORS}
    wanted = {name.lower() for name in columns}
    separator = max(SEPARATORS, key=lambda one: len(wanted & set(heads[one])))
    head = heads[separator]
    missing = [name for name in columns if name.lower() not in head]
    if missing == ["Usage"]:
        raise ValueError(
            "there is no column Usage, as in the competition's train.csv, so nothing says which rows are for tests; "
            "take icml_face_data.csv, or fer2013.csv out of fer2013.tar.gz, from the same page"
        )
    if missing:
        got = f"the first line is {shown(line.strip())}" if line.strip() else "its first line is empty"
        names = f"{', '.join(columns[:-1])} and {columns[-1]}"
        raise ValueError(f"expected the columns {names}; there is no {missing[0]!r}: {got}")
    return separator, head


def count(path: Path) -> int:
    """About how many rows there are: lines but for the head; 0 where reading the rows will say what is wrong."""
    try:
        with opened(path) as file:
            return max(0, sum(1 for _ in file) - 1)
    except (OSError, ValueError):
        return 0


@contextmanager
def opened(path: Path) -> Iterator[TextIO]:
    """The text of the csv, also where gzip packs it.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is an archive, text of another encoding, or breaks off.
    """
    with open_regular(path) as regular:
        plain = cast(io.BufferedReader, regular)
        packed = plain.peek(2)[:2] == GZIP
        file = cast(io.BufferedReader, gzip.GzipFile(fileobj=plain) if packed else plain)
        try:
            start = file.peek(START)[:START]
            if start[257:262] == b"ustar":
                raise ValueError("an archive; unpack it and give the csv that is in it")
            if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                raise ValueError("text in UTF-16; save it as UTF-8")
            yield io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace")
        except (EOFError, zlib.error) as error:
            raise ValueError(f"what gzip packed is damaged: {error}") from None


def _fields(line: str, separator: str) -> list[str] | None:
    """The fields of a line; None where one is too long to be any of FER2013's."""
    try:
        return next(csv.reader([line.rstrip("\n")], delimiter=separator), [])
    except csv.Error:
        return None


def _row(number: int, fields: Sequence[str] | None, places: Sequence[int], count: int) -> Row | BadRow:
    if fields is None:
        return BadRow(number, f"a field of more than {csv.field_size_limit():,} characters")
    if len(fields) != count:
        return BadRow(number, f"expected {count} columns, got {len(fields)}")
    emotion, pixels, usage = (fields[place].strip() for place in places)
    if not (emotion.isascii() and emotion.isdigit() and int(emotion[:9]) < len(EMOTIONS)):
        return BadRow(number, f"emotion: expected 0-{len(EMOTIONS) - 1}, got {shown(emotion)}")
    if usage not in USAGES:
        return BadRow(number, f"usage: expected one of {', '.join(USAGES)}, got {shown(usage)}")
    try:
        if not _CHARACTERS.fullmatch(pixels):
            raise ValueError
        values = np.array([int(value) for value in pixels.split()], np.int64)
    except (ValueError, OverflowError):
        wrong = next((value for value in pixels.split() if not _NUMBER.fullmatch(value)), "")
        return BadRow(number, f"pixels: expected whole numbers, got {shown(wrong)}")
    if len(values) != SIDE * SIDE:
        return BadRow(number, f"pixels: expected {SIDE * SIDE}, got {len(values)}")
    if values.min() < 0 or values.max() > 255:
        wrong = values[(values < 0) | (values > 255)][0]
        return BadRow(number, f"pixels: expected 0-255, got {wrong}")
    return Row(number, values.astype(np.uint8).reshape(SIDE, SIDE), int(emotion), USAGES.index(usage))
