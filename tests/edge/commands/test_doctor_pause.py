"""What the doctor says about a camera that is off on purpose."""

from __future__ import annotations

import pytest

from edge.commands.doctor_pause import pause
from edge.settings import MakerSettings, Settings


@pytest.fixture(autouse=True)
def not_installed(tmp_path, monkeypatch):
    monkeypatch.setattr("edge.daemon.folders.SERVICE", tmp_path / "not-installed")


def found(environment=None, **settings):
    return [(f.level, f.text) for f in pause(Settings(maker=MakerSettings(**settings)), environment or {})]


def test_where_nothing_can_pause_there_is_nothing_to_say():
    assert found() == found(pause_file="") == []


def test_the_services_pause_is_named_with_its_end(tmp_path, monkeypatch):
    monkeypatch.setattr("edge.daemon.folders.SERVICE", tmp_path)
    assert found() == [("ok", f"none; {tmp_path / 'pause'} would begin one")]
    (tmp_path / "pause").touch()
    assert found() == [("warn", f"{tmp_path / 'pause'} is there, so the camera is off; remove it to resume")]
    (tmp_path / "paused").touch()
    ((level, text),) = found()
    assert (level, "sudo systemctl kill --signal=SIGUSR1" in text) == ("warn", True)


@pytest.mark.parametrize(
    ("name", "level", "text"),
    [
        ("pause", "ok", "pause would begin one"),
        ("there", "warn", "there is there, so the camera is off; remove it to resume"),
        ("absent/pause", "warn", "absent: no such folder, so no file in it can pause the camera"),
        (".", "warn", "a folder, which is always there, so the camera is off"),
        ("x" * 300, "fail", "cannot be checked (File name too long)"),
    ],
)
def test_a_pause_file_of_the_settings(tmp_path, name, level, text):
    (tmp_path / "there").touch()
    ((said, words),) = found(pause_file=str(tmp_path / name))
    assert (said, text in words) == (level, True), words


@pytest.mark.parametrize(
    ("file", "more"),
    [("auto", []), ("", []), ("own", [("ok", "none; {own} would begin one")])],
    ids=["auto", "none", "own"],
)
def test_a_user_who_cannot_see_the_services_pause_is_told(tmp_path, monkeypatch, file, more):
    own = tmp_path / "own"
    service = tmp_path / "service"
    service.mkdir()
    monkeypatch.setattr("edge.daemon.folders.SERVICE", service)
    monkeypatch.setattr("os.access", lambda path, mode: path != service)
    unseen = f"{service}: this user cannot see whether the service was asked to pause; run this with sudo"
    expected = [("warn", unseen), *((level, text.format(own=own)) for level, text in more)]
    assert found(pause_file=str(own) if file == "own" else file) == expected
