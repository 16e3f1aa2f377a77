from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from edge.commands import doctor_finding, doctor_machine
from edge.daemon import firmware
from edge.settings import JournalSettings, Settings


def only(findings):
    (finding,) = findings
    return finding


def test_the_runtime_is_named_with_its_version():
    finding = only(doctor_machine.runtime(Settings()))
    assert finding.level == doctor_finding.OK
    assert "OpenCV 4." in finding.text
    assert "?" not in finding.text


@pytest.mark.parametrize(
    ("bits", "level", "text"),
    [
        (None, "ok", "not a Raspberry Pi, skipped"),
        ("0", "ok", "not throttled, 48 °C"),
        ("50005", "warn", "now under-voltage, throttled, 48 °C; use the official power supply"),
        ("8", "warn", "now too-hot, 48 °C; improve the cooling"),
        ("10000", "warn", "since boot: under-voltage"),
    ],
)
def test_power_by_table(tmp_path, bits, level, text):
    heat = tmp_path / firmware.TEMPERATURE
    heat.parent.mkdir(parents=True)
    heat.write_text("48312\n")
    if bits is not None:
        path = Path(tmp_path / firmware.THROTTLED)
        path.parent.mkdir(parents=True)
        path.write_text(bits + "\n")
    finding = only(doctor_machine.power(Settings(), tmp_path))
    assert finding.level == level
    assert text in finding.text


@pytest.mark.parametrize(
    ("answer", "alarm", "level", "text"),
    [
        ("", None, "warn", "under-voltage and throttling cannot be read here; run this as a user in the group 'video'"),
        ("throttled=0x0\n", None, "ok", "not throttled"),
        ("throttled=0x50005\n", None, "warn", "now under-voltage, throttled; use the official power supply"),
        ("", "0", "ok", "no under-voltage; throttling cannot be read here"),
        ("", "1", "warn", "now under-voltage; use the official power supply"),
    ],
)
def test_power_of_a_pi_whose_firmware_has_no_file(tmp_path, answer, alarm, level, text):
    files = {firmware.MODEL: "Raspberry Pi 5 Model B Rev 1.0\0"}
    if alarm:
        folder = f"{firmware.SENSORS}/hwmon2"
        files |= {f"{folder}/name": firmware.VOLTAGE, f"{folder}/{firmware.ALARM}": alarm}
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    finding = only(doctor_machine.power(Settings(), tmp_path, lambda: answer))
    assert (finding.level, finding.text.startswith(text)) == (level, True)


def test_the_version_names_the_program_python_and_the_machine():
    finding = only(doctor_machine.version(Settings()))
    assert (finding.level, finding.text.startswith("edge-emotion ")) == ("ok", True)


@pytest.mark.parametrize(
    ("available", "level", "words"), [("6000000 kB", "ok", "6000 MB free"), ("80000 kB", "warn", "stop other programs")]
)
def test_little_free_memory_is_a_warning(tmp_path, available, level, words):
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text(f"MemTotal: 8000000 kB\nMemAvailable:    {available}\n")
    memory = next(iter(doctor_machine.room(Settings(), tmp_path)))
    assert (memory.about, memory.level, words in memory.text) == ("memory", level, True)


@pytest.mark.parametrize(
    ("free", "keep_files", "level"), [(2e9, 40, "ok"), (3e8, 40, "warn"), (3e8, 9, "ok"), (5e7, 9, "warn")]
)
def test_a_disk_that_the_journal_may_fill_is_a_warning(tmp_path, monkeypatch, free, keep_files, level):
    monkeypatch.setattr(
        doctor_machine.shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(1e11, 1e11 - free, free)
    )
    journal = JournalSettings(file=str(tmp_path / "not" / "yet" / "j.jsonl"), keep_files=keep_files)
    (disk,) = doctor_machine.room(Settings(journal=journal), tmp_path)  # no memory is told here
    assert (disk.about, disk.level, str(tmp_path) in disk.text) == ("disk", level, True)
