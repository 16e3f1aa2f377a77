"""MobileNetV2 (Sandler et al., 2018) with a new head, as mask tutorials fine-tune it."""

from __future__ import annotations

import socket
from pathlib import Path

import keras
from keras import layers

from edge.errors import one_line

WAIT_S = 20.0  # for a server that does not answer
SIZE = 96


def build(
    size: int = SIZE, classes: int = 2, dropout: float = 0.3, weights: Path | None = None
) -> tuple[keras.Model, str]:
    """From (B, size, size, 3), values 0-255, to logits (B, classes); and which weights it starts from, for people.

    Args:
        size: side of the input, pixels.
        classes: how many there are.
        dropout: before the last layer.
        weights: a file with ImageNet's weights without the top; None: Keras fetches them, or they are random.
    """
    inputs = layers.Input((size, size, 3))
    scaled = layers.Rescaling(1 / 127.5, offset=-1.0)(inputs)
    wanted = str(weights) if weights else "imagenet"
    try:
        body, start = _body(scaled, wanted), f"ImageNet's weights{f', {weights.name}' if weights else ''}"
    except Exception as error:  # keras raises bare ones
        reason = one_line(error, 120)
        body, start = _body(scaled, None), f"random weights, as ImageNet's cannot be had ({reason})"
    x = layers.GlobalAveragePooling2D()(body.output)
    x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, layers.Dense(classes, dtype="float32", name="logits")(x)), start


def _body(inputs: object, weights: str | None) -> keras.Model:
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(WAIT_S)
    try:
        return keras.applications.MobileNetV2(input_tensor=inputs, include_top=False, weights=weights, alpha=1.0)
    finally:
        socket.setdefaulttimeout(before)
