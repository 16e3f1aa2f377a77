from __future__ import annotations

import pytest

from edge.daemon.status import StatusLine
from edge.daemon.systemd import STATUS_S, Systemd
from edge.testing import FakeClock


class Recorded(Systemd):
    """Keeps its messages instead of sending them; what is due is decided as in the real one."""

    def __init__(self, clock):
        super().__init__({}, clock)
        self.messages = []

    def _send(self, message):
        self.messages.append(message.removeprefix("STATUS="))


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def systemd(clock):
    return Recorded(clock)


@pytest.fixture
def status(systemd, clock):
    return StatusLine(systemd, clock)


def test_the_first_status_is_sent_before_there_is_a_rate(status, systemd):
    status.update("", 0, 0)
    assert systemd.messages == ["0.0 fps, 0 faces"]


@pytest.mark.parametrize(("faces", "words"), [(0, "0 faces"), (1, "1 face"), (2, "2 faces")])
def test_one_face_is_not_plural(status, systemd, clock, faces, words):
    clock.advance(2)
    status.update("", 30, faces)
    assert systemd.messages == [f"15.0 fps, {words}"]


def test_the_rate_is_counted_since_the_last_status(status, systemd, clock):
    for frames in (100, 110, 120, 130):
        status.update("", frames, 1)
        clock.advance(STATUS_S / 2)
    assert systemd.messages == ["0.0 fps, 1 face", "4.0 fps, 1 face"]


def test_a_new_state_is_sent_at_once_and_not_repeated(status, systemd, clock):
    for state in ("", "paused", "paused", "no camera", ""):
        status.update(state, 0, 0)
        clock.advance(0.1)
    assert systemd.messages == ["0.0 fps, 0 faces", "paused", "no camera", "0.0 fps, 0 faces"]
