"""The clock, the rate and the averaged weights of the short trainings."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the short trainings need torch")

from training.accelerator import mask_warp  # noqa: E402
from training.accelerator.mask_schedule import Average, Clock, by_the_clock, optimizer, rate_at  # noqa: E402


def test_progress_begins_with_the_training_and_ends_at_the_deadline():
    now = [100.0]
    clock = Clock(2.0, lambda: now[0])
    now[0] += 20
    clock.start_over()
    assert clock.part == 0
    now[0] += 50
    assert clock.part == pytest.approx(0.5)
    now[0] += 1000
    assert clock.part == 1


@pytest.mark.parametrize(
    ("part", "step", "rate"), [(0.0, 0, 1 / 300), (0.0, 299, 1), (0.5, 1000, 0.5), (1.0, 1000, 0.0)]
)
def test_the_rate_rises_by_steps_and_falls_by_the_clock(part, step, rate):
    assert rate_at(part, step) == pytest.approx(rate)


def test_a_training_looks_every_so_many_seconds_and_at_its_end():
    now = [0.0]
    net = torch.nn.Linear(1, 1)
    looks = []

    def loss():
        now[0] += 1.0
        return ((net(torch.ones(4, 1)) - 3) ** 2).mean()

    trained = (net, optimizer(net, 0.1, 0.0), Average(net))
    by_the_clock(Clock(10 / 60, lambda: now[0]), trained, loss, looks.append, every=4.0, rate=0.1)
    assert [look["step"] for look in looks] == [4, 8, 11]
    assert [look["seconds"] for look in looks] == [4.0, 8.0, 11.0]
    assert looks[-1]["loss"] < looks[0]["loss"]


def test_averaged_weights_follow_and_their_statistics_fit():
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Unflatten(1, (4, 1, 1)), torch.nn.BatchNorm2d(4))
    average = Average(net, keep=0.5)
    with torch.no_grad():
        net[0].weight.fill_(1.0)
    for _ in range(40):
        average.update(net)
    shown = torch.rand(64, 3)
    settled = average.settle(lambda: shown, 3)
    torch.testing.assert_close(settled[0].weight, net[0].weight)
    np.testing.assert_allclose(settled(shown).detach().mean(dim=0).flatten(), 0, atol=1e-4)


def test_points_move_with_their_picture():
    image = torch.zeros(1, 1, 72, 72)
    image[0, 0, 30, 44] = 1.0
    point = torch.tensor([[[44.5, 30.5]]]) / 36 - 1
    turn, zero = torch.tensor([0.4]), torch.zeros(1)
    matrix = mask_warp.matrices(zero + 0.8, zero + 0.1, turn, torch.tensor([[0.05, -0.04]]), torch.tensor([True]))
    moved = mask_warp.sample(image, matrix, 144)[0, 0]
    row, column = divmod(int(moved.argmax()), 144)
    at = (mask_warp.carried(point, matrix)[0, 0] + 1) * 72
    assert abs(float(at[0]) - column - 0.5) < 1.5
    assert abs(float(at[1]) - row - 0.5) < 1.5
