"""From a pixel to the real value that a model was trained on: range, channel order, mean and standard deviation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge.errors import InvalidValue
from edge.manifest import ORDERS, ModelSpec
from edge.vision.tensor import quantize_values


@dataclass(frozen=True)
class Preprocessing:
    """What a model's input wants: (low + (high - low) * pixel / 255 - mean) / std, channel by channel.

    Attributes:
        low, high: the real values of pixel 0 and pixel 255 before mean and standard deviation.
        order: "rgb", or "bgr" for models whose first channel is blue.
        mean, std: one value per channel, in the model's own order; empty for 0 and 1.

    Raises:
        InvalidValue: a value out of its range.
    """

    low: float = 0.0
    high: float = 1.0
    order: str = "rgb"
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not self.high > self.low:
            raise InvalidValue(f"high: expected more than low ({self.low:g}), got {self.high:g}")
        if self.order not in ORDERS:
            raise InvalidValue(f"order: expected {' or '.join(ORDERS)}, got {self.order!r}")
        for name in ("mean", "std"):
            if len(values := getattr(self, name)) not in (0, 1, 3):
                raise InvalidValue(f"{name}: expected one value per channel, 1 or 3, got {len(values)}")
        if any(not value > 0 for value in self.std):
            raise InvalidValue(f"std: expected values more than 0, got {', '.join(f'{value:g}' for value in self.std)}")

    @classmethod
    def of(cls, spec: ModelSpec) -> Preprocessing:
        """What a manifest entry says of its model's input."""
        return cls(spec.low, spec.high, spec.order, spec.mean, spec.std)

    @property
    def reverse(self) -> bool:
        """Whether the channels of an RGB picture must be reversed for the model."""
        return self.order == "bgr"

    def real_values(self) -> np.ndarray:
        """The real value of each pixel value: float64 (256,), or (3, 256) where channels differ."""
        real = self.low + (self.high - self.low) * np.arange(256, dtype=np.float64) / 255.0
        if not self.mean and not self.std:
            return real
        mean, std = np.array(self.mean or (0.0,)), np.array(self.std or (1.0,))
        each = (real - mean[:, None]) / std[:, None]
        answer: np.ndarray = each[0] if len(each) == 1 else each
        return answer

    def apply(self, images: np.ndarray) -> np.ndarray:
        """RGB or grey pictures uint8 (..., C) to the float32 values that a float model takes."""
        return look_up(images, self.real_values().astype(np.float32), self.reverse)

    def table(self, scale: float, zero_point: int, dtype: type) -> np.ndarray:
        """The quantized value of each pixel value, (256,) or (3, 256) of `dtype` (int8 or uint8).

        Raises:
            InvalidValue: the scale is not positive.
        """
        return quantize_values(self.real_values(), scale, zero_point, dtype)


def look_up(images: np.ndarray, table: np.ndarray, reverse: bool = False) -> np.ndarray:
    """Each pixel's value of a table (256,), or of its channel's row of a table (3, 256).

    Args:
        images: uint8 (..., C).
        table: the values.
        reverse: take the channels in the opposite order: RGB pictures for a BGR model.

    Returns:
        (..., C) of the table's type, a new array.
    """
    if reverse:
        images = images[..., ::-1]
    if table.ndim == 1:
        answer: np.ndarray = table[images]
        return answer
    return np.stack([row[images[..., channel]] for channel, row in enumerate(table)], axis=-1)
