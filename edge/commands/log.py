"""`edge-emotion log`: read a journal. Local time on the screen; the file and the CSV have UTC."""

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


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="KIND")
    for name, told in (
        ("summary", "time bare and masked, time of each emotion, faces an hour"),
        ("tail", "the last events, a line each"),
        ("plot", "a picture of who was there when (needs the extra 'plot')"),
        ("csv", "a table for spreadsheets, UTC"),
    ):
        child = kinds.add_parser(name, help=told, description=f"{told[0].upper()}{told[1:]}.")
        child.add_argument(
            "files",
            nargs="*",
            type=Path,
            metavar="FILE",
            help="journals, each with its rotated files (default: the service's)",
        )
        child.add_argument("--config", metavar="FILE", help="settings whose journal is read where no FILE is named")
        since = "local time, as 2026-01-31, 2026-01-31T08:00, 08:00, or 2h ago as 2h"
        child.add_argument("--since", type=moment, metavar="T", help=since)
        child.add_argument("--until", type=moment, metavar="T", help="the same")
        if name == "tail":
            child.add_argument("-f", "--follow", action="store_true", help="go on with what is added")
            child.add_argument("-n", "--lines", type=int, default=10, metavar="N", help="so many first (default: 10)")
        if name in ("plot", "csv"):
            default = Path("timeline.png") if name == "plot" else None
            told = "timeline.png" if default else "standard output"
            child.add_argument("--out", type=Path, default=default, metavar="FILE", help=f"default: {told}")


def main(arguments: argparse.Namespace) -> int:
    """0, and what was asked for on standard output.

    Raises:
        JournalError: no such journal, or it cannot be read.
    """
    files = arguments.files or [default_file(arguments.config, os.environ)]
    if arguments.kind != "summary":
        return importlib.import_module(f"edge.commands.log_{arguments.kind}").show(arguments, files)
    summary = Summary()
    for event in between(read(files), arguments.since, arguments.until):
        summary.add(event)
    print(summary.text())
    return 0


def default_file(path: str | None, environment: Mapping[str, str]) -> Path:
    """The journal of a settings file, else of the service that we run in, else of the service of this machine.

    Raises:
        SettingsError: the settings are wrong, or their journal is no file.
    """
    settings = config.load(path) if path else Settings()
    file = journal_file(settings.journal, environment)
    if path and settings.journal.file == "-":
        raise SettingsError(f"{path}: [journal] file: standard output cannot be read; name a journal")
    return SERVICE if file == "-" else Path(file)


def between(events: Iterator[Event], since: float | None, until: float | None) -> Iterator[Event]:
    """The events from `since` on and before `until`, seconds since 1970 or None; those without a time are left out."""
    for event in events:
        try:
            wall = from_rfc3339(event["time"])
        except ValueError:
            continue
        if (since is None or wall >= since) and (until is None or wall < until):
            yield event


def moment(text: str, now: datetime | None = None) -> float:
    """A time as people write it, local where it says nothing else, as seconds since 1970.

    Args:
        text: 2026-01-31, 2026-01-31T08:00, 2026-01-31T07:00Z; 08:00 of today; 90s, 5m, 2h, 3d, 1w ago.
        now: for tests.

    Raises:
        argparse.ArgumentTypeError: none of these.
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
            f"expected a time as 2026-01-31, 2026-01-31T08:00, 08:00 or 2h, got {text!r}"
        ) from None
