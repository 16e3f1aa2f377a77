"""This machine's time zone, for a browser that may be in another."""

from __future__ import annotations

from datetime import datetime

STEP_S = 900.0  # zones change at full quarters of an hour


def offsets(begin: float, end: float) -> list[list[float]]:
    """Local time minus UTC from `begin` to `end`, seconds since 1970.

    Returns:
        Rows [from when on, seconds to add to UTC], one more than the clock changes in that time.
    """
    found = [[begin, _offset(begin)]]
    day = 96 * STEP_S
    time = begin
    while time < end:
        # A day at a time; where it ends with another offset, to the quarter of an hour.
        after = min(time + day, end)
        if _offset(after) != found[-1][1]:
            low, high = time, after
            while high - low > STEP_S:
                middle = low + STEP_S * max(1, (high - low) // 2 // STEP_S)
                low, high = (low, middle) if _offset(middle) != found[-1][1] else (middle, high)
            found.append([high, _offset(high)])
        time = after
    return found


def _offset(wall: float) -> float:
    utc = datetime.fromtimestamp(wall).astimezone().utcoffset()
    return utc.total_seconds() if utc is not None else 0.0
