from __future__ import annotations

import numpy as np
import pytest

from edge.vision.letterbox import letterbox, resize, to_grey


def noise(height, width, channels=3):
    return np.random.default_rng(3).integers(0, 256, (height, width, channels), np.uint8)


@pytest.mark.parametrize(
    ("size", "canvas", "inner"),
    [
        ((120, 160), (160, 120), (120, 160)),
        ((240, 320), (160, 120), (120, 160)),
        ((100, 400), (160, 120), (40, 160)),
        ((400, 100), (160, 120), (120, 30)),
        ((1, 1000), (160, 120), (1, 160)),
        ((1, 1), (160, 120), (120, 120)),
    ],
    ids=["the canvas's own size", "larger", "wide", "tall", "a line", "a point"],
)
def test_a_picture_keeps_its_aspect_on_a_black_canvas(size, canvas, inner):
    image = np.full((*size, 3), 200, np.uint8)
    made, fit = letterbox(image, *canvas)
    assert made.shape == (canvas[1], canvas[0], 3)
    assert (made[: inner[0], : inner[1]] == 200).all()
    assert not made[inner[0] :].any()
    assert not made[:, inner[1] :].any()
    assert (fit.width, fit.height) == (size[1], size[0])


def test_a_box_of_the_canvas_lies_on_the_same_spot_of_the_picture():
    image = np.zeros((300, 600, 3), np.uint8)
    image[100:200, 200:400] = 255
    made, fit = letterbox(image, 150, 100)
    rows, columns = np.flatnonzero(made[:, :, 0].any(axis=1)), np.flatnonzero(made[:, :, 0].any(axis=0))
    box = np.float32([[columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]])
    assert fit.to_picture(box).tolist() == [[200, 100, 400, 200]]


def test_a_picture_four_times_too_large_is_averaged():
    image = noise(40, 80)
    halved = image.astype(np.uint16).reshape(20, 2, 40, 2, 3).sum(axis=(1, 3))
    assert np.abs(resize(image, 40, 20).astype(int) - halved / 4).max() <= 0.5
    assert np.array_equal(resize(image, 20, 10), resize(resize(image, 40, 20), 20, 10))


@pytest.mark.parametrize("shape", [(7, 9), (7, 9, 1), (7, 9, 3)])
def test_resize_keeps_the_axes_and_its_input(shape):
    image = noise(7, 9).reshape(7, 9, 3)[:, :, : shape[2] if len(shape) > 2 else 1].reshape(shape)
    before = image.copy()
    assert resize(image, 5, 4).shape == (4, 5, *shape[2:])
    assert np.array_equal(resize(image, 9, 7), image)
    assert np.array_equal(image, before)


def test_grey_is_the_luma_of_bt_601():
    image = noise(6, 5)
    expected = image @ np.array([0.299, 0.587, 0.114])
    assert to_grey(image).shape == (6, 5, 1)
    assert np.abs(to_grey(image)[:, :, 0] - expected).max() <= 1
