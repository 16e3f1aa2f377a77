from __future__ import annotations

import os
import signal

import pytest

from edge.daemon.control import Control
from edge.testing import FakeClock


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def listening(clock):
    """A control that listens to signals; the previous handlers are restored."""
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)
    before = {number: signal.getsignal(number) for number in numbers}
    control = Control(clock)
    control.listen()
    yield control
    for number, handler in before.items():
        signal.signal(number, handler)


def test_nothing_happened(clock):
    control = Control(clock)
    assert (control.stopped, control.paused) == (False, False)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_and_a_second_one_would_kill(listening, number):
    os.kill(os.getpid(), number)
    assert listening.stopped
    assert signal.getsignal(number) == signal.SIG_DFL


def test_sigusr1_pauses_and_resumes(listening):
    states = []
    for _ in range(3):
        os.kill(os.getpid(), signal.SIGUSR1)
        states.append(listening.paused)
    assert states == [True, False, True]
    assert not listening.stopped


def test_the_pause_file_pauses_while_it_exists(tmp_path, clock):
    file = tmp_path / "pause"
    control = Control(clock, file)
    states = [control.paused]
    file.touch()
    clock.advance(1)
    states.append(control.paused)
    file.unlink()
    clock.advance(1)
    states.append(control.paused)
    assert states == [False, True, False]


def test_the_file_is_not_checked_in_every_turn(tmp_path, clock):
    file = tmp_path / "pause"
    control = Control(clock, file)
    assert not control.paused
    file.touch()
    clock.advance(0.1)
    assert not control.paused
    clock.advance(0.2)
    assert control.paused


def test_a_pause_file_in_a_missing_folder_does_not_pause(tmp_path, clock):
    assert not Control(clock, tmp_path / "absent" / "pause").paused
