"""The examples for other programs, run by these programs where they are here: Node-RED, Node, a container's shell."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from edge import config
from edge.settings import Settings
from tests.conftest import absent
from tests.edge.sinks.mosquitto import LISTENER, PASSWORD, WAIT_S, Broker, Listener
from tests.pages import ROOT
from tests.ports import free_port
from tests.test_examples import module_at

EXAMPLES = ROOT / "examples"
CONTAINER = EXAMPLES / "container"
yaml = pytest.importorskip("yaml", reason="needs PyYAML")


def test_every_folder_of_examples_is_in_the_list():
    text = (EXAMPLES / "README.md").read_text()
    assert [each.name for each in EXAMPLES.iterdir() if each.is_dir() and f"({each.name}/" not in text] == []


# --- Node-RED


@pytest.fixture
def flow():
    return json.loads((EXAMPLES / "node-red/flow.json").read_text())


def test_every_wire_of_the_flow_leads_to_a_node(flow):
    nodes = {node["id"]: node for node in flow}
    assert len(nodes) == len(flow)
    for node in flow:
        assert all(target in nodes for output in node.get("wires", []) for target in output), node["id"]
        assert node.get("z", "edge-emotion-tab") in nodes
        assert nodes[node["broker"]]["type"] == "mqtt-broker" if node["type"].startswith("mqtt ") else True
    assert nodes["edge-emotion-events"]["topic"] == "edge-emotion/+/events"


@pytest.fixture
def node_red(flow, tmp_path):
    """A broker, and a Node-RED that runs the flow with it; what a client of the broker hears."""
    program = os.environ.get("NODE_RED") or shutil.which("node-red")
    if program is None:
        # 280 packages: more than continuous integration should fetch for this.
        pytest.skip("no node-red here (npm install node-red; NODE_RED=path)")
    broker = Broker(tmp_path).start()
    (server,) = (node for node in flow if node["type"] == "mqtt-broker")
    server |= {"broker": "127.0.0.1", "port": str(broker.port), "id": "edge-emotion-broker"}
    (tmp_path / "flow.json").write_text(json.dumps(flow))
    (tmp_path / "flow_cred.json").write_text(json.dumps({server["id"]: {"user": LISTENER, "password": PASSWORD}}))
    (tmp_path / "settings.js").write_text(
        f"module.exports = {{uiHost: '127.0.0.1', uiPort: {free_port()}, httpAdminRoot: false, credentialSecret: false,"
        " telemetry: {enabled: false, updateNotification: false}}"
    )
    command = [program, "--userDir", str(tmp_path), "--settings", str(tmp_path / "settings.js"), "flow.json"]
    listener = Listener(broker)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as child:
        try:
            for line in child.stdout:
                if "Connected to broker" in line:
                    break
            broker.wait_for("edge-emotion/+/events (QoS 1)")
            yield listener
        finally:
            listener.close()
            child.kill()
            broker.kill()


def test_node_red_switches_the_lamp_while_somebody_looks_happy(node_red):
    def say(node, event, track, emotion=None):
        text = json.dumps({"event": event, "track": track, "emotion": emotion})
        node_red.say(f"edge-emotion/{node}/events", text)

    lamp = []
    say("hall", "appeared", 1, "sad")
    lamp.append(node_red.next("hall/lamp/set")[1])
    say("hall", "sample", 1, "sad")
    say("hall", "changed", 1, "happy")
    lamp.append(node_red.next("hall/lamp/set")[1])
    say("door", "appeared", 1, "happy")
    say("hall", "left", 1, "happy")
    say("door", "health", None)
    say("door", "stop", None)
    lamp.append(node_red.next("hall/lamp/set")[1])
    assert lamp == ["OFF", "ON", "OFF"]
    assert [topic for topic, *_ in node_red.heard() if topic == "hall/lamp/set"] == []


# --- MagicMirror

# Its module loader and its sockets, which the helper is given; the rest is Node's.
HARNESS = """
const Module = require("module");
const original = Module._resolveFilename;
Module._resolveFilename = (name, ...rest) => name === "node_helper" ? process.argv[2] : original(name, ...rest);
const helper = require(process.argv[3]);
helper.sendSocketNotification = (name, state) => console.log(JSON.stringify([name, state]));
helper.start();
helper.socketNotificationReceived("EDGE_EMOTION_START", JSON.parse(process.argv[4]));
process.stdin.on("end", () => helper.stop()).resume();
"""


@pytest.fixture
def node():
    path = shutil.which("node")
    if path is None:
        pytest.skip("no node here (Debian: sudo apt install nodejs)")
    return path


@pytest.fixture
def mirror(node, tmp_path):
    """mirror(address, token): the helper in Node; its notifications, one a line."""
    (tmp_path / "node_helper.js").write_text("module.exports = {create: (helper) => helper};")
    (tmp_path / "harness.js").write_text(HARNESS)
    helper = EXAMPLES / "magicmirror/MMM-EdgeEmotion/node_helper.js"
    children = []

    def start(address, token=""):
        given = json.dumps({"address": address, "token": token})
        command = [node, str(tmp_path / "harness.js"), str(tmp_path / "node_helper.js"), str(helper), given]
        children.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        return children[-1]

    yield start
    for child in children:
        with child:
            child.kill()


def test_the_mirror_shows_what_the_event_stream_says(mirror, tmp_path):
    pytest.importorskip("aiohttp", reason="needs the extra web: pip install 'edge-emotion[web]'")
    from edge.frame import Frame
    from edge.testing import FakeClock, FakePipeline, pictures
    from edge.web.app import Site, create_app
    from edge.web.guard import Guard
    from edge.web.hub import Hub
    from edge.web.server import Server
    from edge.web.token import load

    hub, token = Hub(FakeClock(monotonic=100.0), lambda: "gone"), load(tmp_path / "web-token")
    site = Site(hub, Guard(config.load(None).web, token), lambda: FakePipeline())
    server = Server(lambda: create_app(site), "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.start()}"
    try:
        name, refused = json.loads(mirror(address).stdout.readline())
        assert name == "EDGE_EMOTION_STATE"
        assert refused == {"error": "edge-emotion: 401 Unauthorized", "faces": [], "address": address}
        follower = mirror(address, token.secret)
        assert json.loads(follower.stdout.readline())[1]["faces"] == []
        from edge.face import Scene

        frame = Frame(pictures(1)[0].image, 100.0, 0)
        hub.show(frame, FakePipeline()(Scene(), frame), "")
        name, state = json.loads(follower.stdout.readline())
        assert name == "EDGE_EMOTION_STATE"
        assert [face["track"] for face in state["faces"]] != []
        follower.stdin.close()
        assert follower.wait(WAIT_S) == 0
    finally:
        server.close()


def test_the_mirrors_module_names_the_emotions(node, tmp_path):
    path = EXAMPLES / "magicmirror/MMM-EdgeEmotion/MMM-EdgeEmotion.js"
    code = f"""
let module_;
global.Module = {{register: (name, made) => {{ module_ = made; }}}};
require({json.dumps(str(path))});
module_.config = {{...module_.defaults, nobody: "-"}};
const faces = (...emotions) => ({{faces: emotions.map((emotion) => ({{emotion}}))}});
console.log([faces(), faces("happy"), faces("sad", null, "fear"), {{error: "no", faces: []}}]
  .map((state) => module_.describe(state)).join("|"));
"""
    (tmp_path / "check.js").write_text(code)
    done = subprocess.run([node, str(tmp_path / "check.js")], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "-|happy|sad, fear|no"


# --- Home Assistant: tests/system runs the automations in a real one


def test_the_automations_use_entities_that_the_device_announces():
    from edge.sinks.mqtt_discovery import EVENTS, document
    from edge.sinks.mqtt_topics import Topics

    automations = yaml.safe_load((EXAMPLES / "home-assistant/automations.yaml").read_text())
    announced = document(Topics("hall", "edge-emotion/hall"), "1")["components"]
    platforms = {f"{each['platform']}.edge_emotion_hall_{key}" for key, each in announced.items()}
    used = {trigger["entity_id"] for each in automations for trigger in each["triggers"]}
    assert used <= platforms
    (condition,) = automations[0]["conditions"]
    assert all(event in EVENTS for event in ("appeared", "changed"))
    assert "happy" in condition["value_template"]


# --- the container and the add-on

OPTIONS = {"source": "auto", "rotate": "90", "live": True, "mqtt": True, "node": "den", "keep_days": 7}
BROKER = {"host": "core-mosquitto", "port": 1883, "username": "addons", "password": 'pass"word', "ssl": False}


@pytest.fixture
def addon():
    return module_at(CONTAINER / "addon_settings.py")


@pytest.mark.parametrize("broker", [None, BROKER])
def test_the_add_ons_options_become_settings(addon, tmp_path, broker):
    text = addon.settings(OPTIONS, broker, tmp_path)
    (tmp_path / "config.toml").write_text(text)
    (tmp_path / "mqtt-password").write_text("secret\n")
    settings = config.load(tmp_path / "config.toml")
    assert (settings.source.rotate, settings.web.live, settings.journal.keep_days) == (90, True, 7)
    assert (settings.web.proxy, settings.web.frame, settings.web.host) == ("172.30.32.2", "'self'", "0.0.0.0")
    assert settings.mqtt.enabled == (broker is not None)
    assert 'pass"word' not in text
    if broker:
        assert (settings.mqtt.host, settings.mqtt.user, settings.mqtt.node) == ("core-mosquitto", "addons", "den")


def test_the_add_on_offers_what_its_settings_read(addon):
    described = yaml.safe_load((CONTAINER / "config.yaml").read_text())
    assert set(described["options"]) == set(described["schema"]) == set(OPTIONS)
    assert config.load(None) == Settings()
    assert described["ingress_port"] == Settings().web.port
    assert described["version"] == __import__("edge").__version__
    broken = addon.settings(described["options"] | {"keep_days": 5}, None, Path("/data"))
    assert "keep_days = 5" in broken


def test_the_add_on_asks_the_supervisor_and_keeps_the_password_to_itself(addon, tmp_path, monkeypatch, capsys):
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from threading import Thread

    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.headers["Authorization"])
            body = json.dumps({"result": "ok", "data": BROKER}).encode()
            self.send_response(200 if len(asked) == 1 else 400)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    (tmp_path / "options.json").write_text(json.dumps(OPTIONS))
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setattr(addon, "SERVICES", f"http://127.0.0.1:{server.server_port}/")
        assert addon.main(tmp_path, {"SUPERVISOR_TOKEN": "t0ken"}) == 0
        first = capsys.readouterr()
        assert addon.main(tmp_path, {"SUPERVISOR_TOKEN": "t0ken"}) == 0
        second = capsys.readouterr()
        server.shutdown()
    assert asked == ["Bearer t0ken"] * 2
    assert "[mqtt]" in first.out
    assert (tmp_path / "mqtt-password").read_text() == 'pass"word\n'
    assert (tmp_path / "mqtt-password").stat().st_mode & 0o077 == 0
    assert 'pass"word' not in first.out + first.err
    assert "[mqtt]" not in second.out
    assert second.err.startswith("no MQTT: ")


@pytest.mark.parametrize(
    ("words", "options", "runs"),
    [
        ((), None, "run --wait --config HOME/container.toml"),
        ((), OPTIONS | {"mqtt": False}, "run --wait --config DATA/config.toml"),
        (("doctor", "--json"), None, "doctor --json"),
        (("--version",), OPTIONS | {"mqtt": False}, "--version"),
    ],
)
def test_the_containers_program(tmp_path, words, options, runs):
    home, data = tmp_path / "home", tmp_path / "data"
    (home / "bin").mkdir(parents=True)
    data.mkdir()
    for name in ("addon_settings.py", "container.toml"):
        shutil.copy(CONTAINER / name, home)
    (home / "bin/python").symlink_to(sys.executable)
    (home / "bin/edge-emotion").write_text('#!/bin/sh\necho "$@"\n')
    (home / "bin/edge-emotion").chmod(0o755)
    script = (CONTAINER / "run.sh").read_text().replace("/opt/edge-emotion", str(home)).replace("/data", str(data))
    (tmp_path / "run.sh").write_text(script)
    if options is not None:
        (data / "options.json").write_text(json.dumps(options))
    done = subprocess.run(["sh", str(tmp_path / "run.sh"), *words], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == runs.replace("HOME", str(home)).replace("DATA", str(data))
    if options is not None and not words:
        assert config.load(data / "config.toml").web.enabled


def test_the_containers_own_settings_are_settings():
    settings = config.load(CONTAINER / "container.toml")
    assert (settings.web.enabled, settings.web.host, settings.metrics.enabled) == (True, "0.0.0.0", True)


def test_shellcheck_finds_nothing():
    if not shutil.which("shellcheck"):
        absent("no shellcheck here (Debian: sudo apt install shellcheck)")
    scripts = [CONTAINER / "run.sh", *(ROOT / "systemd/debian" / name for name in DEBIAN)]
    done = subprocess.run(["shellcheck", *map(str, scripts)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


DEBIAN = ("build.sh", "preinst", "postinst", "prerm", "postrm")


def test_what_the_containerfile_copies_is_gathered_by_make():
    text = (CONTAINER / "Containerfile").read_text()
    copied = {word for line in text.splitlines() if line.startswith("COPY ") for word in line.split()[1:-1]}
    assert copied - {"wheels"} <= {path.name for path in CONTAINER.iterdir()}
    assert "examples/container/*" in (ROOT / "Makefile").read_text()
