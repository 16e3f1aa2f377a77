"""When a frame is looked at: a live camera's no more often than asked, a clip's in its own time where it is watched."""

from __future__ import annotations

LATE_S = 0.25  # a clip that is so late goes on from where it is, instead of rushing after its own clock


class FrameLimiter:
    """Leaves out frames that come sooner than a rate allows."""

    def __init__(self) -> None:
        self._next = 0.0

    def takes(self, time: float, rate: float) -> bool:
        """Whether a frame of that time, s, is looked at at so many a second (0: all); the answer counts as taken.

        What was left over of a frame's time counts for the next: 20 of 30 a second are two of three, not every second.
        """
        if rate <= 0:
            return True
        if time < self._next:
            return False
        self._next = max(self._next, time - 1 / rate) + 1 / rate
        return True


class Playback:
    """Holds a clip's clock against the world's."""

    def __init__(self) -> None:
        self._start: float | None = None
        self._last = 0.0

    def early(self, time: float, now: float) -> float:
        """Seconds until a frame is due, at most 0 where it is; a clip that begins anew or is late starts from here.

        Args:
            time: of the frame, s on the clip's clock.
            now: s on the monotonic clock.
        """
        if self._start is None or time < self._last or now - self._start - time > LATE_S:
            self._start = now - time
        self._last = time
        return self._start + time - now
