"""`edge-emotion log`: read a journal. What is printed for people is in local time; the file and the CSV are in UTC."""

from __future__ import annotations

import argparse
import importlib
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from edge import config
from edge.cli.terminal import Progress
from edge.clock import from_rfc3339
from edge.errors import SettingsError
from edge.journals.location import SERVICE, journal_file
from edge.settings import Settings
from edge.values import whole_number

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
# Such as 2h, 90 min, 2 hours, 1 day ago.
AGO = re.compile(r"(\d+(?:\.\d+)?)\s*(?:([smhdw])|(s|m)(?:ec|in)s?|(second|minute|hour|day|week)s?)(?:\s+ago)?")
DAYS = {"today": 0, "yesterday": 1}

Event = dict[str, Any]

OUTPUTS = {"plot": Path("timeline.png"), "report": Path("report.html"), "csv": None}

EXAMPLES = (
    "edge-emotion log summary --since 2026-01-31",
    "edge-emotion log summary --by weekday",
    "edge-emotion log tail -f",
    "edge-emotion log plot journal.jsonl --out day.png",
    "edge-emotion log report --since 2026-01-01 --until 2026-02-01 --out january.html",
    "edge-emotion log csv journal.jsonl --out journal.csv",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    kinds = parser.add_subparsers(dest="kind", metavar="COMMAND")
    parser.set_defaults(overview=parser)
    for name, about in (
        ("summary", "summarize faces, time with and without masks, and emotions"),
        ("tail", "print the last events, one line each"),
        ("plot", "draw a timeline of the faces (needs the extra 'plot')"),
        ("report", "write a printable page with charts"),
        ("csv", "write a table for spreadsheets, times in UTC"),
    ):
        examples = [line for line in EXAMPLES if line.startswith(f"edge-emotion log {name}")]
        child = kinds.add_parser(name, help=about, description=f"{about[0].upper()}{about[1:]}.", examples=examples)
        child.add_argument(
            "files",
            nargs="*",
            type=Path,
            metavar="FILE",
            help="journals, each with its rotated files (default: the service's journal)",
        )
        child.add_argument(
            "--journal",
            action="append",
            default=[],
            type=Path,
            metavar="FILE",
            help="the same as FILE; run has this flag, too",
        )
        child.add_argument("--config", metavar="FILE", help="settings file; its journal is read if no FILE is given")
        since = (
            "only events from TIME on (local time): 2026-01-31, 2026-01-31T08:00, 08:00, yesterday, "
            "or 2h (two hours ago)"
        )
        child.add_argument("--since", type=moment, metavar="TIME", help=since)
        child.add_argument("--until", type=moment, metavar="TIME", help="only events before TIME")
        if name == "summary":
            child.add_argument(
                "--by", choices=("hour", "day", "weekday"), help="print one line per hour, day or weekday"
            )
            child.add_argument("--json", action="store_true", help="print one JSON object")
        if name == "tail":
            child.add_argument("-f", "--follow", action="store_true", help="keep following (like tail -f)")
            child.add_argument(
                "-n",
                "--lines",
                type=whole_number(0),
                default=10,
                metavar="N",
                help="show the last N events (default: 10)",
            )
        if name in ("plot", "report"):
            child.add_argument("--title", default="", help="title (default: the journal's name)")
        if name in OUTPUTS:
            default = OUTPUTS[name]
            where = {"plot": f"{default}; .png, .svg or .pdf", "report": f"{default}; -: standard output"}.get(
                name, "-, standard output"
            )
            child.add_argument(
                "--out", type=Path, default=default, metavar="FILE", help=f"output file (default: {where})"
            )
            child.add_argument(
                "--force", action="store_true", help="replace FILE even if this command did not write it"
            )


def main(arguments: argparse.Namespace) -> int:
    """0, once the answer is on standard output; without a command, that is the help.

    Raises:
        JournalError: there is no such journal, or it cannot be read.
        SettingsError: --since is not before --until.
    """
    if arguments.kind is None:
        arguments.overview.print_help()
        return 0
    if None not in (arguments.since, arguments.until) and arguments.since >= arguments.until:
        since, until = (f"{datetime.fromtimestamp(t):%Y-%m-%d %H:%M:%S}" for t in (arguments.since, arguments.until))
        raise SettingsError(f"--since {since} is not before --until {until}; swap them, or name the day as well")
    # A shell leaves the ~ of --journal=~/journal.jsonl to us, as it does for `run`.
    files = [*arguments.files, *(Path(os.path.expanduser(file)) for file in arguments.journal)] or [
        default_file(arguments.config, os.environ)
    ]
    return int(importlib.import_module(f"edge.commands.log_{arguments.kind}").show(arguments, files))


def default_file(path: str | None, environment: Mapping[str, str]) -> Path:
    """The journal of a settings file, else of the service that this process is, else of this machine's service.

    Raises:
        SettingsError: the settings are wrong, or their journal is not a file.
    """
    settings = config.load(path) if path is not None else Settings()
    file = journal_file(settings.journal, environment)
    if path and settings.journal.file == "-":
        raise SettingsError(f"{path}: [journal] file: standard output cannot be read; name a journal file")
    return SERVICE if file == "-" else Path(file)


def between(events: Iterator[Event], since: float | None, until: float | None) -> Iterator[Event]:
    """The events from `since` on and before `until`, seconds since 1970 or None; those without a time are skipped."""
    return filter(within(since, until), events)


def counted(events: Iterator[Event]) -> Iterator[Event]:
    """The same events; where reading them takes long, a terminal shows how many there were."""
    progress = Progress(sys.stderr, "events")
    try:
        for number, event in enumerate(events):
            if number % 500 == 0:
                progress.update(number)
            yield event
    finally:
        progress.clear()


def within(since: float | None, until: float | None) -> Callable[[Event], bool]:
    """Whether an event is one of those that `between` leaves."""

    def accepts(event: Event) -> bool:
        try:
            wall = from_rfc3339(event["time"])
        except ValueError:
            return False
        return (since is None or wall >= since) and (until is None or wall < until)

    return accepts


def moment(text: str, now: datetime | None = None) -> float:
    """A time as people write it, local unless it says otherwise, in seconds since 1970.

    Args:
        text: 2026-01-31, 2026-01-31T08:00, 2026-01-31T07:00Z; 08:00 (today); today, yesterday (from midnight);
            90s, 5m, 2h, 3d, 1w or 2 hours (ago).
        now: for tests.

    Raises:
        argparse.ArgumentTypeError: it is none of these.
    """
    now = now or datetime.now()
    ago = AGO.fullmatch(text)
    if text in DAYS:
        text = f"{now - timedelta(days=DAYS[text]):%Y-%m-%d}"
    if re.fullmatch(r"\d{1,2}:\d{2}(:\d{2})?", text):
        text = f"{now:%Y-%m-%d}T{text.zfill(5) if text.count(':') == 1 else text.zfill(8)}"
    try:
        if ago:
            unit = (ago[2] or ago[3] or ago[4])[0]
            back = timedelta(**{UNITS[unit]: float(ago[1])})
            # Two hours are two hours, even if the clock was put forward in them; a day ago is the same time of day.
            return now.timestamp() - back.total_seconds() if unit in "smh" else (now - back).timestamp()
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(
            f"expected a time such as 2026-01-31, 2026-01-31T08:00, 08:00, yesterday or 2h, got {text!r}"
        ) from None
