"""Pictures without a face: animals, objects, rooms (annotations.csv: image, split, source, ...)."""

from __future__ import annotations

import csv
from pathlib import Path

from training.data.boxes import Boxed, as_boxes
from training.data.fer2013 import DataError


def load(folder: Path, split: str) -> list[Boxed]:
    """The pictures of one split, "train" or "test", in the order of the csv; none has a box.

    Raises:
        DataError: annotations.csv is missing or malformed, or the split is empty.
    """
    path = folder / "annotations.csv"
    try:
        with open(path, newline="", encoding="utf-8") as file:
            names = [row["image"] for row in csv.DictReader(file) if row["split"] == split]
    except (OSError, KeyError) as error:
        raise DataError(f"{path}: cannot read the list of pictures ({error})") from None
    if not names:
        raise DataError(f"{path}: no row of split {split!r}")
    return [Boxed(folder / "images" / name, as_boxes([]), ()) for name in names]
