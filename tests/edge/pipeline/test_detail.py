from __future__ import annotations

import cv2
import numpy as np
import pytest

from edge.errors import InvalidValue
from edge.pipeline.detail import plan, search
from edge.pipeline.detector import FaceDetector
from edge.testing import FakeEngine

LEAST = 12  # pixels of the canvas: the fake detector sees nothing smaller


@pytest.fixture
def detector(tiny_manifest):
    """Finds every bright patch of at least LEAST pixels a side on its canvas of 160x120; surer of larger ones."""
    spec = tiny_manifest["face"]

    def answer(canvas):
        logits, distances = np.full((80, 1), -9, np.float32), np.zeros((80, 4), np.float32)
        patches = cv2.connectedComponentsWithStats((canvas[:, :, 0] > 128).astype(np.uint8))[2][1:]
        for x, y, width, height, _ in patches:
            if min(width, height) >= LEAST:
                column, row = int(x + width / 2) // 16, int(y + height / 2) // 16
                at = np.array([column, row] * 2) * 16 + 8
                logits[row * 10 + column] = 1 + width / 40
                distances[row * 10 + column] = np.array([1, 1, -1, -1]) * (at - [x, y, x + width, y + height]) / 16
        return logits, distances

    return FaceDetector(FakeEngine(spec, answer))


def picture(*squares, width=640, height=480):
    """Black, with bright squares (left, top, side)."""
    image = np.zeros((height, width, 3), np.uint8)
    for left, top, side in squares:
        image[top : top + side, left : left + side] = 255
    return image


def found(detector, image, detail):
    return sorted(tuple(face.box.ltrb) for face in search(detector, image, detail))


def test_the_fake_sees_a_face_of_its_size_and_no_smaller_one(detector):
    assert found(detector, picture((16, 16, 64), (300, 300, 40)), "fast") == [(16, 16, 80, 80)]


@pytest.mark.parametrize(
    ("squares", "size", "fast", "auto", "full"),
    [
        ([], (640, 480), 0, 0, 0),
        ([(100, 100, 30)], (640, 480), 0, 1, 1),
        ([(300, 220, 30)], (640, 480), 0, 1, 1),
        ([(100, 100, 16)], (640, 480), 0, 0, 1),
        ([(30, 30, 300)], (640, 480), 1, 1, 1),
        ([(30, 30, 300), (400, 300, 30), (600, 10, 30)], (640, 480), 1, 3, 3),
        ([(100, 300, 40)], (480, 640), 0, 1, 1),
        ([(100, 100, 10)], (240, 180), 0, 0, 0),
    ],
    ids=[
        "nobody", "small", "small, where tiles overlap", "tiny", "larger than a tile", "large and small", "portrait",
        "not a large picture",
    ],
)  # fmt: skip
def test_smaller_faces_are_found_the_closer_the_search_and_each_once(detector, squares, size, fast, auto, full):
    image = picture(*squares, width=size[0], height=size[1])
    counts = [len(search(detector, image, detail)) for detail in ("fast", "auto", "full")]
    assert counts == [fast, auto, full]


def test_boxes_are_in_pixels_of_the_picture(detector):
    ((left, top, right, bottom),) = found(detector, picture((500, 400, 32)), "auto")
    assert np.abs(np.array([left, top, right, bottom]) - [500, 400, 532, 432]).max() < 4


@pytest.mark.parametrize(
    ("size", "fast", "auto", "full"),
    [
        ((160, 120), 0, 0, 0),
        ((240, 180), 0, 0, 0),
        ((180, 240), 0, 0, 0),
        ((320, 240), 0, 4, 4),
        ((640, 480), 0, 4, 20),
        ((240, 320), 0, 2, 10),
        ((400, 400), 0, 6, 30),
        ((4000, 3000), 0, 4, 84),
    ],
)
def test_a_picture_is_tiled_only_where_it_is_much_larger_than_the_canvas(size, fast, auto, full):
    counts = [len(plan(detail, *size, 160, 120)) for detail in ("fast", "auto", "full")]
    assert counts == [fast, auto, full]


@pytest.mark.parametrize("size", [(1, 60_000), (60_000, 1), (1_000_000, 1), (3, 50_000), (200, 40_000)])
@pytest.mark.parametrize("detail", ["auto", "full"])
def test_a_strip_is_not_cut_into_thousands_of_tiles(size, detail):
    assert len(plan(detail, *size, 320, 240)) <= 150


def test_another_word_is_an_error(detector):
    with pytest.raises(InvalidValue, match="detail: expected one of auto, fast, full, got 'best'"):
        search(detector, picture(), "best")
