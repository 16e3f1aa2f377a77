"""A journal by hour of the day, day or day of the week: faces, time in sight, masks, emotions; and dwell times."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta, tzinfo
from statistics import median
from typing import Any

from edge.journals.spans import Span, Spans

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
KEYS: Mapping[str, Callable[[datetime], str]] = {
    "hour": lambda time: f"{time:%H}:00",
    "day": lambda time: f"{time:%Y-%m-%d}",
    "weekday": lambda time: WEEKDAYS[time.weekday()],
}
QUARTER_S = 900  # time zones differ by quarters of an hour
NO_EMOTION = ("unsure", "too-small")

Hour = tuple[str, int]  # a day as 2026-01-31, and its hour


class Group:
    """What happened in one group.

    Attributes:
        faces: how many appeared.
        seconds: faces' time in sight by (worn, label).
    """

    def __init__(self) -> None:
        self.faces = 0
        self.seconds: dict[tuple[bool, str], float] = defaultdict(float)

    @property
    def in_sight(self) -> float:
        """Seconds of all faces together."""
        return sum(self.seconds.values())

    @property
    def masked(self) -> float:
        """The part of that time with a mask, 0-1."""
        worn = sum(seconds for (worn, _), seconds in self.seconds.items() if worn)
        return worn / self.in_sight if self.in_sight else 0.0

    def shares(self, worn: bool | None = None) -> dict[str, float]:
        """The emotions' parts of the time in which one was seen, 0-1, the largest first; only bare or masked faces."""
        totals: dict[str, float] = defaultdict(float)
        for (masked, label), seconds in self.seconds.items():
            if label not in NO_EMOTION and worn in (None, masked):
                totals[label] += seconds
        whole = sum(totals.values())
        return {label: seconds / whole for label, seconds in sorted(totals.items(), key=lambda item: -item[1])}

    def untold(self, worn: bool) -> float:
        """The part of bare or masked faces' time for which no emotion was told, 0-1: too small, or the model unsure."""
        labels = [(label, seconds) for (masked, label), seconds in self.seconds.items() if masked == worn]
        whole = sum(seconds for _, seconds in labels)
        return sum(seconds for label, seconds in labels if label in NO_EMOTION) / whole if whole else 0.0

    def record(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "faces": self.faces,
            "seconds": round(self.in_sight, 1),
            "masked": round(self.masked, 4),
            "emotions": {label: round(share, 4) for label, share in self.shares().items()},
        }

    def add(self, other: Group) -> None:
        """Take another group in."""
        self.faces += other.faces
        for key, seconds in other.seconds.items():
            self.seconds[key] += seconds


class Statistics:
    """Sums up events by the hour of the day on which they were, in local time; grows with hours and visits only.

    Args:
        zone: default: the machine's own.

    Attributes:
        hours: what happened in each hour, by (day, hour).
        dwell: how long each face that left had been in sight, seconds, as float32.
    """

    def __init__(self, zone: tzinfo | None = None) -> None:
        self._zone = zone
        self.hours: dict[Hour, Group] = defaultdict(Group)
        self.dwell = array("f")
        self._spans = Spans()
        self._quarters: dict[int, Hour] = {}

    def add(self, event: Mapping[str, Any]) -> None:
        """Add one event; events come in the order in which they were written."""
        for span in self._spans.add(event):
            for hour, seconds in self._parts(span):
                self.hours[hour].seconds[span.worn, span.label] += seconds
        if event["event"] == "appeared":
            self.hours[self._hour(self._spans.wall)].faces += 1
        elif event["event"] == "left" and isinstance(event.get("seconds"), int | float):
            self.dwell.append(event["seconds"])

    def by(self, kind: str) -> dict[str, Group]:
        """The groups of "hour", "day" or "weekday" in their order, from the first to the last that has something."""
        groups: dict[str, Group] = defaultdict(Group)
        for (day, hour), group in self.hours.items():
            groups[KEYS[kind](_time(day, hour))].add(group)
        return {key: groups.get(key, Group()) for key in self._keys(kind, groups)}

    def whole(self) -> Group:
        """Everything in one."""
        made = Group()
        for group in self.hours.values():
            made.add(group)
        return made

    def days(self) -> list[str]:
        """Every day from the first to the last with anything on it."""
        if not self.hours:
            return []
        first, last = min(day for day, _ in self.hours), max(day for day, _ in self.hours)
        begin = _time(first, 0)
        return [f"{begin + timedelta(days=n):%Y-%m-%d}" for n in range((_time(last, 0) - begin).days + 1)]

    @property
    def median_dwell(self) -> float | None:
        """Seconds; None where no face left."""
        return round(float(median(self.dwell)), 3) if self.dwell else None

    def _keys(self, kind: str, groups: Mapping[str, Group]) -> list[str]:
        if kind == "day":
            return self.days()
        every = WEEKDAYS if kind == "weekday" else [f"{hour:02}:00" for hour in range(24)]
        there = [n for n, key in enumerate(every) if key in groups]
        return list(every[there[0] : there[-1] + 1]) if there else []

    def _hour(self, wall: float) -> Hour:
        quarter = int(wall // QUARTER_S)
        if quarter not in self._quarters:
            time = datetime.fromtimestamp(quarter * QUARTER_S, self._zone)
            self._quarters[quarter] = (f"{time:%Y-%m-%d}", time.hour)
        return self._quarters[quarter]

    def _parts(self, span: Span) -> Iterator[tuple[Hour, float]]:
        """A span cut at full hours."""
        begin, end = span.wall, span.wall + span.seconds
        while begin < end:
            until = min(end, (begin // QUARTER_S + 1) * QUARTER_S)
            yield self._hour(begin), until - begin
            begin = until


def _time(day: str, hour: int) -> datetime:
    return datetime.fromisoformat(day) + timedelta(hours=hour)
