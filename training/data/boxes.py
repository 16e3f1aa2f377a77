"""Pictures with boxes: `faces`, `masked_faces`, `wild`, `news_masks`, `street_masks` (annotations.csv)."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from edge import picture
from training.data.fer2013 import DataError

IGNORE = "ignore"  # the label of what is neither a face to find nor background
TIGHT = "maksssksksss"  # pictures of masked_faces whose boxes are tight begin so; the others' boxes are loose


@dataclass(frozen=True, eq=False)
class Boxed:
    """One annotated picture.

    Attributes:
        path: of the picture.
        ltrb: float32 (N, 4) in pixels of the stored picture.
        labels: one a box.
        tight: whether the boxes are drawn close around the faces.
        ignored: float32 (M, 4), places that are neither a face to find nor background.
    """

    path: Path
    ltrb: np.ndarray
    labels: tuple[str, ...]
    tight: bool = True
    ignored: np.ndarray = field(default_factory=lambda: np.zeros((0, 4), np.float32))

    def read(self) -> np.ndarray:
        """The picture, uint8 (H, W, 3) RGB.

        Raises:
            PictureError: it cannot be read.
        """
        return picture.read(self.path)


def load(folder: Path, split: str) -> list[Boxed]:
    """The pictures of one split, in the order of the csv; a row with an empty box is a picture without a face.

    Raises:
        DataError: there is no annotations.csv, it lacks a column, or the split is empty.
    """
    path = folder / "annotations.csv"
    found: dict[str, list[tuple[list[float], str]]] = {}
    try:
        with open(path, newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                if row["split"] == split:
                    listed = found.setdefault(row["image"], [])
                    if row["x"]:
                        x, y, w, h = (float(row[key]) for key in "xywh")
                        listed.append(([x, y, x + w, y + h], row["label"]))
    except (OSError, KeyError, ValueError) as error:
        raise DataError(f"{path}: cannot read the boxes ({error})") from None
    if not found:
        raise DataError(f"{path}: no row of split {split!r}")
    masked = folder.name == "masked_faces"
    return [
        Boxed(
            folder / "images" / name,
            as_boxes(ltrb for ltrb, label in rows if label != IGNORE),
            tuple(label for _, label in rows if label != IGNORE),
            tight=not masked or name.startswith(TIGHT),
            ignored=as_boxes(ltrb for ltrb, label in rows if label == IGNORE),
        )
        for name, rows in found.items()
    ]


def as_boxes(boxes: Iterable[list[float]]) -> np.ndarray:
    """Boxes as float32 (N, 4), also for an empty list."""
    return np.array(list(boxes), np.float32).reshape(-1, 4)
