"""The whole conversion: quantize, check, refuse or pass. It writes nothing; convert.publish does."""

from __future__ import annotations

from dataclasses import dataclass

from convert import check
from convert.calibrate import Calibration, draw
from convert.card import ModelCard
from convert.check import LayerCheck, OutputCheck
from convert.converted import Converted
from convert.describe import describe
from convert.errors import ConversionError
from convert.load import FloatModel
from convert.measure import Evaluation, measure
from convert.quantize import quantize, to_float
from convert.request import Request, spec_of, view_of
from convert.sources import Source
from edge.manifest import ModelSpec
from training.evaluate.float_vs_int8 import Comparison


@dataclass(frozen=True, eq=False)
class Result:
    """A conversion that passed.

    Attributes:
        converted: the int8 model.
        spec: its manifest entry, or None without a task; `file` is a bare name until it is published.
        card: its model card.
        warnings: one line each.
    """

    converted: Converted
    spec: ModelSpec | None
    card: ModelCard
    warnings: tuple[str, ...] = ()


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
    floats = model.predict(request.preprocessing.apply(calibration.check))
    check.finite(model.name, floats)
    converted = quantize(model, calibration.images, request.preprocessing, request.integer)
    spec = spec_of(model, request, view, converted.sha256)
    engine = converted.engine(spec) if spec else None
    outputs = check.compare(floats, converted.predict(calibration.check), classes=request.classes)
    measured = measure(model, converted, engine, evaluation, request) if evaluation is not None else None
    layers = _worst_layers(model, converted, calibration)
    _refuse(model.name, request, outputs, measured, layers)
    card = describe(converted, spec, request, view, calibration, outputs, measured, layers)
    return Result(converted, spec, card, (*calibration.warnings, *_chance(measured, floats[0].shape[-1])))


def _worst_layers(model: FloatModel, converted: Converted, calibration: Calibration) -> tuple[LayerCheck, ...]:
    reference = to_float(model, calibration.check.shape[1:], converted.preprocessing)
    return check.worst(check.layers(reference, converted, calibration.check))


def _chance(measured: Comparison | None, classes: int) -> tuple[str, ...]:
    """A float model that only guesses was mostly fed with other values than in training."""
    if measured is None or "accuracy" not in measured.figure or measured.float_ >= 1.5 / classes:
        return ()
    return (
        f"the float model is right on {measured.float_:.4f} of {measured.source}, hardly more than chance; check "
        "--low, --high and --labels",
    )


def _refuse(
    name: str,
    request: Request,
    outputs: tuple[OutputCheck, ...],
    measured: Comparison | None,
    layers: tuple[LayerCheck, ...],
) -> None:
    most = ", ".join(f"{layer.name} ({layer.adds:.3f})" for layer in layers[:3])
    if measured and measured.loss > request.max_loss:
        raise Refused(
            f"{name}: refused, int8 loses {measured.loss:.2f} points on {measured.pictures} pictures of "
            f"{measured.source} ({measured.figure} {measured.float_:.4f} to "
            f"{measured.int8:.4f}), --max-loss is {request.max_loss:g}; most in {most}; calibrate on pictures like "
            "the ones in use, or train with smaller activations (ReLU6)",
            layers,
        )
    bad = [output for output in outputs if not output.error <= request.tolerance]
    if bad:
        raise Refused(
            f"{name}: refused, {bad[0].name} is {bad[0].error:.3f} off in int8, --tolerance is {request.tolerance:g}; "
            f"most is lost in {most}; check --low and --high, and calibrate on pictures like the ones in use",
            layers,
        )
