from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.clock import SystemClock, from_rfc3339, rfc3339
from edge.errors import InvalidValue
from edge.testing import FakeClock


@pytest.mark.parametrize(
    ("wall", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_000_000_000.0016, "2001-09-09T01:46:40.002Z"),
        (1_000_000_000.9999, "2001-09-09T01:46:41.000Z"),
    ],
)
def test_times_are_written_in_utc_with_milliseconds(wall, text):
    assert rfc3339(wall) == text


@given(st.integers(0, 4_000_000_000_000))
def test_a_written_time_is_read_back(milliseconds):
    assert round(from_rfc3339(rfc3339(milliseconds / 1000)) * 1000) == milliseconds


def test_a_wrong_time_is_a_value_error():
    with pytest.raises(ValueError, match="noon"):
        from_rfc3339("noon")


def test_the_systems_monotonic_clock_only_grows():
    clock = SystemClock()
    before = clock.monotonic()
    clock.sleep(0)
    assert clock.monotonic() >= before


def test_the_fake_clock_moves_when_somebody_sleeps_and_the_time_of_day_can_jump():
    clock = FakeClock(wall=1000)
    clock.sleep(2.5)
    clock.jump(-900)
    assert (clock.monotonic(), clock.wall(), clock.slept) == (2.5, 102.5, [2.5])
    with pytest.raises(InvalidValue, match="at least 0 s, got -1"):
        clock.sleep(-1)
