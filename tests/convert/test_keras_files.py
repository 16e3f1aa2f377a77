"""Keras files with what a conversion does not need, and those that the installed Keras cannot read."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pytest

from convert.keras_errors import explained
from convert.load import load
from edge.errors import ModelError


def simple(keras_):
    layers = keras_.layers
    return keras_.Sequential([keras_.Input((8, 8, 1)), layers.Conv2D(2, 3), layers.GlobalAveragePooling2D()])


@pytest.mark.parametrize("name", ["m.keras", "m.h5", "m.json"])
def test_losses_metrics_and_regularizers_may_be_peoples_own(tmp_path, keras_, name):
    class Focal(keras_.losses.Loss):
        def call(self, true, said):
            return keras_.ops.mean((true - said) ** 2)

    class Sparse(keras_.regularizers.Regularizer):
        def __call__(self, weights):
            return keras_.ops.sum(keras_.ops.abs(weights))

        def get_config(self):
            return {}

    inner = simple(keras_)
    inner.layers[0].kernel_regularizer = Sparse()
    inner.compile("adam", Focal())  # a network within another keeps its own loss
    model = keras_.Sequential([keras_.Input((8, 8, 1)), keras_.layers.Rescaling(2.0), inner])
    model.compile("adam", Focal(), metrics=[lambda true, said: 0.0])
    weights = None
    if name == "m.json":
        weights = tmp_path / "m.weights.h5"
        (tmp_path / name).write_text(model.to_json())
        model.save_weights(weights)
    else:
        model.save(tmp_path / name)
    picture = np.random.default_rng(1).random((1, 8, 8, 1), np.float32)
    assert np.allclose(load(tmp_path / name, weights).predict(picture)[0], model(picture), atol=1e-6)


@pytest.mark.parametrize("name", ["m.keras", "m.h5"])
def test_names_that_people_chose_may_be_like_keys_of_keras(tmp_path, keras_, name):
    picture = keras_.Input((8, 8, 1), name="x_constraint")
    model = keras_.Model({"x_constraint": picture}, {"y_regularizer": keras_.layers.Flatten()(picture)})
    model.save(tmp_path / name)
    image = np.random.default_rng(1).random((1, 8, 8, 1), np.float32)
    assert np.allclose(load(tmp_path / name).predict(image)[0], image.reshape(64))


def repacked(path, config=None, metadata=None):
    """A .keras file with another architecture or version record."""
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    if config is not None:
        content["config.json"] = config
    if metadata is not None:
        content["metadata.json"] = json.dumps(metadata).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)


@pytest.mark.parametrize(
    ("made_by", "says"),
    [
        (
            "3.99.0",
            r"written by Keras 3\.99, which is newer .*'later'.*\); fix it with: pip install --upgrade keras",
        ),
        (None, r"cannot be loaded as a Keras model \(Unrecognized .*'later'.*; export a SavedModel"),
    ],
)
def test_a_file_of_a_later_keras_says_so(tmp_path, keras_, made_by, says):
    simple(keras_).save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as archive:
        config = archive.read("config.json").replace(b'"filters": 2', b'"filters": 2, "later": 1')
    repacked(tmp_path / "m.keras", config, {"keras_version": made_by} if made_by else None)
    with pytest.raises(ModelError, match=says):
        load(tmp_path / "m.keras")


@pytest.mark.parametrize("config", [b"[]", b"null", b'"x"'])
def test_an_archive_without_an_architecture(tmp_path, keras_, config):
    simple(keras_).save(tmp_path / "m.keras")
    repacked(tmp_path / "m.keras", config)
    with pytest.raises(ModelError, match=r"not a Keras model, its config\.json is no architecture"):
        load(tmp_path / "m.keras")


def test_an_architecture_that_is_no_text(tmp_path, keras_):
    import h5py

    simple(keras_).save(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5", "r+") as file:
        file.attrs["model_config"] = np.arange(3)
    with pytest.raises(ModelError, match="not valid JSON"):
        load(tmp_path / "m.h5")


def test_a_message_is_kerass_last_word_without_its_colours(tmp_path):
    error = ValueError("config={'name': 'x'}.\n\nException encountered: \x1b[1mfilters\x1b[0m: expected more")
    assert "(filters: expected more); export" in str(explained(tmp_path, error, None, (3, 15)))
