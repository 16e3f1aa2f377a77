"""From a few of a detector's points to boxes, in plain Python: decode, suppress and vote as edge.vision.detection does.

Most pictures have a handful of points above the threshold. For so few, NumPy's calls cost more than the numbers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

FEW = 16  # points; with more, arrays are quicker


class Scored(NamedTuple):
    """A box in pixels, its score, 0-1, and its area."""

    left: float
    top: float
    right: float
    bottom: float
    score: float
    area: float


def find(
    logits: Sequence[float],
    distances: Sequence[Sequence[float]],
    points: Sequence[Sequence[float]],
    units: Sequence[float],
    iou: float,
    voting_iou: float,
    limit: int,
) -> list[Scored]:
    """What `decode`, `nms` and `box_voting` of edge.vision.detection make of these points, best first.

    Args:
        logits: of the points whose score passes the threshold.
        distances: left, top, right, bottom of each, in units.
        points: (x, y) of each, in pixels.
        units: pixels per unit of each.
        iou, limit: as of `nms`.
        voting_iou: as of `box_voting`.

    Example:
        >>> [face] = find([0.0, 2.0], [[1, 1, 1, 1], [1, 1, 1, 1]], [[8, 8], [8, 8]], [8, 8], 0.5, 0.7, 10)
        >>> face[:4], round(face.score, 3)
        ((0.0, 0.0, 16.0, 16.0), 0.881)
    """
    boxes = _decoded(logits, distances, points, units)
    left = sorted(range(len(boxes)), key=lambda n: -boxes[n].score)
    answer: list[Scored] = []
    while left and len(answer) < limit:
        best = boxes[left[0]]
        shares = [_iou(best, other) for other in boxes]
        voters = [box for box, share in zip(boxes, shares, strict=True) if share >= voting_iou]
        answer.append(_mean(voters, best))
        left = [n for n in left[1:] if shares[n] <= iou]
    return answer


def _decoded(
    logits: Sequence[float], distances: Sequence[Sequence[float]], points: Sequence[Sequence[float]],
    units: Sequence[float],
) -> list[Scored]:  # fmt: skip
    boxes = []
    for logit, (left, top, right, bottom), (x, y), unit in zip(logits, distances, points, units, strict=True):
        x0, y0, x1, y1 = x - left * unit, y - top * unit, x + right * unit, y + bottom * unit
        # What is not a number compares false; what is infinite has no finite area.
        if x0 < x1 and y0 < y1 and (area := (x1 - x0) * (y1 - y0)) < math.inf:
            score = 1.0 / (1.0 + math.exp(-min(max(logit, -80.0), 80.0)))
            boxes.append(Scored(x0, y0, x1, y1, score, area))
    return boxes


def _iou(one: Scored, other: Scored) -> float:
    across = min(one.right, other.right) - max(one.left, other.left)
    down = min(one.bottom, other.bottom) - max(one.top, other.top)
    if across <= 0 or down <= 0:
        return 0.0
    shared = across * down
    return shared / (one.area + other.area - shared)


def _mean(voters: Sequence[Scored], best: Scored) -> Scored:
    """The mean box of the voters, weighted by their scores, with the score of the best."""
    total = sum(box.score for box in voters)
    left, top, right, bottom = (sum(box[n] * box.score for box in voters) / total for n in range(4))
    return Scored(left, top, right, bottom, best.score, (right - left) * (bottom - top))
