from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.vision.routing import choose


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
