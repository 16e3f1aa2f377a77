"""How long visits last: their number, median, mean and classes, in memory that does not grow with them."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict
from typing import Any

DWELL_S = (2, 5, 10, 30, 60, 300)  # the limits of the classes of dwell time, seconds


class Dwell:
    """Dwell times in classes; the median is the geometric middle of its fine class (within 0.25 %)."""

    SHORTEST, LONGEST, STEP = 0.1, 1e7, 1.005  # the limits of the fine classes, seconds; each is so much longer

    def __init__(self) -> None:
        self._counts = [0] * (len(DWELL_S) + 1)
        self._fine: dict[int, int] = defaultdict(int)
        self._count, self._sum = 0, 0.0

    def add(self, seconds: float) -> None:
        """Count one visit."""
        self._counts[bisect_left(DWELL_S, seconds)] += 1
        level = 0
        if seconds > self.SHORTEST:
            level = math.ceil(math.log(min(seconds, self.LONGEST) / self.SHORTEST, self.STEP))
        self._fine[level] += 1
        self._count, self._sum = self._count + 1, self._sum + max(seconds, 0.0)

    def told(self) -> dict[str, Any]:
        """Visits, median, mean and classes; null where there was no visit."""
        if not self._count:
            return {"visits": 0, "median": None, "mean": None, "classes": []}
        seen, median = 0, 0.0
        for level in sorted(self._fine):
            seen += self._fine[level]
            if 2 * seen >= self._count:
                median = self.SHORTEST * self.STEP ** (level - 0.5)
                break
        limits: list[float | None] = [*DWELL_S, None]
        classes = [{"below": limit, "visits": n} for limit, n in zip(limits, self._counts, strict=True)]
        return {
            "visits": self._count,
            "median": round(median, 1),
            "mean": round(self._sum / self._count, 1),
            "classes": classes,
        }
