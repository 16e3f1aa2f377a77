"""The torch networks compute what the Keras networks that serve their weights compute."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the short trainings need torch")
keras = pytest.importorskip("keras", reason="the served networks need Keras")

from training.accelerator import landmark, mask, mask_shrink  # noqa: E402
from training.accelerator.mask_export import served  # noqa: E402
from training.accelerator.mask_net import LandmarkNet, MaskNet, keras_weights  # noqa: E402


def lived_in(net):
    """Normalization as after a training: no statistic is at its start."""
    torch.manual_seed(3)
    for layer in net.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(layer.weight, 0.6, 1.4)
            torch.nn.init.normal_(layer.bias, std=0.2)
            torch.nn.init.normal_(layer.running_mean, std=0.2)
            torch.nn.init.uniform_(layer.running_var, 0.5, 1.5)
    return net.eval()


def pictures(channels):
    return np.random.default_rng(1).random((5, 48, 48, channels), np.float32)


@pytest.mark.parametrize("network", [mask.NETWORK, mask_shrink.NETWORK], ids=["separable", "plain"])
def test_the_mask_network_answers_as_keras_does(network):
    net, shown = lived_in(MaskNet(**network)), pictures(3)
    shift = np.array([0, 0, 0, -0.7])
    with torch.no_grad():
        logits = net(torch.from_numpy(shown).permute(0, 3, 1, 2)) + torch.from_numpy(shift).float()
    answer = served("mask", keras_weights(net, shift), network).predict(shown, verbose=0)
    assert answer.shape == (5, 4)
    np.testing.assert_allclose(answer, logits.softmax(dim=1).numpy(), atol=1e-4)


def test_the_landmark_network_answers_as_keras_does_without_its_gain():
    net, shown = lived_in(LandmarkNet(**landmark.NETWORK)), pictures(1)
    with torch.no_grad():
        points = net(torch.from_numpy(shown).permute(0, 3, 1, 2))
    answer = served("landmarks", keras_weights(net), landmark.NETWORK).predict(shown, verbose=0)
    np.testing.assert_allclose(answer.reshape(5, 68, 2), points.numpy(), atol=1e-4)
