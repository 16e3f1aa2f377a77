"""Settings: frozen values. Each field says its default, its help, its unit and what is allowed.

This is the one table: the TOML keys, the flags and systemd/config.toml follow from it (edge/config.py).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from edge.errors import SettingsError


def setting(
    default: Any,
    help: str,
    *,
    unit: str = "",
    low: float = -math.inf,
    high: float = math.inf,
    choices: tuple[Any, ...] = (),
    flag: str = "",
    old: str = "",
) -> Any:
    """A field of a section: its default, and what else the table says of it.

    Args:
        default: its type is the setting's type: bool, int, float or str.
        help: one line for config.toml and --help.
        unit: of a number.
        low, high: the range of a number, both allowed.
        choices: the only values, where there are few.
        flag: the command-line flag that sets it, or none.
        old: the key under which settings files before a renaming have it; still read, with a warning.
    """
    table = {"help": help, "unit": unit, "low": low, "high": high, "choices": choices, "flag": flag, "old": old}
    return field(default=default, metadata=table)


@dataclass(frozen=True)
class SourceSettings:
    """Where frames come from."""

    source: str = setting(
        "auto", "auto, picamera, v4l2:N, demo, FILE, FOLDER or rtsp://...: where pictures come from", flag="--source"
    )
    width: int = setting(640, "asked of a live camera", unit="px", low=16, high=8192)
    height: int = setting(480, "asked of a live camera", unit="px", low=16, high=8192)
    fps: float = setting(30.0, "asked of a live camera; the pace of a folder", unit="frames/s", low=0.1, high=240)
    max_fps: float = setting(
        0.0, "a live camera's frames are looked at no more often than this; 0: all", unit="frames/s", low=0, high=240
    )
    max_megapixels: float = setting(
        50.0, "larger picture files are refused before they are decoded", unit="megapixels", low=0.01, high=10_000,
        flag="--max-megapixels",
    )  # fmt: skip
    rotate: int = setting(0, "clockwise, before everything else", unit="degrees", choices=(0, 90, 180, 270))
    flip: str = setting("none", "mirror the picture, after rotate", choices=("none", "horizontal", "vertical"))
    timeout_s: float = setting(5.0, "a live camera that gives no frame for so long is lost", unit="s", low=0.1, high=60)
    reopen_s: float = setting(1.0, "wait before a lost camera is opened again; doubles", unit="s", low=0.1, high=60)
    reopen_max_s: float = setting(10.0, "the longest such wait", unit="s", low=0.1, high=3600)
    stuck_s: float = setting(
        5.0, "a driver that does not come back for so long is restarted by the watchdog", unit="s", low=0.1, high=600
    )


@dataclass(frozen=True)
class ModelsSettings:
    """Which models, and from where an answer counts."""

    dir: str = setting("", "folder with a manifest.json; empty: the shipped models", flag="--models")
    face_score: float = setting(
        0.0,
        "score of detector and second look together from which a face counts; 0: the model's own, 0.6 of ours",
        unit="0-1",
        low=0,
        high=1,
    )
    route_on: float = setting(0.6, "P(mask) at which a face goes to the masked model", unit="0-1", low=0, high=1)
    route_off: float = setting(0.4, "P(mask) at which it goes back to the bare model", unit="0-1", low=0, high=1)
    confidence: float = setting(0.35, "an emotion less probable than this is 'unsure'", unit="0-1", low=0, high=1)
    min_face_px: float = setting(24.0, "a face with a shorter side below is 'too-small'", unit="px", low=0, high=8192)


@dataclass(frozen=True)
class EngineSettings:
    """What runs the models."""

    threads: int = setting(2, "of each model", unit="threads", low=1, high=64, flag="--threads")
    accelerator: str = setting(
        "auto", "auto uses an Edge TPU where one is plugged in, edgetpu says so where none is",
        choices=("auto", "cpu", "edgetpu"), flag="--accelerator",
    )  # fmt: skip


@dataclass(frozen=True)
class TrackSettings:
    """How faces are followed."""

    detect_every: int = setting(2, "faces are looked for in every n-th frame", unit="frames", low=1, high=1000)
    refresh_hz: float = setting(
        20.0, "looks at mask and emotion, shared by all faces; 0: all in every frame", unit="1/s", low=0, high=1000
    )
    smooth_s: float = setting(0.5, "time constant of smoothing; 0: none", unit="s", low=0, high=60)
    expire_s: float = setting(1.0, "a face not seen for so long has left", unit="s", low=0, high=3600)
    min_hits: int = setting(
        4,
        "a new face must be found in this many detections, of half as many again; 1: reported at once",
        unit="detections", low=1, high=100, old="confirm",
    )  # fmt: skip
    sure_score: float = setting(
        0.75, "a face detected with this score is reported at once", unit="0-1", low=0, high=1, old="confirm_score"
    )
    match_iou: float = setting(0.3, "overlap from which a face is the same one", unit="0-1", low=0.01, high=1)


@dataclass(frozen=True)
class JournalSettings:
    """What is remembered."""

    file: str = setting(
        "auto", "JSON lines; '-': standard output; auto: the service's log folder, else standard output",
        flag="--journal",
    )  # fmt: skip
    sample_s: float = setting(10.0, "each face is noted this often", unit="s", low=0.1, high=86400)
    keep_days: int = setting(30, "older files are removed", unit="days", low=1, high=36500)
    max_bytes: int = setting(10_000_000, "a file that would grow over this is rotated", unit="bytes", low=4096)
    keep_files: int = setting(40, "rotated files that are kept (one a day at least)", unit="files", low=1, high=10000)
    fsync_s: float = setting(1.0, "what a power cut may take", unit="s", low=0, high=3600)


@dataclass(frozen=True)
class ScreenSettings:
    """What is shown, and where."""

    kind: str = setting(
        "none",
        "drm is a console's HDMI, window a desktop session's",
        choices=("none", "drm", "window"),
        flag="--screen",
    )
    card: str = setting("auto", "the DRM card, as /dev/dri/card1; auto: the one with a screen")
    connector: str = setting("auto", "the DRM connector, as HDMI-A-1; auto: the connected one")
    mode: str = setting(
        "auto", "size in pixels, as 1920x1080; auto: the screen's own where that is at most 1280x720, else its like"
    )
    fullscreen: bool = setting(False, "whether the window fills the desktop; the key F changes it")
    notice: str = setting("", "a line for visitors on the picture; empty: none")


@dataclass(frozen=True)
class MakerSettings:
    """Hooks for makers."""

    on_event: str = setting("", "a command that gets each event as JSON on its standard input; empty: none")
    on_event_timeout_s: float = setting(5.0, "it is ended after so long", unit="s", low=0.1, high=3600)
    on_event_max: int = setting(4, "so many run at once; further events are not passed on", unit="", low=1, high=64)
    pause_file: str = setting("auto", "while this file exists the camera is off; auto: pause in the state folder")


@dataclass(frozen=True)
class HealthSettings:
    """When trouble is noted."""

    check_s: float = setting(10.0, "heat and power of a Pi are read this often", unit="s", low=1, high=3600)
    throttled_fps: float = setting(10.0, "the pace while a Pi is throttled; 0: as before", unit="frames/s", low=0)
    dark_level: float = setting(10.0, "a mean brightness below is dark; 0: never", unit="0-255", low=0, high=255)
    dark_s: float = setting(5.0, "dark for so long is noted", unit="s", low=0, high=3600)
    slow_s: float = setting(1.0, "a frame that took longer is noted, once a minute", unit="s", low=0.01, high=3600)


@dataclass(frozen=True)
class Settings:
    """All settings, checked. `edge.config.load` makes one from a file and flags; `Settings()` are the defaults."""

    source: SourceSettings = SourceSettings()
    models: ModelsSettings = ModelsSettings()
    engine: EngineSettings = EngineSettings()
    track: TrackSettings = TrackSettings()
    journal: JournalSettings = JournalSettings()
    screen: ScreenSettings = ScreenSettings()
    maker: MakerSettings = MakerSettings()
    health: HealthSettings = HealthSettings()

    def __post_init__(self) -> None:
        for section, key, entry in table():
            check(f"[{section}] {key}", getattr(getattr(self, section), key), entry)
        if self.models.route_off > self.models.route_on:
            raise SettingsError(
                f"[models] route_off: expected at most route_on ({self.models.route_on}), got {self.models.route_off}"
            )


def table() -> Iterable[tuple[str, str, dataclasses.Field[Any]]]:
    """Every setting as (section, key, field), in the order of config.toml."""
    for section in dataclasses.fields(Settings):
        for entry in dataclasses.fields(type(section.default)):  # type: ignore[arg-type]
            yield section.name, entry.name, entry


def check(where: str, value: Any, entry: Any) -> Any:
    """The value in the type of the setting `entry` (a field); a whole number may stand for a float.

    Raises:
        SettingsError: another type, out of range, or none of the choices; the message begins with `where`.
    """
    allowed, kind = entry.metadata, type(entry.default)
    if kind is float and type(value) is int:
        value = float(value)
    if type(value) is not kind:
        raise SettingsError(f"{where}: expected {_named(kind)}, got {value!r}")
    if allowed["choices"] and value not in allowed["choices"]:
        raise SettingsError(f"{where}: expected one of {', '.join(map(str, allowed['choices']))}, got {value}")
    low, high = allowed["low"], allowed["high"]
    if kind in (int, float) and not (low <= value <= high and math.isfinite(value)):
        limits = f"at least {low:g}" + (f", at most {high:g}" if math.isfinite(high) else "")
        raise SettingsError(f"{where}: expected {limits}, got {value}")
    return value


def _named(kind: type) -> str:
    return {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}[kind]
