"""Full int8: exact input, static shapes, named outputs, one scale for a dense layer; refusals in one line."""

from __future__ import annotations

import numpy as np
import pytest

from convert import tflite
from convert.converted import Converted
from convert.errors import ConversionError
from convert.load import from_keras, load
from convert.quantize import anchored, quantize, to_float
from edge.vision.preprocessing import Preprocessing
from edge.vision.tensor import pixel_table


def dim(kit, count=60, channels=1):
    """Pictures that span a part of the range only: 20 to 60 of 0 to 255."""
    return (kit.blobs(count, seed=4, channels=channels)[0] // 6 + 20).astype(np.uint8)


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-1, 1), (0, 255), (-2.5, 1)])
def test_real_values_span_low_to_high(low, high):
    values = Preprocessing(low, high).apply(np.array([0, 51, 255], np.uint8))
    assert values.dtype == np.float32
    assert np.allclose(values, [low, low + (high - low) / 5, high])


def test_anchored_moves_two_pixels_of_a_copy(kit):
    images = dim(kit)
    before = images.copy()
    got = anchored(images)
    assert np.array_equal(images, before)
    assert (got != images).sum() == 2
    assert (got[0].min(), got[0].max()) == (0, 255)


def test_a_flat_picture_gets_both_ends_too():
    got = anchored(np.full((2, 4, 4, 1), 9, np.uint8))
    assert sorted(set(got[0].reshape(-1).tolist())) == [0, 9, 255]


def test_whatever_the_pictures_are_a_pixel_is_one_step(kit, learned):
    graph = quantize(from_keras(learned), dim(kit)).graph
    assert graph.inputs[0].scales == (np.float32(1 / 255),)
    assert graph.inputs[0].zero_points == (-128,)
    table = pixel_table(0.0, 1.0, graph.inputs[0].scales[0], -128, np.int8)
    assert np.array_equal(table, np.arange(256) - 128)


def test_a_model_that_wants_minus_one_to_one_keeps_its_steps(kit, learned):
    graph = quantize(from_keras(learned), dim(kit), Preprocessing(-1.0)).graph
    scale, zero = graph.inputs[0].scales[0], graph.inputs[0].zero_points[0]
    assert scale == pytest.approx(2 / 255, rel=1e-6)
    table = pixel_table(-1.0, 1.0, scale, zero, np.int8)
    # Zero must be a whole step, so two pixels about the middle share one; all others have their own.
    assert len(set(table.tolist())) == 255


def test_uint8_input_and_output(kit, learned):
    made = quantize(from_keras(learned), kit.blobs(60, seed=4)[0], integer="uint8")
    graph = made.graph
    assert [t.dtype for t in (*graph.inputs, *graph.outputs)] == ["UINT8", "UINT8"]
    assert graph.inputs[0].zero_points == (0,)
    images, labels = kit.blobs(100, seed=5)
    (answers,) = made.predict(images)
    assert (answers.argmax(axis=1) == labels).mean() > 0.95


def test_int8_answers_like_the_float_model(kit, learned, int8):
    images, labels = kit.blobs(200, seed=5)
    model = from_keras(learned)
    (floats,) = model.predict(Preprocessing().apply(images))
    (ints,) = Converted("m", int8, Preprocessing()).predict(images)
    assert (floats.argmax(axis=1) == labels).mean() > 0.98
    assert (ints.argmax(axis=1) == labels).mean() > 0.98
    assert np.abs(floats - ints).mean() < 0.02


def test_nothing_is_open_and_a_dense_layer_has_one_scale(int8):
    graph = tflite.read(int8)
    assert not any(t.open for t in graph.tensors)
    assert {t.shape[0] for t in graph.inputs + graph.outputs} == {1}
    scales = {op.kind: len(op.inputs[1].scales) for op in graph.operations if op.kind in ("CONV_2D", "FULLY_CONNECTED")}
    assert scales == {"CONV_2D": 8, "FULLY_CONNECTED": 1}


def detector(keras_, names=("logits", "distances")):
    """Two outputs; the second one is made first, so that an order by creation or by size would swap them."""
    from keras import layers

    picture = keras_.Input((16, 16, 3))
    x = layers.Conv2D(4, 3, 4, padding="same", activation="relu")(picture)
    distances = layers.Reshape((-1, 4), name=names[1])(layers.Conv2D(4, 1)(x))
    logits = layers.Reshape((-1, 1), name=names[0])(layers.Conv2D(1, 1)(x))
    return keras_.Model(picture, [logits, distances])


@pytest.mark.parametrize("names", [("logits", "distances"), ("z", "a")])
def test_outputs_keep_the_models_order(kit, keras_, names):
    model = from_keras(detector(keras_, names))
    images = np.random.default_rng(1).integers(0, 256, (30, 16, 16, 3), np.uint8)
    for made in (quantize(model, images), to_float(model, (16, 16, 3))):
        assert [a.shape for a in made.model.infer(images[0])] == [(16, 1), (16, 4)]
        assert [output["name"] for output in made.outputs()] == ["output_0", "output_1"]
    floats = model.predict(Preprocessing().apply(images))
    for a, b in zip(floats, made.predict(images), strict=True):
        assert np.allclose(a, b, atol=1e-5)


def test_more_than_ten_outputs_keep_their_order(keras_):
    from keras import layers

    picture = keras_.Input((4, 4, 1))
    outputs = [layers.Rescaling(1.0, offset=float(k))(picture) for k in range(12)]
    made = to_float(from_keras(keras_.Model(picture, outputs)), (4, 4, 1))
    answers = made.model.infer(np.zeros((4, 4, 1), np.uint8))
    assert [float(a.mean()) for a in answers] == list(range(12))


def unknown_operation(keras_):
    class Determinant(keras_.layers.Layer):
        def call(self, x):
            import tensorflow as tf

            return tf.linalg.det(x[..., 0])[:, None]

    return keras_.Sequential([keras_.Input((8, 8, 1)), Determinant()])


def float_operation(keras_):
    class Wave(keras_.layers.Layer):
        def call(self, x):
            return keras_.ops.sin(x)

    return keras_.Sequential([keras_.Input((8, 8, 1)), keras_.layers.Conv2D(2, 3), Wave()])


@pytest.mark.parametrize(("make", "names"), [(unknown_operation, "MatrixDeterminant"), (float_operation, "SIN")])
def test_an_unsupported_operation_is_named(keras_, make, names):
    images = np.random.default_rng(1).integers(0, 256, (10, 8, 8, 1), np.uint8)
    with pytest.raises(ConversionError, match=names) as caught:
        quantize(from_keras(make(keras_), "mine"), images)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("mine: ")
    assert "replace it by another layer" in str(caught.value)


def test_the_terminal_stays_clean(capfd, kit, learned):
    quantize(from_keras(learned), kit.blobs(20, seed=4)[0])
    assert capfd.readouterr() == ("", "")


def test_augmentation_that_is_active_in_a_folder_says_what_to_give_instead(keras_, tmp_path):
    """Keras 3 exports random layers as in training."""
    layers = keras_.layers
    parts = [layers.Input((8, 8, 1)), layers.RandomFlip(), layers.Flatten(), layers.Dense(2, activation="softmax")]
    keras_.Sequential(parts).export(tmp_path / "saved", verbose=False)
    with pytest.raises(ConversionError, match=r"saved: its random augmentation is active .* give the \.keras or \.h5"):
        quantize(load(tmp_path / "saved"), np.zeros((4, 8, 8, 1), np.uint8))


def test_half_precision_in_a_folder_says_what_to_give_instead(keras_, tmp_path):
    """A .keras file has its layers made again in single precision; a folder has the operations themselves."""
    layers = keras_.layers
    body = [layers.Conv2D(2, 3, dtype="mixed_float16"), layers.Flatten(), layers.Dense(2, activation="softmax")]
    keras_.Sequential([layers.Input((8, 8, 1)), *body]).export(tmp_path / "saved", verbose=False)
    with pytest.raises(ConversionError, match=r"saved: computes in half precision .* give the \.keras or \.h5"):
        quantize(load(tmp_path / "saved"), np.zeros((4, 8, 8, 1), np.uint8))
