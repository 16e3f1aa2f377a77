"""Float models from every format people bring: .keras, Keras 2 and 3 .h5, JSON + weights, SavedModel folders.

The format is told by the content, not by the name: the mask tutorials' `mask_detector.model` is an HDF5 file.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import tempfile
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from convert.errors import ConversionError
from convert.shapes import Shape, picture_shape
from edge.engines.litert import natural
from edge.errors import MissingExtra, ModelError, one_line
from training.onednn import limit_onednn
from training.quiet import quiet

HDF5, ZIP = b"\x89HDF\r\n\x1a\n", b"PK\x03\x04"
BATCH = 64
_OWN_LAYERS = "rebuild it from Keras' own layers, or save it as a SavedModel folder (model.export) and convert that"


@dataclass(frozen=True, eq=False)
class FloatModel:
    """A float model with one picture as its input.

    Attributes:
        name: for messages.
        shape: (height, width, channels) of the input; None where the model leaves a size open.
        call: from a float32 tensor (N, H, W, C) to a list of tensors, one an output, in the model's order.
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
        """float32 (N, H, W, C), the model's own real values, to one float32 array (N, ...) an output."""
        step = BATCH if self.batched else 1
        parts = [self.call(inputs[i : i + step]) for i in range(0, len(inputs), step)]
        return tuple(np.concatenate([np.asarray(p[k], np.float32) for p in parts]) for k in range(len(parts[0])))


def load(path: Path, weights: Path | None = None) -> FloatModel:
    """Load a float model.

    Args:
        path: a .keras, .h5 or .hdf5 file (Keras 2 files included), a JSON architecture, a SavedModel folder, or the
            weights.npz that a training of ours leaves.
        weights: the weights of a JSON architecture.

    Raises:
        ModelError: missing, broken, or of no known format.
        ConversionError: it holds a layer that only its own code knows, or its input is not one picture.
        MissingExtra: TensorFlow is not installed.
    """
    path = Path(path)
    if not path.exists():
        raise ModelError(f"{path}: no such file or folder; mend the path")
    if path.is_dir():
        if not (path / "saved_model.pb").is_file():
            raise ModelError(f"{path}: not a SavedModel (no saved_model.pb); give the folder that holds it")
        return _saved_model(path)
    head = path.read_bytes()[:64]
    if head.startswith(ZIP):
        return from_keras(_weights_file(path) if _is_npz(path) else _keras_file(path, ".keras"), path.name)
    if head.startswith(HDF5):
        return from_keras(_keras_file(path, ".h5"), path.name)
    if head.lstrip().startswith(b"{"):
        return from_keras(_json(path, weights), path.name)
    raise ModelError(
        f"{path}: neither a Keras model (.keras, .h5), a JSON architecture nor a SavedModel folder; save it again"
    )


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
        raise MissingExtra("conversion needs TensorFlow; mend it with: pip install 'edge-emotion[train]'") from None
    if keras.backend.backend() != "tensorflow":
        raise ConversionError(
            f"Keras already runs on {keras.backend.backend()}; save the model and convert it in a process of its own, "
            "with edge-emotion-convert"
        )
    return tf


def from_keras(model: Any, name: str = "") -> FloatModel:
    """A Keras model in memory as a FloatModel.

    Raises:
        ConversionError: its input is not one float picture (N, H, W, C).
    """
    tf = tensorflow()
    name = name or model.name
    if not model.built or not getattr(model, "inputs", None):
        raise ConversionError(f"{name}: the model was never built; call it once on a picture before saving it")
    shapes = [tuple(tensor.shape) for tensor in model.inputs]
    shape = picture_shape(name, shapes, [str(tensor.dtype) for tensor in model.inputs])

    def call(images: Any) -> list[Any]:
        with warnings.catch_warnings():  # Keras minds that a Keras 2 model was made with a list of one input
            warnings.simplefilter("ignore", UserWarning)
            return list(tf.nest.flatten(model(images, training=False)))

    return FloatModel(name, shape, call, model, scaling=_own_scaling(model))


def _own_scaling(model: Any) -> str:
    """The first layer that brings pixels 0-255 to a small range, in words."""
    for layer in model._flatten_layers(include_self=False, recursive=True):
        if type(layer).__name__ == "Rescaling" and 0 < float(np.max(layer.scale)) <= 1 / 64:
            return f"a Rescaling layer, 1/{1 / float(np.max(layer.scale)):.4g}"
    return ""


def _keras_file(path: Path, suffix: str) -> Any:
    tensorflow()
    import keras

    try:
        with contextlib.ExitStack() as stack, quiet():
            target = path
            if path.suffix not in ({".keras"} if suffix == ".keras" else {".h5", ".hdf5"}):
                # Keras goes by the name; a link with the name that the content asks for serves it.
                target = Path(stack.enter_context(tempfile.TemporaryDirectory())) / f"model{suffix}"
                target.symlink_to(path.resolve())
            return keras.models.load_model(target, compile=False)
    except Exception as error:
        raise _keras_error(path, error) from None


def _is_npz(path: Path) -> bool:
    """Whether a zip file holds numpy's arrays, as our weights.npz does; a .keras file is a zip of other things."""
    try:
        with zipfile.ZipFile(path) as file:
            return any(name.endswith(".npy") for name in file.namelist())
    except zipfile.BadZipFile:
        return False


def _weights_file(path: Path) -> Any:
    tensorflow()
    from training import weights

    return weights.load(path)


def _json(path: Path, weights: Path | None) -> Any:
    tensorflow()
    import keras

    if weights is None:
        raise ConversionError(f"{path}: an architecture without weights; add --weights FILE.h5")
    if not Path(weights).is_file():
        raise ModelError(f"{weights}: no such file; mend --weights")
    text = path.read_text(encoding="utf-8", errors="replace")
    try:
        config = json.loads(text)
    except ValueError as error:
        raise ModelError(f"{path}: not valid JSON ({one_line(error, 80)}); write model.to_json() again") from None
    try:
        model = keras.models.model_from_json(text) if "module" in config else _legacy_json(config)
    except Exception as error:
        raise _keras_error(path, error) from None
    try:
        with quiet():
            model.load_weights(weights)
    except Exception as error:
        raise ModelError(
            f"{weights}: these weights do not fit {path.name} ({one_line(error, 120)}); give the two that were saved "
            "together"
        ) from None
    return model


def _legacy_json(config: dict[str, Any]) -> Any:
    """Keras 2's model.to_json(): Keras 3 keeps a reader for it, the one that its legacy .h5 loader uses."""
    from keras.src.legacy.saving import saving_utils

    return saving_utils.model_from_config(config, custom_objects={})


def _keras_error(path: Path, error: Exception) -> Exception:
    text = str(error)
    found = re.search(
        r"(?:Could not locate class|Unknown layer:?|Unknown object:?|Could not locate function) '?(\w+)", text
    )
    if found:
        return ConversionError(f"{path}: custom layer {found.group(1)!r}; {_OWN_LAYERS}")
    if "lambda" in text.lower():
        return ConversionError(f"{path}: a Lambda layer, which holds code of its own; {_OWN_LAYERS}")
    return ModelError(f"{path}: cannot be loaded as a Keras model ({one_line(text, 120)}); save it again")


def _saved_model(path: Path) -> FloatModel:
    tf = tensorflow()
    try:
        with quiet():
            loaded = tf.saved_model.load(str(path))
        signature = loaded.signatures["serving_default"]
    except KeyError:
        raise ModelError(f"{path}: no signature 'serving_default'; save it with model.export(FOLDER)") from None
    except Exception as error:
        raise ModelError(f"{path}: cannot be loaded as a SavedModel ({one_line(error, 120)}); save it again") from None
    inputs = list(signature.structured_input_signature[1].values())
    shapes = [tuple(None if size is None else int(size) for size in spec.shape) for spec in inputs]
    shape = picture_shape(str(path), shapes, [spec.dtype.name for spec in inputs])
    key = next(iter(signature.structured_input_signature[1]))
    names = sorted(signature.structured_outputs, key=natural)

    def call(images: Any) -> list[Any]:
        answers = signature(**{key: tf.convert_to_tensor(images, tf.float32)})
        return [answers[name] for name in names]

    return FloatModel(path.name, shape, call, loaded, batched=shapes[0][0] is None)
