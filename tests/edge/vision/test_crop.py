"""Squares cut out of a picture: what lies outside repeats its edge, and each is cut once for all models."""

from __future__ import annotations

import numpy as np
import pytest

from edge.frame import Box
from edge.vision import crop as cutting
from edge.vision.crop import Crops, crop

PICTURE = np.random.default_rng(3).integers(0, 256, (40, 60, 3), np.uint8)


def slow_square(image: np.ndarray, square: Box) -> np.ndarray:
    """Pixel by pixel, at its own size."""
    left, top, right, bottom = (round(side) for side in square.ltrb)
    rows = [min(max(y, 0), image.shape[0] - 1) for y in range(top, bottom)]
    columns = [min(max(x, 0), image.shape[1] - 1) for x in range(left, right)]
    return np.array([[image[y, x] for x in columns] for y in rows])


@pytest.mark.parametrize(
    "square",
    [
        Box(10, 10, 22, 22),
        Box(9.6, 10.4, 21.6, 22.4),  # rounded
        Box(-5, 3, 7, 15),
        Box(53, 30, 65, 42),
        Box(-70, -70, -58, -58),  # wholly outside
    ],
)
def test_a_square_is_what_lies_there(square: Box) -> None:
    assert np.array_equal(crop(PICTURE, square, 12, 12), slow_square(PICTURE, square))


@pytest.mark.parametrize("image", [PICTURE, PICTURE[:, :, :1]], ids=["colour", "grey"])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("square", [Box(-5, 3, 25, 33), Box(10, 10, 26, 26)])
def test_crops_are_what_crop_gives(image: np.ndarray, channels: int, square: Box) -> None:
    crops = Crops(image)
    for _ in range(2):
        assert np.array_equal(crops(square, 16, 16, channels), crop(image, square, 16, 16, channels))


def test_a_square_is_resized_once_for_all_that_take_it(monkeypatch) -> None:
    sizes = []
    resize = cutting.resize
    monkeypatch.setattr(cutting, "resize", lambda part, *size: sizes.append(size) or resize(part, *size))
    crops, square = Crops(PICTURE), Box(5, 5, 35, 35)
    assert not crops(square, 16, 16, 3).flags.writeable
    crops(square, 16, 16, 1)
    assert sizes == [(16, 16)], "grey is made of the colours that were cut before"
    crops(square, 24, 24, 3)
    crops(Box(5, 5, 36, 36), 16, 16, 3)
    assert sizes == [(16, 16), (24, 24), (16, 16)]


def test_a_crop_is_no_view_of_the_picture() -> None:
    image = PICTURE.copy()
    part = crop(image, Box(0, 0, 16, 16), 16, 16)
    part[:] = 0
    assert np.array_equal(image, PICTURE)
