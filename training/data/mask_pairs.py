"""The classic mask / no-mask set, by the split that keeps near-duplicates on one side (manifest.csv)."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge import picture
from edge.frame import Box
from training.data.fer2013 import DataError

WORN, BARE = "with_mask", "without_mask"


@dataclass(frozen=True)
class Pair:
    """One picture.

    Attributes:
        path: of the picture.
        worn: whether a mask is worn in it.
        cluster: pictures that are nearly the same share this number; a random split would leak.
    """

    path: Path
    worn: bool
    cluster: int

    def read(self) -> np.ndarray:
        """The picture, uint8 (H, W, 3) RGB.

        Raises:
            PictureError: it cannot be read.
        """
        return picture.read(self.path)


def load(folder: Path, split: str) -> list[Pair]:
    """The pictures of one split, "train" or "test", in the order of the csv.

    Raises:
        DataError: manifest.csv is missing or malformed, no row has that split, or a cluster is in both splits.
    """
    path = Path(folder) / "manifest.csv"
    chosen: list[Pair] = []
    sides: dict[int, str] = {}
    try:
        with open(path, newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                cluster, kind = int(row["cluster"]), row["image"].split("/")[0]
                if sides.setdefault(cluster, row["split"]) != row["split"]:
                    raise ValueError(f"cluster {cluster} stands in two splits")
                if row["split"] == split:
                    chosen.append(Pair(Path(folder) / row["image"], (BARE, WORN).index(kind) == 1, cluster))
    except (OSError, KeyError, ValueError) as problem:
        raise DataError(f"{path}: cannot read the pairs ({problem})") from None
    if not chosen:
        raise DataError(f"{path}: no row of split {split!r}")
    return chosen


def largest_faces(
    pairs: Sequence[Pair], find: Callable[[np.ndarray], Sequence[Box]]
) -> list[tuple[Pair, np.ndarray, Box | None]]:
    """Each pair with its picture and the largest face that `find` sees in it, or None where it sees none.

    Raises:
        PictureError: a picture cannot be read.
    """
    found = []
    for pair in pairs:
        image = pair.read()
        box = max(find(image), key=lambda box: box.width * box.height, default=None)
        found.append((pair, image, box))
    return found
