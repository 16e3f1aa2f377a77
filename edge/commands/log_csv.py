"""`edge-emotion log csv`: a table for spreadsheets, one row an event, times in UTC."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from edge.commands.log import between
from edge.commands.log_output import STDOUT, new_file
from edge.journals.reader import read
from edge.labels import EMOTIONS, EXTRA_LABELS, is_extra_label
from edge.text import printable

PLAIN = (
    "time", "monotonic", "event", "track", "score", "mask", "worn", "mask_state", "emotion", "intensity", "reason",
    "seconds",
)  # fmt: skip
BOX = ("left", "top", "right", "bottom")
# The emotions follow, and everything else (in start, stop and health events) goes into one column as JSON.
FIRST = (*PLAIN[:4], *(f"box_{side}" for side in BOX), *PLAIN[4:])
NOT_DETAILS = {*PLAIN, "box", "probabilities"}


def show(arguments: argparse.Namespace, files: Sequence[Path]) -> int:
    """Write the table to --out or standard output.

    Raises:
        JournalError: a journal cannot be read, or the table cannot be written or would replace another file.
    """
    labels = (*EMOTIONS, *_others(read(files, warn=False)))
    events = between(read(files), arguments.since, arguments.until)
    if arguments.out in (None, STDOUT):
        write(events, sys.stdout, labels)
        return 0
    mark = ",".join(FIRST[:9]).encode()
    with (
        new_file(arguments.out, files, mark, "table", arguments.force) as path,
        open(path, "w", encoding="utf-8", newline="") as file,
    ):
        write(events, file, labels)
    return 0


def write(events: Iterable[Mapping[str, Any]], file: TextIO, labels: Sequence[str] = EMOTIONS) -> None:
    """The header and one row an event (RFC 4180, but with plain line ends); a column for each label."""
    table = csv.DictWriter(file, columns(labels), lineterminator="\n")
    table.writeheader()
    for event in events:
        table.writerow(row(event, labels))


def columns(labels: Sequence[str]) -> tuple[str, ...]:
    """The header for these emotions."""
    return (*FIRST, *(f"p_{name}" for name in labels), "details")


def row(event: Mapping[str, Any], labels: Sequence[str] = EMOTIONS) -> dict[str, Any]:
    """The cells of an event; what it does not have stays empty."""
    cells = {key: _cell(event[key]) for key in PLAIN if event.get(key) is not None}
    cells |= {f"box_{side}": value for side, value in zip(BOX, event.get("box") or (), strict=False)}
    cells |= {f"p_{name}": p for name, p in (event.get("probabilities") or {}).items() if name in labels}
    details = {key: value for key, value in event.items() if key not in NOT_DETAILS}
    return cells | ({"details": json.dumps(details, ensure_ascii=False)} if details else {})


def _others(events: Iterable[Mapping[str, Any]]) -> list[str]:
    """The emotions beside the seven that events have probabilities of; no more than a model may have."""
    names = {name for event in events for name in event.get("probabilities") or ()}
    return sorted(filter(is_extra_label, names))[:EXTRA_LABELS]


def _cell(value: Any) -> Any:
    """The value; text without control characters, as a table may be shown on a terminal."""
    return printable(value) if isinstance(value, str) else value
