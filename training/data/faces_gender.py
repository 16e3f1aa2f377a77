"""Faces with age, gender and group: `faces_gender` (annotations.csv and images.npz). For checks alone: its terms bar
shipping what was trained on it.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, fields
from pathlib import Path
from zipfile import BadZipFile

import cv2
import numpy as np

from training.data.fer2013 import DataError
from training.data.likeness import SAME, likeness


@dataclass(frozen=True, eq=False)
class People:
    """Faces and who they are of, as their annotators saw them.

    Attributes:
        images: uint8 (N, 64, 64, 3), RGB; the whole picture is the face's square.
        ages: int64 (N,), years.
        genders, groups: a name for each face.
        splits: of each face, "train", "test", or "val" where some are held out to choose by.
    """

    images: np.ndarray
    ages: np.ndarray
    genders: np.ndarray
    groups: np.ndarray
    splits: np.ndarray

    def of(self, rows: np.ndarray) -> People:
        """Some of them."""
        return People(*(getattr(self, field.name)[rows] for field in fields(self)))

    def joined(self, others: People) -> People:
        """These, then others, whose pictures have the same size."""
        names = [field.name for field in fields(self)]
        return People(*(np.concatenate([getattr(self, name), getattr(others, name)]) for name in names))


def without_doubles(people: People) -> People:
    """All but the training faces that are a picture of a face of another split."""
    learned = people.splits == "train"
    doubles = learned.copy()
    doubles[learned] = likeness(people.images[learned], people.images[~learned]) >= SAME
    return people.of(np.flatnonzero(~doubles))


def load(folder: Path) -> People:
    """All faces, in the order of the csv.

    Raises:
        DataError: a file is missing or malformed.
    """
    path = Path(folder) / "annotations.csv"
    try:
        with open(path, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        with np.load(Path(folder) / "images.npz") as stored:
            joined, offset = stored["webp"], stored["offset"]
        numbers = [int(row["image"]) for row in rows]
        images = np.array([_picture(joined[offset[n] : offset[n + 1]]) for n in numbers], np.uint8)
        ages = np.array([int(row["age"]) for row in rows], np.int64)
        genders, groups, splits = (np.array([row[key] for row in rows]) for key in ("gender", "group", "split"))
    except (OSError, EOFError, KeyError, ValueError, IndexError, BadZipFile, cv2.error) as error:
        raise DataError(f"{path}: cannot read faces_gender ({error})") from None
    return People(images, ages, genders, groups, splits)


def _picture(encoded: np.ndarray) -> np.ndarray:
    image = cv2.imdecode(encoded, cv2.IMREAD_COLOR)
    if image is None:
        raise ValueError("a picture cannot be decoded")
    return np.ascontiguousarray(image[:, :, ::-1])
