"""A sink that remembers its events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edge.errors import InvalidValue


class FakeSink:
    """Remembers what was written; it can fail.

    Attributes:
        events: what was written, in order, without the time of day, so that two runs can be compared.
        times: the time of day of each event, or "" where it had none.
        ticks: how often tick was called.
        failure: an error that write and tick raise, or None.
        closed: whether close was called; writing then raises.
    """

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.times: list[str] = []
        self.ticks = 0
        self.failure: Exception | None = None
        self.closed = False

    def write(self, event: Mapping[str, Any]) -> None:
        """Remember it.

        Raises:
            InvalidValue: the sink was closed.
        """
        if self.closed:
            raise InvalidValue("fake sink: expected an open sink, got a closed one")
        if self.failure:
            raise self.failure
        self.events.append({key: value for key, value in event.items() if key != "time"})
        self.times.append(event.get("time", ""))

    def tick(self) -> None:
        """Count it."""
        if self.failure:
            raise self.failure
        self.ticks += 1

    def close(self) -> None:
        """Remember it."""
        self.closed = True

    def kinds(self) -> list[str]:
        """What happened, in order: the kind of each event, and what a health event is about."""
        return [event.get("what", event["event"]) for event in self.events]
