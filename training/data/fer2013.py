"""FER2013 (Goodfellow et al., 2013): 35,887 grey faces of 48x48 pixels, seven emotions, and FER+'s votes.

Reads `fer2013.npz` (see ../shared/data/README.md) or the Kaggle csv `emotion,pixels,Usage`. The whole picture is the
face square: FER2013 was cut that way, so nothing is cropped here.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import cv2
import numpy as np

from edge.errors import EdgeError
from edge.labels import EMOTIONS, Emotion
from edge.text import printable
from training.data import fer2013_csv
from training.data.fer2013_csv import USAGES

__all__ = [
    "BLANK_ROW", "MOSAIC", "PRIVATE", "PUBLIC", "TRAINING", "USAGES", "DataError", "Fer2013", "is_npz", "load",
    "soft_labels",
]  # fmt: skip

TRAINING, PUBLIC, PRIVATE = 0, 1, 2
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
MOSAIC = (240, 150)  # tiles down and across in the npz's one lossless PNG


class DataError(EdgeError, ValueError):
    """A data set that is missing or not laid out as its loader expects."""


@dataclass(frozen=True, eq=False)
class Fer2013:
    """The set as arrays; row i is row i of the Kaggle csv.

    Attributes:
        images: uint8 (N, 48, 48), grey.
        labels: int8 (N,), the order of edge.labels.Emotion.
        usage: uint8 (N,), TRAINING, PUBLIC or PRIVATE.
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
        held_out = {self._key(row) for row in np.flatnonzero(self.usage != TRAINING)}
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


def load(path: Path) -> Fer2013:
    """Read the npz, or the Kaggle csv, which gzip may have packed; the content says which, whatever the name.

    Raises:
        DataError: the file is missing or has another layout.
    """
    path = Path(path)
    if not path.exists():
        raise DataError(f"{printable(path)}: no such file or folder; expected fer2013.npz or the Kaggle csv")
    try:
        return _load_npz(path) if is_npz(path) else _load_csv(path)
    except (OSError, KeyError, ValueError, BadZipFile, zlib.error) as error:
        raise DataError(f"{path}: cannot read FER2013 ({error}); expected fer2013.npz or the Kaggle csv") from None


def is_npz(path: Path) -> bool:
    """Whether a file is an npz, by its content.

    Raises:
        OSError: it cannot be read.
    """
    with open(path, "rb") as file:
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


def _load_csv(path: Path) -> Fer2013:
    images, labels, usage = [], [], []
    for row in fer2013_csv.rows(path):
        if isinstance(row, fer2013_csv.BadRow):
            raise ValueError(f"row {row.number}: {row.reason}; prepare fer2013 skips and names such rows")
        images.append(row.image)
        labels.append(row.emotion)
        usage.append(row.usage)
    votes = np.zeros((len(labels), 10), np.uint8)
    return Fer2013(
        np.array(images, np.uint8).reshape(-1, 48, 48), np.array(labels, np.int8), np.array(usage, np.uint8), votes
    )


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
