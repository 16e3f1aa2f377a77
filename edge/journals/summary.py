"""What a journal says, for a person: who came by, with or without a mask, and with which emotions."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo
from typing import Any

from edge.clock import from_rfc3339, rfc3339
from edge.journals.spans import Span, Spans
from edge.labels import EMOTIONS, EXTRA_LABELS, extra_labels
from edge.text import printable

FEW, LONG = 8, 20  # at most this many faces are described one by one, each with at most this many changes of mask
TROUBLE = (
    "camera-lost", "dark", "slow", "throttled", "engine-failed", "cpu-fallback", "failed", "journal-repaired",
    "journal-resumed", "journal-not-rotated",
)  # fmt: skip
ROUTES = {False: "no mask", True: "mask"}
UNTOLD = ("unsure", "too-small")
WORD = 20  # letters of an emotion's name
REASONS = {"too-small": "too small"}  # why a face has no emotion, in words where the journal's own are not for people


class Summary:
    """Sums up events; what it holds does not grow with their number, except for one entry an hour.

    Attributes:
        faces: tracks that appeared.
        both: tracks that were seen with and without a mask.
        seconds: time by (worn, label).
        watched: seconds of video.
        hours: faces by the hour, which is counted from 1970 (UTC).
        health: problems, and how often each came.
        first, last: the earliest and the latest event, seconds since 1970; in a clip, time goes as fast as in the clip.
    """

    def __init__(self) -> None:
        self.faces = self.both = 0
        self.seconds: dict[tuple[bool, str], float] = defaultdict(float)
        self.watched = 0.0
        self.hours: Counter[int] = Counter()
        self.health: Counter[str] = Counter()
        self.first = self.last = 0.0
        self._began = self._ended = 0.0  # when the first and the last event were written
        self._clip = False  # whether all is of one clip
        self.events = 0
        self._spans = Spans()
        self._routes: dict[int, set[bool]] = {}
        self._mark: float | None = None  # monotonic seconds up to which `watched` counts, None without a camera
        # For each face of a single run with few faces: its stretches with or without mask, and the seconds by label.
        self._stories: dict[int, list[tuple[bool, dict[str, float]]]] | None = {}
        self._runs = 0

    def add(self, event: Mapping[str, Any]) -> None:
        """Add one event; events come in the order in which they were written."""
        kind, what = event["event"], event.get("what")
        self._watch(kind, what, float(event.get("monotonic") or 0.0))
        for span in self._spans.add(event):
            self.seconds[span.worn, span.label] += span.seconds
            self._narrate(span)
        wall, written = self._spans.wall, from_rfc3339(event["time"])
        if not self.events:
            self.first, self._began = wall, written
        # Journals may be given in any order, and a clock may be set back.
        self.first, self.last, self._ended = min(self.first, wall), max(self.last, wall), written
        self.events += 1
        if kind == "start":
            self._runs += 1
            self._clip = self._runs == 1 and not event.get("live", True)
            self._routes.clear()
        elif kind == "appeared":
            self.faces += 1
            self.hours[int(wall // 3600)] += 1
        elif kind == "health" and what in TROUBLE:
            self.health[str(what)] += 1
        self._route(event)

    def _watch(self, kind: str, what: str | None, time: float) -> None:
        """Time counts from one event to the next, except for pauses, lost cameras and the time between two runs."""
        if kind != "start" and self._mark is not None:
            self.watched += max(time - self._mark, 0.0)
        blind = kind == "stop" or what in ("camera-lost", "paused")
        seeing = kind != "health" or what in ("camera-back", "resumed") or self._mark is not None
        self._mark = time if seeing and not blind else None

    def _route(self, event: Mapping[str, Any]) -> None:
        track = event.get("track")
        if not isinstance(track, int):
            return
        seen = self._routes.setdefault(track, set())
        if bool(event.get("worn")) not in seen:
            seen.add(bool(event.get("worn")))
            self.both += len(seen) == 2
        if event["event"] == "left":
            del self._routes[track]

    def _narrate(self, span: Span) -> None:
        if self._stories is None:
            return
        story = self._stories.setdefault(span.track, [])
        if not story or story[-1][0] != span.worn:
            story.append((span.worn, defaultdict(float)))
        story[-1][1][span.label] += span.seconds
        if self._runs > 1 or len(self._stories) > FEW or len(story) > LONG:
            self._stories = None

    def record(self) -> dict[str, Any]:
        """For JSON: the period in UTC, seconds of video, and problems by their name."""
        begin, end = (rfc3339(time) if self.events else None for time in (self.first, self.last))
        watched, problems = round(self.watched, 1), dict(sorted(self.health.items()))
        return {
            "from": begin,
            "to": end,
            "watched_s": watched,
            "events": self.events,
            "both": self.both,
            "problems": problems,
        }

    def text(self, zone: tzinfo | None = None) -> str:
        """A few lines for a person, in local time (or that of `zone`)."""
        if not self.events:
            return "No events."
        begin, end = (datetime.fromtimestamp(t, zone).strftime("%Y-%m-%d %H:%M:%S") for t in (self.first, self.last))
        period = f"From {begin} to {end}: watched {human(self.watched)}"
        if self._clip:
            took = human(max(0.0, self._ended - self._began))
            period = f"{human(self.watched)} of video, processed in {took} at {begin}"
        lines = [period]
        if not self.faces and not self.seconds:
            return "\n".join([*lines, "No faces.", *self._problems()])
        lines += [self._came(zone), self._sight(), "", *self._table()]
        if self._stories and self._runs <= 1:
            lines += ["", *(f"Face {track}: {_story(spans)}" for track, spans in sorted(self._stories.items()))]
        return "\n".join([*lines, *self._problems()])

    def _came(self, zone: tzinfo | None) -> str:
        line = f"Faces: {self.faces}"
        if self.watched >= 3600:
            line += f", {self.faces / (self.watched / 3600):.1f} per hour"
        if len(self.hours) > 1:
            hour, most = max(self.hours.items(), key=lambda item: (item[1], -item[0]))
            line += f", busiest hour from {datetime.fromtimestamp(hour * 3600, zone):%Y-%m-%d %H:%M} ({most})"
        return line + (f"; {self.both} seen both with and without a mask" if self.both else "")

    def _sight(self) -> str:
        total = sum(self.seconds.values())
        parts = []
        for worn, name in ROUTES.items():
            seconds = sum(s for (w, _), s in self.seconds.items() if w == worn)
            parts.append(f"{name} {human(seconds)} ({_percent(seconds, total)})")
        return f"In sight for {human(total)}: {', '.join(parts)}"

    def _table(self) -> list[str]:
        """Time by emotion, one column without and one with mask."""
        seen = {label for _, label in self.seconds}
        labels = [label for label in (*EMOTIONS, *extras(seen), *UNTOLD) if label in seen]
        totals = {w: sum(s for (worn, _), s in self.seconds.items() if worn == w) for w in ROUTES}
        words = {label: printable(REASONS.get(label, label))[:WORD] for label in labels}
        wide = max([10, *map(len, words.values())])
        rows = [f"{'':<{wide}} {ROUTES[False]:>20} {ROUTES[True]:>20}"]
        for label in labels:
            cells = []
            for worn in ROUTES:
                seconds = self.seconds.get((worn, label), 0.0)
                cells.append(f"{human(seconds)} {_percent(seconds, totals[worn]):>5}" if seconds else "-")
            rows.append(f"{words[label]:<{wide}} {cells[0]:>20} {cells[1]:>20}")
        return rows

    def _problems(self) -> list[str]:
        counts = [f"{what} {count} time{'s' * (count != 1)}" for what, count in sorted(self.health.items())]
        return ["", f"Problems: {', '.join(counts)}"] if counts else []


def extras(labels: Iterable[str]) -> list[str]:
    """The emotions beside the seven among the labels of spans, in alphabetical order; no more than a model may have."""
    return sorted({*extra_labels(labels)} - {*UNTOLD})[:EXTRA_LABELS]


def human(seconds: float) -> str:
    """A duration as people write it: "9.5 s", "3 min 20 s", "2 h 5 min", "3 d 4 h"."""
    if round(seconds, 1) < 60:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for size, name, below, less in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            return f"{whole // size} {name} {whole % size // below} {less}"
    raise AssertionError(seconds)


def _percent(part: float, total: float) -> str:
    return f"{100 * part / total:.0f} %" if total else "-"


def _story(stretches: list[tuple[bool, dict[str, float]]]) -> str:
    """One face from first to last: each stretch with or without a mask, and what it mostly showed."""
    parts = []
    for worn, by_label in stretches:
        total = sum(by_label.values())
        label, seconds = max(by_label.items(), key=lambda item: item[1])
        shown = printable(REASONS.get(label, label))
        parts.append(f"{ROUTES[worn]} {human(total)}, most often {shown} ({_percent(seconds, total)} of it)")
    return "; then ".join(parts)
