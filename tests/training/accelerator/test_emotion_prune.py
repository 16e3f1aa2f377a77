"""Channels taken out of a network: the right ones go, and what remains makes up for them."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from edge.errors import ModelError

torch = pytest.importorskip("torch", reason="the short trainings need torch")

from training.accelerator import emotion_nets as nets  # noqa: E402
from training.accelerator.emotion_prune import eliminate, prune, slimmed  # noqa: E402


def network(**measures):
    torch.manual_seed(3)
    student = nets.Student(**{"stem": 4, "stages": [[6, 1], [8, 2]]} | measures).eval()
    for module in student.modules():  # statistics as of a trained network
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.2, 0.2)
            module.running_var.uniform_(0.5, 2)
            module.weight.data.uniform_(0.5, 1.5)
            module.bias.data.uniform_(-0.2, 0.2)
    return student


def pictures(count=64):
    return torch.rand(count, 1, 48, 48, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("measures", [{}, {"inner": [6, 8, 8]}, {"inner": [2, 5, 3]}, {"stages": [[6, 3]]}])
def test_a_network_is_known_by_its_weights(measures) -> None:
    student = network(**measures)
    weights = nets.arrays(student)
    again = nets.student_of(weights)
    assert nets.measures(nets.arrays(again)) == nets.measures(weights)
    assert all(np.array_equal(values, weights[name]) for name, values in nets.arrays(again).items())
    with torch.no_grad():
        assert torch.equal(again.eval()(pictures(2)), student(pictures(2)))


@pytest.mark.parametrize(
    "kernels",
    [
        [],
        [(3, 3, 1, 4)],
        [(3, 3, 1, 4), (3, 3, 4, 6)],
        [(3, 3, 1, 4), (3, 3, 4, 6), (3, 3, 6, 6)],
        [(3, 3, 1, 4), (3, 3, 4, 6), (3, 3, 6, 6), (1, 1, 4, 6), (3, 3, 6, 6)],
    ],
)
def test_weights_of_another_network_are_not_guessed_at(kernels) -> None:
    weights = {f"{number:02d}.kernel": np.zeros(shape, np.float32) for number, shape in enumerate(kernels)}
    with pytest.raises(ModelError, match="residual blocks"):
        nets.measures(weights | {"head.kernel": np.zeros((6, 7), np.float32)})


def test_nothing_changes_where_nothing_is_taken() -> None:
    student = network()
    with torch.no_grad():
        before, after = student(pictures()), prune(student, [6, 8, 8], pictures())(pictures())
    assert torch.allclose(after, before, atol=0.05 * float(before.std()))


def test_channels_that_say_the_same_as_others_are_missed_by_nobody() -> None:
    student = network()
    for block in student.blocks:
        half = block.first.conv.out_channels // 2
        with torch.no_grad():
            for values in (block.first.conv.weight, block.first.norm.weight, block.first.norm.bias):
                values[half:] = values[:half]
            for values in (block.first.norm.running_mean, block.first.norm.running_var):
                values[half:] = values[:half]
    with torch.no_grad():
        before, after = student(pictures()), prune(student, [3, 4, 4], pictures())(pictures())
    assert torch.allclose(after, before, atol=0.05 * float(before.std()))


def test_fitting_loses_less_than_leaving_out() -> None:
    """Against the same network with the second convolutions as they were."""
    student, inner = network(), [4, 5, 5]
    pruned = prune(student, inner, pictures(256))
    plain = slimmed(student, inner)
    for old, new, count in zip(student.blocks, plain.blocks, inner, strict=True):
        with torch.no_grad():
            new.first.conv.weight.copy_(old.first.conv.weight[:count])
            new.second.conv.weight.copy_(old.second.conv.weight[:, :count])
            for name in ("weight", "bias", "running_mean", "running_var"):
                getattr(new.first.norm, name).copy_(getattr(old.first.norm, name)[:count])
    with torch.no_grad():
        other = torch.rand(64, 1, 48, 48, generator=torch.Generator().manual_seed(9))
        lost, left = (float(((each(other) - student(other)) ** 2).mean()) for each in (pruned, plain))
    assert lost < 0.3 * left


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_channel_that_goes_is_the_one_that_explains_least(count) -> None:
    """An oracle that tries them all, one step at a time."""
    rng = np.random.default_rng(count)
    inputs = rng.normal(size=(500, 4 * 9)) @ rng.normal(size=(36, 36))
    targets = inputs @ rng.normal(size=(36, 5)) + rng.normal(size=(500, 5))

    def error(live):
        columns = [9 * channel + place for channel in live for place in range(9)]
        solved = np.linalg.lstsq(inputs[:, columns], targets, rcond=None)[0]
        return ((targets - inputs[:, columns] @ solved) ** 2).sum(), solved

    live = list(range(4))
    while len(live) > count:
        live = list(min(combinations(live, len(live) - 1), key=lambda some: error(some)[0]))
    square, cross = (torch.from_numpy(inputs.T @ other / 500) for other in (inputs, targets))
    kept, kernel = eliminate(square, cross, count)
    assert kept.tolist() == live
    made = inputs[:, [9 * channel + place for channel in live for place in range(9)]] @ kernel.flatten(0, 1).numpy()
    assert ((targets - made) ** 2).sum() <= 1.02 * error(live)[0]


@pytest.mark.parametrize("inner", [[], [6, 8], [7, 8, 8], [0, 8, 8], [6, 8, 8, 8]])
def test_blocks_keep_some_of_the_channels_that_they_have(inner) -> None:
    with pytest.raises(ModelError, match="inner: expected 3 numbers"):
        slimmed(network(), inner)
