"""Whole-number polygons and lots, against slow and obvious oracles."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.data.raster import FULL, SCANS, UNIT, IntRng, fill, ribbon, smooth


def oracle(polygon: list[tuple[int, int]], height: int, width: int) -> np.ndarray:
    """Coverage 0-1 of a convex polygon: on every scan line the exact stretch between its two crossings."""
    cover = np.zeros((height, width))
    for line in range(height * SCANS):
        y = Fraction(line * UNIT, SCANS) + Fraction(UNIT, 2 * SCANS)
        crossings = []
        for (x0, y0), (x1, y1) in zip(polygon, polygon[1:] + polygon[:1], strict=True):
            if min(y0, y1) <= y < max(y0, y1):
                crossings.append(x0 + (y - y0) * (x1 - x0) / (y1 - y0))
        for start, end in zip(sorted(crossings)[::2], sorted(crossings)[1::2], strict=True):
            for column in range(width):
                inside = min(end, (column + 1) * UNIT) - max(start, column * UNIT)
                cover[line // SCANS, column] += float(max(inside, 0)) / UNIT / SCANS
    return cover


SQUARE = [(2 * UNIT, UNIT), (5 * UNIT, UNIT), (5 * UNIT, 3 * UNIT), (2 * UNIT, 3 * UNIT)]


@pytest.mark.parametrize(
    ("polygon", "expected"),
    [
        ([], 0),
        ([(16, 16)], 0),
        ([(0, 0), (80, 64)], 0),
        (SQUARE, 6 * FULL),
        (SQUARE[::-1], 6 * FULL),
        ([(x + UNIT // 2, y) for x, y in SQUARE], 6 * FULL),
        ([(x, y - 2 * UNIT) for x, y in SQUARE], 3 * FULL),
        ([(x - 3 * UNIT, y) for x, y in SQUARE], 4 * FULL),
        ([(x + 100 * UNIT, y) for x, y in SQUARE], 0),
        ([(x, y + 100 * UNIT) for x, y in SQUARE], 0),
        ([(-900, -900), (900, -900), (900, 900), (-900, 900)], 48 * FULL),
        (SQUARE + SQUARE, 6 * FULL),
    ],
)
def test_how_much_a_polygon_covers(polygon: list[tuple[int, int]], expected: int) -> None:
    cover = fill(np.array(polygon, np.int64).reshape(-1, 2), 0, 0, 6, 8)
    assert cover.shape == (6, 8)
    assert cover.sum() == expected
    assert cover.min() >= 0
    assert cover.max() <= FULL


def test_half_a_pixel_is_half_covered() -> None:
    cover = fill(np.array([(8, 16), (48, 16), (48, 40), (8, 40)]), 0, 0, 4, 4)
    assert cover.tolist() == [[0, 0, 0, 0], [8, 16, 16, 0], [4, 8, 8, 0], [0, 0, 0, 0]]


def test_a_window_shows_its_part_of_the_whole() -> None:
    star = np.array([(160, 5), (200, 130), (310, 160), (190, 200), (150, 310), (100, 190), (9, 150), (120, 110)])
    whole = fill(star, 0, 0, 20, 20)
    assert np.array_equal(fill(star, 3, 5, 10, 12), whole[3:13, 5:17])
    assert np.array_equal(fill(star[::-1], 0, 0, 20, 20), whole)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(-60, 200), st.integers(-60, 200)), min_size=3, max_size=3))
def test_triangles_agree_with_exact_stretches(triangle: list[tuple[int, int]]) -> None:
    got = fill(np.array(triangle), 0, 0, 9, 9) / FULL
    # A crossing is taken down to a sixteenth of a pixel, and so is the sum of the lines.
    assert np.abs(got - oracle(triangle, 9, 9)).max() <= 3 / FULL


def test_smooth_passes_through_its_corners() -> None:
    corners = np.array([(0, 0), (160, 8), (200, 170), (-30, 120)])
    curve = smooth(corners, 8)
    assert curve.shape == (32, 2)
    assert np.array_equal(curve[::8], corners)


def test_a_ribbon_covers_its_length_times_its_width() -> None:
    cover = fill(ribbon(np.array([(32, 64), (160, 64)]), 16), 0, 0, 8, 12)
    assert cover.sum() == 8 * FULL


def test_dice_never_change() -> None:
    dice = IntRng(7)
    assert [dice.within(0, 99) for _ in range(8)] == GOLDEN_THROWS
    assert dice.noise(2, 3, 4).tolist() == GOLDEN_NOISE


GOLDEN_THROWS = [55, 25, 8, 75, 17, 4, 98, 72]
GOLDEN_NOISE = [[4, -3, 0], [-2, 3, -1]]


def test_dice_are_fair() -> None:
    dice = IntRng(3)
    counts = np.bincount([dice.within(2, 6) for _ in range(5000)], minlength=7)
    assert counts[:2].sum() == 0
    assert (np.abs(counts[2:] - 1000) < 150).all()
    noise = dice.noise(100, 100, 5)
    assert (noise.min(), noise.max()) == (-5, 5)
    assert abs(noise.mean()) < 0.15
