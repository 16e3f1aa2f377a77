"""The hub: what the loop shows, and when viewers are woken."""

from __future__ import annotations

import pytest

from edge.face import Scene
from edge.testing import FakeClock, pictures
from edge.web.hub import Hub

FRAME = pictures(1)[0]


def woken(*gaps, watched=True):
    """How often viewers are woken by frames that are so many seconds apart."""
    clock, times = FakeClock(monotonic=100.0), []
    hub = Hub(clock)
    hub.on_news(lambda: times.append(clock.monotonic()))

    def show():
        hub.show(FRAME, Scene(), "")
        for gap in gaps:
            clock.advance(gap)
            hub.show(FRAME, Scene(), "")

    if watched:
        with hub.watching():
            show()
    else:
        show()
    return len(times)


@pytest.mark.parametrize(
    ("gaps", "expected"),
    [
        ([], 1),
        ([0.0667] * 30, 31),  # 15 frames a second: all of them
        ([0.05, 0.083] * 15, 31),  # as they come from a busy machine: still all
        ([0.01] * 60, 11),  # 100 a second: no more than every 0.06 s
    ],
)
def test_viewers_get_fifteen_pictures_a_second_and_not_many_more(gaps, expected):
    assert abs(woken(*gaps) - expected) <= 1


def test_nobody_is_woken_while_nobody_watches():
    assert woken(0.1, 0.1, watched=False) == 0


def test_that_the_camera_is_gone_is_told_at_once():
    clock, times = FakeClock(monotonic=100.0), []
    hub = Hub(clock)
    hub.on_news(lambda: times.append(clock.monotonic()))
    with hub.watching():
        hub.show(FRAME, Scene(), "")
        hub.show(None, Scene(), "no camera")
    assert len(times) == 2
    assert hub.snapshot().fps == 0
