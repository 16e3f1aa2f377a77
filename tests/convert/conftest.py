"""A small task, and networks whose weights are set by hand to solve it: accuracy before and after means something.

Nothing is trained: what a training arrives at differs from processor to processor, and so would what int8 loses of it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
SIDE = 24
CLASSES = ("happy", "sad", "surprise", "neutral")


def blobs(count: int, seed: int, channels: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Pictures uint8 (count, 24, 24, channels) with a bright blob in one of four quarters, and which one."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 90, (count, SIDE, SIDE, channels))
    labels = rng.integers(0, 4, count)
    for image, label in zip(images, labels, strict=True):
        top, left = 12 * (label // 2) + rng.integers(0, 5), 12 * (label % 2) + rng.integers(0, 5)
        image[top : top + 7, left : left + 7] += rng.integers(80, 160)
    return images.astype(np.uint8), labels


def network(channels: int = 1, classes: int = 4, width: int = 8):
    import keras
    from keras import layers

    return keras.Sequential(
        [
            layers.Input((SIDE, SIDE, channels)),
            layers.Conv2D(width, 3, 2, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Conv2D(width, 3, 2, padding="same", activation="relu"),
            layers.Flatten(),
            layers.Dense(classes, activation="softmax"),
        ]
    )


def averaging(model, seed: int = 1) -> None:
    """Every convolution averages what it sees, every batch norm nearly passes it on; no two channels are the same."""
    from keras import layers

    rng = np.random.default_rng(seed)
    for layer in model.layers:
        if isinstance(layer, layers.Conv2D | layers.DepthwiseConv2D):
            kernel, *bias = layer.get_weights()
            seen = kernel[..., 0].size if isinstance(layer, layers.Conv2D) else kernel[..., 0, 0].size
            small = [rng.uniform(0.0, 0.05, b.shape) for b in bias]
            layer.set_weights([rng.uniform(0.5, 1.5, kernel.shape) / seen, *small])
        elif isinstance(layer, layers.BatchNormalization):
            shape = layer.gamma.shape
            ranges = ((0.8, 1.2), (0.0, 0.1), (0.0, 0.1), (0.8, 1.2))  # gamma, beta, mean, variance
            layer.set_weights([rng.uniform(*limits, shape) for limits in ranges])


def taught(model, classes: Sequence[int], gain: float = 30.0):
    """The model, now telling where the blob of `blobs` is: class `classes[k]` stands for quarter k.

    Convolutions average; the dense layers compare the brightness of the quarters, so that a grey picture is a tie. The
    blob's own quarter is brighter by far more than int8 rounds.
    """
    from keras import Model, layers

    averaging(model)
    height, width, channels = next(x for x in model.layers if isinstance(x, layers.Flatten)).input.shape[1:]
    rows, columns = np.arange(height) * 2 // height, np.arange(width) * 2 // width
    quarters = np.repeat((2 * rows[:, None] + columns).reshape(-1), channels)
    *hidden, last = [layer for layer in model.layers if isinstance(layer, layers.Dense)]
    for layer in hidden:  # unit k sees quarter k % 4
        units = np.arange(layer.units) % 4
        share = (quarters[:, None] == units) * 4 / len(quarters)
        layer.set_weights([share, np.zeros(layer.units)])
        quarters = units
    kernel = gain * 4 / len(quarters) * (np.asarray(classes)[quarters][:, None] == np.arange(last.units))
    grey = np.full((1, *model.input_shape[1:]), 0.25, np.float32)
    tie = np.asarray(Model(model.inputs[0], last.input)(grey))[0] @ kernel
    last.set_weights([kernel, np.where(np.isin(np.arange(last.units), classes), -tie, -50.0)])
    return model


@pytest.fixture(scope="session")
def keras_():
    """Keras on TensorFlow, or a skip where the extra `train` is not installed."""
    pytest.importorskip("tensorflow", reason="needs the extra 'train'")
    import keras

    keras.utils.set_random_seed(7)
    return keras


@pytest.fixture(scope="session")
def learned(keras_):
    """A Keras model that tells the quarters of `blobs` apart."""
    return taught(network(), range(4))


@pytest.fixture(scope="session")
def kit():
    """The functions of this file, for tests that make their own."""
    from types import SimpleNamespace

    return SimpleNamespace(blobs=blobs, network=network, averaging=averaging, taught=taught, SIDE=SIDE, CLASSES=CLASSES)


@pytest.fixture(scope="session")
def int8(learned) -> bytes:
    """`learned` as a full-int8 .tflite."""
    from convert.load import from_keras
    from convert.quantize import quantize

    return quantize(from_keras(learned), blobs(120, seed=2)[0]).content


@pytest.fixture(scope="session")
def float32(learned) -> bytes:
    """`learned` as a float .tflite."""
    from convert.load import from_keras
    from convert.quantize import to_float

    return to_float(from_keras(learned), (SIDE, SIDE, 1)).content
