"""Faces of press photographs, `emotion_wild`: 72x72 grey, a square of 1.35 times the face box; split by person."""

from __future__ import annotations

import csv
import zlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from edge.frame import Box
from edge.labels import EMOTIONS
from edge.vision.crop import crop
from training.data.fer2013 import DataError

SIZE = 72  # pixels of the squares
FACE = 48  # pixels of a network's square
SPLITS = ("train", "val", "test")
VAL = 8  # one person in so many of `train` is for validation


@dataclass(frozen=True, eq=False)
class EmotionWild:
    """The set as arrays.

    Attributes:
        images: uint8 (N, 72, 72), grey.
        labels: int8 (N,), the order of edge.labels.Emotion.
        splits: uint8 (N,), index into SPLITS; `val` is made from the set's `train`, by person.
        boxes: float32 (N, 4), left, top, width, height of the face, in pixels of the square.
    """

    images: np.ndarray
    labels: np.ndarray
    splits: np.ndarray
    boxes: np.ndarray

    def rows(self, split: str) -> np.ndarray:
        """Row numbers of a split, int64."""
        return np.flatnonzero(self.splits == SPLITS.index(split))

    def box(self, row: int) -> Box:
        """The face of a row, in pixels of its square."""
        left, top, width, height = (float(value) for value in self.boxes[row])
        return Box(left, top, left + width, top + height)

    def faces(self, rows: np.ndarray, margin: float) -> np.ndarray:
        """The crops a device would make, uint8 (n, 48, 48): squares of `margin` times the face box."""
        cut = [crop(self.images[row][:, :, None], self.box(row).square(margin), FACE, FACE, 1) for row in rows]
        return np.array(cut, np.uint8).reshape(-1, FACE, FACE)


def load(folder: Path) -> EmotionWild:
    """Read `images.npz` and `annotations.csv` of a folder.

    Raises:
        DataError: a file is missing or has another layout.
    """
    folder = Path(folder)
    try:
        with np.load(folder / "images.npz") as stored:
            joined, offset = stored["webp"], stored["offset"]
        with open(folder / "annotations.csv", newline="", encoding="utf-8") as file:
            table = list(csv.DictReader(file))
        numbers = [int(row["image"]) for row in table]
        images = [cv2.imdecode(joined[offset[n] : offset[n + 1]], cv2.IMREAD_GRAYSCALE) for n in numbers]
        labels = [EMOTIONS.index(row["emotion"]) for row in table]
        splits = [SPLITS.index(_split(row)) for row in table]
        boxes = [[float(row[key]) for key in ("face_x", "face_y", "face_w", "face_h")] for row in table]
    except (OSError, KeyError, ValueError, cv2.error, zlib.error) as error:
        raise DataError(f"{folder}: cannot read emotion_wild ({error}); expected images.npz, annotations.csv") from None
    return EmotionWild(
        np.array(images, np.uint8).reshape(-1, SIZE, SIZE),
        np.array(labels, np.int8),
        np.array(splits, np.uint8),
        np.array(boxes, np.float32).reshape(-1, 4),
    )


def _split(row: dict[str, str]) -> str:
    if row["split"] == "train" and zlib.crc32(row["person"].encode()) % VAL == 0:
        return "val"
    return row["split"]
