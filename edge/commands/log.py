"""`edge-emotion log`: read a journal. What is printed for people is in local time; the file and the CSV are in UTC."""

from __future__ import annotations

import argparse
import importlib
import os
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from edge import config
from edge.clock import from_rfc3339
from edge.errors import SettingsError
from edge.journals.location import SERVICE, journal_file
from edge.journals.reader import read
from edge.journals.summary import Summary
from edge.settings import Settings

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}

Event = dict[str, Any]


EXAMPLES = (
    "edge-emotion log summary --since 2026-01-31",
    "edge-emotion log tail -f",
    "edge-emotion log csv journal.jsonl --out journal.csv",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="COMMAND")
    for name, about in (
        ("summary", "sum up faces, time with and without masks, and emotions"),
        ("tail", "print the last events, one line each"),
        ("plot", "draw a timeline of the faces (needs the extra 'plot')"),
        ("csv", "write a table for spreadsheets, times in UTC"),
    ):
        child = kinds.add_parser(name, help=about, description=f"{about[0].upper()}{about[1:]}.")
        child.add_argument(
            "files",
            nargs="*",
            type=Path,
            metavar="FILE",
            help="journals, each with its rotated files (default: the service's journal)",
        )
        child.add_argument("--config", metavar="FILE", help="settings file that names the journal if no FILE is given")
        since = "only events from TIME on: 2026-01-31, 2026-01-31T08:00, 08:00 (local time), or 2h (two hours ago)"
        child.add_argument("--since", type=moment, metavar="TIME", help=since)
        child.add_argument("--until", type=moment, metavar="TIME", help="only events before TIME")
        if name == "tail":
            child.add_argument("-f", "--follow", action="store_true", help="keep following (like tail -f)")
            child.add_argument(
                "-n", "--lines", type=int, default=10, metavar="N", help="show the last N events (default: 10)"
            )
        if name in ("plot", "csv"):
            default = Path("timeline.png") if name == "plot" else None
            where = default or "standard output"
            child.add_argument("--out", type=Path, default=default, metavar="FILE", help=f"default: {where}")
            child.add_argument(
                "--force", action="store_true", help="replace FILE even if this command did not write it"
            )


def main(arguments: argparse.Namespace) -> int:
    """0, once the answer is on standard output.

    Raises:
        JournalError: there is no such journal, or it cannot be read.
    """
    files = arguments.files or [default_file(arguments.config, os.environ)]
    if arguments.kind != "summary":
        return int(importlib.import_module(f"edge.commands.log_{arguments.kind}").show(arguments, files))
    summary = Summary()
    for event in between(read(files), arguments.since, arguments.until):
        summary.add(event)
    print(summary.text())
    return 0


def default_file(path: str | None, environment: Mapping[str, str]) -> Path:
    """The journal of a settings file, else of the service that this process is, else of this machine's service.

    Raises:
        SettingsError: the settings are wrong, or their journal is not a file.
    """
    settings = config.load(path) if path else Settings()
    file = journal_file(settings.journal, environment)
    if path and settings.journal.file == "-":
        raise SettingsError(f"{path}: [journal] file: standard output cannot be read; name a journal file")
    return SERVICE if file == "-" else Path(file)


def between(events: Iterator[Event], since: float | None, until: float | None) -> Iterator[Event]:
    """The events from `since` on and before `until`, seconds since 1970 or None; those without a time are skipped."""
    for event in events:
        try:
            wall = from_rfc3339(event["time"])
        except ValueError:
            continue
        if (since is None or wall >= since) and (until is None or wall < until):
            yield event


def moment(text: str, now: datetime | None = None) -> float:
    """A time as people write it, local unless it says otherwise, in seconds since 1970.

    Args:
        text: 2026-01-31, 2026-01-31T08:00, 2026-01-31T07:00Z; 08:00 (today); 90s, 5m, 2h, 3d, 1w (ago).
        now: for tests.

    Raises:
        argparse.ArgumentTypeError: it is none of these.
    """
    now = now or datetime.now()
    if match := re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhdw])", text):
        return (now - timedelta(**{UNITS[match[2]]: float(match[1])})).timestamp()
    if re.fullmatch(r"\d{1,2}:\d{2}(:\d{2})?", text):
        text = f"{now:%Y-%m-%d}T{text.zfill(5) if text.count(':') == 1 else text.zfill(8)}"
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(
            f"expected a time such as 2026-01-31, 2026-01-31T08:00, 08:00 or 2h, got {text!r}"
        ) from None
