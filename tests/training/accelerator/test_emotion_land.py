"""A student trained in torch is the same network in Keras."""

from __future__ import annotations

import numpy as np
import pytest

from edge.errors import ModelError
from training.accelerator import emotion_land
from training.backend import load_keras

NETWORK = {"stem": 4, "stages": [[6, 1], [8, 2]], "dropout": 0.0}


@pytest.fixture
def emotion():
    """The module that builds the served networks."""
    pytest.importorskip("keras", reason="the served networks need Keras")
    load_keras()
    from training.networks import emotion

    return emotion


def weights_of(seed: int) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """Random weights of a student in torch, pictures and its answers to them."""
    torch = pytest.importorskip("torch")
    from training.accelerator import emotion_nets

    torch.manual_seed(seed)
    student = emotion_nets.Student(**NETWORK).eval()
    for module in student.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.weight.data.uniform_(0.5, 1.5)
            module.bias.data.normal_(0, 0.3)
            module.running_mean.normal_(0, 0.3)
            module.running_var.uniform_(0.5, 2)
    student.head.bias.data.normal_()
    pictures = np.random.default_rng(seed).random((5, 48, 48), np.float32)
    with torch.no_grad():
        answers = student(torch.from_numpy(pictures)[:, None]).numpy()
    return emotion_nets.arrays(student), pictures, answers


def test_keras_gives_what_torch_gave_also_after_other_networks_were_built(emotion) -> None:
    given, pictures, answers = weights_of(3)
    emotion.build(stem=2, stages=[[2, 1]])  # takes the first of Keras' automatic names
    model = emotion.build(**NETWORK)
    emotion_land.fill(model, given)
    assert np.abs(model.predict(pictures[..., None], verbose=0) - answers).max() < 1e-4


def test_weights_of_another_network_are_refused(emotion) -> None:
    with pytest.raises(ModelError, match="use the recipe"):
        emotion_land.fill(emotion.build(**NETWORK), {"00.kernel": np.zeros((3, 3, 1, 4), np.float32)})


@pytest.mark.parametrize(
    ("entries", "said"),
    [({}, "no last weights"), ({"best/weights/head.bias": np.zeros(7)}, "no last weights")],
)
def test_a_file_without_the_weights_that_are_asked_for_is_refused(tmp_path, entries, said) -> None:
    np.savez(tmp_path / "trained.npz", **entries)
    with pytest.raises(ModelError, match=said):
        emotion_land.read(tmp_path / "trained.npz")


def test_the_chosen_bias_comes_with_the_weights(tmp_path) -> None:
    bias = np.arange(7.0)
    np.savez(tmp_path / "trained.npz", **{"last/weights/head.bias": np.ones(7), "last/bias": bias})
    weights, read = emotion_land.read(tmp_path / "trained.npz")
    assert list(weights) == ["head.bias"]
    assert (read == bias).all()
