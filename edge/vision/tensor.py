"""Between pixels and quantized tensors, there and back. Training and serving share these."""

from __future__ import annotations

import numpy as np

from edge.errors import InvalidValue

_LESS_128 = (np.arange(256) - 128).astype(np.int8).tobytes()


def pixel_table(low: float, high: float, scale: float, zero_point: int, dtype: type) -> np.ndarray:
    """The quantized value of each of the 256 pixel values, (256,) of `dtype` (int8 or uint8).

    Pixel 0 stands for the real value `low`, 255 for `high`; q = round(real / scale) + zero_point
    (TensorFlow Lite 8-bit quantization specification).

    Raises:
        InvalidValue: the scale is not positive.
    """
    return quantize_values(low + (high - low) * np.arange(256, dtype=np.float64) / 255.0, scale, zero_point, dtype)


def quantize_values(real: np.ndarray, scale: float, zero_point: int, dtype: type) -> np.ndarray:
    """Real values float64 of any shape as integers of `dtype` (int8 or uint8): round(real / scale) + zero_point.

    Raises:
        InvalidValue: the scale is not positive.
    """
    if scale <= 0:
        raise InvalidValue(f"quantization scale: expected more than 0, got {scale}")
    info = np.iinfo(dtype)
    return np.clip(np.round(real / scale) + zero_point, info.min, info.max).astype(dtype)


def to_tensor(image: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Each pixel's value of `table` (256,): uint8 (H, W, C) to (H, W, C) of the table's type, a new array."""
    if is_less_128(table):
        return less_128(image)
    looked_up: np.ndarray = table[image]
    return looked_up


def is_less_128(table: np.ndarray) -> bool:
    """Whether a table is that of the common case, q = pixel - 128."""
    return table.dtype == np.int8 and table.tobytes() == _LESS_128


def less_128(image: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """Pixels uint8 less 128, int8 of the same shape, into `out` where it is given.

    It is a flip of the top bit: many pixels at once, where a look-up takes one.
    """
    target = None if out is None else out.view(np.uint8)
    flipped: np.ndarray = np.bitwise_xor(image, np.uint8(128), out=target).view(np.int8)
    return flipped


def dequantize(values: np.ndarray, scale: float, zero_point: int) -> np.ndarray:
    """Quantized integers to float32: (q - zero_point) * scale."""
    answer: np.ndarray = values.astype(np.float32)
    answer -= np.float32(zero_point)
    answer *= np.float32(scale)
    return answer
