"""A service manager that remembers what it was sent."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from edge.clock import Clock
from edge.daemon.systemd import Systemd


class FakeSystemd(Systemd):
    """Remembers every message and when it came; nothing is held back, so each turn of a loop is one beat.

    Args:
        clock: for the times.

    Attributes:
        messages: ("ready" | "beat" | "give up" | "stopping", seconds on the clock), in order.
        statuses: the status lines, in order.
        on_status: called with each status line, so that a test can act on it.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__({}, clock)
        self.messages: list[tuple[str, float]] = []
        self.statuses: list[str] = []
        self.on_status: Callable[[str], None] = lambda text: None

    def ready(self, status: str) -> None:
        """Remember it."""
        self._remember("ready")

    def beat(self) -> None:
        """Remember it."""
        self._remember("beat")

    def give_up(self) -> None:
        """Remember it."""
        self._remember("give up")

    def status_due(self) -> bool:
        """Always, so that every status is seen."""
        return True

    def status(self, text: str) -> None:
        """Remember it."""
        self.statuses.append(text)
        self.on_status(text)

    def stopping(self) -> None:
        """Remember it."""
        self._remember("stopping")

    def longest_silence(self) -> float:
        """The longest time between two messages, seconds."""
        times = [at for _, at in self.messages]
        return max(after - before for before, after in pairwise(times))

    def _remember(self, what: str) -> None:
        self.messages.append((what, round(self._clock.monotonic(), 3)))
