"""Keras files as each release wrote them: made with tf_keras, then edited to the release's own form.

What differed, read from published files: Keras 2.2.0 to 2.2.2 kept a Sequential as a bare list; up to 2.3 it had no
InputLayer, "Model" where later ones say "Functional", and no `groups`; tf.keras 2.3 to 2.15 wrote `groups` into
depthwise and separable layers and `time_major` into LSTMs; 2.13 to 2.15 name a module with every layer of a .keras file
and of a JSON.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

AGES = {"2.2": "2.2.2", "2.3": "2.3.1", "2.8": "2.8.0", "2.11": "2.11.0", "2.15": "2.15.0", "3": ""}
STANDALONE = ("2.2", "2.3")
FORMS = ("h5", "json", "arch", "keras", "SavedModel", "checkpoint")
# Keys that only later releases write.
_NEWER = {"module", "registered_name", "build_config", "compile_config", "optional"}
_STANDALONE_LACKS = {"groups", "time_major", "ragged", "shared_object_id"}


def exists(age: str, form: str, net: str) -> bool:
    """Whether that release could write this."""
    if age in STANDALONE and (form in ("SavedModel", "checkpoint") or net == "rescaling"):
        return False  # Keras without TensorFlow's formats and preprocessing layers
    if age == "3":
        return form != "checkpoint"
    return form != "keras" or age == "2.15"


def aged(config: Any, age: str) -> Any:
    """An architecture of tf_keras as an earlier release wrote it."""
    drop = set() if age == "2.15" else _NEWER
    drop = drop | {"optional"} | (_STANDALONE_LACKS if age in STANDALONE else set())
    made = _without(config, drop)
    if age in STANDALONE:
        _standalone(made, age)
    return made


def write(model: Any, age: str, form: str, folder: Path) -> dict[str, Path]:
    """The model in one form of one release; the arguments of convert.load.load."""
    if age == "3":
        return _write_new(model, form, folder)
    version = AGES[age]
    if form == "SavedModel":
        model.save(folder / "saved", save_format="tf")
        return {"path": folder / "saved"}
    if form == "h5":
        import h5py

        model.save(folder / "m.h5")
        with h5py.File(folder / "m.h5", "r+") as file:
            file.attrs["model_config"] = json.dumps(aged(json.loads(file.attrs["model_config"]), age)).encode()
            file.attrs["keras_version"] = version.encode()
        return {"path": folder / "m.h5"}
    if form == "keras":
        model.save(folder / "whole.keras")
        with zipfile.ZipFile(folder / "whole.keras") as whole, zipfile.ZipFile(folder / "m.keras", "w") as file:
            for name in whole.namelist():
                content = whole.read(name)
                if name == "config.json":
                    content = json.dumps(aged(json.loads(content), age)).encode()
                elif name == "metadata.json":
                    content = json.dumps({"keras_version": version}).encode()
                file.writestr(name, content)
        return {"path": folder / "m.keras"}
    document = {**aged(json.loads(model.to_json()), age), "keras_version": version, "backend": "tensorflow"}
    (folder / "m.json").write_text(json.dumps(document))
    if form == "checkpoint":
        model.save_weights(str(folder / "ckpt" / "w"))
        return {"path": folder / "m.json", "weights": folder / "ckpt" / "w"}
    model.save_weights(str(folder / "w.h5"))
    if form == "arch":
        return {"path": folder / "w.h5", "arch": folder / "m.json"}
    return {"path": folder / "m.json", "weights": folder / "w.h5"}


def _write_new(model: Any, form: str, folder: Path) -> dict[str, Path]:
    """The same by Keras 3 itself."""
    if form == "SavedModel":
        model.export(folder / "saved", verbose=False)
        return {"path": folder / "saved"}
    if form in ("h5", "keras"):
        model.save(folder / f"m.{form}")
        return {"path": folder / f"m.{form}"}
    (folder / "m.json").write_text(model.to_json())
    model.save_weights(folder / "w.weights.h5")
    if form == "arch":
        return {"path": folder / "w.weights.h5", "arch": folder / "m.json"}
    return {"path": folder / "m.json", "weights": folder / "w.weights.h5"}


def _without(part: Any, keys: set[str]) -> Any:
    if isinstance(part, dict):
        return {key: _without(value, keys) for key, value in part.items() if key not in keys}
    return [_without(one, keys) for one in part] if isinstance(part, list) else part


def _standalone(config: Any, age: str) -> None:
    for part in _dicts(config):
        kind, inner = part.get("class_name"), part.get("config")
        if kind == "Functional":
            part["class_name"] = "Model"
        if kind == "Sequential" and isinstance(inner, dict):
            inner["layers"] = [layer for layer in inner["layers"] if layer["class_name"] != "InputLayer"]
            if age == "2.2":
                part["config"] = inner["layers"]
        if kind in ("DepthwiseConv2D", "SeparableConv2D") and isinstance(inner, dict):
            for key in ("kernel_initializer", "kernel_regularizer", "kernel_constraint"):
                inner.pop(key, None)
        if kind == "BatchNormalization" and isinstance(inner, dict) and isinstance(inner.get("axis"), list):
            inner["axis"] = inner["axis"][0]


def _dicts(part: Any) -> list[dict[str, Any]]:
    if isinstance(part, dict):
        return [one for value in part.values() for one in _dicts(value)] + [part]
    return [one for value in part for one in _dicts(value)] if isinstance(part, list) else []
