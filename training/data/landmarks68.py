"""Faces with the 68 iBUG points (Sagonas et al., 2013: Helen, AFW, frames of 300-VW), framed as FER2013 frames faces.

Points are numbered as iBUG numbers them: 0-16 jaw from the picture's left to its right, 17-26 brows, 27-35 nose,
36-47 eyes (36 and 45 are the outer corners), 48-67 mouth.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from edge.files import utf8_path
from edge.frame import Box
from edge.vision.crop import crop
from training.data.fer2013 import DataError

POINTS = 68
OUTER_EYES = (36, 45)
# The points' box reaches from the brows to the chin; FER2013's square also has the forehead. Chosen by looking at both.
MARGIN, SHIFT = 1.3, -0.13
HELD_OUT = ("helen_test", "afw")  # whole sets that no training row comes from: the cross-set test

# The point that each point becomes in a mirror.
MIRROR = np.array(
    [
        *range(16, -1, -1),
        *range(26, 16, -1),
        *(27, 28, 29, 30, 35, 34, 33, 32, 31),
        *(45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40),
        *(54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65),
    ]
)


@dataclass(frozen=True, eq=False)
class Faces68:
    """Squares and their points.

    Attributes:
        images: uint8 (N, S, S), grey.
        points: float32 (N, 68, 2), (x, y) as parts of the square, 0-1 inside; a pixel's middle is at half a pixel.
        names: the picture files, relative to the set's folder.
    """

    images: np.ndarray
    points: np.ndarray
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.names)


def training_row(name: str, split: str) -> bool:
    """Rows to learn from."""
    return split == "train"


def validation_row(name: str, split: str) -> bool:
    """Rows to choose by: other people than those of the training rows."""
    return split == "val"


def held_out_row(name: str, split: str) -> bool:
    """Rows that the published figure is taken on: helen_test and afw."""
    return name.split("/")[0] in HELD_OUT


def held_out(folder: Path) -> list[tuple[str, str, np.ndarray]]:
    """The rows of a folder's points.csv that nothing is trained on or chosen by: name, split and points (68, 2).

    Raises:
        DataError: the file is missing or broken.
    """
    return [row for row in rows(folder / "points.csv") if held_out_row(*row[:2])]


def load(
    folder: Path,
    wanted: Callable[[str, str], bool],
    size: int = 48,
    margin: float = MARGIN,
    shift: float = SHIFT,
    limit: int = 0,
) -> Faces68:
    """Read the rows that `wanted(image name, split)` chooses, cut with edge.vision.crop in FER2013's framing.

    Args:
        folder: with points.csv and the pictures.
        wanted: training_row, validation_row, held_out_row or the like.
        size: pixels of the square.
        margin: side of the square / longer side of the points' box.
        shift: how far down the square's middle moves, as a part of the points' box's height.
        limit: stop after this many rows; 0 for all.

    Raises:
        DataError: points.csv or a picture is missing or malformed; the message names it.
    """
    images, points, names = [], [], []
    for name, split, shape in rows(Path(folder) / "points.csv"):
        if not wanted(name, split):
            continue
        with utf8_path(Path(folder) / name) as text:
            picture = cv2.imread(text, cv2.IMREAD_GRAYSCALE)
        if picture is None:
            raise DataError(f"{Path(folder) / name}: cannot be read as a picture")
        square = face_square(shape, margin, shift)
        images.append(crop(picture[:, :, None], square, size, size, channels=1)[:, :, 0])
        points.append(_in_square(shape, square))
        names.append(name)
        if limit and len(names) == limit:
            break
    empty = np.zeros((0, size, size), np.uint8), np.zeros((0, POINTS, 2), np.float32)
    return Faces68(np.array(images), np.array(points, np.float32), tuple(names)) if names else Faces68(*empty, ())


def face_square(points: np.ndarray, margin: float = MARGIN, shift: float = SHIFT) -> Box:
    """FER2013's framing of a face whose points (68, 2) are known, in the points' unit."""
    low, high = points.min(axis=0), points.max(axis=0)
    return Box(float(low[0]), float(low[1]), float(high[0]), float(high[1])).square(margin, shift)


def error(predicted: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Normalized mean error of each face, (N,): mean point distance / distance of the outer eye corners.

    Args:
        predicted, true: (N, 68, 2) in any one unit.
    """
    distances = np.linalg.norm(predicted - true, axis=2).mean(axis=1)
    eyes = np.linalg.norm(true[:, OUTER_EYES[0]] - true[:, OUTER_EYES[1]], axis=1)
    return distances / eyes


def _in_square(points: np.ndarray, square: Box) -> np.ndarray:
    # crop() rounds the square to whole pixels; the points must move with it.
    left, top = round(square.left), round(square.top)
    sides = np.array([max(round(square.right) - left, 1), max(round(square.bottom) - top, 1)])
    return (points - [left, top]) / sides


def rows(table: Path) -> list[tuple[str, str, np.ndarray]]:
    """Each row of points.csv: name, split, float64 (68, 2)."""
    try:
        with open(table, newline="", encoding="utf-8") as file:
            lines = list(csv.reader(file))
        return [(line[0], line[1], np.array(line[2:], float).reshape(POINTS, 2)) for line in lines[1:]]
    except (OSError, ValueError, IndexError) as problem:
        raise DataError(f"{table}: expected image, split and 68 points a row ({problem})") from None
