from __future__ import annotations

import argparse
import os
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge import config
from edge.errors import SettingsError
from edge.settings import JournalSettings, MakerSettings, ScreenSettings, Settings, SourceSettings, table


def parsed(*words, sections=()):
    parser = argparse.ArgumentParser()
    config.add_flags(parser, *sections)
    return config.from_arguments(parser.parse_args([str(word) for word in words]))


@pytest.fixture
def file(tmp_path):
    """file(text): a settings file with that text."""

    def write(text):
        path = tmp_path / "config.toml"
        path.write_text(text)
        return path

    return write


def test_without_file_and_flags_there_are_the_defaults(file):
    assert config.load() == config.load(file("")) == config.load(file("[source]\n")) == parsed() == Settings()


def test_a_file_overrides_the_defaults_and_flags_override_the_file(file):
    path = file('[source]\nsource = "v4l2:2"\nrotate = 90\n[journal]\nsample_s = 5\n')
    settings = parsed("--config", path, "--source", "demo", "--journal", "-")
    assert settings.source == SourceSettings(source="demo", rotate=90)
    assert settings.journal == JournalSettings(file="-", sample_s=5.0)
    assert settings.screen == ScreenSettings()


def test_a_path_may_begin_at_the_home_folder_in_the_file_and_in_a_flag(file, monkeypatch):
    monkeypatch.setenv("HOME", "/home/pi")
    path = file('[source]\nsource = "~/clip.mp4"\n[maker]\npause_file = "~/pause"\n[screen]\nnotice = "~/x"\n')
    settings = parsed("--config", path, "--journal=~/journal.jsonl")
    assert settings.source.source == "/home/pi/clip.mp4"
    assert settings.maker.pause_file == "/home/pi/pause"
    assert settings.journal.file == "/home/pi/journal.jsonl"
    assert settings.screen.notice == "~/x"


def test_every_setting_of_a_file_or_folder_may_begin_at_the_home_folder():
    named = {
        f"{section}.{key}" for section, key, entry in table()
        if entry.metadata["path"] or key.endswith("file") or key in ("dir", "ca", "cert", "key")
    }  # fmt: skip
    assert named == {f"{section}.{key}" for section, key, entry in table() if entry.metadata["path"]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[source]\nsauce = 1\n", ": [source] sauce: unknown setting; did you mean 'source'?"),
        ("[source]\nwatch = 1\n", ": [source] watch: unknown setting; systemd/config.toml lists all settings"),
        ("[source]\nsample_s = 1\n", ": [source] sample_s: unknown setting; did you mean [journal] sample_s?"),
        (
            "[sauce]\nsource = 1\n",
            ": [sauce]: unknown section; did you mean 'source'?; expected one of engine, faces",
        ),
        ("source = 1\n", ": source: expected a section [source], got 1"),
        ("x = " + "[" * 3000 + "]" * 3000, ": not valid TOML (nested too deeply)"),
        ("[source]\nfps = " + "{a=" * 3000 + "1" + "}" * 3000, ": not valid TOML (nested too deeply)"),
        ("[source]\nsource = " + "[" * 50 + "]" * 50, ": [source] source: expected text, got a list"),
        ("[source]\nfps = 1" + "0" * 400, ": [source] fps: expected at least 0.1, at most 240, got 1000000"),
        ("[source]\nfps = " + "9" * 5000, ": not valid TOML ("),
        ("[journal]\nkeep_days = 1" + "0" * 400, ": [journal] keep_days: expected at least 1, at most 36500, got 1"),
        ("[journal]\nmax_bytes = 1" + "0" * 400, ": [journal] max_bytes: expected at least 4096, at most "),
        (
            '[maker]\non_event = "a\\u0000b"\n',
            ": [maker] on_event: expected text without NUL characters, got 'a\\x00b'",
        ),
        ('[journal]\nfile = "\\u0000"\n', ": [journal] file: expected text without NUL characters"),
        ("[source]\nrotate = 45\n", ": [source] rotate: expected one of 0, 90"),
        ("[source]\nfps = '30'\n", ": [source] fps: expected a number, got '30'"),
        ("[models]\nroute_on = 0.2\n", ": [models] route_off: expected at most route_on (0.2), got 0.4"),
        ("[source\n", ": not valid TOML ("),
        ("[source]\nrotate = 0\nrotate = 90\n", ": not valid TOML ("),
    ],
)
def test_a_wrong_file_is_one_line_that_names_it(file, text, message):
    path = file(text)
    with pytest.raises(SettingsError) as caught:
        config.load(path)
    assert str(caught.value).startswith(f"{path}{message}")
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_decimal_comma_is_recognized(file):
    with pytest.raises(SettingsError, match=r"not valid TOML \(.*\); did you mean 7\.5\?$"):
        config.load(file("[source]\ntimeout_s = 3\nfps = 7,5  # frames\n"))


def test_a_file_that_is_missing_or_not_text_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"absent\.toml: cannot read the settings \(No such file"):
        config.load(tmp_path / "absent.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\x00")
    with pytest.raises(SettingsError, match=r"binary\.toml: not text in UTF-8; save it as UTF-8$"):
        config.load(tmp_path / "binary.toml")


def test_a_file_of_an_editor_on_windows_is_read_or_says_how_to_save_it(tmp_path):
    path, text = tmp_path / "config.toml", '# Größe\r\n[source]\r\nsource = "demo"\r\n'
    path.write_bytes(text.encode("utf-8-sig"))
    assert config.load(path) == Settings(source=SourceSettings(source="demo"))
    for encoding, mark in (("utf-16-le", b"\xff\xfe"), ("utf-16-be", b"\xfe\xff")):
        path.write_bytes(mark + text.encode(encoding))
        with pytest.raises(SettingsError, match=r"config\.toml: text in UTF-16; save it as UTF-8$"):
            config.load(path)


def test_what_is_not_a_regular_small_file_is_not_read(tmp_path):
    os.mkfifo(tmp_path / "fifo.toml")
    for path, reason in (
        (tmp_path / "fifo.toml", "a FIFO, expected a regular file"), ("/dev/zero", "a device, expected a regular file"),
        (tmp_path, "Is a directory"),
    ):  # fmt: skip
        with pytest.raises(SettingsError) as caught:
            config.load(path)
        assert f"{path}: cannot read the settings ({reason})" == str(caught.value)
    (tmp_path / "large.toml").write_text("# \n" * 1_000_000)
    with pytest.raises(SettingsError, match="larger than 1000000 bytes"):
        config.load(tmp_path / "large.toml")


def test_a_message_about_a_long_value_is_short(file):
    with pytest.raises(SettingsError) as caught:
        config.load(file(f"[source]\nfps = '{'x' * 70_000}'"))
    assert len(str(caught.value)) < 400


def test_a_setting_that_was_removed_is_skipped_with_a_warning(file, caplog):
    path = file("[screen]\nhardware_preview = false\n")
    assert config.load(path) == Settings()
    assert f"{path}: [screen] hardware_preview: no longer used; please remove it" in caplog.text


def test_a_flag_that_is_out_of_range_is_named():
    with pytest.raises(SettingsError, match="--threads: expected at least 1, at most 64, got 0"):
        parsed("--threads", 0)


def test_a_flag_that_cannot_be_parsed_is_usage(capsys):
    with pytest.raises(SystemExit) as caught:
        parsed("--accelerator", "gpu")
    assert caught.value.code == 2
    assert "--accelerator" in capsys.readouterr().err


def test_a_screen_that_nobody_provides_is_named():
    with pytest.raises(SettingsError, match="--screen: expected one of none, drm, window, got hdmi"):
        parsed("--screen", "hdmi")


def test_a_command_gets_only_the_flags_of_its_sections():
    assert parsed("--models", "there", sections=("models",)).models.dir == "there"
    with pytest.raises(SystemExit):
        parsed("--source", "demo", sections=("models",))


def test_the_shipped_file_lists_every_setting_with_its_default(root):
    text = (root / "systemd" / "config.toml").read_text()
    assert text == config.render(), (
        "write it again: python -c 'from edge import config; print(config.render(), end=\"\")'"
    )
    listed = {f"{section}.{key}": value for section, keys in tomllib.loads(text).items() for key, value in keys.items()}
    assert listed == {f"{section}.{key}": entry.default for section, key, entry in table()}


def test_the_shipped_file_loads_as_the_defaults(root):
    assert config.load(root / "systemd" / "config.toml") == Settings()


def test_each_setting_has_its_unit_in_the_line_above(root):
    lines = (root / "systemd" / "config.toml").read_text().splitlines()
    for section, key, entry in table():
        first = lines.index(f"[{section}]")
        above = next(lines[n - 1] for n, line in enumerate(lines) if n > first and line.startswith(f"{key} = "))
        assert above.startswith(f"# {entry.metadata['help']}")
        assert entry.metadata["unit"] in above


@pytest.mark.parametrize(
    ("text", "flags", "message"),
    [
        (
            '[journal]\nfile = ""',
            {},
            ": [journal] file: expected a value, got nothing; leave it out for the default, auto",
        ),
        (
            '[metrics]\nhost = ""',
            {},
            ": [metrics] host: expected a value, got nothing; leave it out",
        ),
        ('[screen]\nconnector = ""', {}, ": [screen] connector: expected a value, got nothing"),
        ("", {"journal.file": ""}, "--journal: expected a value, got nothing; leave it out for the default, auto"),
        ("", {"source.source": ""}, "--source: expected a value, got nothing; leave it out for the default, auto"),
        ("", {"screen.kind": ""}, "--screen: expected one of none, "),
    ],
)
def test_what_is_empty_is_neither_the_default_nor_the_working_folder_nor_every_address(file, text, flags, message):
    """As from a variable that is not set."""
    with pytest.raises(SettingsError) as caught:
        config.load(file(text), flags)
    assert str(caught.value).removeprefix(str(file(text))).startswith(message)


def test_what_can_be_switched_off_may_be_empty(file):
    text = '[source]\npassword_file = ""\n[maker]\npause_file = ""\n[web]\ntoken_file = ""\n[models]\ndir = ""\n'
    assert config.load(file(text)).maker.pause_file == ""


def test_an_empty_name_is_not_the_same_as_no_settings_file():
    """As from a variable that is not set."""
    assert config.load(None) == Settings()
    with pytest.raises(SettingsError, match="the name of the settings file is empty"):
        config.load("")


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    return tmp_path_factory.mktemp("settings") / "config.toml"


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), st.floats(0, 1), st.integers(1, 64))
def test_any_settings_survive_being_written_and_read(written, text, fraction, whole):
    settings = Settings(
        maker=MakerSettings(on_event=text, on_event_max=whole), screen=ScreenSettings(notice=text),
        source=SourceSettings(max_fps=fraction),
    )  # fmt: skip
    written.write_text(config.render(settings), encoding="utf-8")
    assert config.load(written) == settings
