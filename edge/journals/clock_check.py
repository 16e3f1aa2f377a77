"""Whether the time of day can be believed before it decides which journals are old enough to be deleted.

A Raspberry Pi without a battery starts in the past, and one with a wrong date may start years ahead.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from pathlib import Path

from edge.clock import RELEASED, Clock
from edge.journals.rotation import Doubt

# Touched by systemd-timesyncd once the clock was set; adjtimex(2) is closed to the service (ProtectClock=).
TIMESYNC = Path("/run/systemd/timesync/synchronized")
TIME_ERROR = 5  # what adjtimex returns for a clock that nothing has synchronized
GAP_S = 7 * 86400.0  # a longer way from the newest entry to now is a jump, until a day has passed
LONGEST_S = 366 * 86400.0  # nobody's device was off for longer: even a synchronized clock says no age across that
JUMP_S, SETTLE_S = 86400.0, 3600.0
STEP_S = 60.0  # by which the time of day is set, not drifting


def synchronized(file: Path = TIMESYNC) -> bool:
    """Whether the kernel or systemd-timesyncd says that the clock was synchronized."""
    if os.path.exists(file):
        return True
    try:
        # struct timex (208 bytes on 64 bits) with its `modes` 0: only asks.
        state: int = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512))
    except (OSError, AttributeError):
        return False
    return state not in (-1, TIME_ERROR)


class ClockCheck:
    """Follows the time of day beside the monotonic clock.

    Believed is a clock that was synchronized, or one that nobody synchronizes once it ran for an hour. After a jump
    ahead of the newest entry, it has to be synchronized and to run for a day. A clock that is behind makes nothing old.

    Args:
        clock: both clocks.
        newest: time of the journal's newest entry, in seconds since 1970; None where there is none.
        is_synchronized: asks the system; replaced in tests.
    """

    def __init__(self, clock: Clock, newest: float | None, is_synchronized: Callable[[], bool] = synchronized) -> None:
        self._clock, self._is_synchronized = clock, is_synchronized
        self._offset = clock.wall() - clock.monotonic()
        self._since = clock.monotonic()
        self._newest = newest
        self._jumped = self._ahead(clock.wall())
        self._steady = self._since  # since when both clocks go on together
        self._gap = max(0.0, clock.wall() - newest) if newest is not None else 0.0  # before that

    def believed(self) -> bool:
        """Whether files may be deleted by their age now."""
        now, wall = self._clock.monotonic(), self._clock.wall()
        jump = wall - now - self._offset
        if abs(jump) > GAP_S:
            self._since, self._jumped = now, jump > 0 or self._ahead(wall)
        if abs(jump) > STEP_S:
            self._steady, self._gap = now, max(self._gap, jump)
        self._offset = wall - now
        if wall < RELEASED:
            return False
        if self._is_synchronized():
            return not self._jumped or now - self._since >= JUMP_S
        return not self._jumped and now - self._since >= SETTLE_S

    def _ahead(self, wall: float) -> bool:
        return self._newest is not None and wall - self._newest > GAP_S

    def longest_gap(self) -> float:
        """The longest time without an entry across which ages are known, in seconds."""
        return LONGEST_S if self._is_synchronized() else GAP_S

    def doubt(self) -> Doubt | None:
        """What cannot be known about the ages of files; None: they are sure."""
        if self._is_synchronized():
            return None
        since = self._clock.wall() - (self._clock.monotonic() - self._steady)
        return Doubt(since, self._gap, GAP_S)
