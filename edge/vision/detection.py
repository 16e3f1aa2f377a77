"""From a detector's two outputs to boxes: points, decode, suppress, vote. Arrays in, arrays out.

The head "anchors" has no anchor boxes: every cell of every level is a point with one logit and four distances to the
sides of a box, as in FCOS (Tian et al., 2019). Levels follow one another, each row by row.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from edge.errors import InvalidValue

# More candidates than this say nothing new about a picture, and suppression costs with their number.
CANDIDATES = 1000


def anchor_points(width: int, height: int, strides: Sequence[int]) -> np.ndarray:
    """The points of a canvas, float32 (N, 2) as (x, y) in its pixels: level, then row, then column.

    A level of stride s has ceil(height / s) rows and ceil(width / s) columns; a point is the middle of its cell.
    """
    levels = []
    for stride in strides:
        rows, columns = math.ceil(height / stride), math.ceil(width / stride)
        y, x = np.mgrid[:rows, :columns]
        levels.append((np.stack([x.ravel(), y.ravel()], axis=1) + 0.5) * stride)
    return np.concatenate(levels).astype(np.float32) if levels else np.zeros((0, 2), np.float32)


def point_scales(width: int, height: int, strides: Sequence[int], units: Sequence[float]) -> np.ndarray:
    """Each point's pixels per unit of distance, float32 (N,), in the order of `points`.

    Raises:
        InvalidValue: there is not one unit a stride.
    """
    if len(strides) != len(units):
        raise InvalidValue(f"units: expected one a stride ({len(strides)}), got {len(units)}")
    counts = [math.ceil(height / stride) * math.ceil(width / stride) for stride in strides]
    return np.repeat(np.asarray(units, np.float32), counts)


def decode(
    logits: np.ndarray, distances: np.ndarray, points: np.ndarray, units: np.ndarray, threshold: float
) -> tuple[np.ndarray, np.ndarray]:
    """The boxes whose score, sigmoid(logit), is at least `threshold`, in the order of the points.

    A box is (x - l * u, y - t * u, x + r * u, y + b * u). Boxes that are not finite or have no area are dropped, and so
    are logits that are not numbers.

    Args:
        logits: float32 (N, 1) or (N,).
        distances: float32 (N, 4), left, top, right, bottom in units.
        points: float32 (N, 2), (x, y) in pixels.
        units: float32 (N,), pixels per unit.
        threshold: a score, 0-1.

    Returns:
        Boxes float32 (M, 4) as left, top, right, bottom in pixels, and scores float32 (M,).

    Raises:
        InvalidValue: the shapes do not agree.
    """
    check_shapes(logits, distances, points, units)
    flat, chosen = logits.reshape(-1), candidates(logits, threshold)
    at = points[chosen]
    ltrb = distances[chosen] * units[chosen, None]
    with np.errstate(invalid="ignore", over="ignore"):
        np.subtract(at, ltrb[:, :2], out=ltrb[:, :2])
        np.add(at, ltrb[:, 2:], out=ltrb[:, 2:])
    whole = np.isfinite(ltrb).all(axis=1) & (ltrb[:, 2:] > ltrb[:, :2]).all(axis=1)
    scores = 1.0 / (1.0 + np.exp(-np.clip(flat[chosen], -80.0, 80.0)))
    return ltrb[whole].astype(np.float32, copy=False), scores[whole].astype(np.float32, copy=False)


def check_shapes(logits: np.ndarray, distances: np.ndarray, points: np.ndarray, units: np.ndarray) -> None:
    """Check that a detector's outputs are of these points.

    Raises:
        InvalidValue: they are not.
    """
    count = len(points)
    if logits.size != count or distances.shape != (count, 4) or units.shape != (count,):
        raise InvalidValue(
            f"decode: expected {count} logits, distances ({count}, 4) and units ({count},), "
            f"got {logits.size}, {distances.shape} and {units.shape}"
        )


def candidates(logits: np.ndarray, threshold: float) -> np.ndarray:
    """Indices, int64 (M,), of the logits, float32 (N, 1) or (N,), whose score is at least `threshold`, 0-1."""
    # The threshold is turned into a logit once, so that only what passes is worked on.
    return np.flatnonzero(logits.reshape(-1) >= _logit(threshold))


def nms(
    ltrb: np.ndarray,
    scores: np.ndarray,
    iou: float,
    limit: int,
    inside: float = 1.0,
    similar: float = 0.0,
    sure: float = 0.0,
) -> np.ndarray:
    """Greedy non-maximum suppression: the best box stays, what overlaps it by more than `iou` goes, and so on.

    Args:
        ltrb: float32 (M, 4), boxes with an area.
        scores: float32 (M,); of equal scores the earlier box wins.
        iou: 0-1, intersection over union above which two boxes are one face.
        limit: how many boxes may stay. Only the best CANDIDATES boxes (or `limit`, if that is more) are looked at.
        inside: 0-1; two boxes are also one face if they share more than this part of the smaller one, as an eye and
            nose do with their head. 1: never.
        similar: 0-1; but only if the smaller box has at least this part of the larger one's area: a much smaller box
            is another person, such as a child on an arm.
        sure: 0-1; and only a box with at least this score drops others for that. Among unsure boxes the one around a
            face is often the false one: with 0.8, 0.15 and the detection threshold, AP on the validation splits of
            `faces` and `wild` changes by 0.0002 at most, without `sure` it falls by 0.005.

    Returns:
        The indices that stay, int64 (K,), K <= limit, best first.
    """
    order = np.argsort(-scores, kind="stable")[: max(CANDIDATES, limit)]
    boxes = ltrb[order].astype(np.float64)
    areas = _areas(boxes)
    left_over = np.arange(len(order))
    kept: list[int] = []
    while left_over.size and len(kept) < limit:
        best, rest = left_over[0], left_over[1:]
        kept.append(best)
        shared = intersection(boxes[best], boxes[rest])
        apart = shared <= iou * (areas[best] + areas[rest] - shared)
        if inside < 1.0 and scores[order[best]] >= sure:
            apart &= ~nested(shared, areas[best], areas[rest], inside, similar)
        left_over = rest[apart]
    return order[np.array(kept, dtype=np.int64)]


def nested(shared: np.ndarray, area: float, areas: np.ndarray, inside: float, similar: float) -> np.ndarray:
    """Which of some boxes lie in a box, or it in them, and are of a similar size; bool (M,).

    Args:
        shared: the area that each shares with the box, (M,).
        area, areas: of the box, and of the others (M,).
        inside, similar: as of `nms`.
    """
    smaller = np.minimum(area, areas)
    answer: np.ndarray = (shared > inside * smaller) & (smaller >= similar * np.maximum(area, areas))
    return answer


def box_voting(ltrb: np.ndarray, scores: np.ndarray, kept: np.ndarray, iou: float, once: bool = False) -> np.ndarray:
    """The kept boxes, each moved to the mean of the boxes around it, weighted by their scores.

    Box voting (Gidaris & Komodakis, 2015; BlazeFace's blending): neighbouring points saw the same face, and their mean
    is nearer to it, and calmer from frame to frame, than the best of them.

    Args:
        ltrb: float32 (M, 4), boxes with an area.
        scores: float32 (M,), above 0.
        kept: the indices that `nms` left, (K,).
        iou: 0-1, intersection over union from which a box has a vote.
        once: a box between two kept ones votes only for the one that it overlaps more (of equal ones the earlier), so
            that neighbouring faces are not drawn together.

    Returns:
        float32 (K, 4), in the order of `kept`.
    """
    boxes = ltrb.astype(np.float64)
    areas = _areas(boxes)
    shares = np.empty((len(kept), len(boxes)))
    for place, best in enumerate(kept):
        shared = intersection(boxes[best], boxes)
        shares[place] = shared / (areas[best] + areas - shared)
    near = shares >= iou
    if once and len(kept):
        near &= shares.argmax(axis=0) == np.arange(len(kept))[:, None]
    weights = near * scores.astype(np.float64)
    moved = weights @ boxes / weights.sum(axis=1, keepdims=True)
    answer: np.ndarray = moved.astype(np.float32)
    return answer


def intersection(one: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The area that a box (4,) shares with each of others (M, 4)."""
    sides = np.maximum(np.minimum(one[2:], others[:, 2:]) - np.maximum(one[:2], others[:, :2]), 0.0)
    shared: np.ndarray = sides[:, 0] * sides[:, 1]
    return shared


def _areas(boxes: np.ndarray) -> np.ndarray:
    sides = boxes[:, 2:] - boxes[:, :2]
    areas: np.ndarray = sides[:, 0] * sides[:, 1]  # np.prod takes several times as long for two numbers
    return areas


def _logit(score: float) -> float:
    if score <= 0.0:
        return -math.inf
    return math.inf if score >= 1.0 else math.log(score / (1.0 - score))
