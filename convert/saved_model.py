"""SavedModel folders: looked through before TensorFlow loads them, as loading runs what is inside.

What is refused are operations that reach for files, the network or Python. That is a fence, not a sandbox: convert
strangers' models in a container or as a user of their own.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from convert import limits, saved_model_graph
from convert.float_model import FloatModel, tensorflow
from convert.shapes import picture_shape
from edge.engines.model import natural
from edge.errors import ModelError, one_line
from training.quiet import quiet

PROTOCOL = "saved_model.pb"
PARTS = ("variables", "assets")


def load(path: Path) -> FloatModel:
    """A float model from a SavedModel folder.

    Raises:
        ModelError: broken, or without the signature that is served.
        ConversionError: it reaches for files, the network or Python, is larger than a network, or its input is not one
            picture.
        MissingExtra: TensorFlow is not installed.
    """
    tf = tensorflow()
    loaded = _load(path, checked(path))
    try:
        signature = loaded.signatures["serving_default"]
    except KeyError:
        raise ModelError(f"{path}: no signature 'serving_default'; save it with model.export(FOLDER)") from None
    inputs = list(signature.structured_input_signature[1].values())
    shapes = [tuple(None if size is None else int(size) for size in spec.shape) for spec in inputs]
    shape = picture_shape(str(path), shapes, [spec.dtype.name for spec in inputs])
    key = next(iter(signature.structured_input_signature[1]))
    names = sorted(signature.structured_outputs, key=natural)

    def call(images: Any) -> list[Any]:
        answers = signature(**{key: tf.convert_to_tensor(images, tf.float32)})
        return [answers[name] for name in names]

    return FloatModel(path.name, shape, call, loaded, batched=shapes[0][0] is None)


def checked(path: Path) -> Any:
    """A SavedModel's protocol buffer, with what is run and nothing else; nothing is run yet.

    Raises:
        ModelError: saved_model.pb is broken, or the folder holds something else than files.
        ConversionError: it is larger than a network, or as of `saved_model_graph.cut`.
    """
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf import saved_model_pb2

    total = 0
    for file in (path / PROTOCOL, *(file for name in PARTS for file in sorted((path / name).rglob("*")))):
        if not file.is_file() and not file.is_dir():
            raise ModelError(f"{path}: {file.name} is not a regular file; copy the folder again")
        total += file.stat().st_size if file.is_file() else 0
    limits.check_bytes(path, total)
    document = saved_model_pb2.SavedModel()
    try:
        document.ParseFromString((path / PROTOCOL).read_bytes())
    except (DecodeError, OSError) as error:
        raise ModelError(f"{path}: cannot be loaded as a SavedModel ({one_line(error, 80)}); copy it again") from None
    saved_model_graph.cut(path, document)
    return document


def _load(path: Path, document: Any) -> Any:
    """Load a SavedModel with this document in place of its own.

    Raises:
        ModelError: TensorFlow cannot.
    """
    tf = tensorflow()
    with tempfile.TemporaryDirectory(prefix="edge-emotion-convert-") as folder:
        (Path(folder) / PROTOCOL).write_bytes(document.SerializeToString())
        for name in PARTS:
            if (path / name).is_dir():
                (Path(folder) / name).symlink_to((path / name).resolve())
        try:
            with quiet():
                return tf.saved_model.load(folder)
        except Exception as error:
            reason = one_line(str(error).replace(folder, str(path)), 120)
            raise ModelError(
                f"{path}: cannot be loaded as a SavedModel ({reason}); copy it again with its variables folder"
            ) from None
