"""A real Home Assistant: the device's entities appear, change, go unavailable, come back, and are removed."""

from __future__ import annotations

import itertools
import shutil
import subprocess
from pathlib import Path

import pytest

from edge.clock import SystemClock
from edge.daemon.control import Control
from edge.settings import MqttSettings, Settings
from edge.sinks.mqtt import open_mqtt
from edge.testing import pictures
from tests.edge.sinks.faces import event, face, health, report
from tests.edge.sinks.mosquitto import free_port
from tests.system import debian, home_assistant
from tests.system.container import wait_for
from tests.system.home_assistant import HomeAssistant

pytestmark = pytest.mark.skipif(debian.SUITE != "trixie", reason="Home Assistant needs the Python of trixie")
PREFIX = "edge_emotion_hall_"
EMPTY = {
    "occupancy": "off", "faces": "0", "emotion": "none", "masked_faces": "unknown", "emotion_intensity": "unknown",
    "problem": "off", "pause": "off", "face": "unknown",
}  # fmt: skip


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    """The port of a broker that lets everybody in."""
    if not shutil.which("mosquitto"):
        pytest.skip("no mosquitto here (Debian: sudo apt install mosquitto)")
    port, folder = free_port(), tmp_path_factory.mktemp("broker")
    (folder / "conf").write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\nuser root\n")
    with subprocess.Popen(["mosquitto", "-c", str(folder / "conf")], stderr=subprocess.DEVNULL) as child:
        yield port
        child.kill()


@pytest.fixture(scope="module")
def core(broker):
    with home_assistant.root() as root:
        started = HomeAssistant(root, broker, free_port())
        started.start()
        yield started
        started.stop()


def test_the_life_of_a_device(core, broker, tmp_path: Path, figures):
    clock = SystemClock()
    control = Control(clock)

    def opened(**changes):
        settings = MqttSettings(enabled=True, host="127.0.0.1", port=broker, node="hall", retry_s=0.1, **changes)
        sink = open_mqtt(Settings(mqtt=settings), clock, {})
        sink.connect(control, (sink,))
        return sink

    sink = opened()
    core.wait_for(EMPTY, PREFIX, sink.tick)

    sink.observe(report(face(1, "happy", 0.9, mask="worn"), face(2, "sad", 0.7)))
    sink.write(health("dark"))
    sink.write(event("appeared", 7, emotion="happy"))
    seen = {"occupancy": "on", "faces": "2", "emotion": "happy", "masked_faces": "50", "problem": "on"}
    core.wait_for(seen, PREFIX, sink.tick)
    states = core.states()
    assert states[f"binary_sensor.{PREFIX}problem"][1]["problems"] == ["dark"]
    attributes = states[f"event.{PREFIX}face"][1]
    assert (attributes["event_type"], attributes["track"], attributes["emotion"]) == ("appeared", 7, "happy")

    core.call("switch", "turn_on", entity_id=f"switch.{PREFIX}pause")
    while not control.paused:
        sink.tick()
    sink.write(health("paused"))
    core.wait_for({"pause": "on", "occupancy": "off"}, PREFIX, sink.tick)
    core.call("switch", "turn_off", entity_id=f"switch.{PREFIX}pause")
    while control.paused:
        sink.tick()
    sink.write(health("resumed"))
    core.wait_for({"pause": "off"}, PREFIX, sink.tick)

    sink.close()
    core.wait_for(dict.fromkeys(EMPTY, "unavailable"), PREFIX)
    sink = opened()
    core.wait_for({**EMPTY, "face": states[f"event.{PREFIX}face"][0]}, PREFIX, sink.tick)

    core.stop()
    sink.observe(report(face(3, "fear")))
    sink.tick()
    core.start()
    core.wait_for({"occupancy": "on", "faces": "1", "emotion": "fear"}, PREFIX, sink.tick)

    # The image, only while it is asked for.
    assert not [each for each in core.states() if each.startswith("image.")]
    sink.close()
    sink = opened(image=True)
    core.wait_for({"picture": "unknown"}, PREFIX, sink.tick)
    (frame,) = pictures(1)
    sink.observe(report(face(4, "happy"), frame=frame))
    wait_for("a picture", lambda: (sink.tick(), core.states()[f"image.{PREFIX}picture"][0])[1] not in (None, "unknown"))
    sink.close()
    sink = opened()
    core.wait_for({"picture": None, "occupancy": "off"}, PREFIX, sink.tick)

    # The example's automations.
    numbers = itertools.count(8)

    def look_happy() -> None:
        # Home Assistant misses what is said while it takes in an announcement.
        number = next(numbers)
        if number % 20 == 8:
            sink.write(event("appeared", number, emotion="happy"))
        sink.observe(report(face(8, "happy")))
        sink.tick()

    # Nobody can leave whom it has not seen come: the event may be known before the occupancy is.
    core.wait_for({"hall": "on", f"{PREFIX}occupancy": "on"}, "", look_happy)
    sink.observe(report())
    core.wait_for({"hall": "off"}, "", sink.tick)

    sink.close()
    sink = opened(discovery=False)
    core.wait_for(dict.fromkeys(EMPTY), PREFIX, sink.tick)
    sink.close()
    figures(f"Home Assistant {home_assistant.VERSION}: entities appear, change, go, come back, are removed", "yes")
