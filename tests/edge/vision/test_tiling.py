from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import InvalidValue
from edge.vision.tiling import Tile, cut_off, merge, tiles


def boxes(*rows):
    return np.array(rows, np.float32).reshape(-1, 4)


@pytest.mark.parametrize(
    ("size", "columns", "expected"),
    [
        ((320, 240), 1, [(0, 0, 320, 240)]),
        ((1, 1), 1, [(0, 0, 1, 1)]),
        ((480, 640), 1, [(0, 0, 480, 360), (0, 280, 480, 360)]),
        ((640, 480), 2, [(0, 0, 356, 267), (284, 0, 356, 267), (0, 213, 356, 267), (284, 213, 356, 267)]),
        ((4000, 1000), 2, [(0, 0, 2223, 1000), (1777, 0, 2223, 1000)]),
    ],
    ids=["the canvas itself", "one pixel", "portrait: upper and lower part", "four parts", "panorama: one row"],
)
def test_tiles_have_the_shape_of_the_canvas_and_cover_the_picture(size, columns, expected):
    found = [(t.left, t.top, t.width, t.height) for t in tiles(*size, 320, 240, columns, 0.2)]
    assert found == expected


@given(
    st.integers(1, 5000), st.integers(1, 5000), st.integers(1, 8),
    st.floats(0, 0.5),
)  # fmt: skip
def test_tiles_lie_in_the_picture_and_overlap_by_what_was_asked_for(width, height, columns, overlap):
    found = tiles(width, height, 320, 240, columns, overlap)
    for axis, length in (("left", width), ("top", height)):
        side = getattr(found[0], "width" if axis == "left" else "height")
        starts = sorted({getattr(tile, axis) for tile in found})
        assert starts[0] >= 0
        assert starts[-1] + side <= length
        if len(starts) > 1:
            assert (starts[0], starts[-1] + side) == (0, length)
            # Rounding to whole pixels may cost two of them.
            assert max(np.diff(starts)) <= side * (1 - overlap) + 2
        else:
            assert side >= length - 2


@pytest.mark.parametrize(
    "wrong", [(0, 1, 1, 1, 1, 0.0), (1, 1, 1, 0, 1, 0.0), (1, 1, 1, 1, 0, 0.0), (1, 1, 1, 1, 1, 1.0)]
)
def test_sizes_columns_and_overlap_are_checked(wrong):
    with pytest.raises(InvalidValue, match="tiles: expected sizes and columns of at least 1 and an overlap of 0 to 1"):
        tiles(*wrong)


def test_a_tile_is_a_view_of_the_picture_and_its_boxes_are_mapped_back():
    image = np.arange(20 * 30 * 3, dtype=np.uint16).astype(np.uint8).reshape(20, 30, 3)
    tile = Tile(10, 5, 8, 6)
    assert np.shares_memory(tile.of(image), image)
    assert np.array_equal(tile.of(image), image[5:11, 10:18])
    assert tile.to_picture(boxes((1, 2, 3, 4))).tolist() == [[11, 7, 13, 9]]
    assert tile.to_picture(boxes()).shape == (0, 4)


@pytest.mark.parametrize(
    ("tile", "box", "cut"),
    [
        (Tile(0, 0, 100, 100), (0, 0, 20, 20), False),
        (Tile(0, 0, 100, 100), (-3, -3, 20, 20), False),
        (Tile(0, 0, 100, 100), (80, 10, 100, 30), True),
        (Tile(0, 0, 100, 100), (10, 75, 30, 99.5), True),
        (Tile(100, 0, 100, 100), (0.5, 10, 20, 30), True),
        (Tile(0, 100, 100, 100), (10, 0.5, 30, 20), True),
        (Tile(100, 100, 100, 100), (2, 2, 22, 22), False),
        (Tile(100, 100, 100, 100), (80, 80, 104, 104), False),
    ],
    ids=["corner", "over the picture's edge", "right", "bottom", "left", "top", "near enough", "last tile"],
)
def test_a_face_at_a_tiles_inner_edge_is_left_to_the_neighbour(tile, box, cut):
    assert cut_off(boxes(box), tile, 200, 200, 0.05).tolist() == [cut]
    assert cut_off(boxes(), tile, 200, 200, 0.05).shape == (0,)


WHOLE, NEXT = (0, 0, 100, 100), (200, 0, 300, 100)
NESTED = (5, 5, 60, 60)


@pytest.mark.parametrize(
    ("ltrb", "scores", "views", "kept"),
    [
        ([], [], [], []),
        ([WHOLE], [0.9], [0], [0]),
        ([WHOLE, NEXT], [0.8, 0.9], [0, 0], [1, 0]),
        ([WHOLE, (4, 4, 104, 104)], [0.8, 0.9], [0, 1], [1]),
        ([WHOLE, (4, 4, 104, 104)], [0.9, 0.9], [0, 1], [0]),
        ([WHOLE, NESTED], [0.9, 0.8], [0, 1], [0]),
        ([WHOLE, NESTED], [0.9, 0.8], [0, 0], [0, 1]),
    ],
    ids=["nothing", "one", "two people", "seen twice", "equal scores", "a part of it in a tile", "both in one view"],
)
def test_what_several_views_saw_is_one_list_without_doubles(ltrb, scores, views, kept):
    arrays = boxes(*ltrb), np.array(scores, np.float32), np.array(views, int)
    assert merge(*arrays, iou=0.5, inside=0.7, limit=9).tolist() == kept


def test_no_more_boxes_stay_than_asked_for():
    many = boxes(*[(20 * n, 0, 20 * n + 10, 10) for n in range(5)])
    scores = np.float32([0.1, 0.5, 0.3, 0.2, 0.4])
    assert merge(many, scores, np.zeros(5, int), 0.5, 0.7, 2).tolist() == [1, 4]
