"""Filling polygons and drawing lots with whole numbers alone: the same pixels on every machine and library version.

Coordinates are int64 in units of 1/UNIT pixel; a pixel reaches from UNIT * i to UNIT * (i + 1).
"""

from __future__ import annotations

import numpy as np

UNIT = 16
FULL = 16  # coverage of a pixel that lies wholly inside
SCANS = 8  # lines a pixel row

_GOLDEN = 0x9E3779B97F4A7C15
_WORD = 0xFFFFFFFFFFFFFFFF


class IntRng:
    """A generator of whole numbers, splitmix64 (Steele et al., 2014): unlike numpy's, its stream will never change."""

    def __init__(self, seed: int) -> None:
        self.state = _mix(seed & _WORD)

    def within(self, low: int, high: int) -> int:
        """A whole number, low <= n <= high."""
        self.state = (self.state + _GOLDEN) & _WORD
        return low + _mix(self.state) % (high - low + 1)

    def noise(self, height: int, width: int, reach: int) -> np.ndarray:
        """Whole numbers int64 (height, width) from -reach to reach, sums of two throws."""
        self.state = (self.state + _GOLDEN) & _WORD
        words = np.arange(height * width, dtype=np.uint64) * np.uint64(_GOLDEN) + np.uint64(self.state)
        words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        words ^= words >> np.uint64(31)
        first, second = words & np.uint64(0xFFFF), words >> np.uint64(48)
        throws = (first * np.uint64(reach + 1) >> np.uint64(16)) + (second * np.uint64(reach + 1) >> np.uint64(16))
        return (throws.astype(np.int64) - reach).reshape(height, width)


def _mix(word: int) -> int:
    word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) & _WORD
    word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & _WORD
    return word ^ (word >> 31)


def fill(polygon: np.ndarray, top: int, left: int, height: int, width: int) -> np.ndarray:
    """How much of each pixel lies inside a polygon, int64 (height, width) from 0 to FULL.

    Each pixel row is cut by SCANS lines. Where a line crosses a side going up, all that is to the right gains, going
    down it loses; the crossing's own pixel gains the part right of it. One running sum along the rows then gives the
    coverage, as fonts are drawn. What the polygon encloses twice counts once.

    Args:
        polygon: int64 (N, 2), (x, y) in units; closed by itself.
        top, left: the first pixel of the answer.
        height, width: its size in pixels.
    """
    step, half = UNIT // SCANS, UNIT // SCANS // 2
    start = polygon - [left * UNIT, top * UNIT]
    end = np.concatenate([start[1:], start[:1]])
    falls = start[:, 1] <= end[:, 1]
    upper, lower = np.where(falls[:, None], start, end), np.where(falls[:, None], end, start)
    # Scan line r lies at y = r * step + half; a side takes the lines with upper.y <= y < lower.y.
    first, last = (np.clip(-((half - side[:, 1]) // step), 0, height * SCANS) for side in (upper, lower))
    spans = last - first
    side = np.repeat(np.arange(len(start)), spans)
    line = np.arange(len(side)) - np.repeat(np.cumsum(spans) - spans, spans) + first[side]
    run, rise = (lower - upper)[side].T
    x = upper[side, 0] + (line * step + half - upper[side, 1]) * run // rise
    x = np.clip(x, 0, width * UNIT)
    sign = np.where(falls[side], 1, -1)
    column, part = x // UNIT, UNIT - x % UNIT
    place = line // SCANS * (width + 2) + column
    size = height * (width + 2)
    # bincount adds in float64, exact for whole numbers of this size.
    gains = np.bincount(place, sign * part, size) + np.bincount(place + 1, sign * (UNIT - part), size)
    covered = np.cumsum(gains.reshape(height, width + 2), axis=1)[:, :width].astype(np.int64)
    return np.minimum(np.abs(covered), UNIT * SCANS) * FULL // (UNIT * SCANS)


def smooth(points: np.ndarray, steps: int) -> np.ndarray:
    """A closed Catmull-Rom curve through points int64 (N, 2), each side cut into `steps`; int64 (N * steps, 2)."""
    before, after, beyond = (np.roll(points, shift, axis=0) for shift in (1, -1, -2))
    t = np.arange(steps, dtype=np.int64)[None, :, None]
    # The cubic of Catmull & Rom (1974) with t / steps, over 2 * steps^3.
    a, b = -before + 3 * points - 3 * after + beyond, 2 * before - 5 * points + 4 * after - beyond
    c, d = after - before, 2 * points
    n = steps
    curve = a[:, None] * t**3 + b[:, None] * t**2 * n + c[:, None] * t * n**2 + d[:, None] * n**3
    return (curve // (2 * n**3)).reshape(-1, 2)


def ribbon(line: np.ndarray, width: int) -> np.ndarray:
    """The polygon of a stroke, int64 (2 * N, 2), along an open line int64 (N, 2), `width` units wide."""
    along = np.diff(line, axis=0)
    along = np.concatenate([along, along[-1:]])
    length = np.maximum(np.abs(along).max(axis=1), 1)[:, None]
    across = np.stack([-along[:, 1], along[:, 0]], axis=1) * width // (2 * length)
    return np.concatenate([line + across, (line - across)[::-1]])
