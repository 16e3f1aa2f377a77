"""Between pictures and tensors: resize, letterbox, quantize, dequantize. Training and serving share these."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from edge.errors import InvalidValue


def resize(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """Resize uint8 (H, W) or (H, W, C) to (height, width[, C]), bit-identical on every machine.

    Halves by exact 2x2 means while the picture is at least twice too large (so that fine detail is averaged, not
    aliased), then interpolates with OpenCV's bit-exact bilinear.
    """
    shape = image.shape
    while image.shape[1] >= 2 * width and image.shape[0] >= 2 * height:
        even = image[: image.shape[0] // 2 * 2, : image.shape[1] // 2 * 2]
        image = cv2.resize(even, (even.shape[1] // 2, even.shape[0] // 2), interpolation=cv2.INTER_AREA)
    if image.shape[:2] != (height, width):
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR_EXACT)
    return image.reshape(height, width, *shape[2:])


def to_grey(image: np.ndarray) -> np.ndarray:
    """RGB uint8 (H, W, 3) to luma uint8 (H, W, 1) (ITU-R BT.601, as cv2 computes it)."""
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[:, :, None]


_LESS_128 = (np.arange(256) - 128).astype(np.int8)


@dataclass(frozen=True)
class Letterbox:
    """How a picture was fitted into a canvas: canvas = picture * scale, padding at the right and the bottom."""

    scale: float
    width: int
    height: int

    def to_picture(self, ltrb: np.ndarray) -> np.ndarray:
        """Boxes float32 (N, 4) of the canvas in pixels of the picture."""
        return ltrb / np.float32(self.scale)

    def to_canvas(self, ltrb: np.ndarray) -> np.ndarray:
        """Boxes float32 (N, 4) of the picture in pixels of the canvas."""
        return ltrb * np.float32(self.scale)


def letterbox(image: np.ndarray, width: int, height: int) -> tuple[np.ndarray, Letterbox]:
    """Fit a picture uint8 (H, W, 3) into a canvas (height, width, 3), aspect kept, black at right and bottom."""
    scale = min(width / image.shape[1], height / image.shape[0])
    inner_w = min(width, max(1, round(image.shape[1] * scale)))
    inner_h = min(height, max(1, round(image.shape[0] * scale)))
    inner = resize(image, inner_w, inner_h)
    fit = Letterbox(scale, image.shape[1], image.shape[0])
    if (inner_w, inner_h) == (width, height):
        return inner, fit
    canvas = np.zeros((height, width, image.shape[2]), np.uint8)
    canvas[:inner_h, :inner_w] = inner
    return canvas, fit


def pixel_table(low: float, high: float, scale: float, zero_point: int, dtype: type) -> np.ndarray:
    """The quantized value of each of the 256 pixel values, (256,) of `dtype` (int8 or uint8).

    Pixel 0 stands for the real value `low`, 255 for `high`; q = round(real / scale) + zero_point
    (TensorFlow Lite 8-bit quantization specification).

    Raises:
        InvalidValue: the scale is not positive.
    """
    if scale <= 0:
        raise InvalidValue(f"quantization scale: expected more than 0, got {scale}")
    real = low + (high - low) * np.arange(256, dtype=np.float64) / 255.0
    info = np.iinfo(dtype)
    return np.clip(np.round(real / scale) + zero_point, info.min, info.max).astype(dtype)


def to_tensor(image: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Each pixel's value of `table` (256,): uint8 (H, W, C) to (H, W, C) of the table's type, a new array."""
    if table.dtype == np.int8 and np.array_equal(table, _LESS_128):
        # The common case, q = pixel - 128, is a flip of the top bit: many pixels at once, where a look-up takes one.
        return np.bitwise_xor(image, np.uint8(128)).view(np.int8)
    return table[image]


def dequantize(values: np.ndarray, scale: float, zero_point: int) -> np.ndarray:
    """Quantized integers to float32: (q - zero_point) * scale."""
    return (values.astype(np.float32) - np.float32(zero_point)) * np.float32(scale)
