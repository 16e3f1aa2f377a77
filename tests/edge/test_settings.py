from __future__ import annotations

import dataclasses

import pytest

from edge import settings
from edge.errors import SettingsError
from edge.settings import ModelsSettings, Settings, SourceSettings, TrackSettings

ENTRIES = {f"{section}.{key}": entry for section, key, entry in settings.table()}


def test_the_defaults_are_allowed_values():
    assert Settings() == Settings()


@pytest.mark.parametrize("name", ENTRIES)
def test_every_setting_has_a_help_text_and_a_unit(name):
    message = ENTRIES[name].metadata
    assert message["help"] == message["help"].strip() != ""
    assert type(ENTRIES[name].default) in (bool, int, float, str)
    if type(ENTRIES[name].default) in (int, float) and not message["choices"] and not name.endswith("_max"):
        assert message["unit"], f"{name} is a number without a unit"


@pytest.mark.parametrize(
    ("source", "path"),
    [
        ("", ""),
        ("demo", "demo"),
        ("file:///dev/video0", "/dev/video0"),
        ("FILE://localhost/home/pi/a%20clip.mp4", "/home/pi/a clip.mp4"),
        ("file://server/clip.mp4", "file://server/clip.mp4"),
    ],
)
def test_a_file_address_is_its_path_wherever_the_source_is_read(source, path):
    assert SourceSettings(source=source).source == path
    assert dataclasses.replace(SourceSettings(), source=source).source == path


@pytest.mark.parametrize(
    ("name", "value", "answer"),
    [
        ("models.dir", "", ""),
        ("screen.kind", "drm", "drm"),
        ("source.fps", 25, 25.0),
        ("source.fps", 12.5, 12.5),
        ("source.rotate", 270, 270),
        ("source.flip", "vertical", "vertical"),
        ("journal.keep_days", 1, 1),
        ("journal.fsync_s", 0, 0.0),
    ],
)
def test_a_value_in_range_comes_back_in_its_settings_type(name, value, answer):
    got = settings.check(name, value, ENTRIES[name])
    assert got == answer
    assert type(got) is type(answer)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("source.source", 3, "expected text, got 3"),
        ("source.width", 640.0, "expected a whole number, got 640.0"),
        ("source.width", True, "expected a whole number, got True"),
        ("source.fps", True, "expected a number, got True"),
        ("source.fps", "fast", "expected a number, got 'fast'"),
        ("source.fps", 0, "expected at least 0.1, at most 240, got 0.0"),
        ("source.fps", float("nan"), "expected at least 0.1, at most 240, got nan"),
        ("health.throttled_fps", float("inf"), "expected at least 0, got inf"),
        ("source.rotate", 45, "expected one of 0, 90, 180, 270, got 45"),
        ("screen.kind", "hdmi", "expected one of none, drm, window, got hdmi"),
        ("journal.max_bytes", 10, "expected at least 4096, at most 1e+12, got 10"),
    ],
)
def test_an_error_about_a_value_says_what_was_expected(name, value, message):
    with pytest.raises(SettingsError, match="here: ") as caught:
        settings.check("here", value, ENTRIES[name])
    assert str(caught.value) == f"here: {message}"
    assert caught.value.exit_code == 2


def test_settings_made_in_code_are_checked_too():
    with pytest.raises(SettingsError, match=r"\[track\] detect_every: expected at least 1"):
        Settings(track=TrackSettings(detect_every=0))


def test_the_two_thresholds_of_the_route_keep_their_order():
    with pytest.raises(SettingsError, match=r"route_off: expected at most route_on \(0\.3\), got 0\.5"):
        Settings(models=ModelsSettings(route_on=0.3, route_off=0.5))
    assert Settings(models=ModelsSettings(route_on=0.5, route_off=0.5)).models.route_off == 0.5


def test_settings_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        SourceSettings().rotate = 90
