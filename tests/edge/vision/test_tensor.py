from __future__ import annotations

import numpy as np
import pytest

from edge.errors import InvalidValue
from edge.vision.tensor import dequantize, pixel_table, to_tensor


@pytest.mark.parametrize(
    ("low", "high", "scale", "zero_point", "dtype"),
    [
        (0.0, 1.0, 1 / 255, -128, np.int8),
        (-1.0, 1.0, 2 / 255, 0, np.int8),
        (-1.0, 1.0, 2 / 255, 128, np.uint8),
        (0.0, 255.0, 0.5, 0, np.uint8),
    ],
)
def test_every_pixel_has_the_quantized_value_of_the_specification(low, high, scale, zero_point, dtype):
    table = pixel_table(low, high, scale, zero_point, dtype)
    info = np.iinfo(dtype)
    for pixel in range(256):
        wanted = round((low + (high - low) * pixel / 255) / scale) + zero_point
        assert table[pixel] == min(max(wanted, info.min), info.max)
    back = dequantize(table, scale, zero_point)
    inside = (table > info.min) & (table < info.max)
    real = low + (high - low) * np.arange(256) / 255
    assert np.abs(back - real)[inside].max() <= scale / 2 + 1e-6


@pytest.mark.parametrize("scale", [0.0, -1.0])
def test_a_scale_is_positive(scale):
    with pytest.raises(InvalidValue, match="expected more than 0"):
        pixel_table(0, 1, scale, 0, np.int8)


@pytest.mark.parametrize("zero_point", [-128, -100], ids=["a flip of the top bit", "a look-up"])
def test_a_picture_becomes_a_new_tensor_of_the_tables_values(zero_point):
    image = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    table = pixel_table(0.0, 1.0, 1 / 255, zero_point, np.int8)
    tensor = to_tensor(image, table)
    assert (tensor.dtype, tensor.shape) == (np.int8, image.shape)
    assert np.array_equal(tensor, table[image])
    assert not np.shares_memory(tensor, image)
