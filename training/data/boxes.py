"""Pictures with boxes: the `faces` and `masked_faces` sets (annotations.csv: image, split, x, y, w, h, label)."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from edge.errors import PictureError
from training.data.fer2013 import DataError

TIGHT = "maksssksksss"  # pictures of masked_faces whose boxes are tight begin so; the others' boxes are loose


@dataclass(frozen=True, eq=False)
class Boxed:
    """One annotated picture.

    Attributes:
        path: of the picture.
        ltrb: float32 (N, 4) in pixels of the stored picture.
        labels: one a box.
        tight: whether the boxes are drawn close around the faces.
    """

    path: Path
    ltrb: np.ndarray
    labels: tuple[str, ...]
    tight: bool = True

    def read(self) -> np.ndarray:
        """The picture, uint8 (H, W, 3) RGB.

        Raises:
            PictureError: it cannot be read.
        """
        image = cv2.imread(str(self.path), cv2.IMREAD_COLOR)
        if image is None:
            raise PictureError(f"{self.path}: cannot read this picture; restore the data set")
        return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def load(folder: Path, split: str) -> list[Boxed]:
    """The pictures of one split, in the order of the csv.

    Raises:
        DataError: there is no annotations.csv, it lacks a column, or the split is empty.
    """
    path = folder / "annotations.csv"
    found: dict[str, list[tuple[list[float], str]]] = {}
    try:
        with open(path, newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                if row["split"] == split:
                    x, y, w, h = (float(row[key]) for key in "xywh")
                    found.setdefault(row["image"], []).append(([x, y, x + w, y + h], row["label"]))
    except (OSError, KeyError, ValueError) as error:
        raise DataError(f"{path}: cannot read the boxes ({error})") from None
    if not found:
        raise DataError(f"{path}: no row of split {split!r}")
    masked = folder.name == "masked_faces"
    return [
        Boxed(
            folder / "images" / name,
            np.array([ltrb for ltrb, _ in rows], np.float32),
            tuple(label for _, label in rows),
            tight=not masked or name.startswith(TIGHT),
        )
        for name, rows in found.items()
    ]
