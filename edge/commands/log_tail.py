"""`edge-emotion log tail`: the last events, one line each, in local time."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

from edge.clock import Clock, SystemClock, from_rfc3339
from edge.commands.log import between, within
from edge.errors import JournalError
from edge.journals.backwards import read_last
from edge.journals.follow import follow
from edge.journals.summary import REASONS, ROUTES, human
from edge.text import printable

POLL_S = 0.5
SHOWN = ("time", "monotonic", "event")  # what a line shows anyway


def show(arguments: argparse.Namespace, files: Sequence[Path], clock: Clock | None = None) -> int:
    """Print the events; with --follow, go on until Ctrl-C, or the time of --until.

    Raises:
        JournalError: there is no such journal, or there are several to follow.
    """
    if arguments.follow and len(files) > 1:
        raise JournalError(f"cannot follow {len(files)} journals at once; name only one")
    if arguments.follow and not files[0].exists():
        print(f"edge-emotion: {files[0]}: no such journal yet; waiting for it, Ctrl-C ends", file=sys.stderr)
    else:
        for event in read_last(files, arguments.lines, within(arguments.since, arguments.until)):
            print(printable(line(event)), flush=True)
    if arguments.follow:
        clock = clock or SystemClock()

        def wait() -> bool:
            clock.sleep(POLL_S)
            return arguments.until is None or clock.wall() < arguments.until

        for event in between(follow(files[0], wait), None, arguments.until):
            print(printable(line(event)), flush=True)
    return 0


def line(event: Mapping[str, Any], zone: tzinfo | None = None) -> str:
    """One event for a person: "2026-01-31 08:00:01  face 3 changed: mask, happy 83 %, intensity 0.71"."""
    when = f"{datetime.fromtimestamp(from_rfc3339(event['time']), zone):%Y-%m-%d %H:%M:%S}"
    if "track" in event:
        return f"{when}  face {event['track']} {event['event']}: {_face(event)}"
    rest = {key: value for key, value in event.items() if key not in SHOWN}
    what = rest.pop("what", None)
    details = ", ".join(f"{key} {_plain(value)}" for key, value in rest.items() if value not in (None, [], {}))
    return f"{when}  {event['event']}{f' {what}' if what else ''}{f': {details}' if details else ''}"


def _face(event: Mapping[str, Any]) -> str:
    parts = [ROUTES[bool(event.get("worn"))]]
    emotion = event.get("emotion")
    if emotion:
        parts.append(f"{emotion} {100 * (event.get('probabilities') or {}).get(emotion, 0.0):.0f} %")
    else:
        parts.append(REASONS.get(reason := event.get("reason") or "unsure", reason))
    if event.get("intensity") is not None:
        parts.append(f"intensity {event['intensity']:.2f}")
    if event["event"] == "left" and event.get("seconds") is not None:
        parts.append(f"seen for {human(event['seconds'])}")
    return ", ".join(parts)


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return " ".join(f"{key}={_plain(entry)}" for key, entry in value.items())
    if isinstance(value, list):
        return " ".join(map(_plain, value))
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
