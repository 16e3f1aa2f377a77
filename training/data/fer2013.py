"""FER2013 (Goodfellow et al., 2013): 35,887 grey faces of 48x48 pixels, seven emotions, and FER+'s votes.

Reads `fer2013.npz` (see ../shared/data/README.md) or the Kaggle csv `emotion,pixels,Usage`. The whole picture is the
face square: FER2013 was cut that way, so nothing is cropped here.
"""

from __future__ import annotations

import logging
import shlex
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from zipfile import BadZipFile

import cv2
import numpy as np

from edge.errors import EdgeError
from edge.files import open_regular
from edge.labels import EMOTIONS, Emotion
from edge.text import printable
from training.data import fer2013_csv
from training.data.fer2013_csv import USAGES, BadRow, Row

__all__ = [
    "BLANK_ROW", "LEFT_OUT", "MOSAIC", "PRIVATE", "PUBLIC", "TRAINING", "USAGES", "DataError", "Fer2013", "find",
    "is_npz", "load", "of_folder", "read", "soft_labels",
]  # fmt: skip

TRAINING, PUBLIC, PRIVATE = 0, 1, 2
LEFT_OUT = 255  # the usage of a bad row, which keeps its number: FER+'s votes and the frozen test sets count rows
BLANK_ROW = 5274  # a blank picture that FER+'s annotators could not have seen
# FER+ columns: neutral happiness surprise sadness anger disgust fear contempt unknown NF; contempt has no class here.
_FERPLUS = (
    Emotion.NEUTRAL,
    Emotion.HAPPY,
    Emotion.SURPRISE,
    Emotion.SAD,
    Emotion.ANGRY,
    Emotion.DISGUST,
    Emotion.FEAR,
)
NAME, TABLES = "fer2013.npz", ("fer2013.csv", "fer2013.csv.gz")
MOSAIC = (240, 150)  # tiles down and across in the npz's one lossless PNG

_log = logging.getLogger(__name__)


class DataError(EdgeError, ValueError):
    """A data set that is missing or not laid out as its loader expects."""


@dataclass(frozen=True, eq=False)
class Fer2013:
    """The set as arrays; row i is row i of the Kaggle csv.

    Attributes:
        images: uint8 (N, 48, 48), grey.
        labels: int8 (N,), the order of edge.labels.Emotion.
        usage: uint8 (N,), TRAINING, PUBLIC or PRIVATE; LEFT_OUT for a row that is used for nothing.
        ferplus: uint8 (N, 10), FER+'s votes, all zero where there are none.
    """

    images: np.ndarray
    labels: np.ndarray
    usage: np.ndarray
    ferplus: np.ndarray

    def rows(self, usage: int) -> np.ndarray:
        """Row numbers of one usage, int64."""
        return np.flatnonzero(self.usage == usage)

    def training_rows(self) -> np.ndarray:
        """Training rows without those identical to a row of either test, and without flat pictures."""
        held_out = {self._key(row) for usage in (PUBLIC, PRIVATE) for row in self.rows(usage)}
        keep = [r for r in self.rows(TRAINING) if self._key(r) not in held_out and self.images[r].std() > 1]
        return np.array(keep, np.int64)

    def selection_rows(self) -> np.ndarray:
        """PublicTest rows without those that also stand in PrivateTest: every choice is made on these."""
        test = {self._key(row) for row in self.rows(PRIVATE)}
        return np.array([r for r in self.rows(PUBLIC) if self._key(r) not in test], np.int64)

    def in_training(self, usage: int) -> np.ndarray:
        """For each row of a usage: does an identical picture stand in Training? bool (n,)."""
        known = {self._key(row) for row in self.rows(TRAINING)}
        return np.array([self._key(row) in known for row in self.rows(usage)], bool)

    def _key(self, row: int | np.integer) -> bytes:
        return self.images[row].tobytes()


def find(folder: Path) -> Path:
    """FER2013 in a data folder: fer2013.npz; else fer2013.csv, in any case of letters, if there."""
    packed = Path(folder) / NAME
    if packed.exists() or not Path(folder).is_dir():
        return packed
    return next((path for path in sorted(Path(folder).iterdir()) if path.name.lower() in TABLES), packed)


def of_folder(folder: Path) -> Fer2013:
    """Read FER2013 from a data folder; see `find`.

    Raises:
        DataError: it is not there or has another layout.
    """
    path = find(folder)
    if path.name == NAME:
        return load(path)
    stat = path.stat()
    return _of_csv(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=1)
def _of_csv(path: Path, *_version: int) -> Fer2013:
    """The csv is slow to read, and some trainings read the set more than once."""
    _log.info("%s: reading the csv takes up to a minute; to convert it once: %s", path, convert_command(path))
    return load(path)


def convert_command(table: Path) -> str:
    """The command that makes fer2013.npz of the Kaggle csv."""
    return shlex.join(["edge-emotion-train", "prepare", "--csv", str(table), "--out", str(table.with_name(NAME))])


def load(path: Path) -> Fer2013:
    """Read the npz, or the Kaggle csv, which gzip may have packed; the content says which, whatever the name.

    Raises:
        DataError: the file is missing or has another layout, or a row of the csv is bad.
    """
    data, bad = read(path)
    if bad:
        line = f"{printable(path)}: row {bad[0].number}: {bad[0].reason}"
        raise DataError(f"{line}; leave such rows out with: {convert_command(Path(path))}")
    return data


def read(path: Path) -> tuple[Fer2013, list[BadRow]]:
    """As `load`, but a bad row of the csv keeps its number, as a black picture LEFT_OUT; and what is wrong with those.

    Raises:
        DataError: the file is missing or has another layout, or all rows are bad.
    """
    path = Path(path)
    if not path.exists():
        raise _unlike(path, "no such file or folder")
    try:
        if is_npz(path):
            return _load_npz(path), []
        rows = list(fer2013_csv.rows(path))
    except (OSError, KeyError, ValueError, BadZipFile, zlib.error) as error:
        raise _unlike(path, f"cannot read FER2013 ({getattr(error, 'strerror', None) or error})") from None
    bad = [row for row in rows if isinstance(row, BadRow)]
    if bad and len(bad) == len(rows):
        raise _unlike(path, f"no row can be used; row 0: {bad[0].reason}")
    return _of_rows(rows), bad


def _unlike(path: Path, reason: str) -> DataError:
    line = f"{printable(path)}: {reason}; expected fer2013.npz or the Kaggle csv"
    if path.name == NAME:
        line += f", of which the former is made with: {convert_command(path.with_name('fer2013.csv'))}"
    return DataError(line)


def _of_rows(rows: Sequence[Row | BadRow]) -> Fer2013:
    count = len(rows)
    images, labels = np.zeros((count, 48, 48), np.uint8), np.zeros(count, np.int8)
    usage, votes = np.full(count, LEFT_OUT, np.uint8), np.zeros((count, 10), np.uint8)
    for number, row in enumerate(rows):
        if isinstance(row, Row):
            images[number], labels[number], usage[number] = row.image, row.emotion, row.usage
    return Fer2013(images, labels, usage, votes)


def is_npz(path: Path) -> bool:
    """Whether a file is an npz, by its content.

    Raises:
        OSError: it cannot be read.
    """
    with open_regular(path) as file:
        return file.read(4) == b"PK\x03\x04"


def _load_npz(path: Path) -> Fer2013:
    with np.load(path) as stored:
        if missing := [name for name in ("labels", "usage", "ferplus", "png") if name not in stored.files]:
            raise ValueError(f"an archive without {missing[0]}; if the csv is in it, unpack it")
        labels, usage, ferplus = stored["labels"], stored["usage"], stored["ferplus"]
        mosaic = cv2.imdecode(np.frombuffer(stored["png"].tobytes(), np.uint8), cv2.IMREAD_GRAYSCALE)
    if mosaic is None:
        raise ValueError("its mosaic is not a picture")
    down, across = MOSAIC
    tiles = mosaic.reshape(down, 48, across, 48).transpose(0, 2, 1, 3).reshape(-1, 48, 48)
    return Fer2013(np.ascontiguousarray(tiles[: len(labels)]), labels, usage, ferplus)


def soft_labels(data: Fer2013, rows: np.ndarray, votes: float, smoothing: float) -> np.ndarray:
    """Targets float32 (n, 7): the label, mixed with FER+'s votes and a uniform part.

    Args:
        data: the set.
        rows: which rows.
        votes: weight of FER+'s votes (Barsoum et al., 2016), where a row has any for the seven classes.
        smoothing: weight of the uniform distribution (label smoothing, Szegedy et al., 2016).
    """
    classes = len(EMOTIONS)
    hard = np.eye(classes, dtype=np.float32)[data.labels[rows]]
    counts = np.zeros((len(rows), classes), np.float32)
    counts[:, list(_FERPLUS)] = data.ferplus[rows, : len(_FERPLUS)]
    counts[np.asarray(rows) == BLANK_ROW] = 0
    total = counts.sum(axis=1, keepdims=True)
    weight = np.where(total > 0, np.float32(votes), np.float32(0))
    crowd = counts / np.maximum(total, 1)
    return ((1 - weight - smoothing) * hard + weight * crowd + smoothing / classes).astype(np.float32)
