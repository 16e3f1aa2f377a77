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
    left = sorted(range(len(found)), key=lambda n: -found[n][4])
    answer: list[tuple[Box, float]] = []
    while left and len(answer) < limit:
        shares = _shares(found[left[0]], found)
        voters = [one for one, share in zip(found, shares, strict=True) if share >= voting_iou]
        answer.append((_mean(voters), found[left[0]][4]))
        left = [n for n in left[1:] if shares[n] <= iou]
    return answer


_Found = tuple[float, float, float, float, float]  # left, top, right, bottom, score: for ten of them, a Box is slow


def _decoded(
    logits: Sequence[float], distances: Sequence[Sequence[float]], points: Sequence[Sequence[float]],
    units: Sequence[float],
) -> list[_Found]:  # fmt: skip
    found = []
    for logit, (left, top, right, bottom), (x, y), unit in zip(logits, distances, points, units, strict=True):
        x0, y0, x1, y1 = x - left * unit, y - top * unit, x + right * unit, y + bottom * unit
        # What is not a number compares false; what is infinite has no finite area.
        if x0 < x1 and y0 < y1 and (x1 - x0) * (y1 - y0) < math.inf:
            found.append((x0, y0, x1, y1, 1.0 / (1.0 + math.exp(-min(max(logit, -80.0), 80.0)))))
    return found


def _shares(one: _Found, others: Sequence[_Found]) -> list[float]:
    """Intersection over union with each."""
    left, top, right, bottom, _ = one
    area = (right - left) * (bottom - top)
    shares = []
    for x0, y0, x1, y1, _ in others:
        across = (right if right < x1 else x1) - (left if left > x0 else x0)
        down = (bottom if bottom < y1 else y1) - (top if top > y0 else y0)
        shared = across * down if across > 0 and down > 0 else 0.0
        shares.append(shared / (area + (x1 - x0) * (y1 - y0) - shared))
    return shares


def _mean(voters: Sequence[_Found]) -> Box:
    """The mean box, weighted by the scores."""
    left = top = right = bottom = total = 0.0
    for x0, y0, x1, y1, score in voters:
        left, top, right, bottom = left + x0 * score, top + y0 * score, right + x1 * score, bottom + y1 * score
        total += score
    return Box(left / total, top / total, right / total, bottom / total)
