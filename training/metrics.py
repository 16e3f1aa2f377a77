"""Figures, each taken as the design says: average precision, calibration error, Wilson's interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

SMALLEST = 12.0  # pixels of the stored picture: narrower boxes are neither right nor wrong
IOU = 0.5
BINS = 15


@dataclass(frozen=True, eq=False)
class Found:
    """One picture's detections beside its annotated boxes, in its own pixels.

    Attributes:
        ltrb, scores: the detections (M, 4) and their scores (M,).
        truth: boxes to find (N, 4).
        ignored: boxes (K, 4) that are neither faces to find nor background.
        smallest: px; narrower boxes and detections are neither right nor wrong.
    """

    ltrb: np.ndarray
    scores: np.ndarray
    truth: np.ndarray
    ignored: np.ndarray = field(default_factory=lambda: np.zeros((0, 4), np.float32))
    smallest: float = SMALLEST


def iou_matrix(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Intersection over union of each box (N, 4) with each (M, 4): (N, M), 0-1."""
    across = np.minimum(a[:, None, 2:], b[None, :, 2:]) - np.maximum(a[:, None, :2], b[None, :, :2])
    shared = np.clip(across, 0, None).prod(axis=2)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(axis=1) for boxes in (a, b)]
    return shared / np.maximum(areas[0][:, None] + areas[1][None] - shared, 1e-9)


def _judge(found: Found) -> tuple[list[tuple[float, bool]], int]:
    """(score, right) of each detection that counts, and the number of boxes to find."""
    boxes = np.concatenate([found.truth.reshape(-1, 4), found.ignored.reshape(-1, 4)])
    small = boxes[:, 2] - boxes[:, 0] < found.smallest
    small[len(found.truth) :] = True
    overlaps = iou_matrix(found.ltrb, boxes) if len(boxes) else np.zeros((len(found.ltrb), 0))
    taken = np.zeros(len(boxes), bool)
    judged = []
    for index in np.argsort(-found.scores, kind="stable"):
        # The best free box that counts; failing that a small one, which makes the detection count for nothing.
        open_now = np.where(taken, 0, overlaps[index])
        counted = np.where(small, 0, open_now)
        if counted.size and counted.max() >= IOU:
            taken[int(counted.argmax())] = True
            judged.append((float(found.scores[index]), True))
        elif np.where(small, overlaps[index], 0).max(initial=0) >= IOU:
            continue
        elif found.ltrb[index, 2] - found.ltrb[index, 0] >= found.smallest:
            judged.append((float(found.scores[index]), False))
    return judged, int((~small).sum())


def average_precision(pictures: Sequence[Found]) -> float:
    """Area under precision over recall, all points, at IoU .5, 0-1; nan where there is no box to find.

    Annotated boxes under 12 px wide, detections matched to them, and unmatched detections under 12 px wide are neither
    right nor wrong (VOC 2010+ area, with WIDER FACE's ignore rule).
    """
    judged: list[tuple[float, bool]] = []
    boxes = 0
    for picture in pictures:
        marks, count = _judge(picture)
        judged += marks
        boxes += count
    if not boxes:
        return math.nan
    judged.sort(key=lambda mark: -mark[0])
    right = np.array([ok for _, ok in judged], np.float64)
    recall = np.cumsum(right) / boxes
    precision = np.cumsum(right) / np.arange(1, len(right) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float((np.diff(recall, prepend=0.0) * envelope).sum())


def calibration_error(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Expected calibration error in 15 equal bins of confidence (Guo et al., 2017), 0-1.

    Args:
        probabilities: (N, K); labels: (N,).
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = [(bins == b).mean() * abs(right[bins == b].mean() - confidence[bins == b].mean()) for b in np.unique(bins)]
    return float(sum(gaps))


def wilson(right: int, total: int) -> tuple[float, float]:
    """95 % interval of a proportion (Wilson, 1927)."""
    if total == 0:
        return (0.0, 1.0)
    z = 1.959964
    p, n = right / total, total
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return (max(0.0, middle - half), min(1.0, middle + half))
