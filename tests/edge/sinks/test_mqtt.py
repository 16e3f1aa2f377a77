"""The MQTT sink as the loop sees it, with a connection that only remembers."""

from __future__ import annotations

import sys

import cv2
import numpy as np
import pytest

from edge.daemon.control import Control
from edge.errors import MissingExtra, SettingsError
from edge.ports import ConnectedSink, FrameObserver
from edge.settings import MqttSettings, Settings
from edge.sinks import enabled, open_sinks
from edge.sinks.mqtt import STATES_S, MqttSink, open_mqtt
from edge.sinks.mqtt_connection import back_off
from edge.sinks.mqtt_image import jpeg
from edge.sinks.mqtt_topics import Topics
from edge.sinks.outbox import Outbox
from edge.testing import FakeClock, pictures
from tests.edge.sinks.faces import event, face, health, report


class FakeConnection:
    """Remembers how it was called."""

    def __init__(self):
        self.calls = []

    def start(self):
        self.calls.append("start")

    def wake(self):
        self.calls.append("wake")

    def greet(self):
        self.calls.append("greet")

    def close(self):
        self.calls.append("close")


class Bench:
    def __init__(self, most=10, image_s=0.0):
        self.clock, self.outbox, self.connection = FakeClock(), Outbox(most), FakeConnection()
        self.sink = MqttSink(Topics("pi", "edge/pi"), self.outbox, self.clock, "homeassistant", image_s)
        self.sink.connection = self.connection


@pytest.fixture
def bench():
    return Bench()


def test_it_is_off_by_default_and_its_library_is_then_not_imported():
    assert not enabled(Settings(), "mqtt.enabled")
    assert not any(isinstance(sink, MqttSink) for sink in open_sinks(Settings(), FakeClock()))


def test_it_observes_frames_and_uses_the_switch(bench):
    assert isinstance(bench.sink, FrameObserver)
    assert isinstance(bench.sink, ConnectedSink)


def test_states_change_at_most_twice_a_second(bench):
    bench.sink.tick()
    assert bench.outbox.unsaid()["edge/pi/faces"] == "0"
    bench.sink.observe(report(face()))
    bench.sink.tick()
    assert bench.outbox.unsaid() == {}
    bench.clock.advance(STATES_S)
    bench.sink.tick()
    assert bench.outbox.unsaid() == {
        "edge/pi/occupancy": "ON", "edge/pi/faces": "1", "edge/pi/emotion": "happy", "edge/pi/masked": "0",
        "edge/pi/intensity": "98",
    }  # fmt: skip


def test_a_full_queue_is_logged_once_until_it_was_empty(bench, caplog):
    for _ in range(30):
        bench.sink.write(event("sample"))
        bench.clock.advance(STATES_S)
        bench.sink.tick()
    assert bench.sink.dropped == 20
    assert [record.getMessage() for record in caplog.records] == [
        "mqtt: the queue is full; the oldest events are dropped until the broker takes them"
    ]
    while bench.outbox.take():
        pass
    bench.sink.write(event("sample"))
    bench.outbox.take()
    bench.clock.advance(STATES_S)
    bench.sink.tick()
    for _ in range(11):
        bench.sink.write(event("sample"))
    assert len(caplog.records) == 2


def test_closing_says_the_last_state_and_counts_what_was_not_confirmed(bench, caplog):
    bench.sink.write(health("paused"))
    bench.sink.close()
    assert bench.outbox.unsaid()["edge/pi/paused"] == "ON"
    assert bench.connection.calls == ["close"]
    assert bench.sink.dropped == 1
    assert "mqtt: closed before the broker confirmed everything; events given up: 1" in caplog.text


@pytest.mark.parametrize(
    ("topic", "payload", "retained", "calls"),
    [
        ("homeassistant/status", b"online", False, ["greet"]),
        ("homeassistant/status", b"online", True, []),
        ("homeassistant/status", b"offline", False, []),
        ("edge/pi/pause/set", b"ON", True, []),
        ("edge/pi/pause/set", b"ON", False, []),
        ("elsewhere", b"\xff", False, []),
    ],
)
def test_messages_of_the_broker_and_no_switch(bench, topic, payload, retained, calls):
    bench.sink.connect(None, ())
    bench.sink.received(topic, payload, retained)
    assert bench.connection.calls == calls


def test_nonsense_on_the_pause_topic_does_not_fill_the_log(bench, caplog):
    bench.sink.connect(Control(bench.clock), ())
    for n in range(100):
        bench.sink.received("edge/pi/pause/set", b"nonsense %d" % n, False)
    assert len(caplog.records) == 1


@pytest.mark.parametrize(
    ("tries", "spread", "seconds"), [(1, 1.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 2.0), (7, 1.0, 60.0), (10_000, 1.0, 60.0)]
)
def test_waits_double_up_to_a_limit_and_are_spread(tries, spread, seconds):
    assert back_off(1.0, 60.0, tries, spread) == seconds


def test_without_paho_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "edge.sinks.mqtt_connection", None)
    with pytest.raises(MissingExtra, match=r"-m pip install 'edge-emotion\[mqtt\]'"):
        open_mqtt(Settings(mqtt=MqttSettings(enabled=True)), FakeClock(), {})


def test_wrong_settings_are_found_when_the_sink_is_opened():
    with pytest.raises(SettingsError, match=r"\[mqtt\] topic: "):
        open_mqtt(Settings(mqtt=MqttSettings(topic="#")), FakeClock(), {})


# Pictures


def test_no_picture_leaves_unless_asked_for(bench):
    (frame,) = pictures(1)
    bench.sink.observe(report(face(1), frame=frame))
    assert bench.outbox.take_picture() is None


def test_a_picture_is_offered_while_there_is_a_face_and_not_too_often():
    bench, (frame,) = Bench(image_s=10.0), pictures(1)
    offered = []
    for second, faces in enumerate([(), (face(1),), (face(1),)] + [()] * 9 + [(face(2),)]):
        bench.clock.advance(1.0)
        bench.sink.observe(report(*faces, frame=frame))
        if bench.outbox.take_picture():
            offered.append(second)
    assert offered == [1, 12]


@pytest.mark.parametrize(
    ("size", "sent"),
    [((64, 48), (64, 48)), ((640, 480), (640, 480)), ((1920, 1080), (640, 360)), ((4000, 2), (640, 1))],
)
def test_a_picture_is_a_jpeg_of_at_most_640_pixels(size, sent):
    (frame,) = pictures(1, size=size, level=200)
    image = cv2.imdecode(np.frombuffer(jpeg(frame), np.uint8), cv2.IMREAD_COLOR)
    assert image.shape[1::-1] == sent
    assert abs(float(image.mean()) - 200) < 3
