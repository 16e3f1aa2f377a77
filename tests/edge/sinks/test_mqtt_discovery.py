"""The announcement to Home Assistant: by a schema of its documentation, and by what its templates give."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest

from edge.labels import EMOTIONS
from edge.settings import MqttSettings
from edge.sinks.mqtt import greeting
from edge.sinks.mqtt_discovery import birth_topic, discovery_topic, document
from edge.sinks.mqtt_topics import Topics, states
from edge.sinks.situation import Situation

jsonschema = pytest.importorskip("jsonschema", reason="no jsonschema here: pip install 'edge-emotion[test]'")
TOPICS = Topics("pi", "edge-emotion/pi")


@pytest.fixture(scope="module")
def schema():
    return json.loads((Path(__file__).parent / "device_discovery.schema.json").read_text())


@pytest.fixture
def announced():
    return document(TOPICS, "1.2.3")


def faults(schema, announced):
    return [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(announced)]


def test_it_is_what_home_assistant_documents(schema, announced):
    jsonschema.Draft202012Validator.check_schema(schema)
    assert faults(schema, announced) == []


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("origin",), None),
        (("device", "identifiers"), []),
        (("device", "serial"), "1"),
        (("availability", 0, "topic"), "edge-emotion/#"),
        (("components", "faces", "unique_id"), None),
        (("components", "faces", "platform"), "number"),
        (("components", "emotion", "state_class"), "measurement"),
        (("components", "emotion", "device_class"), None),
        (("components", "masked", "icon"), "face-mask"),
        (("components", "pause", "command_topic"), None),
        (("components", "face", "event_types"), []),
        (("components", "fps", "entity_category"), "config"),
        (("components", "fps", "payload_on"), "ON"),
        (("components", "problem", "value_template"), "ON"),
        (("components", "two words"), {}),
    ],
)
def test_the_schema_finds_mistakes(schema, announced, where, value):
    changed = copy.deepcopy(announced)
    place = changed
    for step in where[:-1]:
        place = place[step]
    if value is None:
        del place[where[-1]]
    else:
        place[where[-1]] = value
    assert faults(schema, changed) != []


def test_every_entity_reads_a_topic_that_is_said(announced):
    said = {TOPICS(name) for name in states(Situation(), 0.0)} | {TOPICS("events")}
    entities = announced["components"]
    assert entities.pop("picture") == {"platform": "image"}
    assert sorted(entity["state_topic"] for entity in entities.values()) == sorted(said)
    assert entities["pause"]["command_topic"] == TOPICS.pause
    assert set(entities) == {
        "occupancy", "faces", "emotion", "masked", "intensity", "fps", "problem", "pause", "face",
    }  # fmt: skip


def test_identifiers_differ_from_entity_to_entity_and_from_device_to_device(announced):
    other = document(Topics("hall", "edge-emotion/hall"), "1.2.3")
    entities = [entity for each in (announced, other) for entity in each["components"].values()]
    ids = [entity["unique_id"] for entity in entities if entity["platform"] != "image"]
    assert len(set(ids)) == len(ids)
    assert announced["device"]["identifiers"] != other["device"]["identifiers"]


def test_the_emotions_options_are_all_that_can_be_said(announced):
    assert set(announced["components"]["emotion"]["options"]) == {*EMOTIONS, "unsure", "none"}


@pytest.mark.parametrize(
    ("entity", "payload", "value"),
    [
        ("problem", '{"problem": true, "problems": ["dark"]}', "ON"),
        ("problem", '{"problem": false, "problems": []}', "OFF"),
        ("face", '{"event": "sample", "track": 1}', ""),
        ("face", '{"event": "health", "what": "dark"}', ""),
        ("face", '{"event": "left", "track": 1}', '{"event": "left", "track": 1, "event_type": "left"}'),
        ("availability", "online", "online"),
        ("availability", "stopped", "offline"),
        ("availability", "offline", "offline"),
    ],
)
def test_templates_give_what_home_assistant_expects(announced, entity, payload, value):
    jinja2 = pytest.importorskip("jinja2")
    environment = jinja2.Environment()
    environment.filters["to_json"] = json.dumps
    place = announced["availability"][0] if entity == "availability" else announced["components"][entity]
    try:
        parsed = json.loads(payload)
    except ValueError:
        parsed = None
    assert environment.from_string(place["value_template"]).render(value=payload, value_json=parsed) == value


def test_an_image_is_announced_only_when_asked_for_and_else_removed(schema):
    (text,) = greeting(MqttSettings(image=True), TOPICS).values()
    announced = json.loads(text)
    assert faults(schema, announced) == []
    picture = announced["components"]["picture"]
    assert (picture["image_topic"], picture["content_type"]) == (TOPICS("image"), "image/jpeg")
    (text,) = greeting(MqttSettings(), TOPICS).values()
    assert json.loads(text)["components"]["picture"] == {"platform": "image"}
    del picture["image_topic"]
    assert faults(schema, announced) != []


def test_the_topics_of_announcement_and_birth():
    assert discovery_topic("homeassistant", "pi") == "homeassistant/device/edge-emotion-pi/config"
    assert birth_topic("ha") == "ha/status"


def test_without_discovery_the_announcement_is_empty_and_home_assistant_forgets_the_device():
    told = greeting(MqttSettings(discovery=False, discovery_prefix="ha"), TOPICS)
    assert told == {"ha/device/edge-emotion-pi/config": ""}
    (text,) = greeting(MqttSettings(), TOPICS).values()
    assert json.loads(text)["components"]
