"""From pixels to what a model was trained on, against Keras' own formulas written out slowly."""

from __future__ import annotations

import numpy as np
import pytest

from edge.errors import InvalidValue
from edge.manifest import ModelSpec
from edge.vision.preprocessing import Preprocessing, look_up
from edge.vision.tensor import pixel_table

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def picture(channels: int = 3) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (4, 5, channels), np.uint8)


def test_nothing_gives_nothing() -> None:
    assert Preprocessing().apply(np.zeros((0, 4, 4, 3), np.uint8)).shape == (0, 4, 4, 3)


def test_without_channels_of_their_own_it_is_the_plain_table() -> None:
    got = Preprocessing(-1.0, 1.0).table(2 / 255, 0, np.int8)
    assert np.array_equal(got, pixel_table(-1.0, 1.0, 2 / 255, 0, np.int8))


def test_torch_mode() -> None:
    image = picture()
    got = Preprocessing(mean=MEAN, std=STD).apply(image)
    for c in range(3):
        assert np.allclose(got[..., c], (image[..., c] / 255 - MEAN[c]) / STD[c], atol=1e-6)


def test_caffe_mode_turns_the_channels_around_and_subtracts_blue_first() -> None:
    image = picture()
    got = Preprocessing(0.0, 255.0, order="bgr", mean=(103.939, 116.779, 123.68)).apply(image)
    assert np.allclose(got[..., 0], image[..., 2] - 103.939, atol=1e-4)
    assert np.allclose(got[..., 2], image[..., 0] - 123.68, atol=1e-4)


def test_one_mean_serves_a_grey_model() -> None:
    image = picture(1)
    assert np.allclose(Preprocessing(mean=(0.5,), std=(0.25,)).apply(image), (image / 255 - 0.5) / 0.25, atol=1e-6)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("rows", [1, 3])
def test_looking_up_is_pixel_by_pixel(reverse, rows) -> None:
    table = np.arange(256 * rows, dtype=np.int32).reshape(rows, 256)
    image = picture()
    before = image.copy()
    got = look_up(image, table if rows == 3 else table[0], reverse)
    for y, x, c in np.ndindex(image.shape):
        assert got[y, x, c] == table[c if rows == 3 else 0][image[y, x, 2 - c if reverse else c]]
    assert np.array_equal(image, before)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"low": 1.0}, "high: expected more than low"),
        ({"order": "grb"}, "order: expected rgb or bgr, got 'grb'"),
        ({"mean": (1.0, 2.0)}, "mean: expected one value per channel"),
        ({"std": (1.0, 0.0, 1.0)}, "std: expected values more than 0"),
    ],
)
def test_values_out_of_range(fields, says) -> None:
    with pytest.raises(InvalidValue, match=says):
        Preprocessing(**fields)


def test_it_stands_in_a_manifest_entry() -> None:
    spec = ModelSpec(
        "m", "mask", "m.tflite", "0" * 64, 24, 24, "rgb", "probabilities", ("bare", "worn"), order="bgr", mean=MEAN
    )
    assert Preprocessing.of(spec) == Preprocessing(order="bgr", mean=MEAN)
