"""`edge-emotion log plot`: a timeline as a picture: faces in sight by emotion, with and without mask, and problems."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from edge.commands.log import between, counted
from edge.commands.log_output import is_special, new_file
from edge.errors import JournalError, MissingExtra
from edge.files import expect_suffix
from edge.journals.reader import read
from edge.journals.summary import REASONS, ROUTES, WORD
from edge.journals.timeline import DAY_S, Timeline, binned, edges, mean_intensity
from edge.labels import EMOTIONS
from edge.machine import pip_install
from edge.text import printable
from edge.vision import palette

MARK = "edge-emotion log plot"
SUFFIXES = (".png", ".svg", ".pdf")
DAYS = 3  # a longer period is shown day by day
TICKS = 16
LINE = "#1f6fb2"
MARKS = 12  # with more problems than this, only the first of each kind has its words
# On white, neutral is grey.
COLOURS = {name: "#" + bytes(palette.of(name)).hex() for name in EMOTIONS} | {
    "neutral": "#a9adb2", "unsure": "#d3d6d9", "too-small": "#e9ebed",
}  # fmt: skip
OTHER = "#" + bytes(palette.OTHER).hex()  # an emotion beside the seven


def show(arguments: argparse.Namespace, files: Sequence[Path]) -> int:
    """Draw the picture and print its path.

    Raises:
        MissingExtra: matplotlib is not installed.
        OutputError: the output is not named like a picture.
        JournalError: a journal cannot be read, has nothing to show, or the picture cannot be written.
    """
    if not is_special(arguments.out):
        expect_suffix(arguments.out, SUFFIXES)
    timeline = Timeline.of(between(counted(read(files)), arguments.since, arguments.until))
    if not timeline.spans:
        raise JournalError(f"{', '.join(map(str, files))}: no face in this period; nothing to draw")
    with new_file(arguments.out, files, MARK.encode(), "picture", arguments.force) as path:
        draw(timeline, arguments.title or title(timeline, files), path)
    print(printable(arguments.out))
    return 0


def title(timeline: Timeline, files: Sequence[Path]) -> str:
    """Such as "Faces in sight: clip.mp4, 2026-01-31 08:00 to 09:30"."""
    begin, end = (datetime.fromtimestamp(time) for time in (timeline.begin, timeline.end))
    names = timeline.sources if len(timeline.sources) == 1 else [path.name for path in files]
    name = ", ".join(Path(name).name if "://" not in name else name for name in names)
    if timeline.clip:
        return f"Faces in sight: {printable(name)}"
    until = f"{end:%H:%M}" if begin.date() == end.date() else f"{end:%Y-%m-%d %H:%M}"
    return f"Faces in sight: {printable(name)}, {begin:%Y-%m-%d %H:%M} to {until}"


def draw(timeline: Timeline, heading: str, path: Path) -> None:
    """Rows over time: faces without and with mask, as areas or, of a long period, bars of hours a day; and intensity.

    Raises:
        MissingExtra: as `show`.
        OSError, ValueError: the picture cannot be written.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.ticker import MaxNLocator
    except ImportError:
        raise MissingExtra(f"log plot needs matplotlib; install it with: {pip_install('plot')}") from None
    figure = Figure(figsize=(12, 6), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    # A dollar sign in a name begins no formula.
    figure.suptitle(printable(heading), fontsize=14, x=0.01, ha="left", parse_math=False)
    told = any(span.intensity is not None for span in timeline.spans)
    every = figure.subplots(2 + told, 1, sharex=True, height_ratios=(2, 2, 1)[: 2 + told])
    axes = every[:2]
    axes[1].sharey(axes[0])
    by_day = not timeline.clip and timeline.end - timeline.begin > DAYS * DAY_S
    shown: dict[str, Any] = {}
    for axis, worn in zip(axes, ROUTES, strict=True):
        shown |= _days(axis, timeline, worn) if by_day else _areas(axis, timeline, worn)
        axis.set_title(ROUTES[worn], loc="left", fontsize=11)
        axis.set_ylabel("hours in sight, all faces" if by_day else "faces")
        axis.set_ylim(bottom=0)
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(axis="y", color="#e3e6e8", linewidth=0.8)
        axis.set_axisbelow(True)
        if not by_day:
            axis.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    if not by_day:
        axes[0].set_ylim(top=max(1.0, axes[0].get_ylim()[1]))
    if told:
        _intensity(every[2], timeline, by_day)
    (_day_axis if by_day else _time_axis)(every[-1], timeline)
    _marks(every, timeline, by_day)
    order = [label for label in timeline.labels if label in shown]
    words = [printable(REASONS.get(label, label))[:WORD] for label in order]
    figure.legend([shown[label] for label in order], words, loc="outside right upper", frameon=False)
    # By this field the picture is known as ours, and the next one may replace it.
    field = {".svg": "Creator", ".pdf": "Creator"}.get(path.suffix.lower(), "Software")
    # /dev/stdout, or the file that it is redirected to, takes a PNG.
    kind = path.suffix[1:].lower() if path.suffix.lower() in SUFFIXES else "png"
    figure.savefig(path, format=kind, metadata={field: MARK})


def _colour(label: str) -> str:
    return COLOURS.get(label, OTHER)


def _areas(axis: Any, timeline: Timeline, worn: bool) -> dict[str, Any]:
    """Stacked areas of the faces in sight; what stands for each label in the legend."""
    bounds, labels = edges(timeline), timeline.labels
    counts = binned(timeline.spans, worn, bounds, labels)
    there = [n for n in range(len(labels)) if counts[n].any()]
    times = [_place(timeline, time) for time in np.repeat(bounds, 2)[1:-1]]
    if not there:
        axis.plot([times[0], times[-1]], [0, 0], alpha=0)
        return {}
    made = axis.stackplot(
        times, np.repeat(counts[there], 2, axis=1), colors=[_colour(labels[n]) for n in there], linewidth=0
    )
    return {labels[n]: area for n, area in zip(there, made, strict=True)}


def _days(axis: Any, timeline: Timeline, worn: bool) -> dict[str, Any]:
    """Stacked bars, one a day: hours in sight."""
    days = _dates(timeline)
    midnights = np.array([day.timestamp() for day in (*days, days[-1] + timedelta(days=1))])
    hours = binned(timeline.spans, worn, midnights, timeline.labels) * np.diff(midnights) / 3600
    made, base = {}, np.zeros(len(days))
    for label, values in zip(timeline.labels, hours, strict=True):
        # A clock that was not set yet leaves decades without a face; each bar takes matplotlib a millisecond.
        there = np.flatnonzero(values)
        if there.size:
            places = [days[n] for n in there]
            made[label] = axis.bar(places, values[there], 0.82, bottom=base[there], color=_colour(label))
            base = base + values
    return made


def _intensity(axis: Any, timeline: Timeline, by_day: bool) -> None:
    """Plot the mean intensity of the visible faces: a line with gaps where nobody is seen, or one point per day."""
    axis.set_title("intensity, 1 - P(neutral), mean of the faces", loc="left", fontsize=11)
    axis.set_ylim(0, 1)
    axis.spines[["top", "right"]].set_visible(False)
    axis.grid(axis="y", color="#e3e6e8", linewidth=0.8)
    if by_day:
        days = _dates(timeline)
        midnights = np.array([day.timestamp() for day in (*days, days[-1] + timedelta(days=1))])
        axis.plot(days, mean_intensity(timeline.spans, midnights), "o", color=LINE, markersize=4)
        return
    bounds = edges(timeline)
    times = [_place(timeline, time) for time in np.repeat(bounds, 2)[1:-1]]
    axis.plot(times, np.repeat(mean_intensity(timeline.spans, bounds), 2), color=LINE, linewidth=1.5)


def _place(timeline: Timeline, wall: float) -> Any:
    """Where a time is on the axis: local time, or seconds from the beginning of a clip."""
    return wall - timeline.start if timeline.clip else datetime.fromtimestamp(wall)


def _time_axis(axis: Any, timeline: Timeline) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    axis.set_xlim(_place(timeline, timeline.begin), _place(timeline, timeline.end))
    if timeline.clip:
        axis.set_xlabel("seconds from the beginning")
        return
    locator = AutoDateLocator(minticks=4)
    axis.xaxis.set_major_locator(locator)
    axis.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    axis.set_xlabel("local time")


def _day_axis(axis: Any, timeline: Timeline) -> None:
    days = _dates(timeline)
    shown = days[:: math.ceil(len(days) / TICKS)]
    axis.set_xticks(shown, [f"{day:%b} {day.day}" for day in shown])
    axis.set_xlim(days[0] - timedelta(days=0.6), days[-1] + timedelta(days=0.6))


def _dates(timeline: Timeline) -> list[datetime]:
    """Midnight of every day, local time."""
    first, last = (datetime.fromtimestamp(time).date() for time in (timeline.begin, timeline.end))
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [datetime(day.year, day.month, day.day) for day in days]


def _marks(axes: Sequence[Any], timeline: Timeline, by_day: bool) -> None:
    """A line for each problem while faces were in sight, with its word where there is room."""
    said: set[str] = set()
    first, last = sorted(axes[0].get_xlim())
    for wall, words in timeline.marks if not timeline.clip else ():
        place = _place(timeline, wall)
        if by_day:  # the day's own bar
            place = place.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(hours=12)
        # Words far outside of the axes would leave no room for these.
        if not first <= axes[0].convert_xunits(place) <= last:
            continue
        for axis in axes:
            axis.axvline(place, color="#30343a", linestyle=":", linewidth=1)
        if words not in said or (len(timeline.marks) <= MARKS and not by_day):
            where = {"xytext": (3, -3), "textcoords": "offset points", "rotation": 90, "va": "top", "fontsize": 9,
                     "parse_math": False}  # fmt: skip
            axes[0].annotate(words, (place, 1), xycoords=("data", "axes fraction"), **where)
        said.add(words)
