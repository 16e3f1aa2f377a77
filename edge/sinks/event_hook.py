"""on_event: a command of the user's gets each event. Bounded in time and number, it never blocks the loop."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shlex
import signal
import subprocess
from collections.abc import Mapping
from typing import Any

from edge.clock import Clock
from edge.errors import SettingsError
from edge.journals.jsonl import rounded
from edge.settings import MakerSettings, Settings

_log = logging.getLogger(__name__)


class EventHook:
    """Starts the command for each event, with the event as one line of JSON on its standard input.

    Args:
        settings: the command (split like in a shell, but run without one), its time-out, how many run at once.
        clock: for the time-outs.

    Raises:
        SettingsError: the command cannot be split.
    """

    def __init__(self, settings: MakerSettings, clock: Clock) -> None:
        try:
            self._command = shlex.split(settings.on_event)
        except ValueError as error:
            raise SettingsError(f"[maker] on_event: cannot be split into words ({error})") from None
        self._timeout_s, self._most = settings.on_event_timeout_s, settings.on_event_max
        self._clock = clock
        self._running: list[tuple[subprocess.Popen[bytes], float]] = []
        self._reported: set[str] = set()

    def write(self, event: Mapping[str, Any]) -> None:
        """Start the command for an event; skip the event where too many are running."""
        if not self._command:
            return
        self.tick()
        if len(self._running) >= self._most:
            self._report(f"is still running {self._most} times; events are skipped")
            return
        try:
            child = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True
            )
        except OSError as error:
            self._report(f"cannot be started ({error.strerror})")
            return
        self._running.append((child, self._clock.monotonic() + self._timeout_s))
        assert child.stdin is not None
        # A pipe holds 64 KiB and an event is far smaller: this does not wait for the reader.
        os.set_blocking(child.stdin.fileno(), False)
        with contextlib.suppress(OSError), child.stdin:
            child.stdin.write(json.dumps(rounded(event), ensure_ascii=False).encode() + b"\n")

    def tick(self) -> None:
        """Collect what has ended; kill what took too long."""
        left = []
        for child, deadline in self._running:
            if child.poll() is not None:
                if child.returncode:
                    self._report(f"ended with exit code {child.returncode}")
            elif self._clock.monotonic() >= deadline:
                self._report(f"took longer than {self._timeout_s:g} s and was killed")
                _kill(child)
                left.append((child, float("inf")))
            else:
                left.append((child, deadline))
        self._running = left

    def close(self) -> None:
        """Kill what still runs."""
        for child, _ in self._running:
            _kill(child)
        for child, _ in self._running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(1.0)
        self._running = []

    def _report(self, what: str) -> None:
        """Log each kind of problem once."""
        if what not in self._reported:
            self._reported.add(what)
            _log.warning("on_event: %s %s", self._command[0], what)


def _kill(child: subprocess.Popen[bytes]) -> None:
    """Kill it with its own children (it leads a session of its own)."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)


def open_event_hook(settings: Settings, clock: Clock) -> EventHook:
    """The hook of the settings.

    Raises:
        SettingsError: the command cannot be split.
    """
    return EventHook(settings.maker, clock)
