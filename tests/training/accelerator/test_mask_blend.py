"""One network from several: the mean of their weights, and biases moved by what was asked for."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the short trainings need torch")

from training.accelerator.mask_blend import mean, measured, moved  # noqa: E402
from training.accelerator.mask_crops import Crops  # noqa: E402
from training.accelerator.mask_net import MaskNet, keras_weights, set_weights  # noqa: E402
from training.accelerator.mask_pack import BARE, INCORRECT, WORN  # noqa: E402

SMALL = {"stem": 4, "stages": [[4, 1], [8, 1]], "dropout": 0.0}


def test_the_mean_of_one_network_is_itself_and_of_two_lies_between():
    one, other = keras_weights(MaskNet(**SMALL)), keras_weights(MaskNet(**SMALL))
    for array, same in zip(one, mean([one]), strict=True):
        np.testing.assert_array_equal(array, same)
    for first, second, between in zip(one, other, mean([one, other]), strict=True):
        np.testing.assert_allclose(between, (first + second) / 2, atol=1e-6)
        assert between.dtype == np.float32


@pytest.mark.parametrize(("bare", "incorrect"), [(0.0, 0.0), (0.6, 0.0), (0.6, 0.1), (-0.4, -0.2)])
def test_the_log_odds_rise_by_what_was_asked_for(bare, incorrect):
    before = keras_weights(MaskNet(**SMALL))
    after = moved(before, bare, incorrect)
    change = after[-1] - before[-1]
    assert change[BARE] - change[WORN] == pytest.approx(bare, abs=1e-6)
    assert change[INCORRECT] - change[WORN] == pytest.approx(incorrect, abs=1e-6)
    assert all(same is array for same, array in zip(after[:-1], before[:-1], strict=True))


def test_figures_follow_the_bias():
    arrays = keras_weights(MaskNet(**SMALL))
    images = np.random.default_rng(0).integers(0, 256, (6, 72, 72, 3), np.uint8)
    kinds = np.array([BARE, BARE, WORN, WORN, INCORRECT, INCORRECT])
    held = Crops(images, kinds, np.zeros(6, int), np.zeros(6, bool), np.ones(6))
    net = MaskNet(**SMALL).eval()
    for incorrect, recall in ((-50.0, 0.0), (50.0, 1.0)):
        set_weights(net, moved(arrays, 0.0, incorrect))
        assert measured(net, held)["recall"] == recall
