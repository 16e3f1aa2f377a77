"""A page that is really served, on tiny models and a loop that the test plays itself."""

from __future__ import annotations

import http.client
import json
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from edge.frame import Frame
from edge.settings import WebSettings
from edge.testing import FakeClock, FakePipeline, pictures
from edge.web.hub import Hub

pytest.importorskip("aiohttp", reason="needs the extra web: pip install 'edge-emotion[web]'")


class Pause:
    """What pauses a loop, remembered."""

    def __init__(self):
        self.asked = False

    def pause(self):
        self.asked = True

    def resume(self):
        self.asked = False


class House:
    """A served page; the test is its loop: `show` is a turn."""

    def __init__(
        self,
        tiny,
        journal=None,
        live=True,
        token=None,
        loop=True,
        rates=None,
        write_s=10.0,
        metrics=None,
        scrape=None,
        style="box",
        **settings,
    ):
        from edge.pipeline.factory import open_models
        from edge.web.app import Site, create_app
        from edge.web.guard import Guard
        from edge.web.rates import Rate, Rates
        from edge.web.server import Server

        keep = {name: settings.pop(name) for name in ("connections", "header_s", "take_s") if name in settings}
        self.clock, self.control, self.lost = FakeClock(monotonic=100.0), Pause(), ""
        self.hub = Hub(self.clock, lambda: self.lost)
        self.opened = 0
        self.pipeline = FakePipeline()
        self.scene = None
        self.index = 0

        def open_pipeline():
            self.opened += 1
            return open_models(tiny)

        plenty = Rate(1e6, 1e6)
        self.site = Site(
            hub=self.hub,
            guard=Guard(WebSettings(**settings), token, rates or Rates(plenty, plenty, plenty), scrape),
            open_pipeline=open_pipeline,
            journal=journal,
            control=self.control if loop else None,
            live=live,
            write_s=write_s,
            metrics=metrics,
            style=style,
        )
        self.server = Server(lambda: create_app(self.site), settings.get("host", "127.0.0.1"), 0, **keep)
        self.port = self.server.start()
        self.address = f"http://127.0.0.1:{self.port}/"

    def show(self, image=None, state=""):
        """One turn of the loop."""
        from edge.face import Scene

        self.clock.advance(0.1)
        if image is None and not state:
            image = pictures(1)[0].image
        before = self.scene or Scene()
        if image is None:
            self.hub.show(None, Scene(serial=before.serial), state)
            return
        frame = Frame(image, self.clock.monotonic(), self.index)
        self.index += 1
        after = self.pipeline(before, frame)
        self.scene = replace(after, looked_at=frame.time)
        self.hub.show(frame, self.scene, state)

    def ask(self, method, path, body=None, headers=None, host=None, raw=None, source=""):
        """Status, headers and body of one request; `raw`: a body whose length nobody names; `source`: our address."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, 60, (source, 0) if source else None)
        try:
            connection.putrequest(method, path, skip_host=host is not None)
            for name in [] if host is None else [host] if isinstance(host, str) else host:
                connection.putheader("Host", name)
            for name, value in (headers or {}).items():
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body if raw is None else raw)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def get(self, path, **more):
        status, _, body = self.ask("GET", path, **more)
        return status, json.loads(body)

    def post(self, path, body=b"", **more):
        status, _, answer = self.ask("POST", path, body, **more)
        return status, json.loads(answer)

    def play(self, *images, state=""):
        """Turns until `stop` is called, in a thread; what was played before ends."""

        def turn(n):
            if self.control.asked:
                self.show(state="paused")
            else:
                self.show(images[n % len(images)] if images else None, state)

        self._repeat(turn)

    def play_scene(self, scene):
        """Turns with one and the same scene, in place of what was played before."""

        def turn(n):
            self.clock.advance(0.1)
            self.hub.show(pictures(1)[0], scene, "")

        self._repeat(turn)

    def _repeat(self, turn):
        self.stop()
        ended = threading.Event()

        def turns():
            n = 0
            while not ended.wait(0.03):
                turn(n)
                n += 1

        thread = threading.Thread(target=turns)
        thread.start()

        def stop():
            ended.set()
            thread.join()

        self.stop = stop

    stop = staticmethod(lambda: None)

    def close(self):
        self.stop()
        self.server.close()


@pytest.fixture
def serve(tiny):
    """serve(...): a House; closed when the test ends."""
    houses = []

    def make(**options):
        houses.append(House(tiny, **options))
        return houses[-1]

    yield make
    for house in houses:
        house.close()


@pytest.fixture
def png(paint):
    """png((x, y, masked, glad), ...): a painted picture as a PNG file's content."""
    import cv2

    def make(*faces, **size):
        return cv2.imencode(".png", paint(*faces, **size)[:, :, ::-1])[1].tobytes()

    return make


@pytest.fixture
def zone(monkeypatch):
    """zone(name): the machine's time zone from here on."""

    def move(name):
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield move
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def noon(zone):
    """It is about noon here, in a zone of half hours: what is of today when a test begins is so when it ends."""
    west = 60 * (datetime.now(UTC).hour - 12) + 30  # minutes, as POSIX counts them
    zone(f"<noon>{'-' if west < 0 else '+'}{abs(west) // 60}:{abs(west) % 60:02}")
