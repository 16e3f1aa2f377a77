"""Rectangles that a caption may take, and how arrays of rectangles (N, 4) overlap. Whole pixels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge.vision.canvas import Rect

Size = tuple[int, int]
Point = tuple[int, int]
Pair = tuple[int, int]

# Directions from a face in which a caption with a leader line is looked for.
AROUND = np.array([(np.cos(angle), np.sin(angle)) for angle in np.arange(16) * np.pi / 8]).T[:, None]


def slot_corners(face: Rect, size: Size, gap: int) -> list[Point]:
    """Corners beside a face, the best first: below, above, right, left, and on its chin."""
    (left, top, right, bottom), (width, height) = face, size
    middle = (left + right - width) // 2
    return [
        (left, bottom + gap), (left, top - gap - height), (middle, bottom + gap), (middle, top - gap - height),
        (right - width, bottom + gap), (right - width, top - gap - height),
        (right + gap, top), (left - gap - width, top),
        (right + gap, bottom - height), (left - gap - width, bottom - height),
        (left + gap, bottom - gap - height), (middle, bottom - gap - height),
        (right - gap - width, bottom - gap - height),
    ]  # fmt: skip


def ring_corners(face: Rect, size: Size, gap: int, rings: int) -> list[Point]:
    """Corners further and further away from a face."""
    (left, top, right, bottom), (width, height) = face, size
    steps = np.arange(1, rings + 1)[:, None] * (height + 2 * gap)
    x = (left + right - width) / 2 + AROUND[0] * ((right - left + width) / 2 + steps)
    y = (top + bottom - height) / 2 + AROUND[1] * ((bottom - top + height) / 2 + steps)
    return [(int(a), int(b)) for a, b in zip(np.rint(x).flat, np.rint(y).flat, strict=True)]


def nearest_sides(face: Rect, plate: Rect, axis: int) -> Pair:
    """Indices of the sides of a face and of a plate that are nearest; axis 0: left and right, 1: top and bottom."""
    near_side, far_side = axis, axis + 2
    pairs = [(near_side, near_side), (far_side, far_side), (far_side, near_side), (near_side, far_side)]
    return min(pairs, key=lambda pair: abs(face[pair[0]] - plate[pair[1]]))


def shortest_line(plate: Sequence[int], face: Rect) -> tuple[Point, Point]:
    """The ends of the shortest line from a plate to a face."""
    x, face_x = _nearest(plate[0], plate[2] - 1, face[0], face[2] - 1)
    y, face_y = _nearest(plate[1], plate[3] - 1, face[1], face[3] - 1)
    return (x, y), (face_x, face_y)


def _nearest(a: int, b: int, c: int, d: int) -> tuple[int, int]:
    """The two nearest numbers of the ranges a to b and c to d; the middle of what they share."""
    if b < c:
        return b, c
    if d < a:
        return a, d
    middle = (max(a, c) + min(b, d)) // 2
    return middle, middle


def as_rect(row: np.ndarray) -> Rect:
    """A row of an array of rectangles."""
    left, top, right, bottom = row.tolist()
    return left, top, right, bottom


def margin(by: int) -> np.ndarray:
    """What makes rectangles larger by so many pixels on each side."""
    return np.array((-by, -by, by, by))


def as_array(rects: Sequence[Rect]) -> np.ndarray:
    """Rectangles as int (N, 4), also where there are none."""
    return np.array(rects, int).reshape(-1, 4)


def areas(rects: np.ndarray) -> np.ndarray:
    """The pixels of each: int (N,)."""
    answer: np.ndarray = (rects[:, 2] - rects[:, 0]) * (rects[:, 3] - rects[:, 1])
    return answer


def near(rects: np.ndarray, found: np.ndarray, gap: int = 0) -> np.ndarray:
    """Which rectangles (N, 4) are near any of `found` (C, 4): bool (N,)."""
    low, high = found[:, :2].min(axis=0) - gap, found[:, 2:].max(axis=0) + gap
    return np.asarray(((rects[:, :2] < high) & (rects[:, 2:] > low)).all(axis=1))


def overlaps(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Pixels that each of a (A, 4) shares with each of b (B, 4): int (A, B)."""
    low, high = np.maximum(a[:, None, :2], b[None, :, :2]), np.minimum(a[:, None, 2:], b[None, :, 2:])
    side = np.maximum(0, high - low)
    answer: np.ndarray = side[..., 0] * side[..., 1]
    return answer
