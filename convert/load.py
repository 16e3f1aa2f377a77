"""Float models from every format people bring: .keras, .h5, JSON + weights, SavedModel folders, ONNX, our weights.npz.

The format is told by the content, not by the name: the mask tutorials' `mask_detector.model` is an HDF5 file.
"""

from __future__ import annotations

import codecs
import zipfile
from pathlib import Path
from typing import Any

from convert import foreign, keras_files, limits, onnx_files, saved_model
from convert.errors import ConversionError
from convert.float_model import FloatModel, from_keras, tensorflow
from edge.errors import ModelError
from edge.files import open_regular

__all__ = ["FloatModel", "from_keras", "load", "tensorflow"]

KERAS_WEIGHTS = "model.weights.h5"  # in a .keras file
MODELS = (".keras", ".h5", ".hdf5", ".onnx")
HDF5, ZIP = b"\x89HDF\r\n\x1a\n", b"PK\x03\x04"


def load(path: Path, weights: Path | None = None, arch: Path | None = None) -> FloatModel:
    """Load a float model.

    Args:
        path: a .keras, .h5 or .hdf5 file (those of Keras 2 included), a JSON architecture, a SavedModel folder, or the
            weights.npz that a training of ours leaves; an .onnx where onnx2tf is installed; weights alone with `arch`.
        weights: the weights of a JSON architecture: .h5, or a TensorFlow checkpoint.
        arch: the JSON architecture of weights; the same pair the other way round.

    Raises:
        ModelError: missing, broken, or of no known format.
        ConversionError: it needs code of its own, holds operations that reach beyond it, or its input is not one
            picture.
        MissingExtra: TensorFlow, or tf_keras for a file of Keras 2, is not installed.
    """
    path = Path(path)
    if arch is not None:
        path, weights = Path(arch), path
    checkpoint = keras_files.checkpoint_prefix(path)
    if not path.exists() and not checkpoint:
        raise ModelError(f"{path}: no such file or folder; fix the path")
    if (path.is_dir() and not (path / "saved_model.pb").is_file()) or not path.exists() or _is_checkpoint_file(path):
        raise _folder_error(path, checkpoint)
    if path.is_dir():
        return saved_model.load(path)
    return _from_file(path, _head(path), weights)


def _from_file(path: Path, head: bytes, weights: Path | None) -> FloatModel:
    if advice := foreign.advice(path, head):
        raise ModelError(f"{path}: {advice}")
    if path.suffix.lower() == ".onnx":
        return onnx_files.load(path)
    if head.startswith(ZIP):
        return from_keras(_from_zip(path), path.name)
    if head.startswith(HDF5):
        return from_keras(keras_files.from_h5(path), path.name)
    if head.removeprefix(codecs.BOM_UTF8).lstrip().startswith((b"{", b"[")):
        return from_keras(_from_json(path, weights), path.name)
    raise ModelError(
        f"{path}: neither a Keras model (.keras, .h5), a JSON architecture nor a SavedModel folder; give one of these"
    )


def _head(path: Path) -> bytes:
    """The first bytes of a file.

    Raises:
        ModelError: it cannot be read, or is a FIFO or the like, which may never end.
    """
    try:
        with open_regular(path) as file:
            return file.read(256)
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}); copy it to a file") from None


def _from_zip(path: Path) -> Any:
    """A .keras file or our weights.npz: both are zip files."""
    try:
        with zipfile.ZipFile(path) as file:
            names = file.namelist()
    except (zipfile.BadZipFile, OSError):
        names = []
    if any(name.endswith(".npy") for name in names):
        tensorflow()
        from training import weights

        return weights.load(path)
    inside = [name for name in names if name.lower().endswith((".h5", ".hdf5", ".keras", "saved_model.pb"))]
    if inside and "config.json" not in names:
        first = next((name for name in inside if not name.startswith("__MACOSX/")), inside[0])
        whole = {first.removesuffix(KERAS_WEIGHTS) + "config.json"} <= {*names}  # a .keras file, unpacked
        place = first.removesuffix("saved_model.pb").removesuffix(KERAS_WEIGHTS if whole else "").rstrip("/")
        place = place or "the folder that it becomes"
        raise ModelError(f"{path}: an archive; unpack it, and give {place}")
    if any(name.endswith("data.pkl") for name in names):
        raise ModelError(f"{path}: {foreign.advice(Path('model.pt'), ZIP)}")
    return keras_files.from_archive(path)


def _from_json(path: Path, weights: Path | None) -> Any:
    if advice := foreign.json_advice(path, _text(path)):
        raise ModelError(f"{path}: {advice}")
    if weights is None:
        raise ConversionError(f"{path}: an architecture without weights; add --weights FILE.h5")
    weights = Path(weights)
    if not weights.is_file() and not keras_files.checkpoint_prefix(weights):
        raise ModelError(f"{weights}: no such file; fix --weights")
    if weights.is_file():
        head = _head(weights)
        listed = foreign.json_advice(weights, _text(weights)) if head.lstrip().startswith(b"{") else ""
        if advice := foreign.advice(weights, head) or listed:
            raise ModelError(f"{weights}: {advice}")
    return keras_files.from_json(path, weights)


def _text(path: Path) -> str:
    limits.check_json_size(path, path.stat().st_size)
    return path.read_text(encoding="utf-8-sig", errors="replace")


def _is_checkpoint_file(path: Path) -> bool:
    return path.is_file() and (path.suffix == ".index" or ".data-" in path.name or path.name == "checkpoint")


def _folder_error(path: Path, checkpoint: str) -> Exception:
    if checkpoint:
        return ConversionError(
            f"{path}: a TensorFlow checkpoint, weights without an architecture; add --arch model.json, from "
            "model.to_json()"
        )
    if (path / "config.json").is_file() and (path / KERAS_WEIGHTS).is_file():
        return ModelError(
            f"{path}: an unpacked .keras file; give {path / 'config.json'} --weights {path / KERAS_WEIGHTS}"
        )
    models = sorted(file.name for file in path.iterdir() if file.suffix.lower() in MODELS) if path.is_dir() else []
    better = f"{path / models[0]}" if len(models) == 1 else "the folder that holds it"
    return ModelError(f"{path}: not a SavedModel (no saved_model.pb); give {better}")
