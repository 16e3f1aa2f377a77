"""A network's weights in a small file: kernels as float16, with the architecture of Keras' own layers beside them."""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from edge.errors import ModelError, one_line
from edge.files import replacing
from training.backend import load_keras

ARCHITECTURE = "architecture"
LIMIT = 3_000_000  # upper limit in bytes for a shipped file


def save(model: Any, path: Path) -> int:
    """Write a Keras model as an .npz and return its bytes.

    Entries: `architecture` (JSON, as model.to_json gives it), then the arrays in the model's order, each named by its
    number and its layer's path. Kernels are float16; vectors (biases, statistics) stay float32: they cost next to
    nothing, and a small variance has few digits in float16.

    Args:
        model: made of Keras' own layers alone, such as a task's export: see strip_custom_layers.
        path: of the file, written whole or not at all.

    Raises:
        ModelError: a weight does not fit float16.
    """
    arrays: dict[str, np.ndarray] = {ARCHITECTURE: np.frombuffer(model.to_json().encode(), np.uint8)}
    for number, weight in enumerate(model.weights):
        values = np.asarray(weight.numpy() if not hasattr(weight, "detach") else weight.detach().cpu(), np.float32)
        with np.errstate(over="ignore"):
            stored = values.astype(np.float16) if values.ndim > 1 else values
        if not np.isfinite(stored).all():
            raise ModelError(f"{path}: {weight.path}: a value does not fit float16; train it again with a lower rate")
        arrays[f"{number:03d} {weight.path}"] = stored
    with replacing(Path(path)) as scratch, open(scratch, "wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    return Path(path).stat().st_size


def load(path: Path) -> Any:
    """The Keras model of a file that `save` wrote, float32.

    Raises:
        ModelError: the file is missing, broken or of another layout.
        MissingExtra: Keras is not installed.
    """
    try:
        with np.load(path) as stored:
            architecture = json.loads(stored[ARCHITECTURE].tobytes())
            names = sorted(name for name in stored.files if name != ARCHITECTURE)
            arrays = [stored[name].astype(np.float32) for name in names]
    except (OSError, KeyError, ValueError, BadZipFile, zlib.error) as error:
        raise ModelError(f"{path}: cannot read the weights ({error}); write them again with a training") from None
    keras = load_keras()
    try:
        model = keras.models.model_from_json(json.dumps(architecture))
        model.set_weights(arrays)
    except (ValueError, TypeError, KeyError) as error:
        line = one_line(error, 160)
        raise ModelError(f"{path}: the weights do not fit their architecture ({line})") from None
    return model
