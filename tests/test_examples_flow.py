"""Node-RED's example without Node-RED: its file, its topics, and its function, run by a browser on our events."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace

import pytest

from edge.face import Scene
from edge.journals.events import events, note
from edge.labels import EMOTIONS
from edge.settings import MqttSettings
from edge.sinks.mqtt_topics import Topics
from tests.edge.sinks.faces import face
from tests.pages import ROOT

jsonschema = pytest.importorskip("jsonschema", reason="pip install 'edge-emotion[test]'")

STRING, WIRES = {"type": "string"}, {"type": "array", "items": {"type": "array", "items": {"type": "string"}}}
PLACED = {"z": STRING, "x": {"type": "number"}, "y": {"type": "number"}, "wires": WIRES}


def node(kind, outputs, /, **properties):
    """What Node-RED saves of a node of its own kinds: with places for so many outputs, None: a node without a place."""
    placed = {} if outputs is None else PLACED | {"wires": WIRES | {"minItems": outputs, "maxItems": outputs}}
    known = {"id": {"type": "string", "pattern": "^[\\w.-]+$"}, "type": {"const": kind}} | placed | properties
    return {
        "if": {"properties": {"type": {"const": kind}}},
        "then": {"properties": known, "required": list(known)},
    }


# Of Node-RED 4: editor-client's export, and the defaults of nodes/core and nodes/core/network/10-mqtt.html.
NODES = {
    "tab": node("tab", None, label=STRING, disabled={"type": "boolean"}, info=STRING),
    "mqtt-broker": node(
        "mqtt-broker", None,
        broker=STRING, port={"type": "string", "pattern": "^[0-9]+$"}, usetls={"type": "boolean"},
        protocolVersion={"enum": ["3", "4", "5"]}, keepalive={"type": "string", "pattern": "^[0-9]+$"},
        cleansession={"type": "boolean"}, autoConnect={"type": "boolean"},
    ),
    "mqtt in": node(
        "mqtt in", 1, topic={"type": "string", "minLength": 1}, qos={"enum": ["0", "1", "2"]}, broker=STRING,
        datatype={"enum": ["auto", "auto-detect", "buffer", "utf8", "json", "base64"]}, inputs={"const": 0},
    ),
    "function": node(
        "function", 1, func={"type": "string", "minLength": 1}, outputs={"const": 1}, libs={"type": "array"},
        initialize=STRING, finalize=STRING,
    ),
    "rbe": node(
        "rbe", 1, func={"enum": ["rbe", "rbei", "deadband", "deadbandEq", "narrowband", "narrowbandEq"]},
        property=STRING, septopics={"type": "boolean"}, inout={"enum": ["in", "out"]},
    ),
    "mqtt out": node("mqtt out", 0, topic=STRING, qos={"enum": ["", "0", "1", "2"]}, retain=STRING, broker=STRING),
}  # fmt: skip
SCHEMA = {
    "type": "array",
    "items": {"type": "object", "properties": {"type": {"enum": list(NODES)}}, "allOf": list(NODES.values())},
}


@pytest.fixture(scope="module")
def flow():
    return json.loads((ROOT / "examples/node-red/flow.json").read_text())


def only(flow, kind):
    (found,) = (each for each in flow if each["type"] == kind)
    return found


def matches(pattern, topic):
    """Whether an MQTT filter with + covers a topic (MQTT 3.1.1, 4.7.1)."""
    pairs = itertools.zip_longest(pattern.split("/"), topic.split("/"))
    return all(want == got or (want == "+" and got is not None) for want, got in pairs)


def test_the_file_is_what_node_red_imports(flow):
    jsonschema.validate(flow, SCHEMA, jsonschema.Draft202012Validator)
    tab = only(flow, "tab")
    assert {each["z"] for each in flow if "z" in each} == {tab["id"]}
    places = [(each["x"], each["y"]) for each in flow if "z" in each]
    assert len(set(places)) == len(places)


@pytest.mark.parametrize(
    "damage", [{"type": "mqtt.in"}, {"qos": "3"}, {"datatype": "yaml"}, {"wires": []}, {"z": None}]
)
def test_a_node_that_node_red_does_not_know_is_found(flow, damage):
    broken = [each | damage if each["type"] == "mqtt in" else each for each in flow]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, SCHEMA, jsonschema.Draft202012Validator)


def test_from_the_first_node_to_the_last_every_node_is_reached(flow):
    nodes = {each["id"]: each for each in flow}
    way, at = [], only(flow, "mqtt in")
    while at:
        way.append(at["type"])
        following = [target for output in at["wires"] for target in output]
        assert len(following) <= 1
        at = nodes[following[0]] if following else None
    assert way == ["mqtt in", "function", "rbe", "mqtt out"]


@pytest.mark.parametrize("host", ["hall", "pi-4", "2nd floor"])
def test_it_hears_the_events_of_every_device_and_nothing_else(flow, host):
    topics, pattern = Topics.of(MqttSettings(), host), only(flow, "mqtt in")["topic"]
    assert matches(pattern, topics("events"))
    assert not any(matches(pattern, topics(name)) for name in ("status", "emotion", "faces", "pause/set"))
    assert only(flow, "mqtt in")["datatype"] == "json"


def test_the_emotion_it_waits_for_is_one_of_ours(flow):
    assert "'happy'" in only(flow, "function")["func"]
    assert "happy" in EMOTIONS


def scenes(*steps):
    """The events of a run whose frames show these faces, as the MQTT sink is given them."""
    told, before = [note("start", 0.0, source="demo")], Scene()
    for time, tracks in enumerate(steps, 1):
        after = Scene(tracks=tuple(replace(track, refreshed=float(time)) for track in tracks), time=float(time))
        told += events(before, after, 640, 480, sample_s=1.0)
        before = after
    return told


def lamp(browser, flow, messages):
    """What the function sends, one a message: None where it sends nothing."""
    code = only(flow, "function")["func"]
    script = """(() => {
        const kept = {}, context = { get: key => kept[key], set: (key, value) => { kept[key] = value; } };
        const run = msg => { CODE };
        return MESSAGES.map(msg => run(msg)).map(sent => sent && [sent.topic, sent.payload]);
    })()"""
    return browser.eval(script.replace("CODE", code).replace("MESSAGES", json.dumps(messages)))


def changes(sent):
    """What the node after it lets through."""
    payloads = [payload for each in sent if each for _, payload in [each]]
    return [payload for payload, _ in itertools.groupby(payloads)]


def test_the_lamp_is_on_while_somebody_looks_happy(browser, flow):
    happy, sad, other = face(1, "happy"), face(1, "sad"), face(2, "happy")
    told = scenes((), (sad,), (sad,), (happy,), (happy, other), (sad, other), (sad,), ())
    assert {each["event"] for each in told} == {"start", "appeared", "changed", "sample", "left"}
    topic = Topics.of(MqttSettings(), "hall")("events")
    sent = lamp(browser, flow, [{"topic": topic, "payload": each} for each in told])
    assert {each[0] for each in sent if each} == {"hall/lamp/set"}
    assert changes(sent) == ["OFF", "ON", "OFF"]
    assert [told[n]["event"] for n, each in enumerate(sent) if each is None] == ["sample"] * sum(
        each["event"] == "sample" for each in told
    )


def test_a_device_that_stops_does_not_leave_the_lamp_on(browser, flow):
    hall, door = (Topics.of(MqttSettings(), name)("events") for name in ("hall", "door"))
    seen = scenes((face(1, "happy"),))
    messages = [{"topic": topic, "payload": each} for topic in (hall, door) for each in seen]
    messages += [{"topic": topic, "payload": note("stop", 9.0, frames=9)} for topic in (hall, door)]
    sent = lamp(browser, flow, messages)
    assert [payload for _, payload in sent] == ["OFF", "ON", "ON", "ON", "ON", "OFF"]


def test_events_about_no_face_change_nothing(browser, flow):
    told = [note("health", 1.0, what="camera-lost"), note("health", 2.0, what="paused")]
    topic = Topics.of(MqttSettings(), "hall")("events")
    assert lamp(browser, flow, [{"topic": topic, "payload": each} for each in told]) == [None, None]
