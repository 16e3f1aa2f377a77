from __future__ import annotations

import os
import signal

import pytest

from edge.daemon.control import Control
from edge.errors import SettingsError
from edge.testing import FakeClock


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def listening(clock):
    """A control that listens to signals; the previous handlers are restored."""
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1)
    before = {number: signal.getsignal(number) for number in numbers}
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests themselves may run under nohup
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


def test_a_closed_terminal_stops_however_often_it_says_so(listening):
    for _ in range(2):
        os.kill(os.getpid(), signal.SIGHUP)
        assert listening.stopped
    assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    assert signal.getsignal(signal.SIGTERM) not in (signal.SIG_DFL, signal.SIG_IGN), "it can still be ended"


def test_under_nohup_a_closed_terminal_means_nothing(listening, clock):
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    control = Control(clock)
    control.listen()
    os.kill(os.getpid(), signal.SIGHUP)
    assert not control.stopped


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


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("pause", ""),
        (
            "absent/pause",
            "absent: no such folder, so no file in it can pause the camera; make it, or name another file",
        ),
        (".", "a folder, which is always there, so the camera is off; name a file in it"),
    ],
)
def test_a_pause_file_that_can_hardly_be_meant_is_named(tmp_path, clock, caplog, name, said):
    control = Control(clock)
    control.watch(tmp_path / name)
    assert control.paused == (name == ".")
    messages = [record.getMessage() for record in caplog.records]
    assert [message.startswith("[maker] pause_file: ") and message.endswith(said) for message in messages] == (
        [True] if said else []
    )


def test_a_pause_by_signal_outlives_the_process_until_its_end(tmp_path, clock):
    memory = tmp_path / "paused"
    control = Control(clock, memory=memory)
    assert not control.paused
    control.toggle()
    for _ in range(3):
        control = Control(clock, memory=memory)  # after a crash, an upgrade, a reboot
        assert control.paused
    control.toggle()
    assert not control.paused
    assert not Control(clock, memory=memory).paused
    control.pause()
    assert Control(clock, memory=memory).paused
    control.resume()
    assert not Control(clock, memory=memory).paused


def test_a_pause_by_command_is_the_same_pause_however_often_it_is_asked_for(tmp_path, clock):
    memory = tmp_path / "paused"
    control = Control(clock, memory=memory)
    for ask, paused in (
        (control.resume, False), (control.pause, True), (control.pause, True), (control.toggle, False),
        (control.toggle, True), (control.resume, False), (control.resume, False),
    ):  # fmt: skip
        ask()
        assert (control.paused, Control(clock, memory=memory).paused) == (paused, paused)


def test_a_command_does_not_end_the_pause_of_a_file(tmp_path, clock):
    (tmp_path / "pause").touch()
    control = Control(clock, tmp_path / "pause")
    control.resume()
    assert control.paused


def test_a_pause_that_cannot_be_remembered_still_pauses_and_is_reported_once(tmp_path, clock, caplog):
    control = Control(clock, memory=tmp_path / "absent" / "paused")
    control.toggle()
    assert [control.paused, control.paused] == [True, True]
    assert [record.getMessage().partition(": ")[2] for record in caplog.records] == [
        "cannot save the pause; it will end with this run (No such file or directory)"
    ]


@pytest.mark.parametrize(
    ("name", "reason"), [("x" * 300, "File name too long"), ("loop", "Too many levels of symbolic links")]
)
def test_a_pause_file_that_cannot_be_looked_for_is_a_settings_error(tmp_path, clock, name, reason):
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(SettingsError, match=rf"\[maker\] pause_file: .*: cannot be checked \({reason}\)") as caught:
        Control(clock).watch(tmp_path / name)
    assert caught.value.exit_code == 2


def test_a_pause_file_out_of_sight_keeps_its_last_state_and_is_reported_once(tmp_path, clock, caplog, monkeypatch):
    file = tmp_path / "pause"
    file.touch()
    control = Control(clock)
    control.watch(file)

    def refuse(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "stat", refuse)
    for _ in range(3):
        clock.advance(1)
        assert control.paused
    monkeypatch.undo()
    assert len(caplog.records) == 1
    monkeypatch.setattr(os, "stat", refuse)
    with pytest.raises(SettingsError):
        control.watch(file)
