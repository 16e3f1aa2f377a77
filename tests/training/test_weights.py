"""Weights in a small file, and back."""

from __future__ import annotations

import numpy as np
import pytest

from edge.errors import ModelError
from training import weights

keras = pytest.importorskip("keras")


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(1)
    inputs = keras.Input((8, 8, 1))
    x = keras.layers.Conv2D(3, 3, name="first")(inputs)
    x = keras.layers.BatchNormalization(name="norm")(x)
    x = keras.layers.Dense(2, name="last")(keras.layers.Flatten()(x))
    made = keras.Model(inputs, keras.layers.Softmax()(x))
    small = np.float32(3.3e-7)  # below what float16 holds with any precision
    made.get_layer("norm").moving_variance.assign(np.full(3, small))
    return made


def test_what_was_saved_answers_nearly_the_same(model, tmp_path) -> None:
    path = tmp_path / "weights.npz"
    assert weights.save(model, path) == path.stat().st_size
    images = np.random.default_rng(0).random((5, 8, 8, 1), np.float32)
    again = weights.load(path)
    assert np.abs(model.predict_on_batch(images) - again.predict_on_batch(images)).max() < 2e-3
    assert [w.shape for w in again.weights] == [w.shape for w in model.weights]


def test_kernels_take_half_the_room_and_vectors_keep_their_digits(model, tmp_path) -> None:
    weights.save(model, tmp_path / "weights.npz")
    with np.load(tmp_path / "weights.npz") as stored:
        types = {name.split(" ")[1]: stored[name].dtype for name in stored.files if " " in name}
        assert types["first/kernel"] == np.float16
        assert types["last/bias"] == np.float32
    variance = weights.load(tmp_path / "weights.npz").get_layer("norm").moving_variance
    assert np.asarray(variance) == pytest.approx(3.3e-7)


def test_a_weight_too_large_is_refused_and_nothing_is_written(model, tmp_path) -> None:
    copy = keras.models.clone_model(model)
    copy.get_layer("first").kernel.assign(np.full((3, 3, 1, 3), 1e6))
    with pytest.raises(ModelError, match="first/kernel: a value does not fit float16"):
        weights.save(copy, tmp_path / "weights.npz")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", ["absent", "text", "another layout", "torn"])
def test_what_is_no_weights_file_is_named(kind, model, tmp_path) -> None:
    path = tmp_path / "weights.npz"
    if kind == "torn":
        weights.save(model, path)
        path.write_bytes(path.read_bytes()[:-200])
    if kind == "text":
        path.write_text("no weights")
    if kind == "another layout":
        np.savez(path, a=np.zeros(3))
    with pytest.raises(ModelError, match=r"weights\.npz: cannot read the weights"):
        weights.load(path)


def test_weights_of_another_network_are_refused(model, tmp_path) -> None:
    weights.save(model, tmp_path / "weights.npz")
    with np.load(tmp_path / "weights.npz") as stored:
        arrays = {name: stored[name] for name in stored.files}
    arrays[next(name for name in arrays if "kernel" in name)] = np.zeros((1, 1, 1, 3), np.float16)
    np.savez(tmp_path / "other.npz", **arrays)
    with pytest.raises(ModelError, match=r"other\.npz: the weights do not fit"):
        weights.load(tmp_path / "other.npz")
