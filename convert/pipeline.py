"""The whole conversion: quantize, check, refuse or land. Nothing is written before everything has passed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from convert import card as cards
from convert import check, device, flops, publish, tflite
from convert.calibrate import Calibration, draw
from convert.check import Accuracy, LayerCheck, OutputCheck
from convert.errors import ConversionError
from convert.load import FloatModel
from convert.measure import Evaluation, measure
from convert.quantize import quantize, real_values, to_float
from convert.request import Request, colour_of, spec_of, view_of
from convert.runner import Runner, finite, machine
from convert.sources import Source, View
from edge.manifest import ModelSpec


@dataclass(frozen=True)
class Result:
    """A conversion that passed.

    Attributes:
        content: the .tflite.
        spec: its manifest entry, or None without a task; `file` is the bare name until it is landed.
        card: its card.
        warnings: one line each.
    """

    content: bytes
    spec: ModelSpec | None
    card: cards.Card
    warnings: tuple[str, ...] = field(default=())


class Refused(ConversionError):
    """A conversion that works but is not good enough; `layers` are those that lose most, the worst first."""

    def __init__(self, message: str, layers: tuple[LayerCheck, ...]) -> None:
        super().__init__(message)
        self.layers = layers


def convert(model: FloatModel, source: Source, request: Request, evaluation: Evaluation | None = None) -> Result:
    """Convert and check; writes nothing.

    Args:
        model: float.
        source: real pictures.
        request: what is asked.
        evaluation: labelled pictures, or the folder of data sets, for the figure before and after.

    Raises:
        Refused: it loses more than `max_loss`, or an output leaves the tolerance.
        ConversionError: it cannot be converted, or a set cannot be used.
        DataError: the folder of data sets lacks the task's one.
        ModelError: the result is not what the task asks for.
    """
    view = view_of(model, request)
    calibration = draw(source, view, request.samples, request.seed)
    content = quantize(model, calibration.images, low=request.low, high=request.high, integer=request.integer)
    runner = Runner(content, request.low, request.high)
    spec = spec_of(model, request, view, hashlib.sha256(content).hexdigest())
    with device.opened(spec, content) as engine:
        if engine:
            device.agrees(engine, runner, calibration.check[:4])
        floats = model.predict(real_values(calibration.check, request.low, request.high))
        finite(model.name, floats)
        outputs = check.compare(floats, runner.predict(calibration.check), classes=request.classes)
        scored = measure(model, runner, engine, evaluation, request) if evaluation is not None else None
    reference = to_float(model, (view.height, view.width, view.channels))
    layers = check.worst(check.layers(reference, content, calibration.check, request.low, request.high))
    _refuse(model.name, request, outputs, scored, layers)
    labels = spec.labels if spec else request.labels
    made = _card(
        request.name or model.name, request, labels, view, content, calibration, outputs, scored, layers, runner
    )
    return Result(content, spec, made, (*calibration.warnings, *_chance(scored, floats[0].shape[-1])))


def land_result(result: Result, out: Path, folder: Path | None = None, card: Path | None = None) -> tuple[Path, ...]:
    """Write the model, its card and its manifest entry.

    Args:
        result: what passed.
        out: the .tflite.
        folder: of the manifest; None writes no entry.
        card: the card's .md; beside it stands the .json. None: card.md where there is a manifest, else `out` with .md.

    Returns:
        The files that were written.

    Raises:
        ConversionError: `out` is outside of the manifest's folder, the model has no task, or a file cannot be written.
        ModelError: the folder's manifest is broken.
    """
    if card is None:
        card = out.with_name("card.md") if folder else out.with_suffix(".md")
    files = {
        out: result.content,
        card: cards.render(result.card).encode(),
        card.with_suffix(".json"): cards.to_json(result.card).encode(),
    }
    if folder is None:
        publish.write_all(files)
        return tuple(files)
    if result.spec is None:
        raise ConversionError("--manifest: a manifest entry needs a task; add --task")
    try:
        name = out.resolve().relative_to(folder.resolve()).as_posix()
    except ValueError:
        raise ConversionError(f"{out}: expected a place in {folder}, beside the manifest; mend --out") from None
    entry = ModelSpec(**{**asdict(result.spec), "file": name})
    publish.known(folder)  # a broken manifest is said before anything is written
    publish.write_all(files)
    publish.enter(folder, entry)
    return (*files, folder / "manifest.json")


def _chance(scored: Accuracy | None, classes: int) -> tuple[str, ...]:
    """A float model that only guesses was mostly fed with other values than in training."""
    if scored is None or "accuracy" not in scored.figure or scored.float_ >= 1.5 / classes:
        return ()
    return (
        f"the float model is right on {scored.float_:.4f} of {scored.source}, hardly more than chance; check --low, "
        "--high and --labels",
    )


def _refuse(
    name: str,
    request: Request,
    outputs: tuple[OutputCheck, ...],
    scored: Accuracy | None,
    layers: tuple[LayerCheck, ...],
) -> None:
    most = ", ".join(f"{layer.name} ({layer.adds:.3f})" for layer in layers[:3])
    if scored and scored.loss > request.max_loss:
        raise Refused(
            f"{name}: refused, int8 loses {scored.loss:.2f} points on {scored.pictures} pictures of "
            f"{scored.source} ({scored.figure} {scored.float_:.4f} to "
            f"{scored.int8:.4f}), --max-loss is {request.max_loss:g}; most in {most}; calibrate on pictures like the "
            "ones in use, or train with smaller activations (ReLU6)",
            layers,
        )
    bad = [output for output in outputs if not output.error <= request.tolerance]
    if bad:
        raise Refused(
            f"{name}: refused, {bad[0].name} is {bad[0].error:.3f} off in int8, --tolerance is {request.tolerance:g}; "
            f"most is lost in {most}; check --low and --high, and calibrate on pictures like the ones in use",
            layers,
        )


def _card(
    name: str,
    request: Request,
    labels: Sequence[str],
    view: View,
    content: bytes,
    calibration: Calibration,
    outputs: tuple[OutputCheck, ...],
    scored: Accuracy | None,
    layers: tuple[LayerCheck, ...],
    runner: Runner,
) -> cards.Card:
    graph = tflite.read(content)
    first = graph.inputs[0]
    return cards.Card(
        name=name,
        task=request.task,
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        input={
            "width": view.width,
            "height": view.height,
            "colour": colour_of(view),
            "low": request.low,
            "high": request.high,
            "dtype": request.integer,
            "scale": first.scales[0],
            "zero_point": first.zero_points[0],
        },
        outputs=runner.described(),
        labels=labels,
        parameters=graph.parameters,
        multiply_adds=flops.multiply_adds(graph),
        operations=graph.kinds,
        calibration={
            "source": calibration.source,
            "samples": len(calibration.images),
            "seed": calibration.seed,
            "checked": len(calibration.check),
            "fresh": calibration.fresh,
            "warnings": calibration.warnings,
        },
        checks=[asdict(output) for output in outputs],
        accuracy=_scored(scored),
        layers=[asdict(layer) for layer in layers],
        latency={"milliseconds": round(runner.milliseconds(), 4), "threads": 1, "machine": machine()},
        about=request.about,
        failures=request.failures,
    )


def _scored(scored: Accuracy | None) -> dict[str, object]:
    if scored is None:
        return {}
    return {
        "figure": scored.figure,
        "source": scored.source,
        "pictures": scored.pictures,
        "float": scored.float_,
        "int8": scored.int8,
    }
