"""Convert a Keras model to full-int8 TensorFlow Lite, checked against the float model on real pictures."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from convert import pipeline, publish
from convert.commands.convert_arguments import EXAMPLES, USAGE, add_arguments, build_request
from convert.errors import ConversionError, scratch_full
from convert.load import load
from convert.measure import open_evaluation
from convert.pipeline import Result
from convert.sources import open_source
from convert.verdict import Refused
from edge.cli.terminal import Step
from edge.files import expect_apart

__all__ = ["EXAMPLES", "USAGE", "add_arguments", "main"]


def main(arguments: argparse.Namespace) -> int:
    """Convert, check, publish, report.

    Raises:
        ConversionError, ModelError, MissingExtra: see convert.pipeline and convert.load.
    """
    request = build_request(arguments)
    out, folder = arguments.out, arguments.manifest
    if out is None:
        if folder is None or not request.task:
            raise ConversionError("--out: expected a place for the .tflite, or --manifest and --task; add one")
        out = folder / request.task / "model.tflite"
    texts = (arguments.about, arguments.failures, arguments.recipe)
    read = (arguments.model, arguments.weights, arguments.arch, arguments.calibrate, arguments.evaluate, *texts)
    expect_apart({"--out": out, "--card": arguments.card}, read)
    publish.check_places(out, request.task, folder, arguments.card)
    step = Step(sys.stderr)
    try:
        step.show("reading the pictures")
        source = open_source(arguments.calibrate, faces=not request.whole)
        evaluation = open_evaluation(arguments.evaluate, request.task) if arguments.evaluate else None
        step.show("reading the model")
        model = load(arguments.model, arguments.weights, arguments.arch)
        result = pipeline.convert(model, source, request, evaluation, step.show)
    except Refused as refusal:
        step.show("")
        print("layers that lose most (0: nothing is lost, 1: everything):", file=sys.stderr)
        for layer in refusal.layers:
            print(
                f"  {layer.adds:8.4f} added, {layer.error:8.4f} in total  {layer.kind:18} {layer.name}", file=sys.stderr
            )
        raise
    except OSError as error:
        raise scratch_full(error) or error from None
    finally:
        step.show("")
    written = publish.publish(result, out, folder, arguments.card)
    report(result, written)
    if folder is not None and (before := publish.set_aside_weights(out, arguments.model)):
        print(f"renamed {before.with_suffix('')}, which is of the model before, to {before.name}")
    return 0


def report(result: Result, written: tuple[Path, ...]) -> None:
    """Print in a few lines what was made; warnings go to stderr."""
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
        same = "" if output["agreement"] is None else f", same class {100 * output['agreement']:.1f} %"
        print(f"{output['name']}: relative error {output['error']:.4f}{same}")
    for path in written:
        print(f"wrote {path}")
