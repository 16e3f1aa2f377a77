"""What counts as right among a detector's boxes, where some annotated boxes are to be ignored."""

from __future__ import annotations

import numpy as np

IOU, SMALLEST = 0.5, 12.0

Marks = tuple[np.ndarray, np.ndarray, int]


def judge(boxes: np.ndarray, scores: np.ndarray, truth: np.ndarray, kinds: np.ndarray) -> Marks:
    """The scores of the detections that count, which are right, and how many boxes are to be found."""
    boxes, scores = boxes[scores > 0], scores[scores > 0]
    counts = (kinds >= 0) & (truth[:, 2] - truth[:, 0] >= SMALLEST)
    across = np.minimum(boxes[:, None, 2:], truth[None, :, 2:]) - np.maximum(boxes[:, None, :2], truth[None, :, :2])
    shared = across.clip(0).prod(-1)
    areas = [(v[:, 2:] - v[:, :2]).prod(-1) for v in (boxes, truth)]
    iou = shared / np.maximum(areas[0][:, None] + areas[1] - shared, 1e-6)
    within = shared / np.maximum(areas[0][:, None], 1e-6)
    free = counts.copy()
    kept, right = [], []
    for place in range(len(boxes)):
        open_now = np.where(free, iou[place], 0)
        if open_now.max(initial=0) >= IOU:
            free[open_now.argmax()] = False
            kept.append(place)
            right.append(True)
            continue
        excused = np.where(counts, 0, np.maximum(iou[place], within[place] * (kinds < 0))).max(initial=0) >= IOU
        if not excused and boxes[place, 2] - boxes[place, 0] >= SMALLEST:
            kept.append(place)
            right.append(False)
    return scores[kept], np.array(right, bool), int(counts.sum())


def average_precision(marks: list[Marks]) -> float:
    """Area under precision over recall, all points."""
    scores, right = np.concatenate([m[0] for m in marks]), np.concatenate([m[1] for m in marks])
    right = right[np.argsort(-scores, kind="stable")]
    recall = right.cumsum() / max(sum(m[2] for m in marks), 1)
    precision = right.cumsum() / np.arange(1, len(right) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float((np.diff(recall, prepend=0.0) * envelope).sum())


def at_score(marks: list[Marks], score: float) -> tuple[float, float]:
    """Recall and precision of the detections of at least that score."""
    right = sum(int(m[1][m[0] >= score].sum()) for m in marks)
    shown = sum(int((m[0] >= score).sum()) for m in marks)
    return right / max(sum(m[2] for m in marks), 1), right / max(shown, 1)
