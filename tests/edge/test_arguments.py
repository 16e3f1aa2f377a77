"""Pictures that callers of the Python API pass as arrays."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edge import arguments

PIXELS = np.random.default_rng(1).integers(0, 256, (6, 8, 3), np.uint8)


def read_only():
    made = PIXELS.copy()
    made.flags.writeable = False
    return made


@pytest.mark.parametrize("bgr", [False, True])
@pytest.mark.parametrize(
    "picture",
    [
        PIXELS,
        PIXELS[:1, :1],
        PIXELS[:, ::-1],
        PIXELS[::2, ::2],
        PIXELS[:, :, ::-1],
        np.asfortranarray(PIXELS),
        np.broadcast_to(PIXELS[:1], PIXELS.shape),
        PIXELS.view(np.recarray),
        read_only(),
    ],
    ids=["plain", "one pixel", "mirrored", "halved", "swapped", "by columns", "repeated", "derived", "read-only"],
)
def test_any_array_of_pixels_becomes_a_copy_in_rgb(picture, bgr):
    got = arguments.picture_pixels(picture, bgr)
    assert np.array_equal(got, picture[:, :, ::-1] if bgr else picture)
    assert (type(got), got.flags.c_contiguous, got.flags.writeable) == (np.ndarray, True, True)
    assert not np.shares_memory(got, picture)


def test_the_arrays_of_opencv_are_turned_by_opencv_which_is_faster(monkeypatch):
    asked = []
    turned = cv2.cvtColor
    monkeypatch.setattr(cv2, "cvtColor", lambda *given: asked.append(given[1]) or turned(*given))
    arguments.picture_pixels(PIXELS, bgr=True)
    assert asked == [cv2.COLOR_BGR2RGB]
