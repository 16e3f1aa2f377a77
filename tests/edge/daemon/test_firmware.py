from __future__ import annotations

import pytest

from edge.daemon import firmware
from edge.daemon.firmware import MODEL, TEMPERATURE, THROTTLED, Reading, is_pi, read, vcgencmd

PI5 = "sys/devices/platform/soc@107c000000/soc@107c000000:firmware/get_throttled"
NAME, ALARM = "sys/class/hwmon/hwmon1/name", "sys/class/hwmon/hwmon1/in0_lcrit_alarm"
PI = {MODEL: "Raspberry Pi 5 Model B Rev 1.0\0"}


@pytest.fixture
def machine(tmp_path):
    """machine({path: content}): a root with these files."""

    def make(files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return make


def nobody():
    return ""


@pytest.mark.parametrize(
    ("throttled", "temperature", "answer"),
    [
        (None, None, Reading()),
        ("0\n", "48312\n", Reading(celsius=48.312)),
        ("50005\n", "84500\n", Reading(("under-voltage", "throttled"), ("under-voltage", "throttled"), 84.5)),
        ("e0000\n", None, Reading((), ("frequency-capped", "throttled", "too-hot"))),
        ("a\n", None, Reading(("frequency-capped", "too-hot"))),
        ("rubbish", "rubbish", Reading()),
    ],
)
@pytest.mark.parametrize("path", [THROTTLED, PI5], ids=["up to the Pi 4", "Pi 5"])
def test_the_firmwares_bits_are_words(machine, path, throttled, temperature, answer):
    files = {path: throttled, TEMPERATURE: temperature}
    root = machine({name: text for name, text in files.items() if text is not None})
    assert read(root, nobody) == answer
    assert read(root, nobody).read_from == ("" if throttled in (None, "rubbish") else "firmware")


SENSOR, OTHER = {NAME: "rpi_volt\n", ALARM: "1\n"}, {NAME: "cpu_thermal\n", ALARM: "1\n"}
LOW = ("under-voltage",)


@pytest.mark.parametrize(
    ("files", "answer", "now", "ever", "read_from"),
    [
        ({}, "throttled=0x50005", (), (), ""),
        (PI, "", (), (), ""),
        (PI, "throttled=0x0\n", (), (), "vcgencmd"),
        (PI, "throttled=0x10001\n", LOW, LOW, "vcgencmd"),
        (PI, "VCHI initialization failed\n", (), (), ""),
        (PI | SENSOR, "", LOW, (), "rpi_volt"),
        (PI | SENSOR | {ALARM: "0\n"}, "", (), (), "rpi_volt"),
        (PI | SENSOR, "throttled=0x0\n", (), (), "vcgencmd"),
        (PI | SENSOR | {THROTTLED: "0\n"}, "throttled=0x1\n", (), (), "firmware"),
        (PI | OTHER, "", (), (), ""),
        (PI | {NAME: "rpi_volt\n"}, "", (), (), ""),
    ],
    ids=[
        "another machine is not asked", "nothing can be read", "asked", "asked, with bits", "no answer", "sensor, low",
        "sensor, well", "the answer says more than the sensor", "the file comes first", "another sensor", "no alarm",
    ],
)  # fmt: skip
def test_without_the_firmwares_file_it_is_asked_then_the_sensor_is_read(machine, files, answer, now, ever, read_from):
    reading = read(machine(files), lambda: answer)
    assert (reading.now, reading.ever, reading.read_from) == (now, ever, read_from)


@pytest.mark.parametrize(
    ("files", "answer"), [({}, False), (PI, True), ({MODEL: "Radxa ROCK 5B\0"}, False), ({MODEL: ""}, False)]
)
def test_a_pi_says_what_it_is(machine, files, answer):
    assert is_pi(machine(files)) is answer


@pytest.mark.parametrize(
    ("script", "mailbox", "answer"),
    [
        (None, True, ""),
        ("echo throttled=0x0", False, ""),
        ("echo $1: throttled=0x0", True, "get_throttled: throttled=0x0\n"),
        ("echo throttled=0x0; exit 1", True, ""),
    ],
    ids=["absent", "not allowed", "asked", "failed"],
)
def test_vcgencmd_is_asked_where_it_may_be(tmp_path, monkeypatch, script, mailbox, answer):
    if script:
        program = tmp_path / "vcgencmd"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    if mailbox:
        (tmp_path / "vcio").touch()
    monkeypatch.setenv("PATH", f"{tmp_path}")
    monkeypatch.setattr(firmware, "MAILBOX", str(tmp_path / "vcio"))
    assert vcgencmd() == answer
