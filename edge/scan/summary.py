"""What a file showed, in one row; and all files, in words."""

from __future__ import annotations

import collections
import dataclasses
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from edge.labels import EMOTIONS
from edge.scan.inputs import Problem
from edge.text import printable

OTHERS = ("unsure", "too-small")
REASONS = {"too-small": "too small"}
LISTED = 20  # files that are printed
WIDE = 60  # characters of a name


@dataclass
class FileSummary:
    """What was found in one file, counted row by row.

    Attributes:
        source: its name.
        kind: "picture" or "clip".
        labels: of the emotions, in the order of their columns.
        status: "ok", "failed" (no row) or "incomplete".
    """

    source: str
    kind: str
    labels: Sequence[str] = EMOTIONS
    width: int = 0
    height: int = 0
    seconds: float = 0.0
    frames: int = 0
    frames_with_faces: int = 0
    faces: int = 0
    tracks: int = 0
    masked: int = 0
    intensities: float = 0.0
    judged: int = 0
    status: str = "ok"
    counts: collections.Counter[str] = field(default_factory=collections.Counter)

    def add(self, worn: bool, emotion: str | None, reason: str | None, intensity: float | None) -> None:
        """Count one face."""
        self.faces += 1
        self.masked += worn
        self.counts[emotion or reason or "unsure"] += 1
        if intensity is not None:
            self.intensities += intensity
            self.judged += 1

    @property
    def intensity(self) -> float | None:
        """The mean of 1 - P(neutral) over the faces that could be judged."""
        return self.intensities / self.judged if self.judged else None

    def row(self) -> tuple[Any, ...]:
        """The row of edge.scan.rows.file_columns."""
        clip = self.kind == "clip"
        return (
            self.source, self.kind, self.width or None, self.height or None, self.seconds if clip else None,
            self.frames, self.frames_with_faces, self.faces, self.tracks if clip else None, self.masked,
            self.intensity, *(self.counts[name] for name in (*self.labels, *OTHERS)), self.status,
        )  # fmt: skip


@dataclass
class Totals:
    """All files together."""

    pictures: int = 0
    clips: int = 0
    frames: int = 0
    faces: int = 0
    tracks: int = 0
    failed: int = 0
    incomplete: int = 0
    skipped: int = 0

    def add(self, summary: FileSummary) -> None:
        """Count one more file."""
        self.pictures += summary.kind == "picture"
        self.clips += summary.kind == "clip"
        self.frames += summary.frames
        self.faces += summary.faces
        self.tracks += summary.tracks

    def record(self) -> dict[str, int]:
        """As JSON can hold it."""
        return dataclasses.asdict(self)

    def __str__(self) -> str:
        parts = [
            f"{_counted(self.pictures, 'picture')}, {_counted(self.clips, 'clip')}: {_counted(self.faces, 'face')}"
        ]
        if self.clips:
            parts[0] += f" in {_counted(self.frames, 'sampled frame and picture', 'sampled frames and pictures')}"
        for count, word in ((self.failed, "failed"), (self.incomplete, "incomplete"), (self.skipped, "skipped")):
            if count:
                parts.append(f"{count:,} {word}")
        return "; ".join(parts)


HEAD = ("file", "length", "frames", "faces", "tracks", "masked", "mostly")
WIDTHS = (WIDE, 8, 8, 8, 7, 7, 7)


def line(summary: FileSummary) -> tuple[str, ...]:
    """The cells of a file's line in the readable table."""
    clip, some = summary.kind == "clip", summary.faces > 0
    mostly = "-"
    if summary.status == "failed":
        mostly = "failed"
    elif some:
        order = (*summary.labels, *OTHERS)
        name, count = max(summary.counts.items(), key=lambda item: (item[1], -order.index(item[0])))
        mostly = f"{REASONS.get(name, name)} {100 * count / summary.faces:.0f} %"
    return (
        _shortened(printable(summary.source)), clock(summary.seconds) if clip else "-", str(summary.frames),
        str(summary.faces), str(summary.tracks) if clip else "-",
        f"{100 * summary.masked / summary.faces:.0f} %" if some else "-", mostly,
    )  # fmt: skip


def table(lines: Iterable[tuple[str, ...]], widths: Sequence[int] = WIDTHS) -> Iterator[str]:
    """Lines of text, in columns; numbers to the right."""
    for cells in itertools.chain([HEAD], lines):
        first, *middle, last = cells
        numbers = (f"{cell:>{width}}" for cell, width in zip(middle, widths[1:], strict=False))
        yield "  ".join((f"{first:<{widths[0]}}", *numbers, last)).rstrip()


def widths_of(lines: Sequence[tuple[str, ...]]) -> list[int]:
    """The widths that these lines need."""
    return [max(len(cells[n]) for cells in (HEAD, *lines)) for n in range(len(HEAD))]


def problems_text(problems: Iterable[Problem]) -> Iterator[str]:
    """A line for each file that failed, is incomplete or was skipped."""
    for problem in problems:
        yield f"{problem.kind}: {printable(problem.message)}"


def clock(seconds: float) -> str:
    """A length of time.

    >>> clock(3.21), clock(75), clock(5400)
    ('0:03', '1:15', '1:30:00')
    """
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"


def _shortened(name: str) -> str:
    return name if len(name) <= WIDE else "..." + name[-WIDE + 3 :]


def _counted(count: int, thing: str, things: str = "") -> str:
    return f"{count:,} {thing if count == 1 else things or thing + 's'}"
