"""The times of a clip's frames, from the time stamps of its container."""

from __future__ import annotations

import math

MAX_FPS = 240.0  # a higher rate is a container's unit of time, such as the 1000 that browsers write
MAX_GAP_S = 600.0  # between two frames; a longer one is no pause, but a damaged stamp
MAX_BACK_S = 1.0  # frames out of order; a longer way back is a clip whose stamps begin again


class Timestamps:
    """Turns stamps into times that begin at 0 and always grow.

    A stamp that is missing, not a number, or not after the one before it is replaced by one frame's duration; where
    stamps jump, time goes on from there by the stamps that follow.

    Args:
        fps: frames per second, for what the stamps do not say.
    """

    def __init__(self, fps: float) -> None:
        self._step = 1.0 / fps
        self._time: float | None = None
        self._start = 0.0  # the stamp at which time is 0

    def next(self, stamp: float) -> float:
        """The time of the next frame, in seconds.

        Args:
            stamp: the container's, in seconds.
        """
        known = math.isfinite(stamp)
        if self._time is None:
            self._time, self._start = 0.0, stamp if known else 0.0
            return self._time
        elapsed = stamp - self._start - self._time if known else 0.0
        if 0.0 < elapsed <= MAX_GAP_S:
            # From the start, not added up: sums of durations drift.
            self._time = stamp - self._start
            return self._time
        self._time += self._step
        if known and not -MAX_BACK_S <= elapsed <= 0.0:
            self._start = stamp - self._time
        return self._time


def plausible_fps(declared: float, otherwise: float) -> float:
    """The frame rate that a container declares, or another one where it declares none or nonsense."""
    return declared if math.isfinite(declared) and 0 < declared <= MAX_FPS else otherwise
