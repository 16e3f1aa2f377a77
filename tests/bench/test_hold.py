"""The measure by which the hold was chosen."""

from __future__ import annotations

import numpy as np
import pytest

from tests.bench.hold import FPS, changes, lag, names, wander


@pytest.mark.parametrize(
    ("shown", "count"), [([], 0), ([None], 0), ([2, 2, 2], 0), ([2, None, 2], 2), ([1, 1, 3, 3, None], 2)]
)
def test_changes_of_a_name(shown, count):
    assert changes(shown) == count


def test_lag_counts_from_the_change():
    assert lag([1] * 10, 4, 2) is None
    assert lag([2, 1, 1, 1, 2], 1, 2) == pytest.approx(3 / FPS)
    assert lag([1, 2], 1, 2) == 0


def test_deviations_are_slow_and_of_variance_one():
    steps = wander(np.random.default_rng(2), 20_000)
    assert steps.std(axis=0) == pytest.approx(1, abs=0.1)
    assert np.corrcoef(steps[:-1, 0], steps[1:, 0])[0, 1] == pytest.approx(0.85, abs=0.02)


def test_a_tie_that_flickers_is_one_name_with_hold_and_many_without():
    flicker = np.tile([[0.52, 0.48], [0.48, 0.52]], (30, 1)).astype(np.float32)
    assert changes(names(flicker, 0.15, 0.35, 0.0)) == 0
    assert changes(names(flicker, 0.0, 0.35, 0.0)) == 59
