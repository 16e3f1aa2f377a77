"""Viewers: what they see, what they cost, and when they are dropped."""

from __future__ import annotations

import json
import socket

import cv2
import numpy as np
import pytest

from edge.web import feed
from edge.web.app import STANDBY
from tests.waiting import until

LIMIT_S = 60.0


class Viewer:
    """A browser's end of a stream."""

    def __init__(self, house, path, receive_bytes=0):
        self.socket = socket.socket()
        if receive_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.socket.settimeout(LIMIT_S)
        self.socket.connect(("127.0.0.1", house.port))
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        self.file = self.socket.makefile("rb")

    def head(self):
        """Status and headers."""
        status = int(self.file.readline().split()[1])
        lines = iter(self.file.readline, b"\r\n")
        return status, dict(line.decode().strip().split(": ", 1) for line in lines)

    def read(self):
        """The next chunk of the body, as one write sent it."""
        data = self.file.read(int(self.file.readline(), 16))
        self.file.readline()
        return data

    def event(self):
        """The next state."""
        chunk = self.read().decode()
        return json.loads(next(line for line in chunk.splitlines() if line.startswith("data: "))[6:])

    def part(self):
        """The next picture: its number, and the JPEG with the boundary that ends its part."""
        chunk = self.read()
        head, _, rest = chunk.partition(b"\r\n\r\n")
        fields = dict(line.split(": ") for line in head.decode().split("\r\n"))
        jpeg, end = rest[: int(fields["Content-Length"])], rest[int(fields["Content-Length"]) :]
        assert end == b"\r\n--frame\r\n"  # with the part, so that a browser shows it now
        return int(fields["X-Number"]), jpeg

    def close(self):
        self.file.close()
        self.socket.close()


@pytest.fixture
def view():
    viewers = []

    def make(*arguments, **options):
        viewers.append(Viewer(*arguments, **options))
        return viewers[-1]

    yield make
    for viewer in viewers:
        viewer.close()


@pytest.fixture(autouse=True)
def no_repeats(monkeypatch):
    """Nothing is said again because so much time has passed: tests count what is said."""
    monkeypatch.setattr(feed, "KEEP_ALIVE_S", 3600.0)


def test_the_state_says_who_is_there(serve):
    house = serve()
    assert house.get("/api/status")[1]["status"] == "starting"
    house.show()
    status, told = house.get("/api/status")
    assert (status, told["status"], told["width"], told["height"]) == (200, "watching", 64, 48)
    (face,) = told["faces"]
    assert (face["track"], face["emotion"], face["worn"], face["mask_state"]) == (1, "happy", False, "none")
    assert house.get("/api/faces")[1]["faces"] == [face]


@pytest.mark.parametrize(
    ("state", "lost", "asked", "told"),
    [
        ("", "", False, ("watching", "", "")),
        ("dark picture", "", False, ("watching", "", "dark picture")),
        ("paused", "", True, ("paused", "", "")),
        ("paused", "", False, ("standby", STANDBY, "")),  # only because nobody watches
        ("no camera", "v4l2:0: no such camera", False, ("no camera", "v4l2:0: no such camera", "")),
    ],
)
def test_the_state_says_what_is_wrong(serve, state, lost, asked, told):
    house = serve()
    house.control.asked, house.lost = asked, lost
    if told[0] == "watching":
        house.scene = None
        house.show(np.full((48, 64, 3), 128, np.uint8), state)
    else:
        house.show(state=state)
    state = house.get("/api/status")[1]
    assert (state["status"], state["reason"], state["health"]) == told


def test_the_state_is_that_of_the_moment_even_while_nothing_is_shown(serve, view):
    house = serve()
    house.show(state="paused")
    assert house.get("/api/status")[1]["status"] == "standby"
    viewer = view(house, "/api/events")
    viewer.head()
    assert viewer.event()["status"] == "starting"
    assert house.get("/api/status")[1]["status"] == "starting"
    house.control.asked = True
    assert house.get("/api/status")[1]["status"] == "paused"
    house.control.asked, house.lost = False, "v4l2:0: no such camera"
    house.show(state="no camera")
    assert house.get("/api/status")[1]["reason"] == "v4l2:0: no such camera"
    house.lost = "v4l2:0: busy"
    assert house.get("/api/status")[1]["reason"] == "v4l2:0: busy"


def test_without_a_camera_the_state_says_how_to_have_one(serve):
    house = serve(loop=False)
    state = house.get("/api/status")[1]
    assert state["status"] == "off"
    assert "--source" in state["reason"]
    assert house.post("/api/pause")[0] == 409


def test_events_come_when_something_is_shown(serve, view):
    house = serve()
    viewer = view(house, "/api/events")
    status, headers = viewer.head()
    assert (status, headers["Content-Type"]) == (200, "text/event-stream")
    assert viewer.event()["faces"] == []
    house.show()
    assert [face["emotion"] for face in viewer.event()["faces"]] == ["happy"]
    house.show(state="paused")
    assert viewer.event()["faces"] == []


def test_pictures_are_those_of_the_state_with_the_same_number(serve, view):
    house = serve()
    house.show()
    states, viewer = view(house, "/api/events"), view(house, "/api/live")
    states.head()
    assert viewer.head()[1]["Content-Type"] == "multipart/x-mixed-replace; boundary=frame"
    assert viewer.read() == b"--frame\r\n"
    number, jpeg = viewer.part()
    assert states.event()["number"] == number
    assert cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR).shape == (48, 64, 3)
    house.show(np.full((48, 64, 3), 200, np.uint8))
    later, bright = viewer.part()
    assert states.event()["number"] == later == number + 1
    assert cv2.imdecode(np.frombuffer(bright, np.uint8), cv2.IMREAD_COLOR).mean() > 190


def test_without_viewers_nothing_is_encoded_and_all_viewers_share_one(serve, view, monkeypatch):
    encoded = []
    monkeypatch.setattr(feed, "encode", lambda frame: encoded.append(frame.index) or b"\xff\xd8jpeg")
    house = serve()
    for _ in range(5):
        house.show()
    assert house.get("/api/status")[0] == 200
    assert encoded == []
    viewers = [view(house, "/api/live") for _ in range(20)]
    for viewer in viewers:
        assert viewer.head()[0] == 200
        viewer.read()
        viewer.part()
    house.show()
    assert len({viewer.part() for viewer in viewers}) == 1
    assert encoded == [4, 5]


def test_the_picture_is_off_unless_it_was_switched_on(serve):
    house = serve(live=False)
    house.show()
    assert house.get("/api/live")[0] == 404
    assert house.get("/api/status")[1]["live"] is False


def test_why_there_is_no_picture_is_an_answer_of_its_own(serve):
    house = serve()
    house.lost = "v4l2:7: no such camera"
    house.show(state="no camera")
    assert house.get("/api/live") == (503, {"error": "v4l2:7: no such camera"})
    assert house.hub.watchers == 0


def test_who_leaves_is_no_longer_counted(serve, view):
    house = serve()
    house.show()
    viewer = view(house, "/api/live")
    viewer.head()
    assert house.hub.watched
    viewer.close()
    until(lambda: house.hub.watchers == 0)
    assert house.hub.watched  # who reloads the page is not gone
    house.clock.advance(10)
    assert not house.hub.watched


@pytest.mark.parametrize("path", ["/api/live", "/api/events"])
def test_a_viewer_that_never_reads_is_dropped(serve, view, path, monkeypatch):
    # Little at a time, and the next when it was read: what the kernel takes at once does not wait for who reads.
    monkeypatch.setattr(feed, "encode", lambda frame: bytes(20_000))
    monkeypatch.setattr(feed, "state", lambda *_: {"status": "watching", "padding": "x" * 20_000})
    house = serve(write_s=0.2)
    house.show()
    idle, other = view(house, path, receive_bytes=4096), view(house, path)
    other.head()
    for _ in range(2 if path == "/api/live" else 1):  # the boundary and the first picture; the first state
        other.read()
    until(lambda: house.hub.watchers == 2)

    def only_one_is_left():
        house.show()
        other.read()  # who reads goes on
        return house.hub.watchers == 1

    until(only_one_is_left)
    idle.close()


def test_pause_and_resume(serve):
    house = serve()
    assert house.post("/api/pause") == (200, {"paused": True})
    assert house.get("/api/status")[1]["paused"] is True
    assert house.post("/api/resume") == (200, {"paused": False})
    assert house.get("/api/pause")[0] == 405


def test_closing_ends_every_stream_at_once(serve, view):
    house = serve()
    house.show()
    viewer = view(house, "/api/events")
    viewer.head()
    house.server.close(LIMIT_S)
    assert not house.server._thread.is_alive()
    assert house.hub.watchers == 0
