"""Activations beside ReLU: what int8 kernels can do is converted, ELU and its like by way of others."""

from __future__ import annotations

import numpy as np
import pytest

from convert.float_model import from_keras
from convert.load import load
from convert.quantize import quantize, to_float
from edge.engines import operators

ACTIVATIONS = {
    "elu": lambda layers: layers.ELU(),
    "elu with an alpha": lambda layers: layers.ELU(0.5),
    "selu": lambda layers: layers.Activation("selu"),
    "prelu": lambda layers: layers.PReLU(shared_axes=[1, 2], alpha_initializer="random_uniform"),
    "leaky relu": lambda layers: layers.LeakyReLU(),
    "leaky relu with an end": lambda layers: layers.ReLU(6.0, negative_slope=0.1),
    "hard swish": lambda layers: layers.Activation("hard_silu"),
    "swish": lambda layers: layers.Activation("swish"),
    "gelu": lambda layers: layers.Activation("gelu"),
    "mish": lambda layers: layers.Activation("mish"),
    "softsign": lambda layers: layers.Activation("softsign"),
    "layer normalization": lambda layers: layers.LayerNormalization(),
    "tanh": lambda layers: layers.Activation("tanh"),
}


def network(keras_, name: str):
    layers = keras_.layers
    keras_.utils.set_random_seed(1)
    body = [layers.Conv2D(8, 3), ACTIVATIONS[name](layers), layers.Conv2D(8, 3), layers.GlobalAveragePooling2D()]
    return keras_.Sequential([layers.Input((24, 24, 1)), *body, layers.Dense(4)])


@pytest.mark.parametrize("name", list(ACTIVATIONS))
def test_it_converts_and_the_device_takes_it(keras_, kit, tmp_path, name):
    model = from_keras(network(keras_, name), name)
    images = kit.blobs(40, seed=2)[0]
    converted = quantize(model, images)
    (floats,) = model.predict(converted.preprocessing.apply(images))
    (ints,) = converted.predict(images)
    assert np.abs(floats - ints).max() < 0.05 * np.abs(floats).max()
    operators.check(tmp_path, converted.content)


@pytest.mark.parametrize("name", ["elu", "leaky relu with an end", "layer normalization"])
def test_what_it_is_rewritten_to_is_the_same_function(keras_, kit, name):
    model = from_keras(network(keras_, name), name)
    images = kit.blobs(10, seed=3)[0]
    made = to_float(model, (24, 24, 1))
    assert np.allclose(made.predict(images)[0], model.predict(made.preprocessing.apply(images))[0], atol=1e-5)
    assert {"ELU", "NEG"}.isdisjoint(made.graph.kinds)


def test_a_gelu_stays_one_operation(keras_):
    made = to_float(from_keras(network(keras_, "gelu"), "gelu"), (24, 24, 1))
    assert made.graph.kinds["GELU"] == 1


def test_a_saved_models_elu_too(keras_, kit, tmp_path):
    network(keras_, "elu").export(tmp_path / "m", verbose=False)
    images = kit.blobs(40, seed=2)[0]
    made = quantize(load(tmp_path / "m"), images)
    assert {"EXP", "MAXIMUM"} <= set(made.graph.kinds)
