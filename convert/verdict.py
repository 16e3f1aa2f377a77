"""Whether a converted model is good enough, and what to say of one that only looks so."""

from __future__ import annotations

from dataclasses import dataclass

from convert.check import LayerCheck, OutputCheck
from convert.converted import Converted
from convert.errors import ConversionError
from convert.request import Request
from edge.manifest import ModelSpec
from training.evaluate.float_vs_int8 import Comparison


@dataclass(frozen=True, eq=False)
class Judged:
    """A converted model with what was measured of it.

    Attributes:
        converted: the int8 model.
        spec: its manifest entry, or None without a task.
        outputs: float against int8, one per output.
        measured: the figure before and after, if there were pictures for it.
        layers: those that lose most, the worst first.
    """

    converted: Converted
    spec: ModelSpec | None
    outputs: tuple[OutputCheck, ...]
    measured: Comparison | None
    layers: tuple[LayerCheck, ...]


class Refused(ConversionError):
    """A conversion that works but is not good enough; `layers` are those that lose most, the worst first."""

    def __init__(self, message: str, layers: tuple[LayerCheck, ...]) -> None:
        super().__init__(message)
        self.layers = layers


def chance(measured: Comparison | None, classes: int) -> tuple[str, ...]:
    """A warning for a float model that only guesses: mostly it was trained on other values."""
    if measured is None or "accuracy" not in measured.figure or measured.float_ >= 1.5 / classes:
        return ()
    return (
        f"the float model is right on {measured.float_:.4f} of {measured.source}, hardly more than chance; check "
        "--preprocess and --labels",
    )


def refuse(request: Request, judged: Judged) -> None:
    """Check a conversion against what was asked.

    Raises:
        Refused: it loses too much.
    """
    name, measured, layers, outputs = judged.converted.name, judged.measured, judged.layers, judged.outputs
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
            f"most is lost in {most}; check --preprocess, and calibrate on pictures like the ones in use",
            layers,
        )
    apart = [output for output in outputs if output.agreement is not None and output.agreement < 1 - request.tolerance]
    if apart and measured is None and request.task:
        raise Refused(
            f"{name}: refused, int8 gives the same class as float for {100 * (apart[0].agreement or 0):.0f} % of the "
            f"pictures, --tolerance is {request.tolerance:g}; most is lost in {most}; check --preprocess, and give "
            "--evaluate labelled pictures to judge by",
            layers,
        )
