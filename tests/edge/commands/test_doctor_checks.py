from __future__ import annotations

import importlib.util
import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from edge import picture
from edge.commands import doctor_checks
from edge.daemon import firmware
from edge.screens.drm import DrmScreen
from edge.settings import (
    EngineSettings,
    JournalSettings,
    ModelsSettings,
    ScreenSettings,
    Settings,
    SourceSettings,
)


def levels(findings) -> list[str]:
    return [finding.level for finding in findings]


def only(findings):
    (finding,) = findings
    return finding


def test_the_runtime_is_named_with_its_version():
    finding = only(doctor_checks.runtime(Settings()))
    assert finding.level == doctor_checks.OK
    assert "OpenCV 4." in finding.text
    assert "?" not in finding.text


def test_good_models_are_four_lines_with_their_hashes(tiny, tiny_manifest):
    findings = list(doctor_checks.models(Settings(models=ModelsSettings(dir=str(tiny)))))
    assert levels(findings) == ["ok"] * 4
    assert all(tiny_manifest[f.about.removeprefix("model ")].sha256[:12] in f.text for f in findings)


def test_a_missing_folder_is_one_failure(tmp_path):
    finding = only(doctor_checks.models(Settings(models=ModelsSettings(dir=str(tmp_path)))))
    assert (finding.level, finding.about) == ("fail", "models")
    assert "manifest.json" in finding.text


def test_one_wrong_hash_fails_and_the_others_are_still_checked(tiny, tmp_path):
    folder = tmp_path / "models"
    shutil.copytree(tiny, folder)
    with open(folder / "mask/model.tflite", "ab") as file:
        file.write(b"!")
    findings = list(doctor_checks.models(Settings(models=ModelsSettings(dir=str(folder)))))
    assert levels(findings) == ["ok", "fail", "ok", "ok"]
    assert "does not match" in findings[1].text


@pytest.mark.parametrize(
    ("accelerator", "devices", "level", "text"),
    [
        ("cpu", ["/dev/apex_0"], "ok", "as configured"),
        ("auto", [], "ok", "no Edge TPU is plugged in"),
        ("auto", ["/dev/apex_0"], "warn", "using the CPU"),
        ("edgetpu", [], "warn", "using the CPU"),
    ],
)
def test_the_accelerator_by_table(tiny, accelerator, devices, level, text):
    settings = Settings(models=ModelsSettings(dir=str(tiny)), engine=EngineSettings(accelerator=accelerator))
    finding = only(doctor_checks.accelerator(settings, lambda: devices))
    assert finding.level == level
    assert text in finding.text


@pytest.mark.parametrize(("brightness", "level", "text"), [(120, "ok", "p.png: 64x48"), (3, "warn", "dark")])
def test_the_camera_is_its_first_frame(tmp_path, brightness, level, text):
    path = tmp_path / "p.png"
    picture.write(path, np.full((48, 64, 3), brightness, np.uint8))
    finding = only(doctor_checks.camera(Settings(source=SourceSettings(source=str(path)))))
    assert finding.level == level
    assert text in finding.text


def test_a_missing_source_is_a_failure_that_names_it(tmp_path):
    finding = only(doctor_checks.camera(Settings(source=SourceSettings(source=str(tmp_path / "absent.mp4")))))
    assert finding.level == "fail"
    assert "absent.mp4" in finding.text


@pytest.mark.parametrize(
    ("status", "source", "level", "text"),
    [
        ("", "v4l2:77", "fail", "no camera at /dev/video77"),
        ("no camera; trying again", "v4l2:77", "fail", "no camera at /dev/video77"),
        ("paused", "v4l2:77", "fail", "no camera at /dev/video77"),
        (
            "29.8 fps, 1 face",
            "v4l2:77",
            "ok",
            "used by the service (29.8 fps, 1 face); to test it here: sudo systemctl",
        ),
        ("29.8 fps, 1 face", "/nowhere.mp4", "fail", "/nowhere.mp4"),
    ],
)
def test_a_camera_that_the_service_uses_is_not_a_failure(status, source, level, text):
    finding = only(doctor_checks.camera(Settings(source=SourceSettings(source=source)), lambda: status))
    assert finding.level == level
    assert text in finding.text


def test_no_screen_needs_nothing():
    assert only(doctor_checks.screen(Settings())).level == "ok"


@pytest.mark.parametrize(
    ("settings", "level", "text"),
    [
        ({}, "ok", "/dev/dri/card1, HDMI-A-1, 1280x720"),
        ({"card": "/dev/dri/card1", "connector": "HDMI-A-1", "mode": "1920x1080"}, "ok", "HDMI-A-1, 1920x1080"),
        ({"card": "/dev/dri/card7"}, "fail", "/dev/dri/card7: no such device; set [screen] card to auto"),
        ({"card": "/dev/dri/card0"}, "warn", "no connector on /dev/dri/card0; "),
        (
            {"connector": "HDMI-A-2"},
            "warn",
            "nothing is connected to HDMI-A-1, HDMI-A-2; plug a screen in",
        ),
        ({"connector": "DP-9"}, "fail", "no connector DP-9; set [screen] connector to one of HDMI-A-1, HDMI-A-2"),
        (
            {"mode": "1024x768"},
            "fail",
            "HDMI-A-1 has no mode 1024x768; set [screen] mode to one of 1280x720",
        ),
    ],
)
def test_a_drm_screen_is_what_run_would_find(hardware, settings, level, text):
    modes = [hardware.mode(1280, 720, preferred=True), hardware.mode(1920, 1080)]
    card = hardware.Card([hardware.Connector(modes=modes), hardware.Connector(number=2, state=2)])
    kernel = hardware.Kernel(card0=hardware.Card(modes=False), card1=card)
    finding = only(
        doctor_checks.screen(
            Settings(screen=ScreenSettings(kind="drm", **settings)), partial(DrmScreen.check, kernel=kernel)
        )
    )
    assert (finding.level, finding.about) == (level, "screen")
    assert text in finding.text
    assert not finding.text.startswith("screen")
    assert kernel.files == {}
    assert card.sets == 0


def test_a_drm_screen_without_cards_permission_or_cable(hardware):
    settings = Settings(screen=ScreenSettings(kind="drm"))

    def found(**cards):
        finding = only(doctor_checks.screen(settings, partial(DrmScreen.check, kernel=hardware.Kernel(**cards))))
        return finding.level, finding.text

    assert found()[0] == "warn"
    assert "add dtoverlay=vc4-kms-v3d to config.txt; `run` will wait for it" in found()[1]
    locked = hardware.Card([hardware.Connector()], allowed=False)
    assert found(card0=locked)[0] == "fail"
    assert "no permission; add the user to the groups video and render" in found(card0=locked)[1]
    assert found(card0=hardware.Card([hardware.Connector(state=2)]))[0] == "warn"


def test_a_window_needs_a_desktop(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("SDL_VIDEODRIVER", raising=False)
    settings = Settings(screen=ScreenSettings(kind="window"))
    assert only(doctor_checks.screen(settings)).level == "fail"
    monkeypatch.setenv("DISPLAY", ":0")
    assert only(doctor_checks.screen(settings)) == doctor_checks.Finding(
        "ok", "screen", "a window of 1280x720 on the desktop"
    )
    tiny = Settings(screen=ScreenSettings(kind="window", mode="small"))
    assert only(doctor_checks.screen(tiny)).text == "[screen] mode: expected auto or a size such as 1280x720, got small"
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert "edge-emotion[window]" in only(doctor_checks.screen(settings)).text


def test_where_the_journal_goes_must_be_writable(tmp_path):
    def finding(file):
        return only(doctor_checks.permissions(Settings(journal=JournalSettings(file=str(file)))))

    assert finding("-").level == "ok"
    assert finding(tmp_path / "journal.jsonl").level == "ok"
    assert finding(tmp_path).level == "fail"
    assert "no such folder" in finding(tmp_path / "absent/journal.jsonl").text


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
    finding = only(doctor_checks.power(Settings(), tmp_path))
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
    finding = only(doctor_checks.power(Settings(), tmp_path, lambda: answer))
    assert (finding.level, finding.text.startswith(text)) == (level, True)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("", ""),
        ("StatusText=29.8 fps, 1 face\nActiveState=active\n", "29.8 fps, 1 face"),
        ("ActiveState=inactive\nStatusText=29.8 fps, 1 face\n", ""),
        ("ActiveState=active\nStatusText=a = b\n", "a = b"),
    ],
)
def test_a_stopped_services_last_words_do_not_count(tmp_path, monkeypatch, answer, message):
    program = tmp_path / "systemctl"
    program.write_text(f"#!/bin/sh\nprintf '%s' '{answer}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert doctor_checks.service_status() == message


def test_without_systemd_there_is_no_service_status(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert doctor_checks.service_status() == ""


def test_the_version_names_the_program_python_and_the_machine():
    finding = only(doctor_checks.version(Settings()))
    assert (finding.level, finding.text.startswith("edge-emotion ")) == ("ok", True)


@pytest.mark.parametrize(
    ("available", "level", "words"), [("6000000 kB", "ok", "6000 MB free"), ("80000 kB", "warn", "stop other programs")]
)
def test_little_free_memory_is_a_warning(tmp_path, available, level, words):
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text(f"MemTotal: 8000000 kB\nMemAvailable:    {available}\n")
    memory = next(iter(doctor_checks.room(Settings(), tmp_path)))
    assert (memory.about, memory.level, words in memory.text) == ("memory", level, True)


@pytest.mark.parametrize(
    ("free", "keep_files", "level"), [(2e9, 40, "ok"), (3e8, 40, "warn"), (3e8, 9, "ok"), (5e7, 9, "warn")]
)
def test_a_disk_that_the_journal_may_fill_is_a_warning(tmp_path, monkeypatch, free, keep_files, level):
    monkeypatch.setattr(
        doctor_checks.shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(1e11, 1e11 - free, free)
    )
    journal = JournalSettings(file=str(tmp_path / "not" / "yet" / "j.jsonl"), keep_files=keep_files)
    (disk,) = doctor_checks.room(Settings(journal=journal), tmp_path)  # no memory is told here
    assert (disk.about, disk.level, str(tmp_path) in disk.text) == ("disk", level, True)
