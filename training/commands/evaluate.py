"""edge-emotion-train evaluate: every figure of the models in a folder, through the device's own code.

Prints one JSON object with --json, else a table. What cannot be taken is null, its reason a line on stderr.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from edge import manifest
from edge.cli.terminal import Progress
from edge.values import whole_number
from training import evaluate
from training.data.fer2013 import DataError
from training.evaluate import report, table
from training.evaluate.context import EvaluationContext

EVERY = 20  # runs between two looks at the clock

EXAMPLES = (
    "edge-emotion-train evaluate --data DATA --models models",
    "edge-emotion-train evaluate --data DATA --only mask,landmarks --report report",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument(
        "--models", type=Path, metavar="DIR", help="folder with a manifest.json (default: the bundled models)"
    )
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="the folder with the data sets")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--only", metavar="NAME,...", default="", help=f"measure only these: {', '.join(evaluate.MODULES)}"
    )
    parser.add_argument("--report", type=Path, metavar="DIR", help="also write tables, confusion matrices and plots")
    parser.add_argument(
        "--float", action="store_true", dest="floats", help="also measure the float network of each model"
    )
    parser.add_argument(
        "--limit", type=whole_number(1), default=0, metavar="N", help="at most N rows of each set, for a quick look"
    )


class Shown:
    """How far it is, on a terminal: "5200 model runs for emotion-bare, block 3 of 14".

    Args:
        stream: standard error.
        now: seconds that only grow; for tests.
    """

    def __init__(self, stream: TextIO | None, now: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._now, self._progress, self._runs = stream, now, Progress(None, ""), 0

    def begins(self, name: str, number: int, total: int) -> None:
        """A block of figures is next."""
        self.close()
        self._progress, self._runs = self._line(name, number, total), 0

    def _line(self, name: str, number: int, total: int) -> Progress:
        return Progress(self._stream, f"model runs for {name}, block {number} of {total}", now=self._now)

    def ran(self) -> None:
        """A network ran."""
        self._runs += 1
        if self._runs % EVERY == 0:
            self._progress.update(self._runs)

    def close(self) -> None:
        """Take the line away."""
        self._progress.clear()


def main(arguments: argparse.Namespace) -> int:
    """Run the command.

    Raises:
        DataError: there is no such folder.
    """
    if not arguments.data.is_dir():
        raise DataError(f"{arguments.data}: no such folder; give the one with the data sets with --data")
    shown = Shown(sys.stderr)
    context = EvaluationContext(
        manifest.load(arguments.models), arguments.data, arguments.floats, arguments.limit, ran=shown.ran
    )
    try:
        only = [name.strip() for name in arguments.only.split(",") if name.strip()]
        figures = evaluate.take(context, only, shown.begins)
    finally:
        shown.close()
        context.close()
    for name, reason in context.reasons.items():
        print(f"{name}: not taken: {reason}", file=sys.stderr)
    if arguments.report:
        report.write(figures, arguments.report)
    print(table.as_json(figures) if arguments.json else table.as_text(figures))
    return 0
