"""A model's card: written by the conversion, never typed. card.json holds the facts, card.md is rendered from it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from convert import card_failures, card_figures
from convert.errors import ConversionError
from edge.errors import one_line
from training.markdown import table


@dataclass(frozen=True)
class ModelCard:
    """The facts of one .tflite; plain values, so that JSON holds them.

    Attributes:
        name, task, sha256: of the model; task "" for a model without a task.
        size: bytes of the file.
        input: width, height, colour, low, high, dtype, scale, zero_point.
        outputs: name, shape, dtype, scale, zero_point of each.
        labels: classes in the order of the outputs.
        parameters, multiply_adds: see convert.tflite and convert.flops.
        operations: kind -> how many.
        calibration: source, samples, seed, checked (pictures compared), fresh (not seen by calibration), warnings.
        checks: convert.check.OutputCheck of each output.
        accuracy: figure, source, pictures, float, int8 (0-1); empty where nothing labelled was given.
        layers: convert.check.LayerCheck of those that lose most.
        latency: milliseconds, threads, machine.
        about: where the training data is from, and its terms.
        failures: what it is known to get wrong, beyond what the figures show.
        figures: what `edge-emotion-train evaluate --json` measured, or nothing yet.
    """

    name: str
    task: str
    sha256: str
    size: int
    input: Mapping[str, Any]
    outputs: Sequence[Mapping[str, Any]]
    labels: Sequence[str]
    parameters: int
    multiply_adds: int
    operations: Mapping[str, int]
    calibration: Mapping[str, Any]
    checks: Sequence[Mapping[str, Any]]
    accuracy: Mapping[str, Any]
    layers: Sequence[Mapping[str, Any]]
    latency: Mapping[str, Any]
    about: str = ""
    failures: str = ""
    figures: Mapping[str, Any] = field(default_factory=dict)

    def with_figures(self, figures: Mapping[str, Any]) -> ModelCard:
        """The card with figures measured later put in; of evaluate's object only the blocks of its task."""
        return replace(self, figures=card_figures.of_task(self.task, figures))


def to_json(card: ModelCard) -> str:
    """The card as JSON text."""
    return json.dumps(asdict(card), indent=2, ensure_ascii=False) + "\n"


def load(path: Path) -> ModelCard:
    """A card from card.json.

    Raises:
        ConversionError: missing, or not a card.
    """
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
        known = {f.name for f in fields(ModelCard)}
        return ModelCard(**{key: value for key, value in document.items() if key in known})
    except OSError as error:
        raise ConversionError(
            f"{path}: cannot read the card ({error.strerror}); fix the path, or convert the model again"
        ) from None
    except (ValueError, TypeError, AttributeError) as error:
        raise ConversionError(f"{path}: not a model's card ({one_line(error, 80)}); convert the model again") from None


def render(card: ModelCard) -> str:
    """The card as Markdown."""
    return "\n".join([*_head(card), *_quantization(card), *_people(card)]) + "\n"


def _head(card: ModelCard) -> Iterator[str]:
    i, late = card.input, card.latency
    pixels = f"pixel 0 is {i['low']:g}, 255 is {i['high']:g}"
    yield f"# {card.name}"
    yield ""
    yield "Written by `edge-emotion-convert`; do not edit, convert again."
    yield ""
    yield from table(
        ("fact", "value"),
        [
            ("task", card.task or "none"),
            ("sha256", f"`{card.sha256}`"),
            ("file", f"{card.size:,} bytes"),
            ("input", f"{i['dtype']}, {i['width']}x{i['height']} {i['colour']}; {pixels}; {_quantized(i)}"),
            *((o["name"], f"{o['dtype']} {tuple(o['shape'])}; {_quantized(o)}") for o in card.outputs),
            ("labels", ", ".join(card.labels) or "none"),
            ("parameters", f"{card.parameters:,}"),
            ("multiply-adds", f"{card.multiply_adds:,}"),
            ("operations", ", ".join(f"{count} {kind}" for kind, count in card.operations.items())),
            ("latency", f"{late['milliseconds']:.3g} ms (median, {late['threads']} thread) on {late['machine']}"),
        ],
    )


def _quantized(tensor: Mapping[str, Any]) -> str:
    return f"scale {tensor['scale']:.8g}, zero point {tensor['zero_point']}"


def _quantization(card: ModelCard) -> Iterator[str]:
    c = card.calibration
    seen = "not seen in calibration" if c["fresh"] else "the calibration pictures themselves"
    yield from ("", "## Quantization", "")
    yield f"Calibrated on {c['samples']} pictures of {c['source']}, seed {c['seed']}."
    yield f"Float and int8 compared on {c['checked']} pictures, {seen}."
    for warning in c["warnings"]:
        yield f"Warning: {warning}."
    yield ""
    if both := card.accuracy or card_figures.before_after(card.task, card.figures):
        figure = both.get("figure", "accuracy")
        count = f", {both['pictures']} pictures" if "pictures" in both else ""
        yield f"{figure[0].upper()}{figure[1:]} before and after, on {both['source']}{count}: " + (
            f"float {both['float']:.4f}, int8 {both['int8']:.4f}."
        )
    else:
        yield "Accuracy before and after: not measured; no labelled set was given."
    yield ""
    yield from table(
        ("output", "relative error", "greatest difference", "same class"),
        [(k["name"], f"{k['error']:.4f}", f"{k['worst']:.4g}", _part(k["agreement"])) for k in card.checks],
    )
    yield from ("", "Layers that lose most (0: nothing, 1: everything):", "")
    yield from table(
        ("layer", "operation", "error", "added here"),
        [(f"`{k['name']}`", k["kind"], f"{k['error']:.4f}", f"{k['adds']:.4f}") for k in card.layers],
    )


def _people(card: ModelCard) -> Iterator[str]:
    yield from ("", "## Figures", "")
    if card.figures:
        yield "Measured by `edge-emotion-train evaluate` on this file, with the device's own code; 0.5 is half."
        yield ""
        yield from card_figures.section(card.figures)
    else:
        yield "Not measured yet; `edge-emotion-convert card DIR --figures FILE.json` adds them."
    yield from ("", "## Data and licences", "", card.about.strip() or "Not stated.")
    yield from ("", "## Known failures", "")
    told = [*card_failures.sentences(card.task, card.figures), *card.failures.splitlines()]
    yield from [f"- {line.strip()}" for line in told if line.strip()] or ["Not stated."]


def _part(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
