from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from edge import checks, picture, sensors
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
    finding = only(checks.runtime(Settings()))
    assert finding.level == checks.OK
    assert "OpenCV 4." in finding.text
    assert "?" not in finding.text


def test_good_models_are_four_lines_with_their_hashes(tiny, tiny_manifest):
    findings = list(checks.models(Settings(models=ModelsSettings(dir=str(tiny)))))
    assert levels(findings) == ["ok"] * 4
    assert all(tiny_manifest[f.about.removeprefix("model ")].sha256[:12] in f.text for f in findings)


def test_a_missing_folder_is_one_failure(tmp_path):
    finding = only(checks.models(Settings(models=ModelsSettings(dir=str(tmp_path)))))
    assert (finding.level, finding.about) == ("fail", "models")
    assert "manifest.json" in finding.text


def test_one_wrong_hash_fails_and_the_others_are_still_looked_at(tiny, tmp_path):
    folder = tmp_path / "models"
    shutil.copytree(tiny, folder)
    with open(folder / "mask/model.tflite", "ab") as file:
        file.write(b"!")
    findings = list(checks.models(Settings(models=ModelsSettings(dir=str(folder)))))
    assert levels(findings) == ["ok", "fail", "ok", "ok"]
    assert "does not match" in findings[1].text


@pytest.mark.parametrize(
    ("accelerator", "devices", "level", "text"),
    [
        ("cpu", ["/dev/apex_0"], "ok", "as set"),
        ("auto", [], "ok", "no Edge TPU is plugged in"),
        ("auto", ["/dev/apex_0"], "warn", "the CPU does the work"),
        ("edgetpu", [], "warn", "the CPU does the work"),
    ],
)
def test_the_accelerator_by_table(tiny, accelerator, devices, level, text):
    settings = Settings(models=ModelsSettings(dir=str(tiny)), engine=EngineSettings(accelerator=accelerator))
    finding = only(checks.accelerator(settings, lambda: devices))
    assert finding.level == level
    assert text in finding.text


@pytest.mark.parametrize(("brightness", "level", "text"), [(120, "ok", "p.png: 64x48"), (3, "warn", "dark")])
def test_the_camera_is_its_first_frame(tmp_path, brightness, level, text):
    path = tmp_path / "p.png"
    picture.write(path, np.full((48, 64, 3), brightness, np.uint8))
    finding = only(checks.camera(Settings(source=SourceSettings(source=str(path)))))
    assert finding.level == level
    assert text in finding.text


def test_no_camera_is_a_failure_with_the_mend(tmp_path):
    finding = only(checks.camera(Settings(source=SourceSettings(source=str(tmp_path / "absent.mp4")))))
    assert finding.level == "fail"
    assert "absent.mp4" in finding.text


def test_no_screen_needs_nothing():
    assert only(checks.screen(Settings())).level == "ok"


@pytest.mark.parametrize(
    ("card", "states", "level", "text"),
    [
        (False, {}, "fail", "no /dev/dri/card"),
        (True, {"card1-HDMI-A-1": "disconnected"}, "fail", "no screen is connected (of card1-HDMI-A-1)"),
        (True, {"card1-HDMI-A-1": "connected", "card1-HDMI-A-2": "disconnected"}, "ok", "DRM, card1-HDMI-A-1"),
    ],
)
def test_a_drm_screen_by_table(tmp_path, card, states, level, text):
    if card:
        (tmp_path / "dev/dri").mkdir(parents=True)
        (tmp_path / "dev/dri/card1").touch()
    for name, state in states.items():
        (tmp_path / "sys/class/drm" / name).mkdir(parents=True)
        (tmp_path / "sys/class/drm" / name / "status").write_text(state + "\n")
    finding = only(checks.screen(Settings(screen=ScreenSettings(kind="drm")), tmp_path))
    assert finding.level == level
    assert text in finding.text


def test_a_window_needs_a_desktop(monkeypatch):
    monkeypatch.setattr(checks.importlib.util, "find_spec", lambda name: object())
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    settings = Settings(screen=ScreenSettings(kind="window"))
    assert only(checks.screen(settings)).level == "fail"
    monkeypatch.setenv("DISPLAY", ":0")
    assert only(checks.screen(settings)).level == "ok"
    monkeypatch.setattr(checks.importlib.util, "find_spec", lambda name: None)
    assert "edge-emotion[window]" in only(checks.screen(settings)).text


def test_where_the_journal_goes_must_be_writable(tmp_path):
    def finding(file):
        return only(checks.permissions(Settings(journal=JournalSettings(file=str(file)))))

    assert finding("-").level == "ok"
    assert finding(tmp_path / "journal.jsonl").level == "ok"
    assert finding(tmp_path).level == "fail"
    assert "no such folder" in finding(tmp_path / "absent/journal.jsonl").text


@pytest.mark.parametrize(
    ("bits", "level", "text"),
    [
        (None, "ok", "no Raspberry Pi"),
        ("0", "ok", "not throttled, 48 °C"),
        ("50005", "warn", "now under-voltage, throttled, 48 °C; use the official power supply"),
        ("8", "warn", "now too-hot, 48 °C; cool it"),
        ("10000", "warn", "since the start: under-voltage"),
    ],
)
def test_power_by_table(tmp_path, bits, level, text):
    heat = tmp_path / sensors.TEMPERATURE
    heat.parent.mkdir(parents=True)
    heat.write_text("48312\n")
    if bits is not None:
        path = Path(tmp_path / sensors.THROTTLED)
        path.parent.mkdir(parents=True)
        path.write_text(bits + "\n")
    finding = only(checks.power(Settings(), tmp_path))
    assert finding.level == level
    assert text in finding.text
