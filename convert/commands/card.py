"""Render a model's card again, with figures measured since put in."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

from convert import card as cards
from convert.commands.convert import text_or_file
from convert.errors import ConversionError, one_line
from convert.land import write_all


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The card, and what to put in."""
    parser.add_argument("place", type=Path, metavar="DIR|card.json", help="a model's folder, or its card.json")
    parser.add_argument("--figures", type=Path, metavar="FILE.json", help="what edge-emotion-train evaluate printed")
    parser.add_argument("--about", help="text or file: where the training data is from, and its terms")
    parser.add_argument("--failures", help="text or file: what the model gets wrong")


def main(arguments: argparse.Namespace) -> int:
    """Write card.json and card.md.

    Raises:
        ConversionError: the card or the figures cannot be read, or the card cannot be written.
    """
    path = arguments.place / "card.json" if arguments.place.is_dir() else arguments.place
    made = cards.load(path)
    if arguments.figures:
        made = made.with_figures(_figures(arguments.figures))
    if arguments.about is not None:
        made = replace(made, about=text_or_file(arguments.about))
    if arguments.failures is not None:
        made = replace(made, failures=text_or_file(arguments.failures))
    write_all({path: cards.to_json(made).encode(), path.with_suffix(".md"): cards.render(made).encode()})
    print(f"wrote {path.with_suffix('.md')}")
    return 0


def _figures(path: Path) -> dict[str, object]:
    try:
        figures = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConversionError(f"{path}: cannot read the figures ({one_line(error, 80)}); write them again") from None
    if not isinstance(figures, dict):
        raise ConversionError(f"{path}: expected one JSON object, got {type(figures).__name__}")
    return figures
