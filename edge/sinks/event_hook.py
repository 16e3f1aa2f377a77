"""on_event: a command of the user's gets each event. Bounded in time and number, it never blocks the loop."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Mapping
from typing import Any

from edge.clock import Clock
from edge.errors import Absent
from edge.journals.jsonl import rounded
from edge.settings import MakerSettings, Settings
from edge.sinks.hook_command import for_a_shell, name, obstacle, words
from edge.sinks.hook_process import HookProcess
from edge.text import printable

_log = logging.getLogger(__name__)

SAID_S = 60.0  # at most one line of what commands print to standard error in this time


class EventHook:
    """Starts the command for each event, with the event as one line of JSON on its standard input.

    Its standard output is dropped; of its standard error, one line a minute at most is logged. When it ends or takes
    too long, everything that it started is ended with it.

    Args:
        settings: the command (split like in a shell, but run without one), its time-out, how many run at once.
        clock: for the time-outs.

    Raises:
        SettingsError: the command cannot be split.
    """

    def __init__(self, settings: MakerSettings, clock: Clock) -> None:
        self._command = words(settings)
        self._timeout_s, self._most = settings.on_event_timeout_s, settings.on_event_max
        self._clock = clock
        self._name = name(self._command)
        self._running: list[tuple[HookProcess, float]] = []
        self._reported: set[str] = set()
        self._said_at: float | None = None
        if advice := for_a_shell(settings):
            _log.warning("on_event: %s: %s", self._name, advice)

    def write(self, event: Mapping[str, Any]) -> None:
        """Start the command for an event; skip the event where too many are running."""
        if not self._command:
            return
        self.tick()
        if len(self._running) >= self._most:
            self._report(f"is already running {self._most} times; events are skipped")
            return
        line = json.dumps(rounded(event), ensure_ascii=False).encode("utf-8", "replace") + b"\n"
        try:
            started = HookProcess(self._command, line)
        except (OSError, ValueError) as error:
            why = obstacle(self._command[0]) or getattr(error, "strerror", None) or error
            self._report(f"cannot be started ({why})")
            return
        self._running.append((started, self._clock.monotonic() + self._timeout_s))

    def tick(self) -> None:
        """Collect what has ended; kill what took too long."""
        left = []
        for process, deadline in self._running:
            code = process.poll()
            if code is not None:
                if code:
                    self._report(f"ended with exit code {code}")
                self._repeat(process.said)
            elif self._clock.monotonic() >= deadline:
                self._report(f"took longer than {self._timeout_s:g} s and was killed")
                process.kill()
                left.append((process, float("inf")))
            else:
                left.append((process, deadline))
        self._running = left

    def close(self) -> None:
        """Kill what still runs."""
        for process, _ in self._running:
            process.kill()
        for process, _ in self._running:
            process.wait(1.0)
        self._running = []

    def _report(self, what: str) -> None:
        """Log each kind of problem once."""
        if what not in self._reported:
            self._reported.add(what)
            _log.warning("on_event: %s %s", self._name, what)

    def _repeat(self, said: bytes) -> None:
        """The first line that a command printed to standard error; once a minute at most."""
        now = self._clock.monotonic()
        if not said.strip() or (self._said_at is not None and now - self._said_at < SAID_S):
            return
        self._said_at = now
        line = said.decode("utf-8", "replace").strip().splitlines()[0]
        _log.warning("on_event: %s said: %s", self._name, printable(line))


def check(settings: Settings) -> str:
    """What would be started, for `edge-emotion doctor`; nothing is.

    Raises:
        SettingsError: the command cannot be split.
        Absent: there is no such command, it cannot be executed, or it needs a shell; `run` only reports that.
    """
    command = words(settings.maker)
    if not command:
        return "an empty command, which is never started"
    if problem := for_a_shell(settings.maker) or obstacle(command[0]):
        raise Absent(f"{name(command)}: {problem}")
    return printable(shutil.which(command[0]) or command[0])


def open_event_hook(settings: Settings, clock: Clock) -> EventHook:
    """The hook of the settings.

    Raises:
        SettingsError: the command cannot be split.
    """
    return EventHook(settings.maker, clock)
