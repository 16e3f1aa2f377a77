"""`edge-emotion log plot`: a timeline as PNG: faces in sight by emotion, with and without mask, and problems."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from edge.clock import from_rfc3339
from edge.commands.log import between
from edge.commands.log_output import new_file
from edge.errors import JournalError, MissingExtra
from edge.journals.reader import read
from edge.journals.spans import Span, Spans
from edge.journals.summary import TROUBLE
from edge.labels import EMOTIONS
from edge.text import printable

LABELS = (*EMOTIONS, "unsure", "too-small")
# Safe for colour-blind readers (Okabe and Ito, 2008); greys stand for no emotion.
COLOURS = ("#d55e00", "#009e73", "#cc79a7", "#f0e442", "#0072b2", "#e69f00", "#56b4e9", "#999999", "#dddddd")
BINS = 240
MARK = "edge-emotion log plot"


def show(arguments: argparse.Namespace, files: Sequence[Path]) -> int:
    """Draw the picture and print its path.

    Raises:
        MissingExtra: matplotlib is not installed.
        JournalError: a journal cannot be read, has nothing to show, or the picture cannot be written.
    """
    spans, troubles = gather(between(read(files), arguments.since, arguments.until))
    if not spans:
        raise JournalError(f"{', '.join(map(str, files))}: no face in this period; nothing to draw")
    with new_file(arguments.out, files, MARK.encode(), "picture", arguments.force) as path:
        draw(spans, troubles, path)
    print(printable(arguments.out))
    return 0


def gather(events: Iterable[Mapping[str, Any]]) -> tuple[list[Span], list[float]]:
    """The spans of faces, and the times of problems (seconds since 1970)."""
    fold, spans, troubles = Spans(), [], []
    for event in events:
        spans += fold.add(event)
        if event["event"] == "health" and event.get("what") in TROUBLE:
            troubles.append(from_rfc3339(event["time"]))
    return spans, troubles


def binned(spans: Sequence[Span], worn: bool, edges: np.ndarray) -> np.ndarray:
    """Faces in sight, averaged over each bin, float (labels, bins); `edges` (bins + 1,) seconds since 1970."""
    totals = np.zeros((len(LABELS), len(edges) - 1))
    for span in spans:
        if span.worn == worn and span.label in LABELS:
            inside = np.minimum(edges[1:], span.wall + span.seconds) - np.maximum(edges[:-1], span.wall)
            totals[LABELS.index(span.label)] += np.maximum(inside, 0.0)
    return totals / np.diff(edges)


def draw(spans: Sequence[Span], troubles: Sequence[float], path: Path) -> None:
    """Two rows of stacked areas over local time.

    Raises:
        MissingExtra: as `show`.
        OSError, ValueError: the picture cannot be written.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtra("log plot needs matplotlib; install it with: pip install 'edge-emotion[plot]'") from None
    begin = min(s.wall for s in spans)
    # At least a second: the times have only so many digits.
    edges = np.linspace(begin, max(begin + 1.0, *(s.wall + s.seconds for s in spans)), BINS + 1)
    times = [datetime.fromtimestamp(t) for t in np.repeat(edges, 2)[1:-1]]
    figure = Figure(figsize=(12, 6), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(2, 1, sharex=True, sharey=True)
    for axis, worn, title in ((axes[0], False, "no mask"), (axes[1], True, "mask")):
        counts = np.repeat(binned(spans, worn, edges), 2, axis=1)
        axis.stackplot(times, counts, labels=LABELS, colors=COLOURS)
        axis.set_ylabel(f"{title}: faces in sight")
        for wall in troubles:
            axis.axvline(datetime.fromtimestamp(wall), color="black", linestyle=":", linewidth=1)
    locator = AutoDateLocator()
    axes[1].xaxis.set_major_locator(locator)
    axes[1].xaxis.set_major_formatter(ConciseDateFormatter(locator))
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right upper", frameon=False)
    # Where the format has such a field, the picture is known as ours, and the next one may replace it.
    field = {".png": "Software", ".svg": "Creator", ".pdf": "Creator"}.get(path.suffix.lower())
    figure.savefig(path, metadata={field: MARK} if field else None)
