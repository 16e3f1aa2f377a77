"""A clock that a test controls."""

from __future__ import annotations

from edge.errors import InvalidValue


class FakeClock:
    """A clock that moves only when a test advances it, or when somebody sleeps.

    Attributes:
        slept: every sleep, in seconds.
    """

    def __init__(self, monotonic: float = 0.0, wall: float = 1_700_000_000.0) -> None:
        self._monotonic, self._wall = monotonic, wall
        self.slept: list[float] = []

    def monotonic(self) -> float:
        """Seconds that only grow."""
        return self._monotonic

    def wall(self) -> float:
        """Seconds since 1970."""
        return self._wall

    def sleep(self, seconds: float) -> None:
        """Time passes at once.

        Raises:
            InvalidValue: less than 0, as time.sleep does.
        """
        if seconds < 0:
            raise InvalidValue(f"sleep: expected at least 0 s, got {seconds}")
        self.slept.append(seconds)
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Both clocks move on."""
        self._monotonic += seconds
        self._wall += seconds

    def jump(self, seconds: float) -> None:
        """The time of day is set; the monotonic clock does not notice."""
        self._wall += seconds
