"""When a frame is processed: a live camera's at a limited rate, a clip's in real time where somebody watches it."""

from __future__ import annotations

LATE_S = 0.25  # a clip that is this late continues from where it is instead of rushing to catch up


class FrameLimiter:
    """Skips frames that come sooner than a rate allows."""

    def __init__(self) -> None:
        self._next = 0.0

    def takes(self, time: float, rate: float) -> bool:
        """Whether a frame of that time, s, is processed at this many frames per second (0: all).

        Time left over from one frame counts for the next: 20 out of 30 frames per second are two of three, not every
        second one.
        """
        if rate <= 0:
            return True
        if time < self._next:
            return False
        self._next = max(self._next, time - 1 / rate) + 1 / rate
        return True


class Playback:
    """Compares a clip's clock with the world's."""

    def __init__(self) -> None:
        self._start: float | None = None
        self._last = 0.0

    def early(self, time: float, now: float) -> float:
        """Seconds until a frame is due, 0 or less where it is; a clip that restarts or is late starts from here.

        Args:
            time: of the frame, s on the clip's clock.
            now: s on the monotonic clock.
        """
        if self._start is None or time < self._last or now - self._start - time > LATE_S:
            self._start = now - time
        self._last = time
        return self._start + time - now
