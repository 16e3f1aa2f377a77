from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.vision.smoothing import blend, weight

SECONDS = st.floats(0, 10)
TAU = st.floats(0.01, 10)


@pytest.mark.parametrize(
    ("seconds", "tau", "share"),
    [(0, 1, 0), (-5, 1, 0), (1, 1, 1 - 1 / math.e), (1, 0, 1), (0, 0, 1), (1e9, 1, 1)],
)
def test_weight_by_table(seconds, tau, share):
    assert weight(seconds, tau) == pytest.approx(share)


def test_the_first_measurement_stands_as_it_is():
    now = np.float32([0.25, 0.75])
    assert blend(None, now, 0.1, 1.0) is now
    assert blend(None, 0.3, 0.1, 1.0) == 0.3


@given(st.floats(0, 1), st.floats(0, 1), SECONDS, SECONDS, TAU)
def test_two_short_steps_are_one_long_step(before, now, first, second, tau):
    twice = blend(blend(before, now, first, tau), now, second, tau)
    assert twice == pytest.approx(blend(before, now, first + second, tau), abs=1e-9)


@given(st.lists(st.floats(0.01, 1), min_size=7, max_size=7), SECONDS, TAU)
def test_a_blend_of_distributions_is_one_and_its_parts_are_untouched(values, seconds, tau):
    before = np.full(7, 1 / 7, np.float32)
    now = np.float32(values) / np.float32(sum(values))
    copies = before.copy(), now.copy()
    answer = blend(before, now, seconds, tau)
    assert answer.dtype == np.float32
    assert answer.sum() == pytest.approx(1, abs=1e-5)
    assert (answer >= 0).all()
    assert np.array_equal(before, copies[0])
    assert np.array_equal(now, copies[1])
