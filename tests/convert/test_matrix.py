"""Files of every Keras since 2.2, in every form, of the networks that people have: the same answers as when saved.

A few cells run always; `make matrix` runs all of them, and converts one of each kind.
"""

from __future__ import annotations

import os

import numpy as np
import pytest

from convert.errors import ConversionError
from convert.load import load
from convert.quantize import quantize
from tests.convert.keras_ages import AGES, FORMS, exists, write

SIDE = 32
EVERYTHING = os.environ.get("MATRIX") == "1"
# What people have most: the mask tutorial's file, mini_XCEPTION, the student demo's JSON, Teachable Machine's nest.
ALWAYS = {
    ("2.2", "h5", "plain"),
    ("2.2", "json", "xception"),
    ("2.3", "h5", "mobilenet"),
    ("2.8", "h5", "mobilenet"),
    ("2.8", "h5", "nested"),
    ("2.8", "h5", "half"),
    ("2.11", "arch", "lstm"),
    ("2.11", "checkpoint", "plain"),
    ("2.15", "keras", "xception"),
    ("2.15", "json", "rescaling"),
    ("2.15", "SavedModel", "plain"),
    ("3", "keras", "half"),
}
NETS = ("plain", "mobilenet", "xception", "rescaling", "lstm", "nested", "half")


@pytest.fixture(scope="module")
def keras2(keras_):
    """Keras 2, from its own package."""
    return pytest.importorskip("tf_keras", reason="needs tf_keras (pip install --no-deps tf_keras)")


@pytest.fixture(scope="module")
def made(keras_, keras2):
    """Each network once, by Keras 2 and by Keras 3, with weights that let every layer matter."""
    kept = {}

    def make(net: str, age: str = "2.15"):
        library = keras_ if age == "3" else keras2
        if (net, library) not in kept:
            kept[net, library] = build(library, net)
            rng = np.random.default_rng(3)
            kept[net, library].set_weights([drawn(rng, w) for w in kept[net, library].get_weights()])
        return kept[net, library]

    return make


def drawn(rng: np.random.Generator, values: np.ndarray) -> np.ndarray:
    """Kernels that keep the size of what goes through (He et al., 2015); scales and variances stay at 1."""
    if values.ndim < 2:
        return values + (rng.uniform(0, 0.2, values.shape) if not values.any() else 0)
    depthwise = values.ndim == 4 and values.shape[3] == 1
    seen = np.prod(values.shape[:2] if depthwise else values.shape[:-1])
    return rng.normal(0, np.sqrt(2 / seen), values.shape)


def build(keras, net: str):
    layers = keras.layers
    if net == "plain":
        parts = [layers.Conv2D(6, 3, activation="relu", input_shape=(SIDE, SIDE, 1)), layers.MaxPooling2D(2)]
        return keras.Sequential([*parts, layers.Dropout(0.25), layers.Flatten(), layers.Dense(7, activation="softmax")])
    if net == "rescaling":
        start = layers.Rescaling(1 / 255, input_shape=(SIDE, SIDE, 1))
        return keras.Sequential([start, layers.Conv2D(6, 3), layers.Flatten(), layers.Dense(7, activation="softmax")])
    if net == "lstm":
        shape = layers.Reshape((SIDE, SIDE), input_shape=(SIDE, SIDE, 1))
        return keras.Sequential([shape, layers.LSTM(5), layers.Dense(7, activation="softmax")])
    if net == "nested":  # transfer learning as the guides teach it: base(inputs)
        base = keras.Sequential([layers.DepthwiseConv2D(3, input_shape=(SIDE, SIDE, 3)), layers.BatchNormalization()])
        inputs = keras.Input((SIDE, SIDE, 3))
        return keras.Model(inputs, layers.Dense(2, activation="softmax")(layers.Flatten()(base(inputs))))
    if net == "half":
        before = keras.mixed_precision.global_policy()
        keras.mixed_precision.set_global_policy("mixed_float16")
        try:
            parts = [layers.Conv2D(6, 3, input_shape=(SIDE, SIDE, 1)), layers.Flatten()]
            return keras.Sequential([*parts, layers.Dense(7), layers.Activation("softmax", dtype="float32")])
        finally:
            keras.mixed_precision.set_global_policy(before)
    inputs = keras.Input((SIDE, SIDE, 3 if net == "mobilenet" else 1))
    if net == "mobilenet":
        if EVERYTHING:
            base = keras.applications.MobileNetV2(
                input_tensor=inputs, alpha=0.35, include_top=False, weights=None, pooling="avg"
            )
            return keras.Model(inputs, layers.Dense(2, activation="softmax")(base.output))
        x = block = layers.ReLU(6.0)(layers.BatchNormalization()(layers.Conv2D(4, 3, 2, padding="same")(inputs)))
        x = layers.DepthwiseConv2D(3, padding="same", use_bias=False)(layers.Conv2D(8, 1, use_bias=False)(x))
        x = layers.Add()([block, layers.BatchNormalization()(layers.Conv2D(4, 1)(layers.ReLU(6.0)(x)))])
        return keras.Model(inputs, layers.Dense(2, activation="softmax")(layers.GlobalAveragePooling2D()(x)))
    x = layers.Activation("relu")(layers.BatchNormalization()(layers.Conv2D(4, 3, use_bias=False)(inputs)))
    short = layers.BatchNormalization()(layers.Conv2D(8, 1, 2, padding="same")(x))
    x = layers.BatchNormalization()(layers.SeparableConv2D(8, 3, padding="same", use_bias=False)(x))
    x = layers.add([layers.MaxPooling2D(3, 2, padding="same")(x), short])
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(7, 3, padding="same")(x))
    return keras.Model(inputs, layers.Activation("softmax")(x))


CELLS = [(age, form, net) for age in AGES for form in FORMS for net in NETS if exists(age, form, net)]


@pytest.mark.parametrize(
    ("age", "form", "net"), [pytest.param(*cell, id="-".join(cell)) for cell in CELLS if EVERYTHING or cell in ALWAYS]
)
def test_it_answers_as_when_it_was_saved(made, tmp_path, age, form, net):
    original = made(net, age)
    loaded = load(**write(original, age, form, tmp_path))
    pictures = np.random.default_rng(1).random((4, *original.input_shape[1:]), np.float32)
    expected = np.asarray(original(pictures, training=False), np.float32)
    (answers,) = loaded.predict(pictures)
    assert np.allclose(answers, expected, atol=2e-3 if net == "half" else 1e-5)
    assert np.ptp(answers) > 0


@pytest.mark.parametrize("net", NETS if EVERYTHING else ("xception", "lstm", "half"))
def test_it_converts(made, tmp_path, net):
    loaded = load(**write(made(net), "2.8", "h5", tmp_path))
    pictures = np.random.default_rng(1).integers(0, 256, (8, SIDE, SIDE, loaded.shape[2]), np.uint8)
    converted = quantize(loaded, pictures)
    floats = loaded.predict(converted.preprocessing.apply(pictures))
    assert np.abs(converted.predict(pictures)[0] - floats[0]).max() < 0.1


def test_a_file_of_keras_1_says_which_version_reads_it(made, tmp_path):
    import h5py

    place = write(made("plain"), "2.2", "h5", tmp_path)
    with h5py.File(place["path"], "r+") as file:
        file.attrs["keras_version"] = b"1.2.2"
    with pytest.raises(ConversionError, match=r"of Keras 1\.2; open it with Keras 2\.2 and save it again"):
        load(**place)
