"""MobileNetV2 (Sandler et al., 2018) with a new head, as mask tutorials fine-tune it."""

from __future__ import annotations

import socket
import warnings
from pathlib import Path

import keras
from keras import layers

from edge.errors import ModelError, one_line
from edge.files import open_regular

WAIT_S = 20.0  # for a server that does not answer
SIZE = 96
EXPECTED = "expected Keras' mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_96_no_top.h5, or no --backbone-weights"


def build(
    size: int = SIZE, classes: int = 2, dropout: float = 0.3, weights: Path | None = None
) -> tuple[keras.Model, str]:
    """From (B, size, size, 3), values 0-255, to logits (B, classes); and which weights it starts from, for people.

    Args:
        size: side of the input, pixels.
        classes: how many there are.
        dropout: before the last layer.
        weights: a file with ImageNet's weights without the top; None: Keras fetches them, or they are random.

    Raises:
        ModelError: the file cannot be read, or is of another network.
    """
    inputs = layers.Input((size, size, 3))
    scaled = layers.Rescaling(1 / 127.5, offset=-1.0)(inputs)
    if weights:
        body, start = _of_file(scaled, weights), f"ImageNet's weights, {weights.name}"
    else:
        try:
            body, start = _body(scaled, "imagenet"), "ImageNet's weights"
        except Exception as error:  # keras raises bare ones
            reason = one_line(error, 120)
            body, start = (
                _body(scaled, None),
                f"random weights, because ImageNet's weights could not be fetched ({reason})",
            )
    x = layers.GlobalAveragePooling2D()(body.output)
    x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, layers.Dense(classes, dtype="float32", name="logits")(x)), start


def check(weights: Path) -> None:
    """Read a file of weights as `build` does.

    Raises:
        ModelError: as `build`.
    """
    _of_file(layers.Input((SIZE, SIZE, 3)), weights)


def _of_file(inputs: object, weights: Path) -> keras.Model:
    try:
        open_regular(weights).close()
    except OSError as error:
        raise ModelError(f"{weights}: cannot read the weights ({error.strerror or error}); {EXPECTED}") from None
    try:
        with warnings.catch_warnings(action="ignore"):  # of keras, one for each layer that a file lacks
            return _body(inputs, str(weights))
    except Exception as error:  # h5py's and keras's, of any kind
        reason = one_line(error, 120)
        raise ModelError(f"{weights}: not the weights of MobileNetV2 without its top ({reason}); {EXPECTED}") from None


def _body(inputs: object, weights: str | None) -> keras.Model:
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(WAIT_S)
    try:
        return keras.applications.MobileNetV2(input_tensor=inputs, include_top=False, weights=weights, alpha=1.0)
    finally:
        socket.setdefaulttimeout(before)
