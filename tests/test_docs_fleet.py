"""The page on fleets: its ACL in a real broker, its rules and configuration by Prometheus' own program."""

from __future__ import annotations

import json

import pytest

from edge.settings import MqttSettings, Settings
from edge.sinks.mqtt import open_mqtt
from edge.testing import FakeClock
from tests.edge.sinks.mosquitto import LISTENER, PASSWORD, Broker, Listener
from tests.edge.sinks.test_prometheus import names, promtool, sink  # noqa: F401
from tests.pages import blocks


@pytest.fixture
def shown():
    """The page's files, by name."""
    return {block.title: block.text for block in blocks("docs/fleet.md") if block.title}


@pytest.fixture
def broker(shown, tmp_path):
    """A broker with the ACL of the page; hall and door are devices."""
    (tmp_path / "acl").write_text(shown["acl"])
    (tmp_path / "acl").chmod(0o600)
    made = Broker(tmp_path, None, f"acl_file {tmp_path / 'acl'}").start("hall", "door", LISTENER)
    yield made
    made.kill()


@pytest.fixture
def device(broker, tmp_path):
    """device(user, node): its sink; closed at the end."""
    secret, opened = tmp_path / "secret", []
    secret.write_text(PASSWORD)

    def make(user, node):
        settings = MqttSettings(
            enabled=True, host="127.0.0.1", port=broker.port, user=user, password_file=str(secret), node=node,
            discovery=False,
        )  # fmt: skip
        opened.append(open_mqtt(Settings(mqtt=settings), FakeClock(), {}))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


def number(n):
    return {"time": "2026-01-31T12:00:00.000Z", "monotonic": n / 10, "event": "sample", "track": n}


def test_a_device_writes_its_own_topics_and_no_others(broker, device):
    listener = Listener(broker)
    liar = device("door", "hall-2")  # a name that is not its own
    honest = device("hall", "hall")
    liar.write(number(1))
    honest.write(number(2))
    listener.next("edge-emotion/hall/status", "online")
    assert listener.event() == number(2)
    liar.close()
    honest.write(number(3))
    assert json.loads(listener.next("edge-emotion/hall/events")[1]) == number(3)
    assert [topic for topic, *_ in listener.heard() if "hall-2" in topic] == []
    listener.close()


def test_a_device_obeys_the_reader_alone(broker, device):
    listener, told = Listener(broker), []

    class Switch:
        def pause(self):
            told.append("pause")

        def resume(self):
            told.append("resume")

    hall = device("hall", "hall")
    hall.connect(Switch(), (hall,))
    listener.next("edge-emotion/hall/status", "online")
    listener.say("edge-emotion/hall/pause/set", "ON")
    hall.write(number(1))
    listener.next("edge-emotion/hall/events")
    listener.close()
    hall.close()
    assert told == ["pause"]


def test_promtool_takes_rules_and_configuration(shown, tmp_path):
    for name, words in (("recording.yml", ("check", "rules")), ("federation.yml", ("check", "config"))):
        (tmp_path / name).write_text(shown[name])
        assert "SUCCESS" in promtool(*words, tmp_path / name)


def test_the_rules_use_metrics_that_there_are(shown, sink):  # noqa: F811
    import re

    used = set(re.findall(r"\bedge_emotion_\w+", "".join(re.findall(r"expr: (.*)", shown["recording.yml"]))))
    assert used
    assert used <= names(sink.page().decode())
