"""From a few of a detector's points to boxes, in plain Python: decode, suppress and vote as edge.vision.detection does.

Most pictures have a handful of points above the threshold. For so few, NumPy's calls cost more than the numbers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from edge.frame import Box

FEW = 16  # points; with more, arrays are quicker


def find(
    logits: Sequence[float],
    distances: Sequence[Sequence[float]],
    points: Sequence[Sequence[float]],
    units: Sequence[float],
    iou: float,
    voting_iou: float,
    limit: int,
) -> list[tuple[Box, float]]:
    """Boxes and scores, best first, as `decode`, `nms` and `box_voting` of edge.vision.detection make them.

    Args:
        logits: of the points whose score passes the threshold.
        distances: left, top, right, bottom of each, in units.
        points: (x, y) of each, in pixels.
        units: pixels per unit of each.
        iou, limit: as of `nms`.
        voting_iou: as of `box_voting`.

    Example:
        >>> [(box, score)] = find([0.0, 2.0], [[1, 1, 1, 1], [1, 1, 1, 1]], [[8, 8], [8, 8]], [8, 8], 0.5, 0.7, 10)
        >>> box.ltrb, round(score, 3)
        ((0.0, 0.0, 16.0, 16.0), 0.881)
    """
    found = _decoded(logits, distances, points, units)
    left = sorted(range(len(found)), key=lambda n: -found[n][1])
    answer: list[tuple[Box, float]] = []
    while left and len(answer) < limit:
        best, score = found[left[0]]
        shares = [best.iou(box) for box, _ in found]
        answer.append((_mean([one for one, share in zip(found, shares, strict=True) if share >= voting_iou]), score))
        left = [n for n in left[1:] if shares[n] <= iou]
    return answer


def _decoded(
    logits: Sequence[float], distances: Sequence[Sequence[float]], points: Sequence[Sequence[float]],
    units: Sequence[float],
) -> list[tuple[Box, float]]:  # fmt: skip
    found = []
    for logit, (left, top, right, bottom), (x, y), unit in zip(logits, distances, points, units, strict=True):
        x0, y0, x1, y1 = x - left * unit, y - top * unit, x + right * unit, y + bottom * unit
        # What is not a number compares false; what is infinite has no finite area.
        if x0 < x1 and y0 < y1 and (x1 - x0) * (y1 - y0) < math.inf:
            found.append((Box(x0, y0, x1, y1), 1.0 / (1.0 + math.exp(-min(max(logit, -80.0), 80.0)))))
    return found


def _mean(voters: Sequence[tuple[Box, float]]) -> Box:
    """The mean box, weighted by the scores."""
    total = sum(score for _, score in voters)
    weighted = [[side * score for side in box] for box, score in voters]
    return Box(*(sum(sides) / total for sides in zip(*weighted, strict=True)))
