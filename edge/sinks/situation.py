"""What is the case now, from events and frames: how many faces, what they show, what is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from edge.face import Track
from edge.ports import FrameReport

NOBODY, UNSURE = "none", "unsure"
# The health event that ends a problem, by the one that reports it; "" where none does.
PROBLEMS = {
    "camera-lost": "camera-back",
    "dark": "light",
    "throttled": "recovered",
    "engine-failed": "",  # ends with the next frame that works
    "cpu-fallback": "",  # lasts until a restart
}


class Situation:
    """Folds events and frames.

    Attributes:
        tracks: the faces in sight whose mask and emotion are known.
        paused: whether the camera is switched off.
        problems: what is wrong, in the words of health events, in the order in which it began.
    """

    def __init__(self) -> None:
        self.tracks: tuple[Track, ...] = ()
        self.paused = False
        self.problems: tuple[str, ...] = ()

    def observe(self, report: FrameReport) -> None:
        """A frame was processed."""
        self.tracks = tuple(track for track in report.scene.tracks if track.refreshed is not None)
        if "engine-failed" in self.problems:
            self._solved("engine-failed")

    def write(self, event: Mapping[str, Any]) -> None:
        """An event happened."""
        if event["event"] == "stop":
            self.tracks = ()
        if event["event"] != "health":
            return
        what = str(event.get("what"))
        if what in ("paused", "camera-lost"):
            self.tracks = ()
        if what in ("paused", "resumed"):
            self.paused = what == "paused"
        if what in PROBLEMS and what not in self.problems:
            self.problems = (*self.problems, what)
        for problem, end in PROBLEMS.items():
            if end == what:
                self._solved(problem)

    def _solved(self, problem: str) -> None:
        self.problems = tuple(each for each in self.problems if each != problem)


def dominant(tracks: Sequence[Track]) -> str:
    """The emotion of most faces; of several, the one with the higher probabilities. "none" without a face, "unsure"
    where no face has an emotion to show.
    """
    shown = Counter(track.label for track in tracks if track.label)
    if not shown:
        return UNSURE if tracks else NOBODY
    most = max(shown.values())

    def weight(label: str) -> float:
        return sum(
            float(track.emotion[track.labels.index(label)])
            for track in tracks
            if track.emotion is not None and label in track.labels
        )

    return max((label for track in tracks for label in track.labels if shown.get(label) == most), key=weight)


def masked_share(tracks: Sequence[Track]) -> float | None:
    """The share of the faces with a mask, correctly worn or not, 0-1; None without a face."""
    return sum(track.mask_state != "none" for track in tracks) / len(tracks) if tracks else None


def mean_intensity(tracks: Sequence[Track]) -> float | None:
    """The mean of 1 - P(neutral) over the faces that are large enough to judge, 0-1; None where there is none."""
    known = [track.intensity for track in tracks if track.intensity is not None]
    return sum(known) / len(known) if known else None
