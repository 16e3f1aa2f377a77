"""The networks that the earlier demos compared, rebuilt from their description: an MLP, and a CNN of four layers."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

from edge.labels import EMOTIONS
from training.networks.fused import FusedBatchNormalization, FusedConv2D


def mlp(
    hidden: Sequence[int] = (1024, 512), dropout: float = 0.3, size: int = 48, classes: int = len(EMOTIONS)
) -> keras.Model:
    """A multi-layer perceptron on the pixels.

    Args:
        hidden: units of each hidden layer.
        dropout: after each of them, in training.
        size: pixels of the square input, grey, values 0-1.
        classes: number of outputs.

    Returns:
        A model from (B, size, size, 1) to logits (B, classes), float32.
    """
    inputs = layers.Input((size, size, 1))
    x = layers.Flatten()(inputs)
    for units in hidden:
        x = layers.Dense(units, activation="relu")(x)
        x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, layers.Dense(classes, dtype="float32", name="logits")(x))


def cnn4(
    convolutions: Sequence[Sequence[int]] = ((64, 3), (128, 5), (512, 3), (512, 3)),
    hidden: Sequence[int] = (256, 512),
    dropout: float = 0.25,
    size: int = 48,
    classes: int = len(EMOTIONS),
) -> keras.Model:
    """Convolutions with batch normalization, max pooling and dropout, then two dense layers with both of the latter.

    Args:
        convolutions: channels and kernel size of each; every one halves the picture by pooling.
        hidden: units of the dense layers.
        dropout: after each layer, in training.
        size: pixels of the square input, grey, values 0-1.
        classes: number of outputs.

    Returns:
        A model from (B, size, size, 1) to logits (B, classes), float32.
    """
    inputs = x = layers.Input((size, size, 1))
    for channels, kernel in convolutions:
        x = FusedConv2D(channels, kernel, padding="same")(x)
        x = layers.ReLU()(FusedBatchNormalization()(x))
        x = layers.MaxPooling2D()(x)
        x = layers.Dropout(dropout)(x)
    x = layers.Flatten()(x)
    for units in hidden:
        x = layers.ReLU()(layers.BatchNormalization()(layers.Dense(units)(x)))
        x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, layers.Dense(classes, dtype="float32", name="logits")(x))
