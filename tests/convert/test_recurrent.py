"""LSTM, GRU and the like in int8: written out step by step, since TensorFlow crashes where it calibrates a loop."""

from __future__ import annotations

import numpy as np
import pytest

from convert.errors import ConversionError
from convert.float_model import from_keras
from convert.quantize import quantize


@pytest.fixture(scope="module")
def keras2(keras_):
    return pytest.importorskip("tf_keras", reason="needs tf_keras (pip install --no-deps tf_keras)")


def network(library, recurrent, last=()):
    """Rows of a picture of 24x24 as steps in time."""
    layers = library.layers
    first = [library.Input((24, 24, 1)), layers.AveragePooling2D(4), layers.Reshape((6, 6))]
    return library.Sequential([*first, recurrent, *last, layers.Dense(4, activation="softmax")])


def expect_alike(model, images):
    made = quantize(from_keras(model, "m"), images)
    floats = np.asarray(model(images / np.float32(255)))
    assert np.abs(made.predict(images)[0] - floats).max() < 0.08
    assert "WHILE" not in made.graph.kinds
    return made


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "SimpleRNN"])
def test_one_layer(keras_, kit, kind):
    keras_.utils.set_random_seed(1)
    made = expect_alike(network(keras_, getattr(keras_.layers, kind)(5)), kit.blobs(40, seed=1)[0])
    taken = {tensor.index for op in made.graph.operations for tensor in op.inputs if tensor is not None}
    splits = [op for op in made.graph.operations if op.kind == "SPLIT"]
    assert all(tensor.index in taken for op in splits for tensor in op.outputs), "TensorFlow may leave it in float"


def test_both_ways_and_every_step(keras_, kit):
    keras_.utils.set_random_seed(1)
    layers = keras_.layers
    both = layers.Bidirectional(layers.LSTM(5, return_sequences=True))
    expect_alike(network(keras_, both, [layers.LSTM(4)]), kit.blobs(40, seed=1)[0])


def test_one_step(keras_, kit):
    """Of its only SPLIT, a part is not used."""
    keras_.utils.set_random_seed(1)
    layers = keras_.layers
    first = [keras_.Input((24, 24, 1)), layers.Reshape((1, 576)), layers.LSTM(5)]
    expect_alike(keras_.Sequential([*first, layers.Dense(4, activation="softmax")]), kit.blobs(40, seed=1)[0])


@pytest.mark.parametrize("parts", [1, 2, 3])
def test_a_split_of_which_so_many_parts_are_used(keras_, kit, parts):
    keras_.utils.set_random_seed(1)
    picture = keras_.Input((24, 24, 1))
    x = keras_.layers.Dense(12, activation="relu")(keras_.layers.Flatten()(picture))
    x = sum(keras_.ops.split(x, 3, axis=-1)[:parts])
    model = keras_.Model(picture, keras_.layers.Dense(4, activation="softmax")(x))
    expect_alike(model, kit.blobs(40, seed=1)[0])


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_of_keras_2(keras2, kit, kind):
    keras2.utils.set_random_seed(1)
    made = expect_alike(network(keras2, getattr(keras2.layers, kind)(5)), kit.blobs(40, seed=1)[0])
    assert ("UNIDIRECTIONAL_SEQUENCE_LSTM" in made.graph.kinds) == (kind == "LSTM")


def test_a_loop_that_stays_is_said(keras_, kit, tmp_path):
    @keras_.saving.register_keras_serializable()
    class Repeat(keras_.layers.Layer):
        def call(self, x):
            return keras_.ops.fori_loop(0, 3, lambda _, value: keras_.ops.tanh(value) * 2, x)

    model = keras_.Sequential(
        [keras_.Input((24, 24, 1)), Repeat(), keras_.layers.Flatten(), keras_.layers.Dense(4, activation="softmax")]
    )
    with pytest.raises(ConversionError, match=r"m: has a loop .*unroll=True"):
        quantize(from_keras(model, "m"), kit.blobs(40, seed=1)[0])
