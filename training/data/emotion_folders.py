"""Folders of face pictures, `OUT/<usage>/<emotion>/<name>.png`: written from any data set, and what was skipped.

A run that was interrupted goes on where it stopped: a picture is there whole or not at all, and prepared.json says what
the folder was made from, so that two data sets are never mixed by accident.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from edge.errors import EdgeError
from edge.files import replacing
from edge.labels import EMOTIONS
from edge.text import printable
from training import csv_table, markdown
from training.counted import counted
from training.data.fer2013 import USAGES, DataError
from training.data.prepared import NOTES, REPORT, SKIPPED, begin, strays

FLAT = 1.0  # standard deviation of the grey values up to which a picture shows nothing
NAMED = 20  # skipped pictures that are named in the report; skipped.csv has them all


class Unusable(EdgeError):
    """A picture that cannot be used; the message is the reason."""


@dataclass(frozen=True)
class Sample:
    """One picture to write.

    Attributes:
        name: of its file, without .png.
        usage: one of USAGES.
        emotion: one of edge.labels.EMOTIONS.
        read: gives the face, uint8 (H, W) grey, or raises Unusable. Not called for a picture that is there already.
        origin: the file that it comes from, with its folder; "": the name says it.
    """

    name: str
    usage: str
    emotion: str
    read: Callable[[], np.ndarray]
    origin: str = ""


@dataclass(frozen=True)
class Skipped:
    """What cannot be written: its name, the reason, and how many pictures it stands for."""

    name: str
    reason: str
    count: int = 1


@dataclass
class Report:
    """What a run did.

    Attributes:
        counts: pictures by (usage, emotion).
        written: how many of them this run wrote; the others were there.
        skipped: in the order in which they came.
        notes: (picture, what is odd about it); these pictures are kept.
        dropped: further reasons why there are fewer pictures than in the source, and how many.
    """

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    written: int = 0
    skipped: list[Skipped] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)

    @property
    def total(self) -> int:
        """How many pictures there are."""
        return sum(self.counts.values())

    def text(self) -> str:
        """For a person, in Markdown."""
        lines = [self._table(), ""]
        lines.append(
            f"{counted(self.total, 'picture')}: {self.written} written now, {self.total - self.written} already there."
        )
        lines += [f"No picture of {emotion} in {usage}." for usage, emotion in self.empty()]
        reasons: Counter[str] = Counter()
        for one in self.skipped:
            reasons[one.reason] += one.count
        lines.append(f"Skipped: {sum(reasons.values()) or 'nothing'}" + (f", named in {SKIPPED}:" if reasons else "."))
        few = len(self.skipped) <= NAMED
        lines += [f"- {one.name}: {one.reason}{_times(one.count)}" for one in self.skipped if few]
        lines += [f"- {reason}: {count}" for reason, count in reasons.most_common() if not few]
        kinds = Counter(what.partition(" as ")[0] for _, what in self.notes)
        if kinds:
            lines.append(f"Kept, but look at them before you train (named in {NOTES}):")
            lines += [f"- {kind}: {count}" for kind, count in kinds.most_common()]
        return "\n".join(lines)

    def empty(self) -> list[tuple[str, str]]:
        """(usage, emotion) without a picture, of the usages that have any."""
        used = [usage for usage in USAGES if any(self.counts[usage, emotion] for emotion in EMOTIONS)]
        return [(usage, emotion) for usage in used for emotion in EMOTIONS if not self.counts[usage, emotion]]

    def _table(self) -> str:
        rows = []
        for usage in USAGES:
            counts = [self.counts[usage, emotion] for emotion in EMOTIONS]
            if any(counts):
                rows.append([usage, *counts, sum(counts)])
        return markdown.text(["", *EMOTIONS, "all"], rows)


def write(
    items: Iterable[Sample | Skipped],
    out: Path,
    source: Mapping[str, Any],
    progress: Callable[[int], None] = lambda done: None,
) -> Report:
    """Write the pictures below `out`, and report.md, skipped.csv and notes.csv beside them.

    Args:
        items: what there is; names are unique within a usage and emotion, a second one is skipped.
        out: a new or empty folder, or that of an interrupted run on the same source.
        source: what the pictures are made from, as JSON; compared with that of an earlier run.
        progress: told how many items are done.

    Raises:
        DataError: the folder holds something else, or no picture could be written.
    """
    rest = iter(items)
    first = list(itertools.islice(rest, 1))  # a source that cannot be read leaves no folder behind
    begin(out, source)
    report, seen, taken = Report(), _Seen(), set()
    for number, item in enumerate(itertools.chain(first, rest)):
        progress(number)
        if isinstance(item, Skipped):
            report.skipped.append(item)
            continue
        place = Path(item.usage, item.emotion, f"{item.name}.png")
        if place in taken:
            report.skipped.append(
                Skipped(item.origin or str(place), f"{place} was already written from another picture")
            )
            continue
        try:
            png, new = _picture(out / place, item)
        except Unusable as error:
            report.skipped.append(Skipped(item.origin or item.name, str(error)))
            continue
        taken.add(place)
        report.counts[item.usage, item.emotion] += 1
        report.written += new
        report.notes += [(str(place), note) for note in seen.notes(png, item, place)]
    csv_table.write(out / SKIPPED, ("name", "reason", "count"), [(s.name, s.reason, s.count) for s in report.skipped])
    if not report.total:
        raise DataError(f"{printable(out)}: no picture could be written; {_why(report.skipped, out)}")
    report.notes += [(str(place), "not from the source; something else wrote it") for place in strays(out, taken)]
    csv_table.write(out / NOTES, ("picture", "note"), report.notes)
    (out / REPORT).write_text(f"# {out.name}\n\n{report.text()}\n", encoding="utf-8")
    return report


class _Seen:
    """Finds equal pictures by their files: the same pixels give the same PNG."""

    def __init__(self) -> None:
        self._first: dict[bytes, tuple[str, str, Path]] = {}

    def notes(self, png: bytes, item: Sample, place: Path) -> list[str]:
        """What is odd about a picture beside those before it."""
        pixels = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE)
        notes = ["flat, shows nothing"] if pixels is None or pixels.std() <= FLAT else []
        usage, emotion, first = self._first.setdefault(hashlib.sha256(png).digest(), (item.usage, item.emotion, place))
        if first != place:
            where = "in another usage" if usage != item.usage else "again"
            label = " with another emotion" if emotion != item.emotion else ""
            notes.append(f"the same picture {where}{label} as {first}")
        return notes


def _why(skipped: Sequence[Skipped], out: Path) -> str:
    """The commonest reason, with an example."""
    if not skipped:
        return "the source has none"
    reasons: Counter[str] = Counter()
    for one in skipped:
        reasons[one.reason] += one.count
    reason, count = reasons.most_common(1)[0]
    name = next(one.name for one in skipped if one.reason == reason)
    more = f" and {count - 1:,} more" if count > 1 else ""
    return f"{printable(name)}{more}: {reason}; {printable(out / SKIPPED)} names all"


def _picture(path: Path, item: Sample) -> tuple[bytes, bool]:
    """The bytes of a picture's file, and whether they were written now."""
    if path.is_file():
        return path.read_bytes(), False
    done, encoded = cv2.imencode(".png", item.read())
    if not done:
        raise Unusable("OpenCV cannot encode it")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as scratch:
            scratch.write_bytes(encoded.tobytes())
    except OSError as error:
        with contextlib.suppress(OSError):
            path.with_name(f"{path.name}.new").unlink()
        raise DataError(
            f"{printable(path)}: cannot be written ({error.strerror}); the same command goes on once it can"
        ) from None
    return encoded.tobytes(), True


def _times(count: int) -> str:
    return f" ({counted(count, 'picture')})" if count != 1 else ""
