"""A float model, wherever it came from: one picture in, a list of outputs."""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from convert.errors import ConversionError
from convert.limits import check_activations
from convert.shapes import Shape, picture_shape
from edge.errors import MissingExtra
from training.onednn import limit_onednn
from training.quiet import quiet

BATCH = 64
WIDE = 32.0  # what pixels 0-255 are divided by, at least, to bring them to a small range


@dataclass(frozen=True, eq=False)
class FloatModel:
    """A float model with one picture as its input.

    Attributes:
        name: for messages.
        shape: (height, width, channels) of the input; None where the model leaves a size open.
        call: from a float32 tensor (N, H, W, C) to a list of tensors, one per output, in the model's order.
        source: what holds the weights, so that an export can find them.
        batched: whether `call` takes any number of pictures, or only one.
        scaling: a layer of its own that scales pixels, in words; "" where none is known.
    """

    name: str
    shape: Shape
    call: Callable[[Any], list[Any]]
    source: Any
    batched: bool = True
    scaling: str = ""

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
    limit_onednn()
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

    return FloatModel(name, shape, call, model, batched=shapes[0][0] is None, scaling=_own_scaling(model))


def _own_scaling(model: Any) -> str:
    """The first layer that brings pixels 0-255 to a small range, in words."""
    for layer in _steps(model):
        kind = type(layer).__name__
        if kind == "Rescaling" and 0 < float(np.max(layer.scale)) <= 1 / 64:
            return f"a Rescaling layer, 1/{1 / float(np.max(layer.scale)):.4g}"
        if kind == "Normalization" and float(np.max(layer.variance)) >= WIDE**2:
            return f"a Normalization layer, deviation {float(np.max(layer.variance)) ** 0.5:.4g}"
        function = (
            str(layer.get_config().get("function", "")) if kind == "TFOpLambda" else kind
        )  # of Keras 2, of Keras 3
        name, numbers = function.rpartition(".")[2].lower(), _constants(layer)
        if name in ("truediv", "truedivide", "divide") and max(numbers, default=0.0) >= WIDE:
            return f"a division by {max(numbers):.4g}, as preprocess_input makes"
        if name in ("multiply", "mul") and 0 < max(numbers, default=0.0) <= 1 / WIDE:
            return f"a multiplication by 1/{1 / max(numbers):.4g}"
        if name in ("subtract", "bias_add", "add") and max(map(abs, numbers), default=0.0) >= WIDE:
            return "a mean that is subtracted, as preprocess_input makes"
    return ""


def _steps(model: Any) -> Iterator[Any]:
    """Layers, and operations between layers, in their order; those of models inside the model, too."""
    for step in getattr(model, "operations", None) or model.layers:
        if hasattr(step, "layers"):
            yield from _steps(step)
        else:
            yield step
            if hasattr(step, "layer"):  # TimeDistributed and the like
                yield step.layer


def _constants(layer: Any) -> list[float]:
    """The numbers among the arguments of a layer that is arithmetic, of Keras 2 or 3."""
    nodes = getattr(layer, "_inbound_nodes", None) or ()
    parts: list[Any] = []
    for node in nodes[:1]:
        made = getattr(node, "arguments", node)  # Keras 3 keeps them together
        parts += [*(getattr(made, "args", None) or getattr(made, "call_args", None) or ())]
        parts += (getattr(made, "kwargs", None) or getattr(made, "call_kwargs", None) or {}).values()
    found: list[float] = []
    for part in parts:
        with contextlib.suppress(Exception):  # tensors of a graph have no value, and other things are no numbers
            if not isinstance(part, str | bool):
                found += [float(value) for value in np.asarray(part, np.float64).reshape(-1)[:8]]
    return found
