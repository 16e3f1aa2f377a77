from __future__ import annotations

import numpy as np
import pytest

from edge.cameras.transform import TransformedCamera, transform
from edge.testing import FakeCamera, pictures

# 1 2 3
# 4 5 6
IMAGE = np.repeat(np.array([[1, 2, 3], [4, 5, 6]], np.uint8)[:, :, None], 3, axis=2)


@pytest.mark.parametrize(
    ("rotate", "flip", "rows"),
    [
        (0, "none", [[1, 2, 3], [4, 5, 6]]),
        (90, "none", [[4, 1], [5, 2], [6, 3]]),
        (180, "none", [[6, 5, 4], [3, 2, 1]]),
        (270, "none", [[3, 6], [2, 5], [1, 4]]),
        (0, "horizontal", [[3, 2, 1], [6, 5, 4]]),
        (0, "vertical", [[4, 5, 6], [1, 2, 3]]),
        (90, "horizontal", [[1, 4], [2, 5], [3, 6]]),
        (180, "vertical", [[3, 2, 1], [6, 5, 4]]),
    ],
)
def test_turn_is_clockwise_then_mirrors(rotate, flip, rows):
    before = IMAGE.copy()
    got = transform(IMAGE, rotate, flip)
    assert got[:, :, 0].tolist() == rows
    assert got.flags.c_contiguous
    assert not np.shares_memory(got, IMAGE)
    assert (before == IMAGE).all()


def test_four_quarter_turns_are_none():
    image = IMAGE
    for _ in range(4):
        image = transform(image, 90, "none")
    assert (image == IMAGE).all()


def test_a_turned_camera_keeps_time_pauses_and_the_other_cameras_ways():
    frame = pictures(1, size=(6, 4))[0]
    inner = FakeCamera([frame, None], live=True, hangs=True)
    camera = TransformedCamera(inner, 90, "none")
    assert (camera.live, camera.stuck) == (True, False)
    got, pause = camera
    assert (got.width, got.height, got.time, got.index) == (4, 6, frame.time, frame.index)
    assert pause is None
    camera.close()
    assert inner.closed
    assert camera.stuck
