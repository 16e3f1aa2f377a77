from __future__ import annotations

import socket
import threading

import pytest

from edge.cameras import resolve
from edge.cameras.live import LiveCamera
from edge.cameras.opencv import open_stream
from edge.cameras.resolve import resolved
from edge.daemon.supervisor import ReconnectingCamera
from edge.errors import SourceError
from edge.settings import SourceSettings
from edge.testing import FakeClock


class NameServers:
    """socket.getaddrinfo that answers, or is silent until it is released."""

    def __init__(self, monkeypatch):
        self.known = {"cam.lan": "10.0.0.9", "six.lan": "fe80::1"}
        self.release = threading.Event()
        self.release.set()
        self.asked, self.real = 0, socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", self.look_up)

    def look_up(self, host, *more, **named):
        if host.startswith("127."):
            return self.real(host, *more, **named)
        self.asked += 1
        self.release.wait()
        if host not in self.known:
            raise socket.gaierror(-2, "Name or service not known")
        known = self.known[host]
        return [(None, None, None, "", place) for place in (known if isinstance(known, list) else [(known, 0)])]


@pytest.fixture
def servers(monkeypatch):
    fake = NameServers(monkeypatch)
    yield fake
    fake.release.set()


@pytest.mark.parametrize(
    ("url", "answer"),
    [
        ("rtsp://cam.lan/1", "rtsp://10.0.0.9/1"),
        ("rtsp://me:p%40ss@cam.lan:8554/1?a=b", "rtsp://me:p%40ss@10.0.0.9:8554/1?a=b"),
        ("rtsp://six.lan:554/1", "rtsp://[fe80::1]:554/1"),
        ("http://cam.lan/mjpeg", "http://cam.lan/mjpeg"),
    ],
)
def test_a_name_that_is_known(servers, url, answer):
    assert resolved(url, 60) == answer


@pytest.mark.parametrize(
    ("url", "message"),
    [("rtsp://else.lan/geheim", "host name is unknown (Name or service not known)"), ("rtsp:///", "no host")],
)
def test_a_name_that_is_not_known_is_one_line(servers, url, message):
    with pytest.raises(SourceError) as caught:
        resolved(url, 60)
    assert message in str(caught.value)
    assert "geheim" not in str(caught.value)


def test_silent_name_servers_are_asked_once_however_often_the_camera_is_tried(servers):
    servers.release.clear()
    for _ in range(5):
        with pytest.raises(SourceError, match=r"^rtsp://cam.lan: no name server answers"):
            open_stream(SourceSettings(source="rtsp://me:geheim@cam.lan/1", timeout_s=0.1))
    assert servers.asked == 1
    pending = resolve._pending["cam.lan"]
    servers.release.set()
    assert pending.answered.wait(60)
    assert resolve._pending == {}
    assert resolved("rtsp://cam.lan/1", 60) == "rtsp://10.0.0.9/1"


def test_with_silent_name_servers_the_camera_is_lost_and_the_process_goes_on(servers):
    servers.release.clear()
    settings = SourceSettings(source="rtsp://cam.lan/1", timeout_s=0.1, reopen_s=0.1)
    clock = FakeClock()
    camera = ReconnectingCamera(
        lambda: LiveCamera(lambda: open_stream(settings), settings, clock, poll_s=60), settings, clock, live=True,
        wait=True,
    )  # fmt: skip
    turns = iter(camera)
    for _ in range(4):
        assert next(turns) is None
        assert "no name server answers" in camera.lost
        assert not camera.hung()
    turns.close()


@pytest.mark.parametrize("scheme", ["rtsp", "rtsps", "http", "HTTPS"])
def test_an_address_without_a_host_is_told_what_it_would_be(scheme):
    with pytest.raises(SourceError, match=rf"no host in this address; expected {scheme.lower()}://HOST/\.\.\.$"):
        resolved(f"{scheme}://", 1.0)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (
            "rtsp://me:geheim/b@cam.lan/live",
            "not a valid address; write special characters of a password as %40 (@), %2F",
        ),
        (
            "rtsp://me:geheim#b@cam.lan/live",
            "not a valid address; write special characters of a password as %40 (@), %2F",
        ),
        (
            "rtsp://me:12/geheim@cam.lan/live",
            "unknown (Name or service not known); write special characters of a password",
        ),
        ("rtsp://else.lan/geheim@home", "unknown (Name or service not known); write special characters of a password"),
        ("rtsp://cam.lan:port/geheim", "no host in this address; expected rtsp://HOST/..."),
    ],
)
def test_a_password_with_special_characters_is_told_how_to_be_written(servers, url, message):
    with pytest.raises(SourceError) as caught:
        resolved(url, 1.0)
    assert message in str(caught.value)
    assert "geheim" not in str(caught.value)


def test_a_link_local_address_keeps_its_interface(servers):
    servers.known |= {"near.lan": [("fe80::1", 0, 0, 3)], "fe80::1%eth0": [("fe80::1", 0, 0, 2)]}
    assert resolved("rtsp://near.lan/1", 60) == "rtsp://[fe80::1%3]/1"
    assert resolved("rtsp://[fe80::1%25eth0]:554/1", 60) == "rtsp://[fe80::1%2]:554/1"
    assert resolved("rtsp://[fe80::1%eth0]/1", 60) == "rtsp://[fe80::1%2]/1"


@pytest.fixture
def port():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def test_of_several_numbers_the_one_at_which_something_listens_is_taken(servers, port):
    servers.known["both.lan"] = [("127.9.9.9", 0), ("127.0.0.1", 0)]
    assert resolved(f"rtsp://both.lan:{port}/1", 60) == f"rtsp://127.0.0.1:{port}/1"


def test_where_nothing_listens_at_any_of_several_numbers_the_first_is_taken(servers, port):
    servers.known["both.lan"] = [("127.9.9.9", 0), ("127.9.9.8", 0)]
    assert resolved(f"rtsp://both.lan:{port}/1", 60) == f"rtsp://127.9.9.9:{port}/1"


def test_several_addresses_that_are_silent_leave_time_to_say_why(monkeypatch):
    waited = []

    def silent(place, seconds):
        waited.append(seconds)
        raise TimeoutError

    monkeypatch.setattr(socket, "create_connection", silent)
    found = [(family, 1, 6, "", (address, 0)) for family, address in ((2, "192.0.2.1"), (2, "192.0.2.2"))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    assert resolved("rtsp://cam.example/live", 10.0) == "rtsp://192.0.2.1/live"
    assert len(waited) == 2
    assert sum(waited) <= 2.0
