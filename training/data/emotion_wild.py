"""Faces of press photographs with an emotion, split by person: `emotion_wild` (annotations.csv and images.npz)."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import cv2
import numpy as np

from edge.frame import Box
from edge.labels import EMOTIONS
from edge.vision.crop import crop
from training.data.fer2013 import DataError

SIDE = 48  # px of the squares that an emotion model sees


@dataclass(frozen=True, eq=False)
class WildFaces:
    """Faces of one or more splits.

    Attributes:
        images: uint8 (N, 72, 72), grey, about 1.35 times the face's box; what lies outside the photograph is streaks.
        boxes: float32 (N, 4), the face in pixels of its image, left, top, right, bottom.
        labels: int64 (N,), places in edge.labels.EMOTIONS.
        smile: int8 (N,), a second label: 1, 0, or -1 where there is none.
        persons: one name a face, to keep a person on one side of a split.
        index: int64 (N,), the row in the set's own order.
    """

    images: np.ndarray
    boxes: np.ndarray
    labels: np.ndarray
    smile: np.ndarray
    persons: tuple[str, ...]
    index: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def box(self, row: int) -> Box:
        """The face's box of a row."""
        return Box(*self.boxes[row].tolist())

    def only(self, rows: np.ndarray) -> WildFaces:
        """Some of the faces: bool (N,) or row numbers."""
        at = np.arange(len(self))[rows]
        persons = tuple(self.persons[row] for row in at)
        return WildFaces(self.images[at], self.boxes[at], self.labels[at], self.smile[at], persons, self.index[at])


def load(folder: Path, *splits: str) -> WildFaces:
    """The faces of some splits ("train", "val", "test"), in the order of the csv.

    Raises:
        DataError: a file is missing or malformed, or there is no such row.
    """
    path = Path(folder) / "annotations.csv"
    try:
        with open(path, newline="", encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if row["split"] in splits]
        with np.load(Path(folder) / "images.npz") as stored:
            joined, offset = stored["webp"], stored["offset"]
        index = np.array([int(row["image"]) for row in rows], np.int64)
        sides = np.array([[float(row[f"face_{key}"]) for key in "xywh"] for row in rows], np.float32).reshape(-1, 4)
        labels = np.array([EMOTIONS.index(row["emotion"]) for row in rows], np.int64)
        smile = np.array([int(row["smile"] or -1) for row in rows], np.int8)
        images = np.array([_picture(joined[offset[n] : offset[n + 1]]) for n in index.tolist()], np.uint8)
    except (OSError, EOFError, KeyError, ValueError, IndexError, BadZipFile, cv2.error) as error:
        raise DataError(f"{path}: cannot read emotion_wild ({error})") from None
    if not rows:
        raise DataError(f"{path}: no row of split {' or '.join(splits)}")
    boxes = np.concatenate([sides[:, :2], sides[:, :2] + sides[:, 2:]], axis=1)
    return WildFaces(images, boxes, labels, smile, tuple(row["person"] for row in rows), index)


def _picture(encoded: np.ndarray) -> np.ndarray:
    image = cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE)
    if image is None:
        raise ValueError("a picture cannot be decoded")
    return image


def squares(faces: WildFaces, margin: float) -> np.ndarray:
    """The squares that the device would cut around the faces' boxes, uint8 (N, SIDE, SIDE)."""
    cut = [
        crop(np.repeat(image[:, :, None], 3, axis=2), faces.box(row).square(margin), SIDE, SIDE, 1)[:, :, 0]
        for row, image in enumerate(faces.images)
    ]
    return np.array(cut, np.uint8).reshape(-1, SIDE, SIDE)
