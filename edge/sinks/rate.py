"""Frames per second, as a person reads them: over the last seconds, not from one frame to the next."""

from __future__ import annotations

from edge.clock import Clock

OVER_S = 5.0


class FrameRate:
    """Counts frames.

    Args:
        clock: for the seconds.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since, self._frames, self._rate = clock.monotonic(), 0, 0.0

    def count(self) -> None:
        """One more frame."""
        self._frames += 1

    def per_second(self) -> float:
        """Frames per second over the last complete span of about OVER_S seconds; 0 before there was one."""
        seconds = self._clock.monotonic() - self._since
        if seconds >= OVER_S:
            self._rate = self._frames / seconds
            self._since, self._frames = self._clock.monotonic(), 0
        return self._rate
