"""Cloth around made-up faces."""

from __future__ import annotations

import numpy as np
import pytest

from tests.training.accelerator.test_mask_pack import face_points
from tests.training.data.test_mask_variety import changed, picture
from training.data.headscarves import headscarf


@pytest.mark.parametrize("seed", range(12))
def test_cloth_goes_around_a_face_and_leaves_eyes_nose_and_mouth_free(seed) -> None:
    image, points = picture(), face_points()
    drawn = headscarf(image, points, np.random.default_rng(seed))
    assert (drawn.shape, drawn.dtype) == (image.shape, np.uint8)
    np.testing.assert_array_equal(image, picture())
    cloth = changed(image, drawn)
    features = np.round(points[[30, 36, 39, 42, 45, 48, 54, 62]]).astype(int)
    shade = np.abs(drawn.astype(float) / image - (drawn.astype(float) / image).mean(axis=2, keepdims=True)).max(axis=2)
    assert shade[features[:, 1], features[:, 0]].max() < 0.05, "darker at most: a shadow keeps the colour of the skin"
    assert cloth[68:, 30:42].any(), "below the chin"
    assert cloth.mean() > 0.2


def test_one_seed_is_one_drawing_and_seeds_differ() -> None:
    one, same, other = (headscarf(picture(), face_points(), np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != other).mean() > 0.1


def test_a_grey_picture_stays_grey() -> None:
    drawn = headscarf(picture((90, 90, 90)), face_points(), np.random.default_rng(0))
    assert (drawn == drawn[..., :1]).all()


def test_a_face_outside_of_the_picture_is_no_error() -> None:
    assert headscarf(picture(), face_points(left=400.0), np.random.default_rng(0)).shape == (72, 72, 3)
