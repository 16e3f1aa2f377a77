"""The mask classifier: a small net for 48x48 colour crops."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

from edge.labels import MASK_LABELS
from training.networks.layers import conv, separable


def build(
    size: int = 48,
    stem: int = 24,
    stages: Sequence[Sequence[int]] = ((48, 2), (96, 3), (160, 3)),
    dropout: float = 0.2,
    classes: int = len(MASK_LABELS),
    plain: bool = False,
) -> keras.Model:
    """Separable convolutions (Howard et al., MobileNets, 2017); the stages but the first begin with stride 2.

    Args:
        size: of the picture, in pixels.
        stem: channels of the first convolution, that halves the sides.
        stages: channels and blocks of each.
        dropout: before the last layer, 0-1.
        classes: how many logits.
        plain: 3x3 convolutions in place of separable ones, and each stage begins with stride 2: fewer and larger
            operations, which processors that multiply many bytes at once are done with sooner.

    Returns:
        A model from (B, size, size, 3), values 0-1, to logits (B, classes), float32.
    """
    inputs = layers.Input((size, size, 3))
    x = conv(inputs, stem, 2)
    for index, (channels, blocks) in enumerate(stages):
        for block in range(blocks):
            halves = block == 0 and (plain or index > 0)
            x = (conv if plain else separable)(x, channels, 2 if halves else 1)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, layers.Dense(classes, dtype="float32", name="logits")(x))
