from __future__ import annotations

import importlib.util
import json
import shutil
from functools import partial

import numpy as np
import pytest

from edge import picture
from edge.commands import doctor_devices, doctor_finding, doctor_models, doctor_outputs
from edge.screens.drm import DrmScreen
from edge.settings import (
    EngineSettings,
    FacesSettings,
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


def test_good_models_are_four_lines_with_their_hashes(tiny, tiny_manifest):
    findings = list(doctor_models.models(Settings(models=ModelsSettings(dir=str(tiny)))))
    assert levels(findings) == ["ok"] * 4
    assert all(tiny_manifest[f.about.removeprefix("model ")].sha256[:12] in f.text for f in findings)


def test_an_optional_model_that_is_missing_fails_and_the_others_are_still_checked(tiny):
    settings = Settings(models=ModelsSettings(dir=str(tiny)), faces=FacesSettings(gender=True))
    *others, last = doctor_models.models(settings)
    assert levels(others) == ["ok"] * 4
    assert (last.level, last.about, "has no gender model" in last.text) == ("fail", "models", True)


def test_models_that_run_but_do_not_fit_together_fail(tiny, tmp_path):
    folder = tmp_path / "models"
    shutil.copytree(tiny, folder)
    text = (folder / "manifest.json").read_text()
    document = json.loads(text)
    document["models"]["mask"]["labels"] = ["left", "right"]
    (folder / "manifest.json").write_text(json.dumps(document))
    *others, last = doctor_models.models(Settings(models=ModelsSettings(dir=str(folder))))
    assert levels(others) == ["ok"] * 4
    assert (last.level, last.about, "expected the labels" in last.text) == ("fail", "models", True)


def test_a_missing_folder_is_one_failure(tmp_path):
    finding = only(doctor_models.models(Settings(models=ModelsSettings(dir=str(tmp_path)))))
    assert (finding.level, finding.about) == ("fail", "models")
    assert "manifest.json" in finding.text


def test_one_wrong_hash_fails_and_the_others_are_still_checked(tiny, tmp_path):
    folder = tmp_path / "models"
    shutil.copytree(tiny, folder)
    with open(folder / "mask/model.tflite", "ab") as file:
        file.write(b"!")
    findings = list(doctor_models.models(Settings(models=ModelsSettings(dir=str(folder)))))
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
    finding = only(doctor_models.accelerator(settings, lambda: devices))
    assert finding.level == level
    assert text in finding.text


@pytest.mark.parametrize(("brightness", "level", "text"), [(120, "ok", "p.png: 64x48"), (3, "warn", "dark")])
def test_the_camera_is_its_first_frame(tmp_path, brightness, level, text):
    path = tmp_path / "p.png"
    picture.write(path, np.full((48, 64, 3), brightness, np.uint8))
    finding = only(doctor_devices.camera(Settings(source=SourceSettings(source=str(path)))))
    assert finding.level == level
    assert text in finding.text


def test_a_missing_source_is_a_failure_that_names_it(tmp_path):
    finding = only(doctor_devices.camera(Settings(source=SourceSettings(source=str(tmp_path / "absent.mp4")))))
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
    finding = only(doctor_devices.camera(Settings(source=SourceSettings(source=source)), lambda: status))
    assert finding.level == level
    assert text in finding.text


def test_no_screen_needs_nothing():
    assert only(doctor_devices.screen(Settings())).level == "ok"


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
        doctor_devices.screen(
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
        finding = only(doctor_devices.screen(settings, partial(DrmScreen.check, kernel=hardware.Kernel(**cards))))
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
    assert only(doctor_devices.screen(settings)).level == "fail"
    monkeypatch.setenv("DISPLAY", ":0")
    assert only(doctor_devices.screen(settings)) == doctor_finding.Finding(
        "ok", "screen", "a window of 1280x720 on the desktop"
    )
    tiny = Settings(screen=ScreenSettings(kind="window", mode="small"))
    assert (
        only(doctor_devices.screen(tiny)).text == "[screen] mode: expected auto or a size such as 1280x720, got small"
    )
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert "edge-emotion[window]" in only(doctor_devices.screen(settings)).text


def test_where_the_journal_goes_must_be_writable(tmp_path):
    def finding(file):
        return only(doctor_outputs.builtin_sinks(Settings(journal=JournalSettings(file=str(file)))))

    assert finding("-").level == "ok"
    assert finding(tmp_path / "journal.jsonl").level == "ok"
    assert finding(tmp_path).level == "fail"
    assert "no such folder" in finding(tmp_path / "absent/journal.jsonl").text


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
    assert doctor_finding.service_status() == message


def test_without_systemd_there_is_no_service_status(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert doctor_finding.service_status() == ""
