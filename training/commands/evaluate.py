"""edge-emotion-train evaluate: every figure of the models in a folder, through the device's own code.

Prints one JSON object with --json, else a table. What cannot be taken is null, its reason a line on stderr.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from edge import manifest
from training import evaluate
from training.commands.train import positive
from training.evaluate import report, table
from training.evaluate.context import EvaluationContext


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
        "--limit", type=positive, default=0, metavar="N", help="at most N rows of each set, for a quick look"
    )


def main(arguments: argparse.Namespace) -> int:
    """Run the command."""
    context = EvaluationContext(manifest.load(arguments.models), arguments.data, arguments.floats, arguments.limit)
    try:
        only = [name.strip() for name in arguments.only.split(",") if name.strip()]
        figures = evaluate.take(context, only)
    finally:
        context.close()
    for name, reason in context.reasons.items():
        print(f"{name}: not taken: {reason}", file=sys.stderr)
    if arguments.report:
        report.write(figures, arguments.report)
    print(table.as_json(figures) if arguments.json else table.as_text(figures))
    return 0
