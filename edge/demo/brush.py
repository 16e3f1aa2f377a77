"""Soft shapes on a picture with alpha: what the drawn heads are painted with.

Lengths are in units of a head that is 400 wide and 480 high, hair and shoulders included; y grows downwards. Shapes
are kept with the part of the picture that they touch, so that blurring a small one is cheap.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from edge.vision.canvas import Stamp

WIDTH, HEIGHT = 400, 480
FINE = 2  # drawn so many times larger, then made smaller by the mean of the pixels
BITS = 4  # of a pixel's fraction in OpenCV's coordinates

Colour = tuple[int, ...]  # RGB
Point = tuple[float, float]
Points = Sequence[Point]


@dataclass(frozen=True, eq=False)
class Cover:
    """How much of each pixel a shape covers.

    Attributes:
        left, top: where the array lies on the canvas, fine pixels.
        share: float32 (h, w), 0-1; outside of it the shape covers nothing.
    """

    left: int
    top: int
    share: np.ndarray

    def inside(self, other: Cover) -> Cover:
        """The part that another shape covers, too."""
        left, top = max(self.left, other.left), max(self.top, other.top)
        return Cover(left, top, self._part(left, top, other) * other._part(left, top, self))

    def outside(self, other: Cover) -> Cover:
        """The part that another shape leaves free."""
        share = self.share.copy()
        both = self.inside(other)
        height, width = both.share.shape
        y, x = both.top - self.top, both.left - self.left
        share[y : y + height, x : x + width] -= both.share
        return Cover(self.left, self.top, share)

    def _part(self, left: int, top: int, other: Cover) -> np.ndarray:
        right = min(self.left + self.share.shape[1], other.left + other.share.shape[1])
        bottom = min(self.top + self.share.shape[0], other.top + other.share.shape[0])
        y, x = top - self.top, left - self.left
        return self.share[y : max(y, bottom - self.top), x : max(x, right - self.left)]


class Canvas:
    """A picture with alpha, `height` pixels high and 5/6 as wide, drawn on in units."""

    def __init__(self, height: int) -> None:
        self._scale = height * FINE / HEIGHT
        size = (height * FINE, round(height * WIDTH / HEIGHT) * FINE)
        self._pixels = np.zeros((*size, 3), np.float32)
        self._alpha = np.zeros(size, np.float32)

    def stamp(self) -> Stamp:
        """The picture in its own size."""
        size = (self._alpha.shape[1] // FINE, self._alpha.shape[0] // FINE)
        alpha = cv2.resize(self._alpha, size, interpolation=cv2.INTER_AREA)
        ink = cv2.resize(self._pixels * self._alpha[..., None], size, interpolation=cv2.INTER_AREA)
        image = np.clip(ink / np.maximum(alpha, 1e-3)[..., None], 0, 255).astype(np.uint8)
        return Stamp.of(image, np.rint(alpha * 255).astype(np.uint8))

    def area(self, points: Points, soft: float = 0.0) -> Cover:
        """A polygon; its edge `soft` units wide."""

        def draw(cover: np.ndarray, at: np.ndarray) -> None:
            cv2.fillPoly(cover, [at], 255, cv2.LINE_AA, BITS)

        return self._drawn(points, 0.0, soft, draw)

    def path(self, points: Points, width: float, soft: float = 0.0) -> Cover:
        """A line through points, `width` units thick."""
        thick = max(1, round(width * self._scale))

        def draw(cover: np.ndarray, at: np.ndarray) -> None:
            cv2.polylines(cover, [at], False, 255, thick, cv2.LINE_AA, BITS)

        return self._drawn(points, width, soft, draw)

    def paint(self, colour: Colour | np.ndarray, cover: Cover, strength: float = 1.0) -> None:
        """Colour over what is there."""
        pixels, alpha = self._below(cover)
        share = (cover.share * strength)[..., None]
        pixels += (np.asarray(colour, np.float32) - pixels) * share
        alpha += (1 - alpha) * share[..., 0]

    def shade(self, by: float | np.ndarray, cover: Cover) -> None:
        """Darker (below 1) or lighter (above 1) than what is there; a number, or one for each pixel of the cover."""
        pixels, _ = self._below(cover)
        pixels *= (1 + (by - 1) * cover.share)[..., None]

    def away(self, cover: Cover, x: float, y: float, across: float, down: float) -> np.ndarray:
        """How far each pixel of a cover is from (x, y), squared, in half axes of an ellipse; float32 (h, w)."""
        height, width = cover.share.shape
        ys, xs = np.mgrid[cover.top : cover.top + height, cover.left : cover.left + width].astype(np.float32)
        made: np.ndarray = ((xs / self._scale - x) / across) ** 2 + ((ys / self._scale - y) / down) ** 2
        return made

    def _below(self, cover: Cover) -> tuple[np.ndarray, np.ndarray]:
        height, width = cover.share.shape
        part = (slice(cover.top, cover.top + height), slice(cover.left, cover.left + width))
        return self._pixels[part], self._alpha[part]

    def _drawn(self, points: Points, width: float, soft: float, draw: Callable[..., None]) -> Cover:
        at = np.asarray(points, np.float64) * self._scale
        room = (width / 2 + 3 * soft) * self._scale + 2
        low = np.maximum(np.floor(at.min(axis=0) - room), 0).astype(int)
        high = np.minimum(np.ceil(at.max(axis=0) + room), self._alpha.shape[::-1]).astype(int)
        cover = np.zeros(tuple(np.maximum(high - low, 1)[::-1]), np.uint8)
        draw(cover, np.rint((at - low) * (1 << BITS)).astype(np.int32))
        share = cover.astype(np.float32) / 255
        if soft:
            share = cv2.GaussianBlur(share, (0, 0), soft * self._scale)
        return Cover(int(low[0]), int(low[1]), share)


def ellipse(x: float, y: float, across: float, down: float, begin: float = 0.0, end: float = 360.0) -> Points:
    """Points on an ellipse around (x, y), from one angle to another, degrees clockwise from the right."""
    t = np.radians(np.linspace(begin, end, 61))
    return list(zip(x + across * np.cos(t), y + down * np.sin(t), strict=True))


def curve(*points: tuple[float, float]) -> Points:
    """A smooth line through points (Catmull-Rom)."""
    p = np.array([points[0], *points, points[-1]], np.float64)
    t = np.linspace(0, 1, 13)[:, None]
    parts = []
    for a, b, c, d in zip(p, p[1:], p[2:], p[3:], strict=False):
        parts.append(0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3))
    return [(float(x), float(y)) for x, y in np.concatenate(parts)]
