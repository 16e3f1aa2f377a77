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
        self.asked = 0
        monkeypatch.setattr(socket, "getaddrinfo", self.look_up)

    def look_up(self, host, *_, **__):
        self.asked += 1
        self.release.wait()
        if host not in self.known:
            raise socket.gaierror(-2, "Name or service not known")
        return [(None, None, None, "", (self.known[host], 0))]


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


def test_a_password_with_a_slash_is_no_port_and_in_no_message():
    with pytest.raises(SourceError, match="no host in this address") as caught:
        resolved("rtsp://me:geheim/b@cam.lan/live", 1.0)
    assert "geheim" not in str(caught.value)
