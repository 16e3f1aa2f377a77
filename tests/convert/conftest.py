"""A small task that a network learns in seconds, so that accuracy before and after conversion means something."""

from __future__ import annotations

import os

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


def taught(model, images: np.ndarray, labels: np.ndarray, epochs: int = 4):
    import keras

    model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy")
    model.fit(images / np.float32(255), labels, batch_size=32, epochs=epochs, verbose=0)
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
    return taught(network(), *blobs(640, seed=1))


@pytest.fixture(scope="session")
def kit():
    """The functions of this file, for tests that make their own."""
    from types import SimpleNamespace

    return SimpleNamespace(blobs=blobs, network=network, taught=taught, SIDE=SIDE, CLASSES=CLASSES)


@pytest.fixture(scope="session")
def int8(learned) -> bytes:
    """`learned` as a full-int8 .tflite."""
    from convert.load import from_keras
    from convert.quantize import quantize

    return quantize(from_keras(learned), blobs(120, seed=2)[0])


@pytest.fixture(scope="session")
def float32(learned) -> bytes:
    """`learned` as a float .tflite."""
    from convert.load import from_keras
    from convert.quantize import to_float

    return to_float(from_keras(learned), (SIDE, SIDE, 1))
