from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.vision.routing import choose, mask_state


@pytest.mark.parametrize(
    ("before", "mask", "worn"),
    [
        (None, 0.49, False),
        (None, 0.5, True),
        (False, 0.59, False),
        (False, 0.6, True),
        (True, 0.41, True),
        (True, 0.4, False),
        (False, 1.0, True),
        (True, 0.0, False),
    ],
)
def test_choose_by_table(before, mask, worn):
    assert choose(before, mask, on=0.6, off=0.4) is worn


@given(st.lists(st.floats(0.41, 0.59)), st.booleans())
def test_between_the_thresholds_the_route_never_changes(masks, worn):
    before = worn
    for mask in masks:
        worn = choose(worn, mask, 0.6, 0.4)
    assert worn is before


@given(st.lists(st.floats(0, 1), min_size=1))
def test_it_changes_only_across_the_whole_gap(masks):
    worn, changed_at = None, None
    for mask in masks:
        now = choose(worn, mask, 0.6, 0.4)
        if worn is not None and now != worn:
            assert mask >= 0.6 if now else mask <= 0.4
            changed_at = mask
        worn = now
    assert changed_at is None or not 0.4 < changed_at < 0.6


@pytest.mark.parametrize(
    ("before", "mask", "incorrect", "state"),
    [
        pytest.param(None, 0.0, 0.0, "none", id="bare"),
        pytest.param(None, 0.9, 0.0, "worn", id="worn"),
        pytest.param(None, 0.9, 0.6, "incorrect", id="below the nose"),
        pytest.param("worn", 0.9, 0.45, "worn", id="half and half stays what it was"),
        pytest.param("incorrect", 0.9, 0.45, "incorrect", id="either way"),
        pytest.param("incorrect", 0.9, 0.3, "worn", id="pulled up"),
        pytest.param("worn", 0.5, 0.0, "worn", id="a mask half seen stays"),
        pytest.param("none", 0.5, 0.5, "none", id="and does not come"),
        pytest.param("incorrect", 0.3, 0.3, "none", id="taken off"),
    ],
)
def test_the_state_of_a_mask(before, mask, incorrect, state):
    assert mask_state(before, mask, incorrect, 0.6, 0.4) == state
