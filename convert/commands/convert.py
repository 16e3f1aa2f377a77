"""Convert a Keras model to full-int8 TensorFlow Lite, checked against the float model on real pictures."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from convert import pipeline
from convert.errors import ConversionError, one_line
from convert.load import load
from convert.measure import open_evaluation
from convert.pipeline import Refused, Result
from convert.request import Request
from convert.sources import open_source
from edge.manifest import COLOURS, ModelSpec
from edge.tasks import TASKS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of a conversion."""
    add = parser.add_argument
    add(
        "model",
        type=Path,
        metavar="MODEL",
        help=".keras, .h5, model.json (with --weights), our weights.npz, SavedModel folder",
    )
    add("--weights", type=Path, help="weights (.h5) of a JSON architecture")
    add("--calibrate", type=Path, required=True, metavar="PATH", help="real pictures: a folder, .npz, fer2013.npz, ...")
    add(
        "--evaluate",
        type=Path,
        metavar="PATH",
        help="labelled pictures: accuracy before and after, for --max-loss; or the folder of our data sets: the task's "
        "own figure, as edge-emotion-train evaluate takes it",
    )
    add(
        "--out",
        type=Path,
        metavar="FILE.tflite",
        help="where to write (default DIR/TASK/model.tflite, with --manifest DIR)",
    )
    add("--manifest", type=Path, metavar="DIR", help="a models folder whose manifest.json gets the entry")
    add("--card", type=Path, metavar="FILE.md", help="where to write the card")
    add("--recipe", metavar="NAME|FILE", help="take name, task, texts and [model] from a training recipe")
    add("--task", choices=tuple(TASKS), help="what the device uses it for")
    add("--name", help="what the model is called")
    add("--labels", metavar="A,B,...", help="classes in the order of the outputs")
    add("--low", type=float, help="real value of pixel 0 (default 0)")
    add("--high", type=float, help="real value of pixel 255 (default 1)")
    add("--width", type=int, help="pixels, where the model leaves it open")
    add("--height", type=int, help="pixels, where the model leaves it open")
    add("--colour", choices=tuple(COLOURS), help="where the model leaves it open")
    add(
        "--threshold",
        type=float,
        help="score from which an answer counts (default 0.5); of a mask model with background: see the README",
    )
    add("--margin", type=float, help="side of the square around a face / longer side of its box (default 1)")
    add("--shift", type=float, help="how far down that square moves, in heights of the box (default 0)")
    add("--strides", metavar="8,16,...", help="of a detector: pixels between the points of each level")
    add("--units", metavar="8,20,...", help="of a detector: pixels per unit of distance of each level")
    add("--samples", type=int, help="calibration pictures (default 500)")
    add("--seed", type=int, help="of their draw (default 1)")
    add("--max-loss", type=float, metavar="POINTS", help="accuracy that int8 may lose (default 0.5 points)")
    add("--tolerance", type=float, help="relative error that an output may have (default 0.15)")
    add("--input-type", dest="integer", choices=("int8", "uint8"), help="of input and outputs (default int8)")
    add("--about", metavar="TEXT|FILE", help="for the card: where the training data is from, and its terms")
    add("--failures", metavar="TEXT|FILE", help="for the card: what the model gets wrong")


def main(arguments: argparse.Namespace) -> int:
    """Convert, check, land, say what came of it.

    Raises:
        ConversionError, ModelError, MissingExtra: see convert.pipeline and convert.load.
    """
    request = build_request(arguments)
    out, folder = arguments.out, arguments.manifest
    if out is None:
        if folder is None or not request.task:
            raise ConversionError("--out: expected a place for the .tflite, or --manifest and --task; add one")
        out = folder / request.task / "model.tflite"
    source = open_source(arguments.calibrate, faces=not request.whole)
    evaluation = open_evaluation(arguments.evaluate, request.task) if arguments.evaluate else None
    model = load(arguments.model, arguments.weights)
    try:
        result = pipeline.convert(model, source, request, evaluation)
    except Refused as refusal:
        print("layers that lose most (0: nothing is lost, 1: everything):", file=sys.stderr)
        for layer in refusal.layers:
            print(
                f"  {layer.adds:8.4f} added, {layer.error:8.4f} in all  {layer.kind:18} {layer.name}", file=sys.stderr
            )
        raise
    written = pipeline.land_result(result, out, folder, arguments.card)
    report(result, written)
    return 0


def build_request(arguments: argparse.Namespace) -> Request:
    """Flags over recipe over defaults.

    Raises:
        ConversionError: a flag that makes no sense.
        SettingsError: the recipe cannot be read.
    """
    values: dict[str, Any] = _from_recipe(arguments.recipe) if arguments.recipe else {}
    plain = ("task", "name", "low", "high", "width", "height", "colour", "threshold", "margin", "shift", "samples")
    for key in (*plain, "seed", "max_loss", "tolerance", "integer"):
        if getattr(arguments, key) is not None:
            values[key] = getattr(arguments, key)
    for key in ("about", "failures"):
        if getattr(arguments, key) is not None:
            values[key] = text_or_file(getattr(arguments, key))
    for key, kind in (("labels", str), ("strides", int), ("units", float)):
        if getattr(arguments, key) is not None:
            values[key] = _split(f"--{key}", getattr(arguments, key), kind)
    return Request(**values)


def report(result: Result, written: tuple[Path, ...]) -> None:
    """Say in a few lines what was made; warnings go to stderr."""
    card = result.card
    for warning in result.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    print(f"{card.name}: {card.size:,} bytes, {card.multiply_adds:,} multiply-adds, {card.parameters:,} parameters")
    if card.accuracy:
        a = card.accuracy
        both = f"float {a['float']:.4f}, int8 {a['int8']:.4f} ({a['pictures']} pictures)"
        print(f"{a['figure']} on {a['source']}: {both}")
    else:
        print("accuracy: not measured; --evaluate PATH with labelled pictures does")
    for output in card.checks:
        same = "" if output["agreement"] is None else f", same class {output['agreement']:.4f}"
        print(f"{output['name']}: relative error {output['error']:.4f}{same}")
    for path in written:
        print(f"wrote {path}")


def text_or_file(value: str) -> str:
    """The text itself, or what stands in the file of that name."""
    path = Path(value)
    try:
        return path.read_text(encoding="utf-8") if len(value) < 256 and path.is_file() else value
    except (OSError, UnicodeDecodeError) as error:
        raise ConversionError(f"{path}: cannot read this text ({one_line(error, 80)}); give a UTF-8 file") from None


def _split(flag: str, text: str, kind: type) -> tuple[Any, ...]:
    try:
        return tuple(kind(part.strip()) for part in text.split(",") if part.strip())
    except ValueError:
        raise ConversionError(f"{flag}: expected numbers with commas between, got {text!r}") from None


def _from_recipe(name: str) -> dict[str, Any]:
    from training import recipe

    made = recipe.load(recipe.find(name))
    keys = {f for f in ModelSpec.__dataclass_fields__ if f in Request.__dataclass_fields__} | {"failures"}
    values = {key: tuple(v) if isinstance(v, list) else v for key, v in made.model.items() if key in keys}
    if made.task == "face" and "strides" not in values:
        from convert.load import tensorflow

        tensorflow()  # Keras must come up on TensorFlow
        from training.networks import face

        values |= {"strides": tuple(face.STRIDES), "units": tuple(face.UNITS)}
    return {**values, "name": made.name, "task": made.task, "about": made.about}
