"""What a timeline shows of a journal: how many faces were in sight and when, and what else happened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from edge.clock import from_rfc3339
from edge.journals.spans import Span, Spans
from edge.journals.summary import TROUBLE, UNTOLD, extras
from edge.labels import EMOTIONS

LABELS = (*EMOTIONS, *UNTOLD)
EXACT = 2000  # with more changes than this, faces are averaged over bins
BINS = 240
DAY_S = 86400.0
WORDS = {
    "camera-lost": "camera lost", "dark": "dark", "slow": "slow", "throttled": "throttled", "paused": "paused",
    "engine-failed": "model failed", "cpu-fallback": "no accelerator", "failed": "failed",
    "journal-repaired": "journal repaired", "journal-resumed": "journal resumed",
}  # fmt: skip


@dataclass
class Timeline:
    """The spans of faces, and problems.

    Attributes:
        spans: in the order in which they ended.
        marks: (seconds since 1970, in words) of problems and pauses.
        sources: what was watched, each once.
        clip: whether it is one run of something that is no live camera.
    """

    spans: list[Span] = field(default_factory=list)
    marks: list[tuple[float, str]] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    clip: bool = False
    start: float = 0.0

    @classmethod
    def of(cls, events: Iterable[Mapping[str, Any]]) -> Timeline:
        """Of events in the order in which they were written."""
        made, fold, runs = cls(), Spans(), 0
        for event in events:
            made.spans += fold.add(event)
            if event["event"] == "start":
                runs += 1
                made.start = from_rfc3339(event["time"])
                made.clip = runs == 1 and not event.get("live", True)
                source = str(event.get("source", ""))
                if source and source not in made.sources:
                    made.sources.append(source)
            elif event["event"] == "health" and (what := event.get("what")) in (*TROUBLE, "paused"):
                made.marks.append((from_rfc3339(event["time"]), WORDS.get(str(what), str(what))))
        return made

    @property
    def labels(self) -> tuple[str, ...]:
        """What spans can be labelled with: the seven emotions, others that are there, and why there is none."""
        return (*EMOTIONS, *extras(span.label for span in self.spans), *UNTOLD)

    @property
    def begin(self) -> float:
        """Seconds since 1970; of a clip its own beginning."""
        return self.start if self.clip else min(span.wall for span in self.spans)

    @property
    def end(self) -> float:
        """Seconds since 1970, at least a second later."""
        return max(self.begin + 1.0, *(span.wall + span.seconds for span in self.spans))


def edges(timeline: Timeline) -> np.ndarray:
    """Where counts change, seconds since 1970; in a long journal, even bins."""
    inner = {time for span in timeline.spans for time in (span.wall, span.wall + span.seconds)}
    if len(inner) > EXACT:
        return np.linspace(timeline.begin, timeline.end, BINS + 1)
    return np.array(sorted(inner | {timeline.begin, timeline.end}))


def mean_intensity(spans: Sequence[Span], edges: np.ndarray) -> np.ndarray:
    """The mean intensity of the visible faces in each bin, float (bins,), 0-1; NaN where no face is.

    Args:
        spans: those without an intensity do not count.
        edges: float (bins + 1,), seconds since 1970.
    """
    weighted, seconds = np.zeros(len(edges) - 1), np.zeros(len(edges) - 1)
    for span in spans:
        if span.intensity is None:
            continue
        inside = np.minimum(edges[1:], span.wall + span.seconds) - np.maximum(edges[:-1], span.wall)
        seconds += np.maximum(inside, 0.0)
        weighted += np.maximum(inside, 0.0) * span.intensity
    answer = np.full(len(seconds), np.nan)
    np.divide(weighted, seconds, out=answer, where=seconds > 0)
    return answer


def binned(spans: Sequence[Span], worn: bool, edges: np.ndarray, labels: Sequence[str] = LABELS) -> np.ndarray:
    """Faces in sight, averaged over each bin, float (labels, bins); `edges` (bins + 1,) seconds since 1970."""
    totals = np.zeros((len(labels), len(edges) - 1))
    for span in spans:
        if span.worn != worn or span.label not in labels:
            continue
        first = max(int(np.searchsorted(edges, span.wall, "right")) - 1, 0)
        last = max(int(np.searchsorted(edges, span.wall + span.seconds, "left")), first + 1)
        part = edges[first : last + 1]
        inside = np.minimum(part[1:], span.wall + span.seconds) - np.maximum(part[:-1], span.wall)
        totals[labels.index(span.label), first : first + len(inside)] += np.maximum(inside, 0.0)
    return totals / np.diff(edges)
