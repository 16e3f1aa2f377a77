"""Keras files of every age. What Keras 2 saved is read by Keras 2 (tf_keras), by the file's own version record."""

from __future__ import annotations

import codecs
import contextlib
import json
import re
import shutil
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from convert import limits
from convert.errors import ConversionError, scratch_full
from convert.float_model import tensorflow
from convert.keras_config import check_code, for_inference, version_of
from convert.keras_errors import SIZELESS, Version, explained, sizeless
from edge.errors import MissingExtra, ModelError, one_line
from training.quiet import quiet

# Not in the extra: it wants the package tensorflow, and would put it over tensorflow-cpu.
TF_KERAS = "pip install --no-deps 'tf_keras>=2.21,<2.22'"


def from_h5(path: Path) -> Any:
    """A whole model from an HDF5 file.

    Raises:
        ModelError: broken, or weights alone.
        ConversionError: it needs code of its own.
        MissingExtra: it is of Keras 2 and tf_keras is not installed.
    """
    _checked_h5(path)
    attributes = _attributes(path)
    if "model_config" not in attributes:
        raise ConversionError(f"{path}: weights without an architecture; add --arch model.json, from model.to_json()")
    config = _parsed(path, attributes["model_config"])
    check_code(path, config)
    version = version_of(attributes.get("keras_version"))

    with tempfile.TemporaryDirectory(prefix="edge-emotion-convert-") as folder:
        # Keras goes by the end of the name; a copy is changed where the architecture has to be.
        copy = Path(folder) / "model.h5"
        if (plain := for_inference(config)) == config:
            copy.symlink_to(path.resolve())
        else:
            shutil.copyfile(path, copy)
            _rewrite(copy, plain)
        return _built(path, version, lambda library: library.models.load_model(copy, compile=False))


def from_archive(path: Path) -> Any:
    """A whole model from a .keras file, whatever its name.

    Raises:
        As of `from_h5`.
    """
    tensorflow()
    try:
        with zipfile.ZipFile(path) as archive:
            limits.check_zip(path, archive)
            config = json.loads(archive.read("config.json"))
            metadata = json.loads(archive.read("metadata.json"))
    except ConversionError:
        raise
    except (OSError, KeyError, ValueError, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        raise ModelError(
            f"{path}: cannot be loaded as a Keras model ({one_line(error, 80)}); copy or download it again"
        ) from None
    if not isinstance(config, dict):
        raise ModelError(f"{path}: not a Keras model, its config.json is no architecture; copy or download it again")
    check_code(path, config)
    version = version_of(metadata.get("keras_version")) if isinstance(metadata, dict) else None
    with tempfile.TemporaryDirectory(prefix="edge-emotion-convert-") as folder:
        copy = Path(folder) / "model.keras"
        _check_weights_in(path, Path(folder) / "weights.h5")
        if (plain := for_inference(config)) == config:
            copy.symlink_to(path.resolve())
        else:
            _repacked(path, copy, plain)
        return _built(path, version, lambda library: library.models.load_model(copy, compile=False))


def from_json(path: Path, weights: Path) -> Any:
    """A model from its architecture and its weights: .h5 of either form, or a TensorFlow checkpoint.

    Raises:
        As of `from_h5`.
    """
    limits.check_json_size(path, path.stat().st_size)
    config = _parsed(path, path.read_bytes().removeprefix(codecs.BOM_UTF8))
    if not isinstance(config, dict) or not isinstance(config.get("class_name"), str):
        raise ModelError(f"{path}: not a Keras architecture; expected what model.to_json() writes")
    check_code(path, config)
    text = json.dumps(for_inference(config))
    checkpoint = checkpoint_prefix(weights)
    version = version_of(config.get("keras_version")) or ((2, 0) if checkpoint else None)
    if checkpoint and version and version[0] > 2:
        raise ConversionError(f"{weights}: a TensorFlow checkpoint, which Keras 3 does not write; give its .weights.h5")

    def build(library: Any) -> Any:
        model = library.models.model_from_json(text)
        if not checkpoint:
            _checked_h5(weights)
        try:
            with _weights(weights, checkpoint) as place:
                done = model.load_weights(place)
                if checkpoint:
                    done.assert_existing_objects_matched().expect_partial()
        except Exception as error:
            if SIZELESS.search(str(error)):
                raise sizeless(path) from None
            raise ModelError(
                f"{weights}: these weights do not fit {path.name} ({one_line(error, 120)}); give the two that were "
                "saved together"
            ) from None
        return model

    return _built(path, version, build)


def checkpoint_prefix(path: Path) -> str:
    """The prefix of a TensorFlow checkpoint that a path means: itself, one of its files, its folder; "" for none."""
    if path.is_dir() and (path / "checkpoint").is_file():
        found = re.search(r'^model_checkpoint_path: "(.*)"', (path / "checkpoint").read_text(errors="replace"), re.M)
        return str(path / Path(found[1]).name) if found else ""
    name = re.sub(r"\.(index|data-\d+-of-\d+)$", "", str(path))
    return name if Path(f"{name}.index").is_file() else ""


def _built(path: Path, version: Version, build: Callable[[Any], Any]) -> Any:
    """What `build` makes with the Keras that wrote the file; without a record with either.

    Raises:
        ModelError, ConversionError, MissingExtra.
    """
    if version and version[0] < 2:
        raise ConversionError(
            f"{path}: of Keras {version[0]}.{version[1]}; open it with Keras 2.2 and save it again, that is read here"
        )
    tensorflow()
    import keras

    legacy = _tf_keras()
    libraries = [keras, legacy] if version is None or version[0] > 2 else [legacy or keras]
    failure: Exception | None = None
    budget = limits.Budget(path)
    for library in libraries if version is None else libraries[:1]:
        if library is None:
            continue
        try:
            with quiet(), warnings.catch_warnings(), budget.counted(library):
                warnings.simplefilter("ignore")
                return build(library)
        except Exception as error:
            failure = failure or budget.overdrawn or error
    if version and version[0] == 2 and legacy is None:
        raise MissingExtra(
            f"{path}: of Keras {version[0]}.{version[1]}, which needs tf_keras to read; fix it with: {TF_KERAS}"
        )
    assert failure is not None
    raise explained(path, failure, version, version_of(keras.__version__))


def _tf_keras() -> Any:
    try:
        with quiet(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import tf_keras
    except ImportError:
        return None
    return tf_keras


def _attributes(path: Path) -> dict[str, Any]:
    """The attributes of an HDF5 file that Keras writes."""
    tensorflow()
    import h5py

    try:
        with h5py.File(path) as file:
            return {key: file.attrs[key] for key in ("model_config", "keras_version") if key in file.attrs}
    except Exception as error:  # h5py raises many kinds for a broken file
        raise ModelError(
            f"{path}: cannot be loaded as a Keras model ({one_line(error, 80)}); copy or download it again"
        ) from None


def _checked_h5(path: Path) -> None:
    """Check what an HDF5 file would take, before anything of it is read.

    Raises:
        ConversionError, ModelError.
    """
    tensorflow()
    try:
        limits.check_h5(path)
    except ConversionError:
        raise
    except Exception as error:  # h5py raises many kinds for a broken file
        raise ModelError(
            f"{path}: cannot be loaded as a Keras model ({one_line(error, 80)}); copy or download it again"
        ) from None


def _check_weights_in(path: Path, copy: Path) -> None:
    """Check the weights inside a .keras file, unpacked to a place of ours.

    Raises:
        ConversionError, ModelError.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.endswith(".h5")]
            for name in names:
                # What a Mac adds when it packs a file again; Keras does not look at it.
                if name.startswith("__MACOSX/"):
                    continue
                with archive.open(name) as packed, open(copy, "wb") as plain:
                    shutil.copyfileobj(packed, plain)
                limits.check_h5(copy, path)
    except ConversionError:
        raise
    except Exception as error:
        raise scratch_full(error) or ModelError(
            f"{path}: cannot be loaded as a Keras model ({one_line(error, 80)}); copy or download it again"
        ) from None


def _rewrite(path: Path, config: Any) -> None:
    import h5py

    with h5py.File(path, "r+") as file:
        file.attrs["model_config"] = json.dumps(config)


def _repacked(path: Path, copy: Path, config: Any) -> None:
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(copy, "w") as target:
        for item in source.infolist():
            target.writestr(item, json.dumps(config) if item.filename == "config.json" else source.read(item.filename))


def _parsed(path: Path, text: str | bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, TypeError, RecursionError) as error:  # in HDF5 it may be of any type
        raise ModelError(f"{path}: not valid JSON ({one_line(error, 80)}); write model.to_json() again") from None


@contextlib.contextmanager
def _weights(path: Path, checkpoint: str) -> Iterator[str]:
    """A place with the name that Keras wants for weights of this form: both versions go by it."""
    if checkpoint:
        yield checkpoint
        return
    import h5py

    with h5py.File(path) as file:
        whole = "model_weights" in file or "layer_names" in file.attrs
    with tempfile.TemporaryDirectory(prefix="edge-emotion-convert-") as folder:
        copy = Path(folder) / ("w.h5" if whole else "w.weights.h5")
        copy.symlink_to(path.resolve())
        yield str(copy)
