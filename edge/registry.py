"""Cameras, screens and sinks by name: ours are listed here, others come from installed packages.

A package adds an adapter by an entry point whose name is what users write in their settings, for example in setup.cfg:

    [options.entry_points]
    edge_emotion.screens =
        eink = my_package.eink:EInkScreen

An adapter's module is imported only when the adapter is asked for by its name.

What makes a screen or a sink may also have `check(ScreenSettings) -> str` or `check(Settings) -> str`, for
`edge-emotion doctor`: it says what would be used, or raises what making it would raise, and changes nothing; `Absent`
means that `run` starts all the same. A sink may also be a FrameObserver or a ConnectedSink (edge/ports.py).

| group | what the entry point is called with | what it returns |
|---|---|---|
| `edge_emotion.cameras` | `(SourceSettings)` | a Grabber (edge/cameras/live.py); if it has `live = False`: a Camera |
| `edge_emotion.screens` | `(ScreenSettings, Clock, stop)` | a Screen |
| `edge_emotion.sinks` | `(Settings, Clock)` | a Sink |
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from edge.errors import AdapterError, one_line

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


@dataclass(frozen=True)
class Adapter:
    """One of our adapters.

    Attributes:
        target: where it is, as "module:name".
        sources: of a camera: patterns (fnmatch) of the sources that mean it.
        live: of a camera: whether it runs on its own, so that frames are dropped where the loop is late.
        setting: of a sink: the setting that switches it on ("section.key", or a property of the section); empty: it is
            always on.
        check: of a sink: where its check is, as "module:name"; empty: what `target` names has it, if anything.
    """

    target: str
    sources: tuple[str, ...] = ()
    live: bool = False
    setting: str = ""
    check: str = ""


class Registry:
    """The adapters of one kind.

    Args:
        kind: "camera", "screen" or "sink"; others' adapters are entry points of the group "edge_emotion.KINDs".
        builtin: ours, by name; they take precedence.
    """

    def __init__(self, kind: str, builtin: Mapping[str, Adapter]) -> None:
        self.kind, self.builtin = kind, dict(builtin)
        self.group = f"edge_emotion.{kind}s"

    def __contains__(self, name: object) -> bool:
        return name in self.builtin or bool(self._entries(name))

    def installed(self) -> tuple[str, ...]:
        """The names of the adapters that other packages brought."""
        return tuple(sorted(entry.name for entry in self._entries()))

    def load(self, name: str) -> Any:
        """The adapter of that name: what makes a camera, a screen or a sink. Its module is imported now.

        Raises:
            AdapterError: there is none of that name, or it cannot be imported.
        """
        if name in self.builtin:
            return _named(self.builtin[name].target)
        entries = self._entries(name)
        if not entries:
            there = ", ".join((*self.builtin, *self.installed()))
            raise AdapterError(f"{self.kind} {name}: no such {self.kind}; there are: {there}")
        (entry, *_) = entries
        try:
            return entry.load()
        except Exception as error:  # a stranger's module may raise anything
            package = f" of the package {entry.dist.name}" if entry.dist else ""
            reason = f"{type(error).__name__}: {one_line(error)}"
            raise AdapterError(f"{self.kind} {name}{package}: cannot be loaded ({reason}); reinstall it") from None

    def check(self, name: str) -> Any:
        """What says whether the adapter of that name could be opened, and opens nothing; None: it has no such check.

        Raises:
            AdapterError: as `load`.
        """
        if name in self.builtin and self.builtin[name].check:
            return _named(self.builtin[name].check)
        return getattr(self.load(name), "check", None)

    def _entries(self, name: object = None) -> tuple[EntryPoint, ...]:
        """The entry points of that name; None: all of the group."""
        # Imported here, as it is a tenth of a program's start that ours do not need.
        from importlib.metadata import entry_points

        return tuple(entry for entry in entry_points(group=self.group) if name is None or entry.name == name)


CAMERAS = Registry(
    "camera",
    {
        "auto": Adapter("edge.cameras.auto:open_auto", ("auto",), live=True),
        "picamera": Adapter("edge.cameras.pi:PiGrabber", ("picamera",), live=True),
        "v4l2": Adapter(
            "edge.cameras.opencv:open_device",
            ("v4l2:*", "[0-9]", "[0-9][0-9]", "/dev/video*", "/dev/v4l/*"),
            live=True,
        ),
        "stream": Adapter(
            "edge.cameras.opencv:open_stream", ("rtsp://*", "rtsps://*", "http://*", "https://*"), live=True
        ),
        "demo": Adapter("edge.cameras.demo:open_demo", ("demo",)),
        # These by what the file is.
        "folder": Adapter("edge.cameras.folder:open_folder"),
        "animation": Adapter("edge.cameras.animation:open_animation"),
        "clip": Adapter("edge.cameras.clip:open_clip"),
    },
)
SCREENS = Registry(
    "screen",
    {
        "none": Adapter("edge.screens.none:NoScreen"),
        "drm": Adapter("edge.screens.drm:DrmScreen"),
        "window": Adapter("edge.screens.window:WindowScreen"),
    },
)
SINKS = Registry(
    "sink",
    {
        "journal": Adapter("edge.sinks.journal:open_journal", check="edge.sinks.journal:check"),
        "event_hook": Adapter(
            "edge.sinks.event_hook:open_event_hook", setting="maker.on_event", check="edge.sinks.event_hook:check"
        ),
        "mqtt": Adapter("edge.sinks.mqtt:open_mqtt", setting="mqtt.enabled", check="edge.sinks.mqtt_check:check"),
        "metrics": Adapter("edge.sinks.metrics:open_metrics", setting="metrics.on", check="edge.sinks.metrics:check"),
    },
)


def _named(target: str) -> Any:
    module, _, attribute = target.partition(":")
    return getattr(importlib.import_module(module), attribute)


def camera_name(source: str) -> str:
    """The name of the built-in camera that a source means by its words, or "" where it may be a file."""
    scheme, colon, rest = source.partition("://")
    words = scheme.lower() + colon + rest if colon else source  # of an address, the scheme may be in capitals
    for name, adapter in CAMERAS.builtin.items():
        if any(fnmatchcase(words, pattern) for pattern in adapter.sources):
            return name
    return ""
