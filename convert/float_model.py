"""A float model, wherever it came from: one picture in, a list of outputs."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from convert.errors import ConversionError
from convert.limits import check_activations
from convert.shapes import Shape, picture_shape
from edge.errors import MissingExtra
from edge.text import printable
from training.onednn import switch_onednn_off
from training.quiet import quiet

BATCH = 64


@dataclass(frozen=True, eq=False)
class FloatModel:
    """A float model with one picture as its input.

    Attributes:
        name: for messages.
        shape: (height, width, channels) of the input; None where the model leaves a size open.
        call: from a float32 tensor (N, H, W, C) to a list of tensors, one per output, in the model's order.
        source: what holds the weights, so that an export can find them.
        batched: whether `call` takes any number of pictures, or only one.
    """

    name: str
    shape: Shape
    call: Callable[[Any], list[Any]]
    source: Any
    batched: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", printable(self.name))  # a card is UTF-8, a file's name need not be

    def predict(self, inputs: np.ndarray) -> tuple[np.ndarray, ...]:
        """float32 (N, H, W, C), the model's own real values, to one float32 array (N, ...) per output."""
        step = BATCH if self.batched else 1
        parts = [self.call(inputs[i : i + step]) for i in range(0, len(inputs), step)]
        return tuple(np.concatenate([np.asarray(p[k], np.float32) for p in parts]) for k in range(len(parts[0])))


def tensorflow() -> Any:
    """TensorFlow, with Keras on top of it.

    Raises:
        MissingExtra: TensorFlow or Keras is not installed.
        ConversionError: this process already uses Keras on another backend.
    """
    if "keras" not in sys.modules:
        os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    switch_onednn_off()
    try:
        with quiet():
            import keras
            import tensorflow as tf
    except ImportError:
        raise MissingExtra("conversion needs TensorFlow; fix it with: pip install 'edge-emotion[train]'") from None
    if keras.backend.backend() != "tensorflow":
        raise ConversionError(
            f"Keras already runs on {keras.backend.backend()}; save the model and convert it in a process of its own, "
            "with edge-emotion-convert"
        )
    return tf


def from_keras(model: Any, name: str = "") -> FloatModel:
    """A model of Keras 3, or of Keras 2 (tf_keras), in memory as a FloatModel.

    Raises:
        ConversionError: its input is not one float picture (N, H, W, C).
    """
    tf = tensorflow()
    name = name or model.name
    if not model.built or not getattr(model, "inputs", None):
        raise ConversionError(f"{name}: the model was never built; call it once on a picture before saving it")
    shapes = [tuple(tensor.shape) for tensor in model.inputs]
    types = [getattr(tensor.dtype, "name", str(tensor.dtype)) for tensor in model.inputs]
    shape = picture_shape(name, shapes, types)
    check_activations(name, model)

    def call(images: Any) -> list[Any]:
        with warnings.catch_warnings():  # Keras minds that a Keras 2 model was made with a list of one input
            warnings.simplefilter("ignore", UserWarning)
            return list(tf.nest.flatten(model(images, training=False)))

    return FloatModel(name, shape, call, model, batched=shapes[0][0] is None)
