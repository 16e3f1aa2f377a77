"""`edge-emotion log report`: a page about a journal, with charts, to print or to mail; it needs no other file."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from edge.commands.log import between, counted
from edge.commands.log_output import STDOUT, new_file
from edge.journals.groups import Statistics
from edge.journals.reader import read
from edge.journals.report import Report
from edge.journals.summary import Summary
from edge.text import printable

MARK = "edge-emotion log report"


def show(arguments: argparse.Namespace, files: Sequence[Path]) -> int:
    """Write the page and print its path; or print the page, where the output is `-`.

    Raises:
        JournalError: a journal cannot be read, or the page cannot be written.
    """
    summary, statistics = Summary(), Statistics()
    for event in between(counted(read(files)), arguments.since, arguments.until):
        summary.add(event)
        statistics.add(event)
    title = printable(arguments.title or f"Visitors: {', '.join(path.name for path in files)}")
    page = Report(title, summary, statistics, MARK).page()
    if arguments.out == STDOUT:
        print(page)
        return 0
    with new_file(arguments.out, files, MARK.encode(), "report", arguments.force) as path:
        path.write_text(page, encoding="utf-8")
    print(printable(arguments.out))
    return 0
