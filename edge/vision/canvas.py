"""Rectangles, plates, boxes, bars and stamps on pictures uint8 (H, W, 3) RGB, drawn in place."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from edge.vision.palette import DARK, GROUND, SHINE, TROUGH, Colour

Rect = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels; right and bottom lie outside."""


@dataclass(frozen=True, eq=False)
class Stamp:
    """Something drawn once and put on many pictures: canvas * (255 - alpha) / 255 + ink.

    Attributes:
        ink: uint8 (h, w, 3) RGB, multiplied by alpha.
        clear: uint8 (h, w, 3), 255 - alpha.
    """

    ink: np.ndarray
    clear: np.ndarray

    @classmethod
    def of(cls, image: np.ndarray | Colour, alpha: np.ndarray) -> Stamp:
        """From a picture uint8 (h, w, 3) RGB or one colour, and its alpha uint8 (h, w)."""
        solid = cv2.merge((alpha, alpha, alpha))
        coloured = np.empty_like(solid)
        coloured[:] = image
        return cls(cv2.multiply(coloured, solid, scale=1 / 255), cv2.bitwise_not(solid))

    def put(self, canvas: np.ndarray, left: int, top: int) -> None:
        """Put it on the canvas; what lies outside is left out."""
        height, width = self.ink.shape[:2]
        x, y = max(0, -left), max(0, -top)
        right, bottom = min(width, canvas.shape[1] - left), min(height, canvas.shape[0] - top)
        if x >= right or y >= bottom:
            return
        part = canvas[top + y : top + bottom, left + x : left + right]
        cv2.multiply(part, self.clear[y:bottom, x:right], dst=part, scale=1 / 255)
        cv2.add(part, self.ink[y:bottom, x:right], dst=part)


def plate(canvas: np.ndarray, rect: Rect) -> None:
    """A dark ground for text; an eighth of the picture below shines through."""
    part = canvas[max(rect[1], 0) : max(rect[3], 0), max(rect[0], 0) : max(rect[2], 0)]
    if part.size:
        np.right_shift(part, SHINE, out=part)
        cv2.add(part, (*GROUND, 0), dst=part)


def fill(canvas: np.ndarray, colour: Colour) -> None:
    """The whole canvas in one colour; assigning by numpy takes thirty times as long."""
    cv2.rectangle(canvas, (0, 0), (canvas.shape[1], canvas.shape[0]), colour, -1)


def dots(picture: np.ndarray, points: np.ndarray, radius: int, colour: Colour) -> None:
    """Filled dots at points (N, 2), in place."""
    for x, y in np.round(points).astype(int).tolist():
        cv2.circle(picture, (x, y), radius, colour, -1, cv2.LINE_AA)


def frame(canvas: np.ndarray, rect: Rect, colour: Colour, line: int) -> None:
    """A box with a dark outline, so that it shows on bright and dark pictures."""
    first, last = rect[:2], (rect[2] - 1, rect[3] - 1)
    cv2.rectangle(canvas, first, last, DARK, line + 2, cv2.LINE_AA)
    cv2.rectangle(canvas, first, last, colour, line, cv2.LINE_AA)


CIRCLE = 1.3  # diameter of the circle around a face, in longer sides of its box


def circle(canvas: np.ndarray, rect: Rect, colour: Colour, line: int) -> None:
    """The circle in a square, with a dark outline."""
    middle = ((rect[0] + rect[2]) // 2, (rect[1] + rect[3]) // 2)
    radius = max(1, (rect[2] - rect[0]) // 2)
    cv2.circle(canvas, middle, radius, DARK, line + 2, cv2.LINE_AA)
    cv2.circle(canvas, middle, radius, colour, line, cv2.LINE_AA)


def leader(canvas: np.ndarray, ends: tuple[tuple[int, int], tuple[int, int]], colour: Colour, line: int) -> None:
    """A line from a caption to its face, with a dark outline."""
    cv2.line(canvas, *ends, DARK, line + 2, cv2.LINE_AA)
    cv2.line(canvas, *ends, colour, line, cv2.LINE_AA)


def bar(canvas: np.ndarray, rect: Rect, share: float, colour: Colour) -> None:
    """A bar from 0 to 1 in its trough."""
    cv2.rectangle(canvas, rect[:2], (rect[2] - 1, rect[3] - 1), TROUGH, -1)
    length = round((rect[2] - rect[0]) * share)
    if length > 0:
        cv2.rectangle(canvas, rect[:2], (rect[0] + length - 1, rect[3] - 1), colour, -1)


def area(rect: Rect) -> int:
    """Pixels."""
    return max(0, rect[2] - rect[0]) * max(0, rect[3] - rect[1])


def shared(a: Rect, b: Rect) -> int:
    """Pixels in both."""
    return area((max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])))


def around(rect: Rect, by: float) -> Rect:
    """The square around the middle of a rectangle, its side `by` times the longer side."""
    half = round(max(rect[2] - rect[0], rect[3] - rect[1]) * by / 2)
    x, y = (rect[0] + rect[2]) // 2, (rect[1] + rect[3]) // 2
    return x - half, y - half, x + half, y + half


def line_for(rect: Rect, most: int) -> int:
    """Thickness of the outline of a face: `most` pixels, less around a small one."""
    return max(1, min(most, round(0.05 * max(rect[2] - rect[0], rect[3] - rect[1]))))


def eyes(rect: Rect) -> Rect:
    """Where the eyes are in the box of a face: from 20 % to 55 % of its height."""
    height = rect[3] - rect[1]
    return rect[0], rect[1] + round(0.2 * height), rect[2], rect[1] + round(0.55 * height)
