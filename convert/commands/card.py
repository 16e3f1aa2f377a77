"""Rewrite a model's card, or those of a models folder, with new figures and texts."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from convert import card as cards
from convert.card import ModelCard
from convert.commands.convert_arguments import text_or_file
from convert.errors import ConversionError
from convert.publish import write_all
from edge import manifest
from edge.errors import one_line

EXAMPLES = ("edge-emotion-convert card models --recipes --figures evaluate.json",)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The card, and what to put in."""
    parser.add_argument(
        "place", type=Path, metavar="DIR|card.json", help="a model's folder, its card.json, or a models folder for all"
    )
    parser.add_argument("--figures", type=Path, metavar="FILE.json", help="what edge-emotion-train evaluate printed")
    parser.add_argument("--about", help="text or file: where the training data comes from, and its terms")
    parser.add_argument("--failures", help="text or file: what the model gets wrong, one per line")
    parser.add_argument("--recipes", action="store_true", help="take both texts from the bundled recipe of that name")


def main(arguments: argparse.Namespace) -> int:
    """Write card.json and card.md of each model.

    Raises:
        ConversionError: a card or the figures cannot be read, or a card cannot be written.
        ModelError: the models folder is not sound.
        SettingsError: a recipe cannot be read, or there is none of a model's name.
    """
    figures = _figures(arguments.figures) if arguments.figures else None
    files: dict[Path, bytes] = {}
    for path in _places(arguments.place):
        made = _with_texts(cards.load(path), arguments)
        if figures is not None:
            made = made.with_figures(figures)
        files |= {path: cards.to_json(made).encode(), path.with_suffix(".md"): cards.render(made).encode()}
    write_all(files)
    for path in files:
        if path.suffix == ".md":
            print(f"wrote {path}")
    return 0


def _places(place: Path) -> Iterator[Path]:
    if not place.is_dir():
        yield place
    elif (place / "manifest.json").is_file():
        listed = manifest.load(place)
        yield from ((place / spec.file).with_name("card.json") for spec in listed.specs.values())
    else:
        yield place / "card.json"


def _with_texts(card: ModelCard, arguments: argparse.Namespace) -> ModelCard:
    about, failures = card.about, card.failures
    if arguments.recipes:
        from training import recipe

        found = recipe.load(recipe.find(card.name))
        about, failures = found.about, str(found.model.get("failures", ""))
    if arguments.about is not None:
        about = text_or_file(arguments.about)
    if arguments.failures is not None:
        failures = text_or_file(arguments.failures)
    return replace(card, about=about, failures=failures)


def _figures(path: Path) -> dict[str, object]:
    try:
        figures = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConversionError(f"{path}: cannot read the figures ({one_line(error, 80)}); write them again") from None
    if not isinstance(figures, dict):
        raise ConversionError(f"{path}: expected one JSON object, got {type(figures).__name__}")
    return figures
