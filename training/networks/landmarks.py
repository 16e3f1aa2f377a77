"""The landmark network: 68 points of a grey 48x48 face, by direct regression from a small separable net."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from training.networks.layers import conv, separable


def build(
    stem: int = 24,
    stages: Sequence[Sequence[int]] = ((48, 1, 1), (96, 4, 2), (160, 4, 2)),
    size: int = 48,
    points: int = 68,
    gain: float = 1.0,
) -> keras.Model:
    """Separable blocks (Howard et al., 2017), then one dense layer over what is left of the picture's grid.

    Averaging the grid away would lose where things are: the last map is only pooled by two.

    Args:
        stem: channels of the first convolution, which halves the picture.
        stages: (channels, blocks, stride of the first block) of each stage.
        size: pixels of the square input, grey, values 0-1.
        points: how many points.
        gain: factor in front of the dense layer. Adam moves every weight by about the learning rate, and here a
            thousand of them add up to parts of a square: a small gain (1/16) keeps the points from trembling while
            they are learned. See `folded`.

    Returns:
        A model from (B, size, size, 1) to (B, 2 * points): x0, y0, x1, y1, ... as parts of the square.
    """
    inputs = layers.Input((size, size, 1))
    x = conv(inputs, stem, stride=2)
    for channels, blocks, stride in stages:
        for block in range(blocks):
            x = separable(x, channels, stride=stride if block == 0 else 1)
    x = layers.AveragePooling2D(2)(x)
    x = layers.Flatten()(x)
    if gain != 1.0:
        x = layers.Rescaling(gain)(x)
    middle = keras.initializers.Constant(0.5)
    outputs = layers.Dense(2 * points, bias_initializer=middle, dtype="float32", name="points")(x)
    return keras.Model(inputs, outputs)


def folded(model: keras.Model, gain: float, **network: Any) -> keras.Model:
    """The same network with its gain inside the dense weights: what is saved and converted."""
    weights = model.get_weights()
    served = build(**network)
    weights[-2] = weights[-2] * gain  # kernel of the dense layer; its bias comes last
    served.set_weights(weights)
    return served
