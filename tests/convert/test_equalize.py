"""Balanced channels: the same function, and int8 that loses less; only where a scale can pass between two layers."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from convert import tflite
from convert.equalize import equalized, pairs
from convert.float_model import from_keras
from convert.quantize import Effort, quantize, to_float


def pictures(count: int = 40) -> np.ndarray:
    return np.random.default_rng(2).integers(0, 256, (count, 16, 16, 1), np.uint8)


def network(keras_, *body):
    keras_.utils.set_random_seed(3)
    return keras_.Sequential([keras_.Input((16, 16, 1)), *body])


def graph_of(keras_, *body):
    return tflite.read(to_float(from_keras(network(keras_, *body)), (16, 16, 1)).content)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (lambda L: [L.Conv2D(4, 3), L.GlobalAveragePooling2D()], []),
        (lambda L: [L.Conv2D(4, 3, activation="relu"), L.Conv2D(2, 3)], [("CONV_2D", "CONV_2D")]),
        (lambda L: [L.Conv2D(4, 3), L.LeakyReLU(), L.DepthwiseConv2D(3)], [("CONV_2D", "DEPTHWISE_CONV_2D")]),
        (lambda L: [L.Conv2D(4, 3), L.MaxPooling2D(2), L.Flatten(), L.Dense(3)], [("CONV_2D", "FULLY_CONNECTED")]),
        (lambda L: [L.Conv2D(4, 3, activation="relu6"), L.Conv2D(2, 3)], []),
        (lambda L: [L.Conv2D(4, 3), L.Activation("tanh"), L.Conv2D(2, 3)], []),
    ],
)
def test_which_layers_are_balanced(keras_, body, expected):
    found = list(pairs(graph_of(keras_, *body(keras_.layers))))
    assert [(pair.first.kind, pair.second.kind) for pair in found] == expected


def test_the_terminal_stays_clean(keras_):
    layers = keras_.layers
    body = [layers.Conv2D(4, 3, activation="relu"), layers.Conv2D(2, 3)]
    made = to_float(from_keras(network(keras_, *body)), (16, 16, 1)).content
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        equalized(made, pictures(2).astype(np.float32))
    assert caught == []


def test_what_two_layers_see_is_left_alone(keras_):
    layers = keras_.layers
    picture = keras_.Input((16, 16, 1))
    x = layers.Conv2D(4, 3, activation="relu")(picture)
    model = keras_.Model(picture, layers.Add()([layers.Conv2D(2, 3)(x), layers.Conv2D(2, 3)(x)]))
    assert list(pairs(tflite.read(to_float(from_keras(model), (16, 16, 1)).content))) == []


def loud(keras_):
    """A convolution of which one channel is 3000 times as loud as the others, and the next layer heeds it little."""
    layers = keras_.layers
    body = [layers.Conv2D(8, 3, activation="relu"), layers.MaxPooling2D(2), layers.Conv2D(8, 3, activation="relu")]
    model = network(keras_, *body, layers.Flatten(), layers.Dense(3))
    for first, second in ((0, 2), (2, 4)):
        kernel, bias = model.layers[first].get_weights()
        kernel[..., 0] *= 3000
        model.layers[first].set_weights([kernel, bias])
        after, bias = model.layers[second].get_weights()
        after.reshape(-1, 8, after.shape[-1])[:, 0] /= 3000
        model.layers[second].set_weights([after, bias])
    return model


def test_it_computes_the_same(keras_):
    made = to_float(from_keras(loud(keras_)), (16, 16, 1))
    samples = made.preprocessing.apply(pictures())
    balanced = equalized(made.content, samples)
    assert balanced != made.content
    assert len(balanced) == len(made.content)
    one, two = (
        type(made)("m", content, made.preprocessing).predict(pictures())[0] for content in (made.content, balanced)
    )
    assert np.allclose(one, two, rtol=1e-3, atol=1e-4 * np.abs(one).max())


def test_nothing_to_balance_gives_the_file_itself(keras_):
    made = to_float(from_keras(network(keras_, keras_.layers.GlobalAveragePooling2D())), (16, 16, 1))
    assert equalized(made.content, made.preprocessing.apply(pictures(4))) is made.content


def test_int8_loses_less(keras_):
    model = from_keras(loud(keras_))
    errors = []
    for effort in (Effort(), Effort(equalize=True)):
        made = quantize(model, pictures(), effort=effort)
        (floats,) = model.predict(made.preprocessing.apply(pictures()))
        errors.append(float(np.abs(made.predict(pictures())[0] - floats).mean() / floats.std()))
    plain, balanced = errors
    assert balanced < 0.1
    assert plain > 3 * balanced
