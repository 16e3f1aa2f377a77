"""Each example runs, as far as it can without hardware."""

from __future__ import annotations

import csv
import doctest
import importlib.util
import io
import json
import os
import runpy
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from edge.clock import SystemClock
from edge.labels import EMOTIONS
from edge.settings import MakerSettings
from edge.sinks.event_hook import EventHook
from tests.pages import ROOT

EXAMPLES = ROOT / "examples"


def example(name: str) -> ModuleType:
    return module_at(EXAMPLES / f"{name}.py")


def module_at(path: Path) -> ModuleType:
    """A module that is in no package."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def line(event: str, emotion: str | None = None, intensity: float | None = None) -> str:
    return json.dumps({"event": event, "emotion": emotion, "intensity": intensity}) + "\n"


def test_every_example_is_in_the_list():
    text = (EXAMPLES / "README.md").read_text()
    assert all(f"({path.name})" in text for path in EXAMPLES.glob("*.py"))


# --- an LED


@pytest.fixture
def pins(monkeypatch):
    """gpiozero's mock pins in place of a Pi's."""
    pytest.importorskip("gpiozero")
    from gpiozero import Device
    from gpiozero.pins.mock import MockFactory

    factory = MockFactory()
    monkeypatch.setattr(Device, "pin_factory", factory)
    yield factory
    factory.reset()


def test_the_led_has_the_colour_of_the_emotion(pins):
    from gpiozero import RGBLED

    led = example("led")
    assert set(led.COLOURS) == set(EMOTIONS)
    with RGBLED(*led.PINS, pwm=False) as lamp:
        led.follow([line("start")], lamp)
        assert lamp.color == (0, 0, 0)
        led.follow([line("appeared", "happy", 0.8)], lamp)
        assert lamp.color == (1, 1, 0)
        assert [pins.pin(number).state for number in led.PINS] == [True, True, False]
        led.follow([line("changed", "contempt", 0.8)], lamp)
        assert [pins.pin(number).state for number in led.PINS] == [True, True, True]
        led.follow([line("changed", "happy", 0.8)], lamp)
        led.follow([line("changed", None)], lamp)
        assert lamp.color == (1, 1, 0), "unsure changes nothing"
        led.follow([line("changed", "sad", 0.5), line("left", "sad", 0.5)], lamp)
        assert lamp.color == (0, 0, 0)
        led.follow(['{"time": "2026-', "\n", line("changed", "sad", 0.5)], lamp)
        assert lamp.color == (0, 0, 1), "a torn line is passed over"


def test_the_led_runs_as_a_command_for_each_event(tmp_path, monkeypatch):
    """on_event as the settings have it; the command fails loudly if a pin or a key is wrong."""
    pytest.importorskip("gpiozero")
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "mock")
    monkeypatch.setenv("LG_WD", str(tmp_path))
    path = str(EXAMPLES / "led.py")
    code = f"import runpy, time; time.sleep = lambda s: None; runpy.run_path({path!r}, run_name='__main__')"
    wrapper = tmp_path / "led.sh"
    wrapper.write_text(f'#!/bin/sh\n"{sys.executable}" -c "{code}" 2>"{tmp_path}/err" && touch "{tmp_path}/done"\n')
    wrapper.chmod(0o755)
    hook = EventHook(MakerSettings(on_event=shlex.quote(str(wrapper)), on_event_max=1), SystemClock())
    hook.write({"event": "appeared", "emotion": "surprise", "intensity": 0.7})
    child, _ = hook._running[0]
    assert child.child.wait(60) == 0, (tmp_path / "err").read_text()
    assert (tmp_path / "done").exists()
    hook.close()


# --- a NeoPixel strip


class Bus:
    """An SPI bus that remembers what was sent."""

    frequency = 6_400_000

    def __init__(self) -> None:
        self.sent = b""

    def try_lock(self) -> bool:
        return True

    def unlock(self) -> None:
        pass

    def configure(self, **_: object) -> None:
        pass

    def write(self, data: bytes, **_: object) -> None:
        self.sent = bytes(data)


def test_ctrl_c_leaves_a_dark_strip(monkeypatch):
    shown = []

    class Strip(list[tuple[int, int, int]]):
        def fill(self, colour: tuple[int, int, int]) -> None:
            self[:] = [colour] * len(self)

        def show(self) -> None:
            shown.append(list(self))

    def interrupted() -> Iterator[str]:
        yield line("changed", "neutral", 0.1)
        raise KeyboardInterrupt

    strip = Strip([(0, 0, 0)] * 8)
    monkeypatch.setitem(sys.modules, "board", SimpleNamespace(SPI=lambda: None))
    monkeypatch.setitem(sys.modules, "neopixel_spi", SimpleNamespace(NeoPixel_SPI=lambda *_, **__: strip))
    monkeypatch.setattr(sys, "stdin", interrupted())
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(EXAMPLES / "neopixel_strip.py"), run_name="__main__")
    assert ended.value.code == 130
    assert shown == [[(120, 120, 120)] * 8, [(0, 0, 0)] * 8]


def test_the_strip_shows_as_many_pixels_as_the_emotion_is_strong():
    strip = example("neopixel_strip")
    assert set(strip.COLOURS) == set(EMOTIONS)
    failed, tried = doctest.testmod(strip)
    assert (failed, tried > 0) == (0, True)
    lit = [
        sum(colour != strip.OFF for colour in strip.pattern({"event": "sample", "emotion": "happy", "intensity": i}))
        for i in (0.0, 0.5, 1.0)
    ]
    assert lit == [1, 4, 8]
    assert strip.pattern({"event": "health", "what": "dark"}) is None
    assert strip.pattern({"event": "stop"}) == [strip.OFF] * 8


def test_the_strip_gets_the_bytes_that_light_it():
    driver = pytest.importorskip("neopixel_spi", reason="needs adafruit-circuitpython-neopixel-spi")
    strip, bus = example("neopixel_strip"), Bus()
    pixels = driver.NeoPixel_SPI(bus, 2, auto_write=False)
    strip.follow([line("changed", "angry", 0.5)], pixels)
    # Each colour bit is a byte on the bus (short or long pulse): green 0, red 255, blue 0, then a dark pixel.
    zero, one = b"\xc0" * 8, b"\xf0" * 8
    assert (zero + one + zero + zero * 3) in bus.sent
    strip.follow([line("left", "angry", 0.5)], pixels)
    assert one not in bus.sent


# --- a table


def test_a_folder_of_pictures_becomes_a_table(tmp_path):
    from PIL import Image

    from edge.demo.portrait import portrait

    odd = os.fsdecode(b"\xe9.png")
    Image.fromarray(portrait()).save(tmp_path / odd)
    Image.new("RGB", (64, 48)).save(tmp_path / "b.png")
    (tmp_path / "notes.txt").write_text("no picture")
    table, said = run("folder_to_csv.py", str(tmp_path))
    (row,) = csv.DictReader(io.StringIO(table))
    assert (row["file"], row["mask"]) == (odd, "False")
    assert row["emotion"] in EMOTIONS
    assert int(row["left"]) < int(row["right"])
    assert "notes.txt" in said


def run(name: str, *given: str) -> tuple[str, str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8:strict"}
    words = [sys.executable, str(EXAMPLES / name), *given]
    done = subprocess.run(
        words, capture_output=True, encoding="utf-8", errors="surrogateescape", check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr
