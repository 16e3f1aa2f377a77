"""`edge-emotion log summary`: what a journal says, in words, by hour, day or weekday, or as JSON."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from edge.commands.log import between, counted
from edge.journals.groups import Group, Statistics
from edge.journals.reader import read
from edge.journals.summary import Summary, human

WIDE = 20  # characters of the longest bar
QUIET = 31  # more rows than these without a face are one: a clock that was wrong once makes years of them


def show(arguments: argparse.Namespace, files: Sequence[Path]) -> int:
    """Print the summary.

    Raises:
        JournalError: there is no such journal, or it cannot be read.
    """
    summary, statistics = Summary(), Statistics()
    for event in between(counted(read(files)), arguments.since, arguments.until):
        summary.add(event)
        if arguments.by or arguments.json:
            statistics.add(event)
    groups = statistics.by(arguments.by) if arguments.by else {}
    if arguments.json:
        record = summary.record() | {"median_dwell_s": statistics.median_dwell} | statistics.whole().record()
        if arguments.by:
            record[f"by_{arguments.by}"] = {key: group.record() for key, group in groups.items()}
        print(json.dumps(record))
    elif arguments.by and groups:
        print(table(arguments.by, groups))
    else:
        print(summary.text())
    return 0


def table(kind: str, groups: Mapping[str, Group]) -> str:
    """A row a group, with a bar for its faces; many in a row without any are one row."""
    most = max(1, *(group.faces for group in groups.values()))
    wide = max(len(kind), *map(len, groups))
    lines = [f"{kind:<{wide}} {'faces':>6} {'in sight':>14} {'masked':>7}  mostly"]
    quiet: list[str] = []  # rows without a face that are not shown yet
    for key, group in groups.items():
        if not group.faces and not group.in_sight:
            quiet.append(f"{key:<{wide}} {0:>6} {'-':>14} {'-':>7}  -")
            continue
        lines += quiet if len(quiet) <= QUIET else [f"{'...':<{wide}} {0:>6}  on each of {len(quiet)} {kind}s"]
        quiet = []
        shares = group.shares()
        mostly = next((f"{label} {100 * share:.0f} %" for label, share in shares.items()), "-")
        seen, masked = (human(group.in_sight), f"{100 * group.masked:.0f} %") if group.in_sight else ("-", "-")
        bar = "#" * round(WIDE * group.faces / most)
        lines.append(f"{key:<{wide}} {group.faces:>6} {seen:>14} {masked:>7}  {mostly:<15} {bar}".rstrip())
    return "\n".join(lines)
