"""Every format that people bring, and one clear line for what cannot be loaded."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from convert.errors import ConversionError
from convert.load import load
from convert.shapes import resolved
from edge.errors import MissingExtra, ModelError
from tests.convert.keras_ages import write
from training import weights


@pytest.fixture(scope="module")
def inputs(kit):
    return kit.blobs(5, seed=9)[0] / np.float32(255)


@pytest.fixture(scope="module")
def expected(learned, inputs):
    return np.asarray(learned(inputs, training=False))


def saved(kind, learned, folder):
    """The model written in one of the formats; (path, weights)."""
    if kind == "keras":
        learned.save(folder / "m.keras")
        return folder / "m.keras", None
    if kind == "h5":
        learned.save(folder / "m.h5")
        return folder / "m.h5", None
    if kind == "h5 called .model":
        learned.save(folder / "m.h5")
        return (folder / "m.h5").rename(folder / "mask_detector.model"), None
    if kind == "keras with another name":
        learned.save(folder / "m.keras")
        return (folder / "m.keras").rename(folder / "m.zip"), None
    if kind == "SavedModel":
        learned.export(folder / "m", verbose=False)
        return folder / "m", None
    if kind == "our weights.npz":
        weights.save(learned, folder / "weights.npz")
        return folder / "weights.npz", None
    learned.save_weights(folder / "w.weights.h5")
    (folder / "m.json").write_text(learned.to_json())
    return folder / "m.json", folder / "w.weights.h5"


KINDS = (
    "keras",
    "h5",
    "h5 called .model",
    "keras with another name",
    "SavedModel",
    "our weights.npz",
    "json and weights",
)


@pytest.mark.parametrize("kind", KINDS)
def test_every_format_gives_the_same_answers(tmp_path, kind, learned, inputs, expected):
    model = load(*saved(kind, learned, tmp_path))
    assert model.shape == (24, 24, 1)
    (answers,) = model.predict(inputs)
    assert answers.shape == (5, 4)
    # Our own file keeps kernels in 16 bits.
    assert np.allclose(answers, expected, atol=5e-3 if kind == "our weights.npz" else 1e-6)


def test_a_saved_model_of_one_picture_answers_many(tmp_path, keras_, inputs, learned, expected):
    archive = keras_.export.ExportArchive()
    import tensorflow as tf

    archive.track(learned)
    signature = [tf.TensorSpec((1, 24, 24, 1), tf.float32)]
    archive.add_endpoint("serving_default", lambda x: learned(x, training=False), input_signature=signature)
    archive.write_out(str(tmp_path / "m"), verbose=False)
    model = load(tmp_path / "m")
    assert not model.batched
    assert np.allclose(model.predict(inputs)[0], expected, atol=1e-6)


def nothing(folder, keras_):
    return folder / "gone.h5"


def empty_folder(folder, keras_):
    return folder


def zero_bytes(folder, keras_):
    (folder / "m.h5").write_bytes(b"")
    return folder / "m.h5"


def text(folder, keras_):
    (folder / "m.keras").write_text("hello")
    return folder / "m.keras"


def torn_h5(folder, keras_):
    simple(keras_).save(folder / "m.h5")
    content = (folder / "m.h5").read_bytes()
    (folder / "m.h5").write_bytes(content[: len(content) // 2])
    return folder / "m.h5"


def torn_keras(folder, keras_):
    simple(keras_).save(folder / "m.keras")
    content = (folder / "m.keras").read_bytes()
    (folder / "m.keras").write_bytes(content[: len(content) // 2])
    return folder / "m.keras"


def other_npz(folder, keras_):
    np.savez(folder / "m.npz", images=np.zeros(3))
    return folder / "m.npz"


def torn_saved_model(folder, keras_):
    simple(keras_).export(folder / "m", verbose=False)
    (folder / "m" / "saved_model.pb").write_bytes(b"\x0a\xff\xff\xff\xff")
    return folder / "m"


def weights_only(folder, keras_):
    simple(keras_).save_weights(folder / "m.weights.h5")
    return folder / "m.weights.h5"


def simple(keras_, shape=(8, 8, 1)):
    return keras_.Sequential([keras_.Input(shape), keras_.layers.Conv2D(2, 3), keras_.layers.GlobalAveragePooling2D()])


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (nothing, "no such file or folder"),
        (empty_folder, "not a SavedModel"),
        (zero_bytes, "an empty file; copy or download it again"),
        (text, "neither a Keras model"),
        (torn_h5, "cannot be loaded as a Keras model"),
        (torn_keras, "cannot be loaded as a Keras model"),
        (other_npz, "cannot read the weights"),
        (torn_saved_model, "cannot be loaded as a SavedModel"),
    ],
)
def test_a_broken_file_is_one_clear_line(tmp_path, keras_, make, says):
    path = make(tmp_path, keras_)
    with pytest.raises(ModelError, match=says) as caught:
        load(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 4


def custom(folder, keras_):
    class Swirl(keras_.layers.Layer):
        def call(self, x):
            return x * 2

    model = keras_.Sequential([keras_.Input((8, 8, 1)), Swirl(), keras_.layers.GlobalAveragePooling2D()])
    return model


@pytest.mark.parametrize("name", ["m.keras", "m.h5"])
def test_a_custom_layer_is_named_with_a_way_out(tmp_path, keras_, name):
    custom(tmp_path, keras_).save(tmp_path / name)
    with pytest.raises(ConversionError, match=r"custom layer 'Swirl'.*SavedModel") as caught:
        load(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_the_way_out_of_a_custom_layer_works(tmp_path, keras_):
    custom(tmp_path, keras_).export(tmp_path / "m", verbose=False)
    model = load(tmp_path / "m")
    assert np.allclose(model.predict(np.full((1, 8, 8, 1), 0.25, np.float32))[0], 0.5)


@pytest.mark.parametrize("name", ["m.keras", "m.h5"])
def test_a_lambda_layer_is_not_run(tmp_path, keras_, name):
    layer = keras_.layers.Lambda(lambda x: x + 1)
    keras_.Sequential([keras_.Input((8, 8, 1)), layer]).save(tmp_path / name)
    with pytest.raises(ConversionError, match="Lambda"):
        load(tmp_path / name)


def test_weights_without_their_architecture(tmp_path, keras_):
    with pytest.raises(ConversionError, match=r"weights without an architecture; add --arch model\.json"):
        load(weights_only(tmp_path, keras_))


def test_a_json_without_its_weights(tmp_path, learned):
    (tmp_path / "m.json").write_text(learned.to_json())
    with pytest.raises(ConversionError, match="--weights"):
        load(tmp_path / "m.json")
    with pytest.raises(ModelError, match=r"gone\.h5: no such file"):
        load(tmp_path / "m.json", tmp_path / "gone.h5")


def test_weights_of_another_network_do_not_fit(tmp_path, keras_, learned):
    (tmp_path / "m.json").write_text(learned.to_json())
    simple(keras_).save_weights(tmp_path / "w.weights.h5")
    with pytest.raises(ModelError, match=r"do not fit m\.json"):
        load(tmp_path / "m.json", tmp_path / "w.weights.h5")


@pytest.mark.parametrize("form", ["h5", "json"])
def test_a_sequential_without_the_size_of_its_input(tmp_path, keras_, form):
    """Keras 2.2 and 2.3 left an InputLayer out, and could not load the file either."""
    keras2 = pytest.importorskip("tf_keras", reason="needs tf_keras (pip install --no-deps tf_keras)")
    layers = keras2.layers
    model = keras2.Sequential([layers.InputLayer((8, 8, 1)), layers.Flatten(), layers.Dense(2)])
    with pytest.raises(ModelError, match=r"does not say the size of its input, .*\[null, 48, 48, 1\]"):
        load(**write(model, "2.3", form, tmp_path))


@pytest.mark.parametrize("content", ["{", '{"class_name": 3}', '{"config": {}}'])
def test_json_that_is_no_architecture(tmp_path, keras_, content):
    (tmp_path / "m.json").write_text(content)
    (tmp_path / "w.h5").write_bytes(b"x")
    with pytest.raises((ModelError, ConversionError), match=r"m\.json") as caught:
        load(tmp_path / "m.json", tmp_path / "w.h5")
    assert "\n" not in str(caught.value)


def two_inputs(keras_):
    a, b = keras_.Input((8, 8, 1)), keras_.Input((8, 8, 1))
    return keras_.Model([a, b], keras_.layers.Add()([a, b]))


def a_vector(keras_):
    return keras_.Sequential([keras_.Input((64,)), keras_.layers.Dense(2)])


def channels_first(keras_):
    layers = keras_.layers
    return keras_.Sequential([layers.Input((3, 8, 8)), layers.GlobalAveragePooling2D(data_format="channels_first")])


def five_channels(keras_):
    return simple(keras_, (8, 8, 5))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (two_inputs, "expected one input, got 2"),
        (
            a_vector,
            r"expected a picture \(N, height, width, channels\), got \(\?, 64\); make it of one: keras.Sequential",
        ),
        (five_channels, "expected 1 or 3 channels"),
        (channels_first, r"channels first, \(\?, 3, 8, 8\); .*data_format='channels_last'"),
    ],
)
@pytest.mark.parametrize("folder", [False, True])
def test_an_input_that_is_no_picture(tmp_path, keras_, make, says, folder):
    model = make(keras_)
    if folder:
        model.export(tmp_path / "m", verbose=False)
    else:
        model.save(tmp_path / "m.keras")
    with pytest.raises(ConversionError, match=says):
        load(tmp_path / ("m" if folder else "m.keras"))


def test_an_open_size_must_be_given(tmp_path, keras_):
    simple(keras_, (None, None, 1)).save(tmp_path / "m.keras")
    model = load(tmp_path / "m.keras")
    with pytest.raises(
        ConversionError, match=r"dynamic input shape \(\?, \?, \?, 1\); fix it with --height and --width"
    ):
        resolved(model.name, model.shape, None, None, None)
    with pytest.raises(ConversionError, match="fix it with --width"):
        resolved(model.name, model.shape, None, 12, None)
    assert resolved(model.name, model.shape, 10, 12, None) == (12, 10, 1)
    with pytest.raises(ConversionError, match="--colour asks for 3, the model has 1"):
        resolved(model.name, model.shape, 10, 12, 3)


def test_without_tensorflow_the_fix_is_said(tmp_path, monkeypatch):
    (tmp_path / "m.keras").write_bytes(b"PK\x03\x04")
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(MissingExtra, match=r"pip install 'edge-emotion\[train\]'"):
        load(tmp_path / "m.keras")


def test_keras_on_another_backend_is_said(tmp_path, keras_, monkeypatch):
    (tmp_path / "m.keras").write_bytes(b"PK\x03\x04")
    monkeypatch.setattr(keras_.backend, "backend", lambda: "torch")
    with pytest.raises(ConversionError, match=r"already runs on torch.*process of its own"):
        load(tmp_path / "m.keras")
