"""A model that scales its own pixels is known by its layers, in the files of Keras 2 and of Keras 3."""

from __future__ import annotations

import numpy as np
import pytest

from convert.load import load
from convert.saved_model import refused
from tests.convert.keras_ages import write


def network(keras, first):
    """Layers or functions on the picture, then a small classifier."""
    x = inputs = keras.Input((16, 16, 3))
    x = first(keras, x)
    x = keras.layers.Flatten()(keras.layers.Conv2D(2, 3, 2)(x))
    return keras.Model(inputs, keras.layers.Dense(2, activation="softmax")(x))


def normalized(deviation):
    def first(keras, x):
        return keras.layers.Normalization(axis=-1, mean=[deviation] * 3, variance=[deviation**2] * 3)(x)

    return first


WAYS = {
    "nothing": (lambda keras, x: x, ""),
    "Rescaling": (lambda keras, x: keras.layers.Rescaling(1 / 127.5, -1)(x), "a Rescaling layer, 1/127.5"),
    "Rescaling of small values": (lambda keras, x: keras.layers.Rescaling(2.0, -1)(x), ""),
    "Normalization": (normalized(64.0), "a Normalization layer, deviation 64"),
    "Normalization of small values": (normalized(0.25), ""),
    "preprocess_input tf": (
        lambda keras, x: keras.applications.mobilenet_v2.preprocess_input(x),
        "a division by 127.5, as preprocess_input makes",
    ),
    "preprocess_input torch": (lambda keras, x: keras.applications.densenet.preprocess_input(x), "a division by 255, "),
    "preprocess_input caffe": (
        lambda keras, x: keras.applications.vgg16.preprocess_input(x),
        "a mean that is subtracted",
    ),
    "x / 255": (lambda keras, x: x / 255.0, "a division by 255"),
    "x * (1 / 255)": (lambda keras, x: x * (1 / 255.0), "a multiplication by 1/255"),
    "x / 2 + 0.5": (lambda keras, x: x / 2.0 + 0.5, ""),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("age", ["2.11", "3"])
def test_it_is_named(keras_, tmp_path, age, way):
    first, says = WAYS[way]
    keras = keras_
    if age != "3":
        keras = pytest.importorskip("tf_keras", reason="needs tf_keras (pip install --no-deps tf_keras)")
    model = load(**write(network(keras, first), age, "h5" if age != "3" else "keras", tmp_path))
    assert model.scaling.startswith(says)
    assert bool(model.scaling) == bool(says)


def test_a_folder_with_a_normalization_that_was_adapted_is_read(keras_, tmp_path):
    """It holds the function that took its data; without an iterator, that reads nothing."""
    keras2 = pytest.importorskip("tf_keras", reason="needs tf_keras (pip install --no-deps tf_keras)")
    layer = keras2.layers.Normalization(axis=-1, input_shape=(8, 8, 1))
    layer.adapt(np.random.default_rng(1).uniform(0, 255, (10, 8, 8, 1)))
    model = keras2.Sequential([layer, keras2.layers.Flatten(), keras2.layers.Dense(2, activation="softmax")])
    loaded = load(**write(model, "2.15", "SavedModel", tmp_path))
    images = np.random.default_rng(2).uniform(0, 255, (3, 8, 8, 1)).astype(np.float32)
    assert np.allclose(loaded.predict(images)[0], np.asarray(model(images)), atol=1e-5)
    assert refused("AnonymousIteratorV3")
    assert refused("MakeIterator")
