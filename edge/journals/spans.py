"""From events to spans of time: how long a face was seen with or without a mask, and with which emotion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edge.clock import from_rfc3339


@dataclass(frozen=True)
class Span:
    """A face in one state.

    Attributes:
        wall: seconds since 1970 at which it begins.
        seconds: how long it lasts.
        track: the number of its track in its run.
        worn: whether the mask is on.
        label: the emotion, or why there is none: "unsure", "too-small".
        intensity: of the emotion at its beginning, 0-1, or None where the journal does not say.
    """

    wall: float
    seconds: float
    track: int
    worn: bool
    label: str
    intensity: float | None = None


@dataclass
class _Open:
    """A track in sight: its state, since when on both clocks, and when it appeared, if that was seen."""

    worn: bool
    label: str
    wall: float
    since: float
    appeared: float | None
    intensity: float | None = None


class Spans:
    """Turns events, in their order, into the spans that they end; it holds only the faces in sight.

    The time between the last event of a run that crashed and the start of the next belongs to no face.

    Attributes:
        wall: when the last event happened, seconds since 1970; of a clip, counted from the start of its run.
    """

    def __init__(self) -> None:
        self._open: dict[int, _Open] = {}
        self._anchor: tuple[float, float] | None = None
        self.wall = 0.0

    def add(self, event: Mapping[str, Any]) -> list[Span]:
        """The spans that end with this event, except empty ones."""
        kind, time = event["event"], float(event.get("monotonic") or 0.0)
        self.wall = wall = self._wall(event, time)
        if kind == "start":
            self._open.clear()
        if kind not in ("appeared", "changed", "sample", "left") or not isinstance(event.get("track"), int):
            return []
        track = event["track"]
        known = self._open.pop(track, None)
        if kind != "left":
            appeared = time if kind == "appeared" else known.appeared if known else None
            label = event.get("emotion") or event.get("reason") or "unsure"
            self._open[track] = _Open(bool(event.get("worn")), label, wall, time, appeared, event.get("intensity"))
        if known is None:
            return []
        # A track ends a while after its face was last seen: only the time until then counts.
        if kind == "left" and known.appeared is not None and event.get("seconds") is not None:
            time = min(time, known.appeared + event["seconds"])
        seconds = time - known.since
        return [Span(known.wall, seconds, track, known.worn, known.label, known.intensity)] if seconds > 0 else []

    def _wall(self, event: Mapping[str, Any], time: float) -> float:
        """When it happened; for a clip, processed faster or slower than real time, counted from its start."""
        wall = from_rfc3339(event["time"])
        if event["event"] == "start":
            self._anchor = None if event.get("live", True) else (wall, time)
        return wall if self._anchor is None else self._anchor[0] + time - self._anchor[1]
