from __future__ import annotations

import pytest

from edge.daemon.pacing import LATE_S, FrameLimiter, Playback


@pytest.mark.parametrize(
    ("fps", "rate", "taken"), [(30, 0, 30), (30, 30, 30), (30, 60, 30), (30, 20, 20), (30, 10, 10), (10, 1, 1)]
)
def test_as_many_frames_a_second_are_taken_as_asked(fps, rate, taken):
    limiter = FrameLimiter()
    seconds = [sum(limiter.takes(50 + s + n / fps, rate) for n in range(fps)) for s in range(10)]
    assert all(abs(count - taken) <= 1 for count in seconds)
    assert sum(seconds) == pytest.approx(10 * taken, abs=1)


def test_a_gap_is_not_followed_by_a_burst():
    limiter = FrameLimiter()
    assert limiter.takes(10.0, 10)
    assert sum(limiter.takes(60 + n / 100, 10) for n in range(10)) <= 2, "the next one and what was left over"


def test_the_first_frame_is_due_at_once_whatever_the_clocks_say():
    assert Playback().early(0.0, 1000.0) == 0
    assert Playback().early(7.5, 3.0) == 0


def test_frames_are_due_by_the_clips_clock():
    playback = Playback()
    playback.early(0.0, 100.0)
    assert playback.early(0.5, 100.1) == pytest.approx(0.4)
    assert playback.early(0.5, 100.45) == pytest.approx(0.05)
    assert playback.early(1.0, 101.1) == pytest.approx(-0.1)
    assert playback.early(1.5, 101.2) == pytest.approx(0.3), "a little lateness is caught up"


def test_what_is_late_does_not_rush_and_what_begins_anew_does_not_wait():
    playback = Playback()
    playback.early(0.0, 100.0)
    assert playback.early(1.0, 101.0 + 2 * LATE_S) == 0
    assert playback.early(2.0, 101.0 + 2 * LATE_S) == pytest.approx(1.0)
    assert playback.early(0.0, 150.0) == 0
    assert playback.early(0.1, 150.0) == pytest.approx(0.1)
