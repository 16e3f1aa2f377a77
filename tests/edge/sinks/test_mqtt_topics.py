"""Topics from settings, and what the retained ones say."""

from __future__ import annotations

import json

import pytest

from edge.errors import SettingsError
from edge.settings import MqttSettings
from edge.sinks.mqtt_topics import Topics, states
from edge.sinks.situation import Situation
from tests.edge.sinks.faces import face, health, report


@pytest.mark.parametrize(
    ("settings", "hostname", "node", "base"),
    [
        ({}, "raspberrypi", "raspberrypi", "edge-emotion/raspberrypi"),
        ({}, "Küche 2!", "K-che-2", "edge-emotion/K-che-2"),
        ({}, "???", "device", "edge-emotion/device"),
        ({"node": "hall"}, "raspberrypi", "hall", "edge-emotion/hall"),
        ({"node": "hall", "topic": "house/<node>/mood"}, "", "hall", "house/hall/mood"),
        ({"node": "hall", "topic": "mood"}, "", "hall", "mood"),
    ],
)
def test_node_and_base_of_the_settings(settings, hostname, node, base):
    topics = Topics.of(MqttSettings(**settings), hostname)
    assert (topics.node, topics.base) == (node, base)
    assert topics("faces") == f"{base}/faces"
    assert topics.pause == f"{base}/pause/set"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"node": "two words"}, "[mqtt] node: expected up to 64 letters, digits, - and _, got 'two words'"),
        ({"node": ""}, "[mqtt] node: "),
        ({"node": "n" * 65}, "[mqtt] node: "),
        ({"topic": ""}, "[mqtt] topic: expected words separated by /, without + and #, got ''"),
        ({"topic": "/edge"}, "[mqtt] topic: "),
        ({"topic": "edge/"}, "[mqtt] topic: "),
        ({"topic": "edge/+/x"}, "[mqtt] topic: "),
        ({"topic": "edge/#"}, "[mqtt] topic: "),
        ({"topic": "$SYS/edge"}, "[mqtt] topic: "),
        ({"topic": "t" * 201}, "[mqtt] topic: "),
        ({"discovery_prefix": "home assistant/#"}, "[mqtt] discovery_prefix: "),
    ],
)
def test_topics_that_mqtt_does_not_allow_are_refused(settings, message):
    with pytest.raises(SettingsError) as caught:
        Topics.of(MqttSettings(**{"node": "pi", **settings}))
    assert str(caught.value).startswith(message)


NOBODY = {
    "occupancy": "OFF", "faces": "0", "emotion": "none", "masked": "None", "intensity": "None", "fps": "0.0",
    "health": {"problem": False, "problems": []}, "paused": "OFF",
}  # fmt: skip


def told(situation, fps=0.0):
    said = states(situation, fps)
    return {**said, "health": json.loads(said["health"])}


def test_the_states_of_an_empty_room_of_people_and_of_a_pause():
    situation = Situation()
    assert told(situation) == NOBODY
    situation.observe(report(face(1, "happy", 0.94), face(2, "happy", 0.94, mask="worn"), face(3, emotion=None)))
    assert told(situation, 29.96) == {
        **NOBODY, "occupancy": "ON", "faces": "3", "emotion": "happy", "masked": "33", "intensity": "99", "fps": "30.0",
    }  # fmt: skip
    situation.write(health("camera-lost"))
    situation.write(health("paused"))
    assert told(situation) == {
        **NOBODY, "paused": "ON", "health": {"problem": True, "problems": ["camera-lost"]},
    }  # fmt: skip
