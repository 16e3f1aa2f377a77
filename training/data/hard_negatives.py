"""Hard negatives: false detections of a detector in training, in its own training pictures.

Shown again until it does not (bootstrapping: Sung & Poggio, 1998; Shrivastava et al., online hard examples, 2016).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from edge.vision.letterbox import letterbox
from training.data.boxes import Boxed
from training.metrics import iou_matrix

LEAST, MOST = 0.35, 0.85  # scores: lower ones do no harm, higher ones may be faces that were not annotated
WIDEST, NARROWEST = 1.0, 0.2  # of the picture's width, what is looked at
BATCH = 32

Detect = Callable[[np.ndarray], Sequence[tuple[np.ndarray, np.ndarray]]]


@dataclass(frozen=True, eq=False)
class HardNegative:
    """A false alarm.

    Attributes:
        row: of the picture.
        ltrb: float32 (4,), in pixels of the picture.
        width: at which the detector saw it, in pixels of its canvas.
    """

    row: int
    ltrb: np.ndarray
    width: float


def mine(
    images: Sequence[np.ndarray],
    pictures: Sequence[Boxed],
    size: tuple[int, int],
    count: int,
    detect: Detect,
    rng: np.random.Generator,
) -> list[HardNegative]:
    """The false alarms in `count` random parts of the pictures.

    Args:
        images: uint8 (H, W, 3) RGB each; pictures: their boxes.
        size: width and height of the canvas that the detector is shown.
        count: how many parts to look at.
        detect: (B, H, W, 3) uint8 -> for each the boxes (N, 4) in canvas pixels, after suppression, and their scores.
        rng: chooses the parts.
    """
    rows = rng.integers(len(images), size=count).tolist()
    parts = [(row, random_part(images[row].shape, size, rng)) for row in rows]
    found: list[HardNegative] = []
    for start in range(0, count, BATCH):
        some = parts[start : start + BATCH]
        shown = [letterbox(images[row][y : y + down, x : x + across], *size) for row, (x, y, across, down) in some]
        answers = detect(np.stack([canvas for canvas, _ in shown]))
        for (row, (x, y, _, _)), (_, fit), (ltrb, scores) in zip(some, shown, answers, strict=True):
            wrong = (scores >= LEAST) & (scores <= MOST)
            placed = fit.to_picture(ltrb[wrong]) + np.array([x, y, x, y], np.float32)
            found += _alarms(row, placed, (ltrb[wrong, 2] - ltrb[wrong, 0]), pictures[row].ltrb)
    return found


def random_part(shape: tuple[int, ...], size: tuple[int, int], rng: np.random.Generator) -> tuple[int, int, int, int]:
    """A random part of a picture (H, W, ...), in a canvas's shape: left, top, width, height."""
    rows, columns = shape[:2]
    across = columns * float(np.exp(rng.uniform(np.log(NARROWEST), np.log(WIDEST))))
    down = min(rows, round(across * size[1] / size[0]))
    width = max(1, round(across))
    return int(rng.integers(columns - width + 1)), int(rng.integers(rows - down + 1)), width, max(1, down)


def _alarms(row: int, placed: np.ndarray, widths: np.ndarray, faces: np.ndarray) -> Iterator[HardNegative]:
    """Those of the boxes (N, 4) that share no pixel with an annotated face (M, 4)."""
    touches = (iou_matrix(placed, faces) > 0).any(axis=1)
    for index in np.flatnonzero(~touches):
        yield HardNegative(row, placed[index], float(widths[index]))
