"""Sinks: where events go. One adapter a file; edge/registry.py lists them, and `open_sinks` opens those that are on."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from edge.clock import Clock
from edge.errors import EdgeError, SettingsError, one_line
from edge.ports import ConnectedSink, FrameObserver, FrameReport, Sink, Switch
from edge.registry import SINKS
from edge.settings import Settings

_log = logging.getLogger(__name__)

OWN_KEYS = {"on": "enabled"}  # what people write for a property of a section


def open_sinks(
    settings: Settings, clock: Clock, switch: Switch | None = None, without: Collection[str] = ()
) -> tuple[Sink, ...]:
    """The sinks that the settings switch on: ours, then those of other packages that [maker] sinks names.

    Args:
        settings: which sinks, and how.
        clock: for what is due.
        switch: what pauses the camera, for sinks that take commands; None: nothing does.
        without: names of ours that are left out.

    Raises:
        EdgeError: one of them cannot be opened; those opened before are closed again.
    """
    opened: list[Sink] = []
    with contextlib.ExitStack() as stack:
        for name in builtin_names(settings):
            if name not in without:
                opened.append(SINKS.load(name)(settings, clock))
                stack.callback(opened[-1].close)
        for name in other_names(settings):
            opened.append(GuardedSink(name, lambda make: make(settings, clock)))
            stack.callback(opened[-1].close)
        for sink in opened:
            if isinstance(sink, ConnectedSink):
                sink.connect(switch, tuple(opened))
        stack.pop_all()
    return tuple(opened)


def builtin_names(settings: Settings) -> list[str]:
    """Our sinks that the settings switch on."""
    return [name for name, adapter in SINKS.builtin.items() if enabled(settings, adapter.setting)]


def other_names(settings: Settings) -> list[str]:
    """The sinks of other packages that the settings name.

    Raises:
        SettingsError: one of them is ours: it would be opened twice.
    """
    names = settings.maker.sinks.replace(",", " ").split()
    for name in names:
        if name in SINKS.builtin:
            section, _, key = SINKS.builtin[name].setting.partition(".")
            fix = f"; see [{section}] {OWN_KEYS.get(key, key)}" if section else ""
            raise SettingsError(f"[maker] sinks: expected sinks of other packages, got {name}, which is built in{fix}")
    return names


def enabled(settings: Settings, setting: str) -> bool:
    """Whether a setting ("section.key") switches something on; an empty name does."""
    section, _, key = setting.partition(".")
    return not setting or bool(getattr(getattr(settings, section), key))


class GuardedSink:
    """Another package's sink; what goes wrong in it is logged once and never ends the loop.

    Args:
        name: of its entry point.
        make: calls what the entry point refers to.

    Raises:
        AdapterError: there is no such sink, or it cannot be imported.
        EdgeError: it refused to open.
    """

    def __init__(self, name: str, make: Callable[[Any], Sink]) -> None:
        self._name, self._failed = name, False
        adapter = SINKS.load(name)
        try:
            self._sink = make(adapter)
        except EdgeError:
            raise
        except Exception as error:
            raise EdgeError(f"sink {name}: cannot be opened ({type(error).__name__}: {one_line(error)})") from error

    def write(self, event: Mapping[str, Any]) -> None:
        """Pass on an event."""
        self._guard(lambda: self._sink.write(dict(event)))

    def observe(self, report: FrameReport) -> None:
        """Pass on a frame, if the sink wants them."""
        sink = self._sink
        if isinstance(sink, FrameObserver):
            self._guard(lambda: sink.observe(report))

    def connect(self, switch: Switch | None, sinks: Sequence[Sink]) -> None:
        """Pass on what there is, if the sink wants to know."""
        sink = self._sink
        if isinstance(sink, ConnectedSink):
            self._guard(lambda: sink.connect(switch, sinks))

    def tick(self) -> None:
        """Pass on the turn."""
        self._guard(self._sink.tick)

    def close(self) -> None:
        """Close it."""
        self._guard(self._sink.close)

    def _guard(self, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception as error:  # a stranger's code may raise anything
            if not self._failed:
                what = f"{type(error).__name__}: {one_line(error)}"
                _log.warning("sink %s: failed (%s); it may miss events", self._name, what)
            _log.debug("sink %s", self._name, exc_info=True)
            self._failed = True
