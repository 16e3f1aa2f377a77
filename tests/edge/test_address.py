from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from edge import __main__ as program
from edge.address import is_address, local_path, redacted, with_credentials
from edge.errors import SettingsError

# "geheim" is the password, or a part of it.
SPELLINGS = (
    "rtsp://admin:geheim@127.0.0.1:9/x", "rtsp://admin:ge/heim@127.0.0.1:9/x", "rtsp://admin:p@geheim@127.0.0.1:9/x",
    "rtsp://127.0.0.1:9/user=admin&password=geheim&channel=1&stream=0.sdp",
    "rtsp://127.0.0.1:9/user=admin_password=geheim_stream=0.sdp", "rtsp://127.0.0.1:9/h264?user=admin&pwd=geheim",
    "http://127.0.0.1:9/video.cgi?usr=admin&pwd=geheim", "rtsp:/admin:geheim@127.0.0.1:9/x",
    "RTSP://admin:geheim@127.0.0.1:9/x", "rtmp://admin:geheim@127.0.0.1:9/x",
    "v4l2:rtsp://admin:geheim@127.0.0.1/x", "admin:geheim@127.0.0.1/x", "//admin:geheim@127.0.0.1/x",
    "127.0.0.1/h264?user=admin&pwd=geheim", "http://admin:geheim@127.0.0.1:9/x#y", "rtsp:admin:geheim@127.0.0.1",
    "127.0.0.1:9/video?u=admin&p=geheim", "rtsp%3A//admin:geheim%40127.0.0.1/x",
    "rtsp%253A%2F%2Fu:geheim%2540127.0.0.1", "rtsp://admin:gehe%2Fim%40heim@127.0.0.1:9/x",
)  # fmt: skip


@pytest.mark.parametrize("source", SPELLINGS)
def test_of_an_address_scheme_and_host_are_shown(source):
    shown = redacted(source)
    assert shown.rpartition("//")[2] == "127.0.0.1"
    assert shown.partition("://")[0] in ("127.0.0.1", "rtsp", "http", "rtmp")
    assert is_address(source)


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("", ""),
        ("demo", "demo"),
        ("0", "0"),
        ("v4l2:0", "v4l2:0"),
        ("v4l2:/dev/video7", "v4l2:/dev/video7"),
        ("v4l2:/dev/v4l/by-id/usb-046d_C920-video-index0", "v4l2:/dev/v4l/by-id/usb-046d_C920-video-index0"),
        ("v4l2:/dev/video7?pwd=geheim", "v4l2:***"),
        ("/dev/v4l/by-id/usb-046d_C270-video-index0", "/dev/v4l/by-id/usb-046d_C270-video-index0"),
        ("clips/me@home.mp4", "clips/me@home.mp4"),
        ("clips/100%25.mp4", "clips/100%25.mp4"),
        ("rtsp://[fe80::1]:554/geheim", "rtsp://[fe80::1]"),
        ("rtsp://10.0.0.9/a@b", "rtsp://10.0.0.9"),
        ("rtsp://admin:geheim", "rtsp://***"),
        ("rtsp://admin:12/heim@cam", "rtsp://admin"),
        ("rtsp://admin:p@ge/heim@cam", "rtsp://***"),
        ("rtsp://admin:ge?heim@cam", "rtsp://***"),
    ],
)
def test_what_is_shown_of_other_sources(source, shown):
    assert redacted(source) == shown
    assert "geheim" not in shown


@pytest.mark.parametrize(
    ("source", "path"),
    [
        ("", ""),
        ("file:///home/pi/clip.mp4", "/home/pi/clip.mp4"),
        ("FILE://localhost/home/pi/a%20clip.mp4", "/home/pi/a clip.mp4"),
        (str(Path("file:///home/pi/clip.mp4")), "/home/pi/clip.mp4"),
        ("file:clip.mp4", ""),
        ("file://server/clip.mp4", ""),
        ("file:////server/clip.mp4", ""),
        ("http://server/file:///clip.mp4", ""),
        ("clip.mp4", ""),
    ],
)
def test_the_address_of_a_file_of_this_machine_is_a_path(source, path):
    assert local_path(source) == path
    assert not path or (redacted(source) == path and not is_address(source))


def test_a_file_that_is_named_like_an_address_is_itself(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file:").mkdir()
    (tmp_path / "file:" / "clip.mp4").touch()
    assert local_path("file:/clip.mp4") == ""


@pytest.mark.parametrize("part", ["A", "pass", "?", "user_", "a:/", "%41", "@", ":"])
def test_a_very_long_source_is_read_in_one_pass(part):
    """With a step for each pair of letters, this takes minutes."""
    assert redacted(part * 20_000)


def test_a_file_that_exists_is_named_as_it_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "8:15 me@home.mp4").touch()
    assert redacted("8:15 me@home.mp4") == "8:15 me@home.mp4"


@pytest.mark.parametrize("source", SPELLINGS)
def test_no_password_is_in_journal_output_log_or_doctor(source, tiny, tmp_path, capfd, caplog, monkeypatch):
    monkeypatch.setenv("OPENCV_FFMPEG_LOGLEVEL", "-8")
    file, journal = tmp_path / "config.toml", tmp_path / "journal.jsonl"
    text = f"[source]\nsource = {json.dumps(source)}\ntimeout_s = 0.5\n[models]\ndir = {json.dumps(str(tiny))}\n"
    file.write_text(text)
    assert program.main(["run", "--config", str(file), "--journal", str(journal)]) == 3
    assert program.main(["--debug", "run", "--config", str(file), "--journal", "-"]) == 3
    out, err = capfd.readouterr()
    program.main(["doctor", "--config", str(file)])
    assert program.main(["image", source, "--models", str(tiny)]) == 1
    assert program.main(["scan", source, "--models", str(tiny), "--out", str(tmp_path / "tables")]) in (1, 3)
    assert not (tmp_path / "tables").exists()
    said = out + err + "".join(capfd.readouterr()) + caplog.text + journal.read_text()
    assert "heim" not in said
    assert "127.0.0.1" in journal.read_text()


@pytest.mark.parametrize(
    "text",
    [
        "source = 'rtsp://me:geheim@cam'",
        "[source]\nsource = ['rtsp://me:geheim@cam']",
        "[source]\nuser = {a = 'geheim'}",
    ],
)
def test_no_password_is_in_a_message_about_settings(tmp_path, capsys, text):
    file = tmp_path / "config.toml"
    file.write_text(text)
    assert program.main(["run", "--config", str(file)]) == 2
    assert "geheim" not in capsys.readouterr().err


@pytest.mark.parametrize("words", [["run", "rtsp://me:geheim@cam"], ["rtsp://me:geheim@cam"]])
def test_no_password_is_in_a_message_about_usage(capsys, words):
    with pytest.raises(SystemExit):
        program.main(words)
    assert "geheim" not in capsys.readouterr().err


def test_user_and_password_come_from_settings_and_a_file(tmp_path):
    file = tmp_path / "camera-password"
    file.write_text("p@ss/w\u00f6rd\nsecond line\n")
    assert with_credentials("rtsp://cam/1", "", "", {}) == "rtsp://cam/1"
    assert with_credentials("rtsp://cam/1", "me", "", {}) == "rtsp://me@cam/1"
    assert with_credentials("rtsp://cam/1", "me", str(file), {}) == "rtsp://me:p%40ss%2Fw%C3%B6rd@cam/1"
    environment = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert with_credentials("rtsp://cam/a@b", "me", "auto", environment) == "rtsp://me:p%40ss%2Fw%C3%B6rd@cam/a@b"
    assert with_credentials("rtsp://you:secret@cam/1", "", "auto", environment) == "rtsp://you:secret@cam/1"
    assert with_credentials("rtsp://cam/1", "me", "auto", {}) == "rtsp://me@cam/1"


def test_a_password_without_a_user_is_a_settings_error(tmp_path):
    (tmp_path / "password").write_text("x")
    with pytest.raises(SettingsError, match="a password needs a user"):
        with_credentials("rtsp://cam/1", "", str(tmp_path / "password"), {})


@pytest.mark.parametrize(
    ("source", "content", "message"),
    [
        ("rtsp://you@cam/1", "x", "the address has a user of its own"),
        ("rtsp://cam/1", None, "cannot be read (No such file"),
        ("rtsp://cam/1", "", "expected the password in the first line, got none"),
        ("rtsp://cam/1", "\nx", "expected the password in the first line, got none"),
        ("rtsp://cam/1", "x" * 5000, "cannot be read (larger than 4096 bytes)"),
    ],
)
def test_wrong_credentials_are_settings_errors(tmp_path, source, content, message):
    file = tmp_path / "password"
    if content is not None:
        file.write_text(content)
    with pytest.raises(SettingsError) as caught:
        with_credentials(source, "me", str(file), {})
    assert message in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_password_file_that_is_a_fifo_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(SettingsError, match="a FIFO, expected a regular file"):
        with_credentials("rtsp://cam/1", "me", str(tmp_path / "fifo"), {})
