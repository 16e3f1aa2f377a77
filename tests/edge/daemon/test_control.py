from __future__ import annotations

import os
import signal

import pytest

from edge.daemon.control import Switch
from edge.testing.fakes import FakeClock


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def listening(clock):
    """A switch that hears signals; what they did before is put back."""
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)
    before = {number: signal.getsignal(number) for number in numbers}
    switch = Switch(clock)
    switch.listen()
    yield switch
    for number, handler in before.items():
        signal.signal(number, handler)


def test_nothing_happened(clock):
    switch = Switch(clock)
    assert (switch.stopped, switch.paused) == (False, False)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_and_a_second_one_would_end_it_at_once(listening, number):
    os.kill(os.getpid(), number)
    assert listening.stopped
    assert signal.getsignal(number) == signal.SIG_DFL


def test_sigusr1_pauses_and_goes_on(listening):
    states = []
    for _ in range(3):
        os.kill(os.getpid(), signal.SIGUSR1)
        states.append(listening.paused)
    assert states == [True, False, True]
    assert not listening.stopped


def test_the_pause_file_pauses_while_it_is_there(tmp_path, clock):
    file = tmp_path / "pause"
    switch = Switch(clock, file)
    states = [switch.paused]
    file.touch()
    clock.advance(1)
    states.append(switch.paused)
    file.unlink()
    clock.advance(1)
    states.append(switch.paused)
    assert states == [False, True, False]


def test_the_file_is_not_looked_for_in_every_turn(tmp_path, clock):
    file = tmp_path / "pause"
    switch = Switch(clock, file)
    assert not switch.paused
    file.touch()
    clock.advance(0.1)
    assert not switch.paused
    clock.advance(0.2)
    assert switch.paused


def test_a_switch_file_in_a_folder_that_is_not_there_is_no_pause(tmp_path, clock):
    assert not Switch(clock, tmp_path / "absent" / "pause").paused
