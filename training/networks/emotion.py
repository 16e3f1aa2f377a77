"""The emotion network: a small residual net for grey 48x48 faces."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

from edge.labels import EMOTIONS
from training.networks.layers import conv, residual


def build(
    stem: int = 32,
    stages: Sequence[Sequence[int]] = ((48, 1), (96, 3), (160, 2)),
    dropout: float = 0.3,
    size: int = 48,
    classes: int = len(EMOTIONS),
    channels: int = 1,
    inner: Sequence[int] = (),
) -> keras.Model:
    """Residual network (He et al., 2016) whose stages each begin with stride 2.

    Args:
        stem: channels of the first convolution, at full size.
        stages: (channels, blocks) of each stage.
        dropout: before the classifier, in training.
        size: pixels of the square input, values 0-1.
        classes: number of outputs.
        channels: 1 for grey, 3 for RGB.
        inner: channels between the two convolutions of each block; without it, as many as the block gives.

    Returns:
        A model from (B, size, size, channels) to logits (B, classes), float32.

    Raises:
        ValueError: `inner` has not one number above 0 for each block.
    """
    blocks = [(width, 1 if block else 2) for width, count in stages for block in range(count)]
    if inner and (len(inner) != len(blocks) or not all(count > 0 for count in inner)):
        raise ValueError(f"inner: expected {len(blocks)} numbers above 0, one for each block, got {list(inner)}")
    inputs = layers.Input((size, size, channels))
    x = conv(inputs, stem)
    for (width, stride), between in zip(blocks, inner or [0] * len(blocks), strict=True):
        x = residual(x, width, stride, between)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, layers.Dense(classes, dtype="float32", name="logits")(x))
