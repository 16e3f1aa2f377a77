from __future__ import annotations

import socket

import pytest

from edge.daemon.systemd import Systemd
from edge.testing.fakes import FakeClock


class Manager:
    """The service manager's side of the socket."""

    def __init__(self, address):
        self.line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.line.bind(address)
        self.line.setblocking(False)

    def heard(self):
        messages = []
        while True:
            try:
                messages.append(self.line.recv(4096).decode())
            except BlockingIOError:
                return messages


@pytest.fixture
def manager(tmp_path):
    manager = Manager(str(tmp_path / "notify"))
    yield manager
    manager.line.close()


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def heartbeat(tmp_path, clock, manager):
    return Systemd({"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "8000000"}, clock)


def test_nobody_asked_nobody_is_told(clock):
    heartbeat = Systemd({}, clock)
    heartbeat.ready("started")
    heartbeat.beat()
    heartbeat.status("x")
    heartbeat.stopping()


def test_a_life_as_the_manager_hears_it(heartbeat, manager):
    heartbeat.ready("models loaded")
    heartbeat.beat()
    heartbeat.status("12.0 fps, 1 face")
    heartbeat.stopping()
    assert manager.heard() == [
        "READY=1\nSTATUS=models loaded\nWATCHDOG=1", "WATCHDOG=1", "STATUS=12.0 fps, 1 face", "STOPPING=1",
    ]  # fmt: skip


def test_many_turns_are_a_few_beats_in_each_watchdog_interval(heartbeat, manager, clock):
    for _ in range(240):
        heartbeat.beat()
        clock.advance(1 / 30)
    beats = len(manager.heard())
    assert 7 <= beats <= 9, "about eight in the eight seconds of the watchdog"


def test_a_loop_that_does_not_turn_does_not_beat(heartbeat, manager, clock):
    heartbeat.beat()
    manager.heard()
    clock.advance(60)
    assert manager.heard() == []


def test_the_status_is_due_every_few_seconds(heartbeat, clock):
    assert heartbeat.status_due()
    heartbeat.status("x")
    clock.advance(4.9)
    assert not heartbeat.status_due()
    clock.advance(0.2)
    assert heartbeat.status_due()


def test_an_abstract_socket_is_found(clock):
    name = f"edge-emotion-test-{id(clock)}"
    manager = Manager(f"\0{name}")
    Systemd({"NOTIFY_SOCKET": f"@{name}"}, clock).beat()
    assert manager.heard() == ["WATCHDOG=1"]
    manager.line.close()


@pytest.mark.parametrize("environment", [{"NOTIFY_SOCKET": "/nowhere/notify"}, {"NOTIFY_SOCKET": "x" * 200}])
def test_a_manager_that_cannot_be_reached_does_no_harm(environment, clock):
    Systemd(environment, clock).beat()


def test_a_manager_that_does_not_listen_does_not_hold_us_up(heartbeat, manager, clock):
    for _ in range(5000):
        heartbeat.status("x" * 1000)
    assert 0 < len(manager.heard()) < 5000
