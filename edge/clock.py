"""The clock, passed to whatever needs one: tests bring their own (edge.testing.FakeClock)."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol

# 2026-11-27, when this version was made: a clock that says less is wrong. Set anew with each release.
RELEASED = 1_795_737_600.0


class Clock(Protocol):
    """Seconds that only grow, the time of day, and a wait."""

    def monotonic(self) -> float:
        """Seconds that only grow."""

    def wall(self) -> float:
        """Seconds since 1970 (UTC)."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The machine's own clock."""

    def monotonic(self) -> float:
        """Seconds that only grow, whatever happens to the time of day."""
        return time.monotonic()

    def wall(self) -> float:
        """Seconds since 1970 (UTC); it may jump, a Pi boots in the past."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait; a signal's handler runs meanwhile."""
        time.sleep(seconds)


def rfc3339(wall: float) -> str:
    """Seconds since 1970 as RFC 3339 in UTC with milliseconds: 2026-01-31T12:34:56.789Z."""
    return datetime.fromtimestamp(round(wall, 3), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_rfc3339(text: str) -> float:
    """The reverse.

    Raises:
        ValueError: not such a time.
    """
    return datetime.fromisoformat(text).timestamp()
