"""`edge-emotion run` with a broker and metrics, as a process: what others see of it, and what they do not."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from edge import picture
from tests.edge.sinks.mosquitto import PASSWORD, SINK, Broker, Listener
from tests.ports import free_port

BASE = "edge-emotion/pi"
OWN_PORT = "[metrics]\nport = {port}\n"
PAGES_PORT = "[metrics]\nenabled = true\n[web]\nenabled = true\nport = {port}\n"


@pytest.fixture
def broker(tmp_path):
    made = Broker(tmp_path).start()
    yield made
    made.kill()


@pytest.fixture
def listener(broker):
    made = Listener(broker)
    yield made
    made.close()


@pytest.fixture
def run(tmp_path, broker, tiny):
    """run(source, words..., metrics=settings): the process, its journal and the port of its metrics."""
    secret, journal, port = tmp_path / "mqtt-password", tmp_path / "journal.jsonl", free_port()
    secret.write_text(PASSWORD)
    config = tmp_path / "config.toml"
    children = []

    def start(source, *words, metrics=""):
        config.write_text(
            f'[mqtt]\nenabled = true\nhost = "127.0.0.1"\nport = {broker.port}\nuser = "{SINK}"\nnode = "pi"\n'
            f'password_file = "{secret}"\n{(metrics or OWN_PORT).format(port=port)}'
        )
        command = [sys.executable, "-m", "edge", "run", "--config", str(config), "--models", str(tiny)]
        command += ["--source", str(source), "--journal", str(journal), "--accelerator", "cpu", *words]
        children.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        return children[-1], journal, port

    yield start
    for child in children:
        child.kill()
        child.communicate()


def test_the_broker_gets_what_the_journal_has_and_the_password_is_nowhere(run, listener, tmp_path, paint):
    film = tmp_path / "film"
    film.mkdir()
    for n in range(30):
        picture.write(film / f"{n:03}.png", paint((48, 32, n >= 15, True)))
    child, journal, _ = run(film)
    heard = []
    while not heard or heard[-1]["event"] != "stop":
        heard.append(listener.event())
    assert listener.next("/status", "stopped")
    out, err = child.communicate(timeout=60)
    assert (child.returncode, PASSWORD in out + err) == (0, False)
    written = [json.loads(line) for line in journal.read_text().splitlines()]
    # The journal stamps its lines when it writes them.
    assert [{**event, "time": ""} for event in heard] == [{**event, "time": ""} for event in written]
    assert [event["event"] for event in heard] == ["start", "appeared", "changed", "left", "stop"]
    assert PASSWORD not in journal.read_text()


@pytest.mark.parametrize("metrics", [OWN_PORT, PAGES_PORT])
def test_a_daemon_without_a_camera_is_paused_by_topic_and_its_metrics_say_so(run, listener, metrics):
    child, journal, port = run("v4l2:4321", "--wait", metrics=metrics)
    assert json.loads(listener.next("/health", '{"problem": true, "problems": ["camera-lost"]}')[1])["problem"]
    process = Path(f"/proc/{child.pid}")
    shown = [(process / name).read_text() for name in ("cmdline", "environ", "comm")]
    if metrics is PAGES_PORT:
        shown.append(urllib.request.urlopen(f"http://127.0.0.1:{port}/api/status", timeout=60).read().decode())
    assert [text for text in shown if PASSWORD in text] == []
    page = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60).read().decode().splitlines()
    assert {"edge_emotion_camera_up 0.0", "edge_emotion_camera_losses_total 1.0"} <= set(page)
    assert 'edge_emotion_dropped_events_total{sink="mqtt"} 0.0' in page
    listener.say(f"{BASE}/pause/set", "ON")
    listener.next("/paused", "ON")
    page = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60).read().decode().splitlines()
    assert "edge_emotion_paused 1.0" in page
    listener.say(f"{BASE}/pause/set", "OFF")
    listener.next("/paused", "OFF")
    assert PASSWORD not in "\n".join(page)
    child.send_signal(signal.SIGTERM)
    assert listener.next("/status", "stopped")
    assert child.wait(60) == 0
    what = [event.get("what") for event in map(json.loads, journal.read_text().splitlines())]
    assert what.index("camera-lost") < what.index("paused") < what.index("resumed")
