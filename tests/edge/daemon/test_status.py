from __future__ import annotations

import pytest

from edge.daemon.status import Status
from edge.daemon.systemd import STATUS_S, Systemd
from edge.testing.fakes import FakeClock


class Heard(Systemd):
    """A heartbeat whose messages are kept instead of sent."""

    def __init__(self, clock):
        super().__init__({}, clock)
        self.messages = []

    def _send(self, message):
        self.messages.append(message.removeprefix("STATUS="))


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def heard(clock):
    return Heard(clock)


@pytest.fixture
def status(heard, clock):
    return Status(heard, clock)


def test_the_first_is_sent_before_there_is_a_rate(status, heard):
    status.tell("", 0, 0)
    assert heard.messages == ["0.0 fps, 0 faces"]


@pytest.mark.parametrize(("faces", "words"), [(0, "0 faces"), (1, "1 face"), (2, "2 faces")])
def test_faces_are_counted_as_people_say_it(status, heard, clock, faces, words):
    clock.advance(2)
    status.tell("", 30, faces)
    assert heard.messages == [f"15.0 fps, {words}"]


def test_the_rate_is_that_since_the_last_one_sent(status, heard, clock):
    for frames in (100, 110, 120, 130):
        status.tell("", frames, 1)
        clock.advance(STATUS_S / 2)
    assert heard.messages == ["0.0 fps, 1 face", "4.0 fps, 1 face"]


def test_another_state_is_sent_at_once_and_the_same_is_not_repeated(status, heard, clock):
    for state in ("", "paused", "paused", "no camera", ""):
        status.tell(state, 0, 0)
        clock.advance(0.1)
    assert heard.messages == ["0.0 fps, 0 faces", "paused", "no camera", "0.0 fps, 0 faces"]
