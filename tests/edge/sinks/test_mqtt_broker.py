"""Stories of the MQTT sink and a real broker: with password and TLS, killed, restarted, refusing and silent."""

from __future__ import annotations

import json
import logging
import os
import queue
import resource
import socket
import subprocess
import sys
from dataclasses import replace

import cv2
import numpy as np
import pytest

from edge.commands import doctor_outputs
from edge.daemon.control import Control
from edge.settings import MqttSettings, Settings
from edge.sinks import mqtt_connection, open_sinks
from edge.sinks.mqtt import MqttSink, open_mqtt
from edge.testing import FakeClock, pictures
from tests.edge.sinks.faces import face, report
from tests.edge.sinks.mosquitto import LISTENER, PASSWORD, SINK, WAIT_S, Broker, Certificates, Listener
from tests.ports import free_port

DISCOVERY = "homeassistant/device/edge-emotion-pi/config"
BASE = "edge-emotion/pi"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("tls") / "certificates")


@pytest.fixture(params=["plain", "tls"])
def broker(request, tmp_path, certificates):
    """A running broker that admits the sink and the listener."""
    made = Broker(tmp_path, certificates if request.param == "tls" else None)
    made.start()
    yield made
    made.kill()


@pytest.fixture
def plain(tmp_path):
    """The same without TLS."""
    made = Broker(tmp_path)
    made.start()
    yield made
    made.kill()


@pytest.fixture
def listen():
    """listen(broker): a listener; closed at the end."""
    listeners = []

    def make(broker, *topics):
        listeners.append(Listener(broker, *topics))
        return listeners[-1]

    yield make
    for listener in listeners:
        listener.close()


@pytest.fixture
def settings(tmp_path):
    """settings(broker, ...): of a sink that logs in to it."""

    def make(broker, **changes):
        secret = tmp_path / "mqtt-password"
        secret.write_text(PASSWORD + "\n")
        tls = {"tls": True, "ca": str(broker.certificates.ca)} if broker.certificates else {}
        chosen = {
            "enabled": True, "port": broker.port, "node": "pi", "user": SINK, "password_file": str(secret),
            "retry_s": 0.1, "retry_max_s": 0.2, **tls, **changes,
        }  # fmt: skip
        return Settings(mqtt=MqttSettings(**chosen))

    return make


@pytest.fixture
def go(settings):
    """go(broker, ...): an open sink; closed at the end."""
    opened = []

    def make(broker, switch=None, **changes):
        sink = open_mqtt(settings(broker, **changes), FakeClock(), {})
        sink.connect(switch, (sink,))
        opened.append(sink)
        return sink

    yield make
    for sink in opened:
        sink.close()


def number(n):
    return {"time": "2026-01-31T12:00:00.000Z", "monotonic": n / 10, "event": "sample", "track": n}


def test_events_and_states_arrive_and_the_status_says_online_then_stopped(broker, listen, go):
    listener = listen(broker)
    sink = go(broker)
    assert listener.next("/status")[1] == "online"
    sink.write(number(1))
    sink.tick()
    assert listener.event() == number(1)
    sink.close()
    assert listener.next("/status")[1] == "stopped"
    assert listen(broker).all(f"{BASE}/status", f"{BASE}/faces", f"{BASE}/paused") == {
        f"{BASE}/status": ("stopped", True), f"{BASE}/faces": ("0", True), f"{BASE}/paused": ("OFF", True),
    }  # fmt: skip
    assert (sink.connection._outbox.delivered, sink.dropped) == (1, 0)


def test_a_process_that_dies_is_offline(plain, listen, settings):
    listener = listen(plain)
    code = """
import sys, time
from edge.settings import MqttSettings, Settings
from edge.sinks.mqtt import open_mqtt
from edge.clock import SystemClock
sink = open_mqtt(eval(sys.argv[1]), SystemClock(), {})
sys.stdin.read()
"""
    child = subprocess.Popen([sys.executable, "-c", code, _as_code(settings(plain))], stdin=subprocess.PIPE)
    assert listener.next("/status")[1] == "online"
    child.kill()
    child.communicate()
    assert listener.next("/status")[1] == "offline"


def _as_code(settings):
    return f"Settings(mqtt={settings.mqtt!r})"


def test_a_broker_killed_in_the_middle_every_event_is_there_or_counted(broker, listen, go, caplog):
    first = listen(broker)
    sink = go(broker, queue=50)
    written = iter(range(1000))
    seen: set[object] = set()

    def write(count):
        for _ in range(count):
            sink.write(number(next(written)))

    write(40)
    while len(seen) < 20:
        seen.add(first.event()["track"])
    broker.kill()
    write(200)  # far more than the queue holds
    seen.update(json.loads(payload)["track"] for topic, payload, _ in first.heard() if topic.endswith("/events"))
    # It comes back and refuses us, until the other one listens again.
    broker.start(LISTENER)
    second = listen(broker)
    broker.wait_for("disconnected, not authorised")
    broker.admit(LISTENER, SINK)
    assert second.next("/status")[1] == "online"
    write(10)
    while 249 not in seen:
        seen.add(second.event()["track"])
    seen.update(json.loads(payload)["track"] for topic, payload, _ in first.heard() if topic.endswith("/events"))
    sink.close()
    seen.update(json.loads(payload)["track"] for topic, payload, _ in second.heard() if topic.endswith("/events"))
    outbox = sink.connection._outbox
    assert outbox.delivered + sink.dropped == 250
    # One that was dropped here may have arrived all the same: its confirmation was lost.
    assert 250 - len(seen) <= sink.dropped
    assert sink.dropped >= 240 - 50 - 40
    lines = [record.getMessage() for record in caplog.records]
    assert sum("the queue is full" in line for line in lines) == 1
    assert sum("refuses the connection" in line for line in lines) == 1
    (again,) = (line for line in lines if "connected again" in line)
    assert 150 <= int(again.split()[-1]) <= sink.dropped


def test_retained_states_are_said_again_to_a_broker_that_forgot_them(plain, listen, go):
    listener = listen(plain)
    sink = go(plain)
    sink.tick()
    assert listener.next("/emotion")[1] == "none"
    plain.kill()
    plain.start()
    # Retained or fresh: the broker has it again.
    said = listen(plain).all(f"{BASE}/emotion", f"{BASE}/status", DISCOVERY)
    assert (said[f"{BASE}/emotion"][0], said[f"{BASE}/status"][0]) == ("none", "online")
    assert json.loads(said[DISCOVERY][0])["origin"]["name"] == "edge-emotion"


def test_a_wrong_password_is_one_line_without_it_and_events_are_counted(plain, go, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    wrong = tmp_path / "wrong"
    wrong.write_text("battery staple\n")
    sink = go(plain, password_file=str(wrong))
    for n in range(3):
        sink.write(number(n))
    for _ in range(3):
        plain.wait_for("disconnected, not authorised")
    sink.close()
    assert sink.dropped == 3
    lines = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert lines == [
        f"mqtt: localhost:{plain.port}: the broker refuses the connection (not authorized); check [mqtt] user and "
        "password_file; trying again until it works",
        "mqtt: closed before the broker confirmed everything; events given up: 3",
    ]
    assert "battery" not in caplog.text


def test_a_certificate_of_somebody_else_is_refused(tmp_path, certificates, go, caplog):
    broker = Broker(tmp_path, certificates)
    broker.start()
    try:
        sink = go(broker, ca="")  # the system's authorities do not know ours
        for _ in range(2):  # by the second try it has logged why the first one failed
            broker.wait_for("alert unknown ca")
        sink.close()
    finally:
        broker.kill()
    assert "certificate verify failed" in caplog.text


def test_a_broker_that_wants_a_certificate_gets_ours(tmp_path, certificates, settings):
    broker = Broker(tmp_path, certificates, f"cafile {certificates.ca}", "require_certificate true")
    broker.start()
    try:
        ours = {"cert": str(certificates.cert), "key": str(certificates.key)}
        assert [found(settings(broker, **each))[0][0] for each in (ours, {})] == ["ok", "warn"]
    finally:
        broker.kill()


def test_a_broker_that_is_absent_or_never_answers_costs_the_loop_nothing(go, monkeypatch, tmp_path, caplog):
    monkeypatch.setattr(mqtt_connection, "CLOSE_S", 0.1)
    monkeypatch.setattr(mqtt_connection, "ANSWER_S", 0.1)

    class Nobody:
        port, certificates = free_port(), None

    absent = go(Nobody)
    with socket.create_server(("127.0.0.1", 0)) as server:

        class Silent:
            port, certificates = server.getsockname()[1], None

        silent = go(Silent, host="127.0.0.1")
        server.settimeout(WAIT_S)
        accepted, _ = server.accept()
        for sink in (absent, silent):
            for n in range(10):
                sink.write(number(n))
            sink.tick()
        server.accept()[0].close()  # it has given up once and tries again
        for sink in (absent, silent):
            sink.close()
            assert sink.dropped == 10
        accepted.close()
    assert "cannot connect (Connection refused)" in caplog.text
    assert "no answer within 0.1 s; is this an MQTT broker?" in caplog.text


# Home Assistant and commands


def test_the_device_is_announced_once_and_again_when_home_assistant_starts(plain, listen, go):
    listener = listen(plain)
    go(plain)
    topic, payload, _ = listener.next(DISCOVERY)
    assert json.loads(payload)["device"]["identifiers"] == ["edge-emotion-pi"]
    listener.next("/status", "online")
    listener.say("homeassistant/status", "offline")
    listener.say("homeassistant/status", "online")
    assert listener.next(DISCOVERY)[1] == payload
    assert listen(plain).next(DISCOVERY) == (topic, payload, True)


def test_states_are_repeated_a_while_after_the_announcement(plain, listen, go, monkeypatch):
    monkeypatch.setattr(mqtt_connection, "REPEAT_S", 0.1)
    listener = listen(plain)
    go(plain).tick()
    said = [listener.next("/emotion") for _ in range(2)]
    assert said == [(f"{BASE}/emotion", "none", False)] * 2
    listener.say("homeassistant/status", "online")
    said = [listener.next("/emotion") for _ in range(2)]
    assert said == [(f"{BASE}/emotion", "none", False)] * 2


def test_a_device_without_discovery_is_removed(plain, listen, go):
    go(plain).close()
    listener = listen(plain)
    assert listener.next(DISCOVERY)[1] != ""
    go(plain, discovery=False)
    while listener.next(DISCOVERY)[1]:
        pass
    after = listen(plain)
    after.next("/status")
    assert [topic for topic, *_ in after.heard() if topic == DISCOVERY] == []


def test_a_picture_reaches_the_broker_which_does_not_keep_it(plain, listen, go):
    (frame,) = pictures(1)
    listener = listen(plain)
    sink = go(plain, image=True)
    assert json.loads(listener.next(DISCOVERY)[1])["components"]["picture"]["image_topic"] == f"{BASE}/image"
    listener.next("/status", "online")
    sink.observe(report(face(1), frame=frame))
    picture = listener.next("/image")[1].encode(errors="surrogateescape")
    assert cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR).shape == (48, 64, 3)
    after = listen(plain)
    after.next("/status")
    sink.write(number(1))
    after.event()
    assert [topic for topic, *_ in after.heard() if topic.endswith("/image")] == []


def test_no_picture_is_on_the_wire_unless_asked_for(plain, listen, go):
    (frame,) = pictures(1)
    listener = listen(plain)
    sink = go(plain)
    listener.next("/status", "online")
    sink.observe(report(face(1), frame=frame))
    sink.write(number(1))
    sink.tick()
    sink.close()
    seen = {}
    while seen.get(f"{BASE}/status") != "stopped":
        topic, payload, _ = listener.next()
        seen[topic] = payload
    assert f"{BASE}/image" not in seen
    assert not [payload for payload in seen.values() if "JFIF" in payload]


def test_it_works_with_more_files_open_than_select_takes(plain, listen, go):
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limits[1] < 1200:
        pytest.skip("no more than 1200 files may be open here")
    listener = listen(plain)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1200, limits[1]))
    filler = [os.open(os.devnull, os.O_RDONLY)]
    try:
        while filler[-1] < 1100:
            filler.append(os.dup(filler[0]))
        sink = go(plain)
        sink.write(number(1))
        assert listener.event() == number(1)
        sink.close()
    finally:
        for each in filler:
            os.close(each)
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


class Switch:
    """Remembers what it was told."""

    def __init__(self):
        self.told = queue.Queue()

    def pause(self):
        self.told.put("pause")

    def resume(self):
        self.told.put("resume")


def test_pause_and_resume_by_topic_and_an_old_command_is_ignored(plain, listen, go, caplog):
    listener, switch = listen(plain), Switch()
    listener.say(f"{BASE}/pause/set", "ON", retain=True)
    go(plain, switch)
    listener.next("/status", "online")
    for command in ("maybe", "off", "ON"):
        listener.say(f"{BASE}/pause/set", command)
    assert [switch.told.get(timeout=WAIT_S) for _ in range(2)] == ["resume", "pause"]
    assert switch.told.empty()
    assert f"mqtt: {BASE}/pause/set: expected ON or OFF, got something else" in caplog.text


def test_the_command_reaches_the_daemons_control_through_open_sinks(plain, listen, settings):
    control = Control(FakeClock())
    chosen = replace(settings(plain), journal=replace(Settings().journal, file="/dev/null"))
    sinks = open_sinks(chosen, FakeClock(), control)
    try:
        listener = listen(plain)
        listener.next("/status", "online")
        listener.say(f"{BASE}/pause/set", "ON")
        # Answers come in order: when the second command has been handled, the first one was.
        (sink,) = (sink for sink in sinks if isinstance(sink, MqttSink))
        listener.say("homeassistant/status", "online")
        listener.next(DISCOVERY)
        assert sink._switch is control
        assert control.paused
    finally:
        for sink in sinks:
            sink.close()


# The doctor


def found(settings):
    return [
        (finding.level, finding.about, finding.text)
        for finding in doctor_outputs.builtin_sinks(settings)
        if finding.about == "mqtt"
    ]


def test_the_doctor_says_nothing_where_mqtt_is_off():
    assert found(Settings()) == []


def test_the_doctor_connects_and_does_not_disturb_the_service(broker, listen, go, settings):
    listener = listen(broker)
    go(broker)
    assert listener.next("/status")[1] == "online"
    tls = ", with TLS" if broker.certificates else ""
    text = f"localhost:{broker.port}: connected as {SINK}{tls}; topics below {BASE}"
    assert found(settings(broker)) == [("ok", "mqtt", text)]
    assert [payload for topic, payload, _ in listener.heard() if topic == f"{BASE}/status"] == []


def test_the_doctor_warns_of_a_broker_that_refuses_or_is_away_and_fails_with_wrong_settings(plain, settings, tmp_path):
    wrong = tmp_path / "wrong"
    wrong.write_text("battery staple\n")
    refuses = f"localhost:{plain.port}: the broker refuses the connection (not authorized); check [mqtt] user and "
    assert found(settings(plain, password_file=str(wrong))) == [
        ("warn", "mqtt", f"{refuses}password_file; `run` will try again")
    ]
    plain.kill()
    away = f"localhost:{plain.port}: cannot connect (Connection refused); `run` will try again"
    assert found(settings(plain)) == [("warn", "mqtt", away)]
    missing = "password_file: absent: cannot be read (No such file or directory)"
    assert found(settings(plain, password_file="absent")) == [("fail", "mqtt", missing)]
