"""Multiply-adds of a Keras network, counted layer by layer."""

from __future__ import annotations

from math import prod
from typing import Any


def multiply_adds(model: Any) -> int:
    """Multiply-adds for one picture. Convolutions and dense layers count; element-wise work does not, as is the custom.

    Args:
        model: a built Keras model.
    """
    import keras

    total = 0
    for layer in model.layers:
        if isinstance(layer, keras.layers.DepthwiseConv2D):
            total += prod(layer.output.shape[1:]) * prod(layer.kernel_size)
        elif isinstance(layer, keras.layers.Conv2D):
            total += prod(layer.output.shape[1:]) * prod(layer.kernel.shape[:-1])
        elif isinstance(layer, keras.layers.Dense):
            total += prod(layer.output.shape[1:]) * layer.kernel.shape[0]
    return total
