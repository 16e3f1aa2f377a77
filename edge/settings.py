"""Settings: frozen values. Each field has its default, its help, its unit and what is allowed.

This is the one table: the TOML keys, the flags and systemd/config.toml follow from it (edge/config.py). The sections of
what leaves the pipeline are in edge/settings_sinks.py.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from edge.address import local_path
from edge.errors import SettingsError
from edge.registry import SCREENS
from edge.setting import check, setting, shown
from edge.settings_sinks import JournalSettings, MakerSettings, MetricsSettings, MqttSettings, WebSettings

__all__ = [
    "EngineSettings", "FacesSettings", "HealthSettings", "JournalSettings", "MakerSettings", "MetricsSettings",
    "ModelsSettings", "MqttSettings", "ScreenSettings", "Settings", "SourceSettings", "TrackSettings", "WebSettings",
    "check", "shown", "table",
]  # fmt: skip


@dataclass(frozen=True)
class SourceSettings:
    """The source of the frames."""

    source: str = setting(
        "auto",
        "auto, picamera, 0, /dev/video0, /dev/v4l/by-id/..., rtsp://..., http://..., demo, FILE or FOLDER",
        flag="--source",
        secret=True,
        path=True,
    )
    user: str = setting("", "user of a network camera; empty: none, or the one in its address", secret=True)
    password_file: str = setting(
        "auto",
        "a file with that user's password; auto: the systemd credential camera-password, if there is one",
        path=True,
        blank=True,
    )
    width: int = setting(640, "width requested from a live camera", unit="px", low=16, high=8192)
    height: int = setting(480, "height requested from a live camera", unit="px", low=16, high=8192)
    fps: float = setting(
        30.0, "frame rate requested from a live camera; rate of the pictures in a folder", unit="frames/s",
        low=0.1, high=240,
    )  # fmt: skip
    format: str = setting(
        "auto", "pixel format requested from a USB camera; auto: the camera's default, or MJPG above 480 lines",
        choices=("auto", "MJPG", "YUYV", "NV12", "GREY"),
    )  # fmt: skip
    autofocus: bool = setting(True, "continuous autofocus, if a Raspberry Pi camera module has it")
    rtsp_transport: str = setting(
        "auto", "how RTSP cameras send their pictures; auto: TCP, or UDP if the camera refuses it",
        choices=("auto", "tcp", "udp"),
    )  # fmt: skip
    max_fps: float = setting(
        0.0, "process at most this many frames of a live camera; 0: no limit", unit="frames/s", low=0, high=240
    )
    max_megapixels: float = setting(
        50.0, "refuse pictures and clips with more pixels than this before they are decoded", unit="megapixels",
        low=0.01, high=10_000, flag="--max-megapixels",
    )  # fmt: skip
    rotate: int = setting(0, "rotate the picture clockwise", unit="degrees", choices=(0, 90, 180, 270))
    flip: str = setting("none", "mirror the picture, after rotating it", choices=("none", "horizontal", "vertical"))
    timeout_s: float = setting(
        5.0, "a live camera without a frame for this long counts as lost", unit="s", low=0.1, high=60
    )
    reopen_s: float = setting(
        1.0, "wait this long before a lost camera is opened again; doubles with each attempt", unit="s",
        low=0.1, high=60,
    )  # fmt: skip
    reopen_max_s: float = setting(10.0, "longest wait between two attempts", unit="s", low=0.1, high=3600)
    stuck_s: float = setting(
        5.0, "restart the service if a camera driver does not respond for this long", unit="s", low=0.1, high=600
    )

    def __post_init__(self) -> None:
        # file:///home/pi/clip.mp4 is that path for everything that reads the settings.
        if isinstance(self.source, str) and (path := local_path(self.source)):
            object.__setattr__(self, "source", path)


@dataclass(frozen=True)
class ModelsSettings:
    """Models and decision thresholds."""

    detector: str = setting(
        "model", "face detector; model: the one in the models folder; haar: OpenCV's cascade, for comparison",
        choices=("model", "haar"), flag="--detector",
    )  # fmt: skip
    dir: str = setting("", "models folder, with a manifest.json; empty: the bundled models", flag="--models", path=True)
    face_score: float = setting(
        0.0,
        "detection threshold for the score of detector and verification together; 0: the model's own (bundled: 0.5)",
        unit="0-1",
        low=0,
        high=1,
    )
    route_on: float = setting(
        0.6, "P(mask) at which a face switches to the model for masked faces", unit="0-1", low=0, high=1
    )
    route_off: float = setting(
        0.4, "P(mask) at which it switches back to the model for bare faces", unit="0-1", low=0, high=1
    )
    incorrect_route: str = setting(
        "masked", "emotion model for a mask below the nose or on the chin", choices=("masked", "bare")
    )
    confidence: float = setting(
        0.35, "an emotion is named from this probability on; a name that is shown stays down to hold below, or to half",
        unit="0-1", low=0, high=1,
    )  # fmt: skip
    min_face_px: float = setting(
        24.0, "a face whose shorter side is below this is reported as too small", unit="px", low=0, high=8192
    )


@dataclass(frozen=True)
class EngineSettings:
    """What runs the models."""

    threads: int = setting(2, "threads per model", unit="threads", low=1, high=64, flag="--threads")
    accelerator: str = setting(
        "auto", "auto: use an Edge TPU if present; edgetpu: also warn if there is none",
        choices=("auto", "cpu", "edgetpu"), flag="--accelerator",
    )  # fmt: skip


@dataclass(frozen=True)
class TrackSettings:
    """Tracking of faces from frame to frame."""

    detect_every: int = setting(2, "detect faces in every n-th frame", unit="frames", low=1, high=1000)
    refresh_hz: float = setting(
        20.0, "mask and emotion updates, shared by all faces; 0: every face in every frame", unit="1/s",
        low=0, high=1000,
    )  # fmt: skip
    smooth_s: float = setting(0.5, "time constant of the smoothing; 0: none", unit="s", low=0, high=60)
    hold: float = setting(
        0.25, "lead in probability that another emotion needs to replace the one shown; 0: none; see also confidence",
        unit="0-1", low=0, high=1,
    )  # fmt: skip
    expire_s: float = setting(1.0, "a face not seen for this long has left", unit="s", low=0, high=3600)
    min_hits: int = setting(
        4,
        "a new face is reported after this many detections, within 1.5 times as many attempts; 1: at once",
        unit="detections", low=1, high=100, old="confirm",
    )  # fmt: skip
    sure_score: float = setting(
        0.75, "a face detected with this score is reported at once", unit="0-1", low=0, high=1, old="confirm_score"
    )
    match_iou: float = setting(
        0.3, "two boxes that overlap at least this much (IoU) are the same face", unit="0-1", low=0.01, high=1
    )


@dataclass(frozen=True)
class FacesSettings:
    """Optional models: what else is seen in each face, on the screen and in the journal."""

    landmarks: bool = setting(False, "68 landmarks of each face")
    gender: bool = setting(
        False, "guess which gender a face is taken for; no model is shipped; read docs/training.md before using it"
    )


@dataclass(frozen=True)
class ScreenSettings:
    """The live picture."""

    kind: str = setting(
        "none", "drm: HDMI without a desktop; window: a window on a desktop", registry=SCREENS, flag="--screen"
    )
    card: str = setting("auto", "the DRM card, such as /dev/dri/card1; auto: the one with a screen")
    connector: str = setting("auto", "the DRM connector, such as HDMI-A-1; auto: the connected one")
    mode: str = setting(
        "auto",
        "size in pixels, such as 1920x1080; auto: the screen's own up to 1280x720, else a smaller one of that shape",
    )
    rotate: int = setting(
        0, "turn the picture clockwise, for a panel mounted upright", unit="degrees", choices=(0, 90, 180, 270)
    )
    style: str = setting(
        "box",
        "how faces are marked, also on the web page: with a box and all results, "
        "or with a circle and only the emotion's name",
        choices=("box", "circle"),
    )
    fullscreen: bool = setting(False, "let the window fill the desktop; the F key toggles it")
    notice: str = setting("", "a line of text for visitors along the bottom edge; empty: none")


@dataclass(frozen=True)
class HealthSettings:
    """Health events."""

    check_s: float = setting(10.0, "read a Pi's temperature and power this often", unit="s", low=1, high=3600)
    throttled_fps: float = setting(
        10.0, "frame rate while a Raspberry Pi is throttled; 0: unchanged", unit="frames/s", low=0
    )
    dark_level: float = setting(
        10.0, "a picture with a mean brightness below this is dark; 0: never", unit="0-255", low=0, high=255
    )
    dark_s: float = setting(5.0, "report a picture that is dark for this long", unit="s", low=0, high=3600)
    slow_s: float = setting(
        1.0, "report a frame that takes longer than this, at most once a minute", unit="s", low=0.01, high=3600
    )


@dataclass(frozen=True)
class Settings:
    """All settings, checked. `edge.config.load` makes them from a file and flags; `Settings()` are the defaults."""

    source: SourceSettings = SourceSettings()
    models: ModelsSettings = ModelsSettings()
    engine: EngineSettings = EngineSettings()
    track: TrackSettings = TrackSettings()
    faces: FacesSettings = FacesSettings()
    journal: JournalSettings = JournalSettings()
    screen: ScreenSettings = ScreenSettings()
    maker: MakerSettings = MakerSettings()
    health: HealthSettings = HealthSettings()
    mqtt: MqttSettings = MqttSettings()
    metrics: MetricsSettings = MetricsSettings()
    web: WebSettings = WebSettings()

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
