"""Write the README's figures from what the measuring commands printed; what is not given stays as it is."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from convert import figures
from convert.errors import ConversionError
from edge import manifest
from edge.errors import one_line

EXAMPLES = ("edge-emotion-convert figures --evaluate evaluate.json",)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The outputs to put in, and the files to write."""
    for part, command in (
        ("evaluate", "edge-emotion-train evaluate"),
        ("peers", "python -m tests.bench.peers"),
        ("detectors", "python -m tests.bench.detectors"),
    ):
        parser.add_argument(f"--{part}", type=Path, metavar="FILE.json", help=f"output of {command} --json")
    parser.add_argument(
        "--models", type=Path, default=Path("models"), metavar="DIR", help="models folder (default: models)"
    )
    parser.add_argument(
        "--readme",
        type=Path,
        default=Path("README.md"),
        metavar="FILE",
        help="the README to write into (default: README.md)",
    )
    parser.add_argument(
        "--store",
        type=Path,
        default=Path("docs/figures.json"),
        metavar="FILE.json",
        help="where the figures are kept (default: docs/figures.json)",
    )


def main(arguments: argparse.Namespace) -> int:
    """Write the store and the README; warn about parts that were taken from other models.

    Raises:
        ConversionError: a file cannot be read, or the README lacks the marks.
        ModelError: the models folder is not sound.
    """
    models = figures.costs(manifest.load(arguments.models))
    store = _json(arguments.store) if arguments.store.exists() else {}
    store["models"] = models
    hashes = {task: cost["sha256"] for task, cost in models.items()}
    for part in figures.PARTS:
        if path := getattr(arguments, part):
            store[part] = {"of": hashes, "values": _json(path)}
    try:
        readme = figures.insert(arguments.readme.read_text(encoding="utf-8"), figures.render(store))
    except (OSError, ValueError) as error:
        raise ConversionError(f"{arguments.readme}: cannot take the figures ({one_line(error)})") from None
    arguments.store.write_text(json.dumps(store, indent=1) + "\n", encoding="utf-8")
    arguments.readme.write_text(readme, encoding="utf-8")
    for part in figures.stale(store, models):
        print(f"{part}: measured with other models; measure again", file=sys.stderr)
    return 0


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConversionError(f"{path}: cannot read the figures ({one_line(error)}); write them again") from None
