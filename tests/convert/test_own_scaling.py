"""A model that scales its own pixels is known by its graph, in the files of Keras 2 and of Keras 3, and in folders."""

from __future__ import annotations

import numpy as np
import pytest

from convert.float_model import FloatModel, from_keras, tensorflow
from convert.load import load
from convert.own_scaling import own_scaling
from convert.saved_model_graph import refused
from tests.convert.keras_ages import write

SHAPE = (16, 16, 3)


def network(keras, first):
    """Layers or functions on the picture, then a small classifier."""
    x = inputs = keras.Input(SHAPE)
    x = first(keras, x)
    x = keras.layers.Flatten()(keras.layers.Conv2D(2, 3, 2)(x))
    return keras.Model(inputs, keras.layers.Dense(2, activation="softmax")(x))


def normalized(deviation):
    def first(keras, x):
        return keras.layers.Normalization(axis=-1, mean=[deviation] * 3, variance=[deviation**2] * 3)(x)

    return first


def standardized(mean, deviation):
    """A batch normalization before anything else, which took the pixels' statistics in training."""

    def first(keras, x):
        start = {"moving_mean": mean, "moving_variance": deviation**2}
        start = {f"{key}_initializer": keras.initializers.Constant(value) for key, value in start.items()}
        return keras.layers.BatchNormalization(**start)(x)

    return first


def augmented(keras, x):
    flipped = keras.layers.RandomRotation(0.1)(keras.layers.RandomFlip()(x))
    return keras.layers.Rescaling(1 / 255)(flipped)


WAYS = {
    "nothing": (lambda keras, x: x, ""),
    "Rescaling": (lambda keras, x: keras.layers.Rescaling(1 / 127.5, -1)(x), "-1 to 1"),
    "Rescaling of small values": (lambda keras, x: keras.layers.Rescaling(2.0, -1)(x), ""),
    "Rescaling after augmentation": (augmented, "0 to 1"),
    "Rescaling after Resizing": (
        lambda keras, x: keras.layers.Rescaling(1 / 255)(keras.layers.Resizing(8, 8)(x)),
        "0 to 1",
    ),
    "Normalization": (normalized(64.0), "-1 to 2.98"),
    "Normalization of small values": (normalized(0.25), ""),
    "BatchNormalization": (standardized(127.5, 63.75), "-2 to 2"),
    "BatchNormalization of small values": (standardized(0.5, 0.25), ""),
    "BatchNormalization that was never trained": (lambda keras, x: keras.layers.BatchNormalization()(x), ""),
    "preprocess_input tf": (lambda keras, x: keras.applications.mobilenet_v2.preprocess_input(x), "-1 to 1"),
    "preprocess_input torch": (lambda keras, x: keras.applications.densenet.preprocess_input(x), "-2.12 to 2.64"),
    "preprocess_input caffe": (lambda keras, x: keras.applications.vgg16.preprocess_input(x), "-124 to 151"),
    "preprocess_input tf after x * 255": (
        lambda keras, x: keras.applications.mobilenet_v2.preprocess_input(x * 255.0),
        "",
    ),
    "x / 255": (lambda keras, x: x / 255.0, "0 to 1"),
    "x * (1 / 255)": (lambda keras, x: x * (1 / 255.0), "0 to 1"),
    "x / 2 + 0.5": (lambda keras, x: x / 2.0 + 0.5, ""),
}


IN_FOLDERS = ("nothing", "Rescaling after augmentation", "Normalization", "preprocess_input caffe")


@pytest.mark.parametrize(
    ("way", "form"), [*((way, "file") for way in WAYS), *((way, "SavedModel") for way in IN_FOLDERS)]
)
@pytest.mark.parametrize("age", ["2.11", "3"])
def test_it_is_told(keras_, tmp_path, age, way, form):
    first, says = WAYS[way]
    keras = keras_
    if age != "3":
        keras = pytest.importorskip("tf_keras", reason="needs tf_keras (pip install --no-deps tf_keras)")
    if form == "file":
        form = "h5" if age != "3" else "keras"
    model = load(**write(network(keras, first), age, form, tmp_path))
    assert own_scaling(model, SHAPE) == (f"0-255 becomes {says}" if says else "")


def grey(tf, x):
    return tf.image.rgb_to_grayscale(x) / 255.0


LAMBDAS = {
    "grey": (grey, "0 to 1"),
    "bytes": (lambda tf, x: tf.cast(tf.cast(x, tf.uint8), tf.float32) / 255.0, "0 to 1"),
    "limits": (lambda tf, x: tf.clip_by_value(x, 0.0, 255.0) / 127.5 - 1.0, "-1 to 1"),
    "BGR": (lambda tf, x: x[..., ::-1] - [103.939, 116.779, 123.68], "-124 to 151"),
    "one channel at a time": (lambda tf, x: tf.concat([part / 255.0 for part in tf.split(x, 3, -1)], -1), "0 to 1"),
    "channels first": (
        lambda tf, x: tf.transpose(tf.transpose(x, [0, 3, 1, 2]) / 255.0, [0, 2, 3, 1]),
        "0 to 1",
    ),
    "size by the picture's own": (lambda tf, x: tf.reshape(x, tf.shape(x)) / 255.0, "0 to 1"),
    "any range, as the brightest pixel is 1": (lambda tf, x: x / tf.reduce_max(x), ""),
    "any range, as it is standardized": (lambda tf, x: tf.image.per_image_standardization(x), ""),
    "a raw picture beside": (lambda tf, x: tf.nn.conv2d(x, tf.ones((3, 3, 3, 3)), 1, "SAME") + x / 255.0, ""),
}


@pytest.mark.parametrize("way", LAMBDAS)
def test_operations_of_a_folder_are_followed(keras_, tmp_path, way):
    tf = tensorflow()
    first, says = LAMBDAS[way]
    plain = network(keras_, lambda keras, x: keras.layers.Conv2D(3, 1)(x))

    class Module(tf.Module):
        def __init__(self):
            super().__init__()
            self.kept = plain.variables

        @tf.function(input_signature=[tf.TensorSpec((None, *SHAPE), tf.float32)])
        def __call__(self, images):
            x = first(tf, images)
            return plain(tf.repeat(x, 3 // x.shape[-1], axis=-1))

    tf.saved_model.save(module := Module(), str(tmp_path / "saved"), signatures=module.__call__)
    assert own_scaling(load(tmp_path / "saved"), SHAPE) == (f"0-255 becomes {says}" if says else "")


def test_a_model_of_any_size_is_asked_at_the_size_in_use(keras_):
    picture = keras_.Input((None, None, 1))
    x = keras_.layers.GlobalAveragePooling2D()(keras_.layers.Conv2D(2, 3)(keras_.layers.Rescaling(1 / 255)(picture)))
    assert own_scaling(from_keras(keras_.Model(picture, x)), (24, 32, 1)) == "0-255 becomes 0 to 1"


def test_what_cannot_be_traced_says_nothing():
    def call(images):
        raise TypeError("not in a graph")

    assert own_scaling(FloatModel("m", SHAPE, call, None), SHAPE) == ""


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
