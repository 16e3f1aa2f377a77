"""A training on an accelerator begins with the weights that are shipped."""

from __future__ import annotations

import numpy as np
import pytest

from edge.errors import ModelError
from training import weights
from training.accelerator import emotion_land, emotion_start
from training.backend import load_keras

NETWORK = {"stem": 4, "stages": [[6, 1], [8, 2]], "dropout": 0.0}
EACH = pytest.mark.parametrize("network", [NETWORK, NETWORK | {"inner": [3, 8, 5]}], ids=["whole", "pruned"])


def shipped(folder, network):
    """A small network with random weights, and the file that ships it."""
    pytest.importorskip("keras", reason="the shipped network needs Keras")
    load_keras()
    from training.networks import emotion
    from training.networks.layers import strip_custom_layers

    model, rng = emotion.build(**network), np.random.default_rng(5)
    # Positive, as variances are; halves, so that float16 holds them exactly.
    model.set_weights([rng.integers(1, 9, w.shape).astype(np.float32) / 16 for w in model.get_weights()])
    weights.save(strip_custom_layers(model), folder / "weights.npz")
    return model, folder / "weights.npz"


@EACH
def test_the_weights_of_a_shipped_file_give_the_same_network_again(tmp_path, network) -> None:
    model, path = shipped(tmp_path, network)
    from training.networks import emotion

    again = emotion.build(**network)
    emotion_land.fill(again, emotion_start.read(path))
    for given, expected in zip(again.get_weights(), model.get_weights(), strict=True):
        assert (given == expected).all()


@EACH
def test_torch_answers_as_the_shipped_network_does(tmp_path, network) -> None:
    torch = pytest.importorskip("torch")
    from training.accelerator import emotion_nets

    model, path = shipped(tmp_path, network)
    student = emotion_nets.student_of(emotion_start.read(path)).eval()
    pictures = np.random.default_rng(1).random((3, 48, 48), np.float32)
    with torch.no_grad():
        answers = student(torch.from_numpy(pictures)[:, None]).numpy()
    expected = model.predict(pictures[..., None], verbose=0)
    assert np.abs(answers / expected - 1).max() < 1e-4


@pytest.mark.parametrize("entries", [{}, {"000 conv2d/kernel": np.zeros((3, 3, 1, 4))}])
def test_a_file_of_another_kind_is_refused(tmp_path, entries) -> None:
    np.savez(tmp_path / "weights.npz", **entries)
    with pytest.raises(ModelError, match="not the weights of an emotion network"):
        emotion_start.read(tmp_path / "weights.npz")


def test_a_missing_file_is_named(tmp_path) -> None:
    with pytest.raises(ModelError, match=r"none\.npz"):
        emotion_start.read(tmp_path / "none.npz")


@pytest.mark.parametrize(("share", "expected"), [(0.0, 1.0), (0.25, 1.5), (1.0, 3.0)])
def test_a_blend_lies_between_two_networks(share, expected) -> None:
    first, second = {"head.bias": np.full(7, 1.0)}, {"head.bias": np.full(7, 3.0)}
    assert emotion_start.blend(first, second, share)["head.bias"].tolist() == [expected] * 7
