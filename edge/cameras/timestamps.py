"""The times of a clip's frames, from the time stamps of its container."""

from __future__ import annotations

import math

MAX_FPS = 240.0  # a higher rate is a container's unit of time, such as the 1000 that browsers write
MAX_GAP_S = 600.0  # between two frames; a longer one is no pause, but a damaged stamp
WAITING = 0.01  # share of a frame's duration by which time goes on while it waits for the stamps
MAX_SAME = 4  # frames with one stamp, of a container that rounds them
MAX_BACK_S = 1.0  # frames out of order; a longer way back is a clip whose stamps begin again


class Timestamps:
    """Turns stamps into times that begin at 0 and always grow.

    A stamp that is missing or not a number is replaced by one frame's duration; where stamps jump, time goes on from
    there by the stamps that follow. Where a stamp is not after the time, as a few frames have the same one or come in
    the wrong order, time waits for those that follow.

    Args:
        fps: frames per second, for what the stamps do not say.
    """

    def __init__(self, fps: float) -> None:
        self._step = 1.0 / fps
        self._time: float | None = None
        self._start = math.nan  # the stamp at which time is 0; not known before the first stamp
        self._last, self._same = -math.inf, MAX_SAME

    def next(self, stamp: float) -> float:
        """The time of the next frame, in seconds.

        Args:
            stamp: the container's, in seconds.
        """
        known = math.isfinite(stamp)
        # Stamps that never go on, or not for long, say nothing.
        self._same = 0 if stamp > self._last else self._same + 1
        self._last = stamp if known else self._last
        if self._time is None:
            self._time = 0.0
            self._start = stamp if known else math.nan
            self._same = MAX_SAME
            return self._time
        elapsed = stamp - self._start - self._time if known else 0.0
        if 0.0 < elapsed <= MAX_GAP_S:
            # From the start, not added up: sums of durations drift.
            self._time = stamp - self._start
            return self._time
        behind = -MAX_BACK_S <= elapsed <= 0.0
        self._time += self._step * (WAITING if known and behind and self._same <= MAX_SAME else 1.0)
        if known and not behind:  # nor where the start is not known yet
            self._start = stamp - self._time
        return self._time


def plausible_fps(declared: float, otherwise: float) -> float:
    """The frame rate that a container declares, or another one where it declares none or nonsense."""
    return declared if math.isfinite(declared) and 0 < declared <= MAX_FPS else otherwise
