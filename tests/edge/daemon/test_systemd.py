from __future__ import annotations

import socket

import pytest

from edge.daemon.systemd import Systemd
from edge.testing import FakeClock


class Manager:
    """The service manager's side of the socket."""

    def __init__(self, address):
        self.line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.line.bind(address)
        self.line.setblocking(False)

    def received(self):
        messages = []
        while True:
            try:
                messages.append(self.line.recv(4096).decode())
            except BlockingIOError:
                return messages


@pytest.fixture
def manager(socket_folder):
    manager = Manager(str(socket_folder / "notify"))
    yield manager
    manager.line.close()


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def systemd(socket_folder, clock, manager):
    return Systemd({"NOTIFY_SOCKET": str(socket_folder / "notify"), "WATCHDOG_USEC": "8000000"}, clock)


def test_without_a_service_manager_nothing_is_sent(clock):
    systemd = Systemd({}, clock)
    systemd.ready("started")
    systemd.beat()
    systemd.status("x")
    systemd.stopping()


def test_what_the_service_manager_receives_from_start_to_stop(systemd, manager):
    systemd.ready("models loaded")
    systemd.beat()
    systemd.status("12.0 fps, 1 face")
    systemd.stopping()
    assert manager.received() == [
        "READY=1\nSTATUS=models loaded\nWATCHDOG=1", "WATCHDOG=1", "STATUS=12.0 fps, 1 face", "STOPPING=1",
    ]  # fmt: skip


def test_many_turns_are_a_few_beats_in_each_watchdog_interval(systemd, manager, clock):
    for _ in range(240):
        systemd.beat()
        clock.advance(1 / 30)
    beats = len(manager.received())
    assert 7 <= beats <= 9, "about eight in the eight seconds of the watchdog"


def test_a_loop_that_hangs_does_not_beat(systemd, manager, clock):
    systemd.beat()
    manager.received()
    clock.advance(60)
    assert manager.received() == []


def test_the_status_is_due_every_few_seconds(systemd, clock):
    assert systemd.status_due()
    systemd.status("x")
    clock.advance(4.9)
    assert not systemd.status_due()
    clock.advance(0.2)
    assert systemd.status_due()


def test_an_abstract_socket_is_found(clock):
    name = f"edge-emotion-test-{id(clock)}"
    manager = Manager(f"\0{name}")
    Systemd({"NOTIFY_SOCKET": f"@{name}"}, clock).beat()
    assert manager.received() == ["WATCHDOG=1"]
    manager.line.close()


@pytest.mark.parametrize("environment", [{"NOTIFY_SOCKET": "/nowhere/notify"}, {"NOTIFY_SOCKET": "x" * 200}])
def test_a_service_manager_that_cannot_be_reached_does_no_harm(environment, clock):
    Systemd(environment, clock).beat()


def test_a_service_manager_that_does_not_listen_does_not_block(systemd, manager, clock):
    for _ in range(5000):
        systemd.status("x" * 1000)
    assert 0 < len(manager.received()) < 5000
