"""Float against int8 on real pictures: the answers, and layer by layer where the error comes in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convert import tflite
from convert.converted import Converted
from convert.errors import ConversionError

LOSSLESS = (
    "RESHAPE",
    "SQUEEZE",
    "EXPAND_DIMS",
    "TRANSPOSE",
)  # they move values; only the channels are other ones after
LAYER_PICTURES = 16  # enough for a ranking; every tensor of every layer is held for each


@dataclass(frozen=True)
class OutputCheck:
    """One output, float against int8.

    Attributes:
        name: output_0, ...
        error: root mean square difference / spread; the spread is 1 for probabilities, else the standard deviation.
        worst: greatest absolute difference, in the output's own unit.
        agreement: part of the pictures with the same greatest class; None for outputs that are no classes.
    """

    name: str
    error: float
    worst: float
    agreement: float | None


@dataclass(frozen=True)
class LayerCheck:
    """One layer, float against int8 on the same pictures.

    Attributes:
        name, kind: of the operation.
        error: root of the mean over channels of squared difference / variance of the float values, at most 1 a channel:
            0 nothing is lost, 1 everything. All that came in before is in it. By channel, because one loud channel can
            take the whole int8 range from the others.
        adds: the part of it that this layer adds to what its inputs brought.
    """

    name: str
    kind: str
    error: float
    adds: float


def compare(
    float_outputs: Sequence[np.ndarray], int8_outputs: Sequence[np.ndarray], classes: bool = True
) -> tuple[OutputCheck, ...]:
    """Compare the answers of two models, one float32 array (N, ...) an output each.

    `classes` says whether outputs (N, K) are scores of K classes, so that the greatest one means something.
    """
    pairs = enumerate(zip(float_outputs, int8_outputs, strict=True))
    return tuple(_compare(f"output_{k}", a.astype(np.float64), b.astype(np.float64), classes) for k, (a, b) in pairs)


def _compare(name: str, expected: np.ndarray, got: np.ndarray, classes: bool) -> OutputCheck:
    gap = np.abs(expected - got)
    scores = classes and expected.ndim == 2 and expected.shape[1] > 1
    spread = 1.0 if scores and probabilities(expected) else float(expected.std())
    error = _relative(float(np.sqrt((gap**2).mean())), spread)
    agreement = float((expected.argmax(axis=1) == got.argmax(axis=1)).mean()) if scores else None
    return OutputCheck(name, error, float(gap.max()), agreement)


def probabilities(values: np.ndarray) -> bool:
    """Whether (N, K) holds distributions: none negative, each sums to 1."""
    return bool((values >= 0).all() and np.allclose(values.sum(axis=1), 1, atol=1e-3))


def _relative(error: float, spread: float) -> float:
    if spread > 0:
        return error / spread
    return 0.0 if error == 0 else float("inf")


def layers(before: Converted, after: Converted, images: np.ndarray) -> tuple[LayerCheck, ...]:
    """Compare the float and the int8 file of one network tensor by tensor, found by name, in the order of execution.

    Args:
        before, after: float and int8.
        images: uint8 (N, H, W, C); the first LAYER_PICTURES are used.

    Returns:
        One check for each operation whose output both files have.
    """
    indices = {op.outputs[0].name: op.outputs[0].index for op in before.graph.operations}
    shared = [op for op in after.graph.operations if op.outputs[0].name in indices]
    models = [converted.opened(keep_tensors=True) for converted in (before, after)]
    sums: dict[str, np.ndarray] = {}
    for image in images[:LAYER_PICTURES]:
        for model in models:
            model.raw(image)
        for op in shared:
            name = op.outputs[0].name
            a, b = models[0].tensor(indices[name]), models[1].tensor(op.outputs[0].index)
            sums[name] = sums.get(name, np.zeros(1)) + _sums(a.astype(np.float64), b.astype(np.float64))
    errors = {name: _lost(*values) for name, values in sums.items()}
    return tuple(_layer(op, errors) for op in shared)


def _sums(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Squared difference, values, squared values and count of each channel, the last axis: (4, C)."""
    a, b = a.reshape(-1, a.shape[-1]), b.reshape(-1, a.shape[-1])
    return np.stack([((a - b) ** 2).sum(axis=0), a.sum(axis=0), (a**2).sum(axis=0), np.full(a.shape[1], len(a))])


def _lost(squared: np.ndarray, total: np.ndarray, squares: np.ndarray, count: np.ndarray) -> float:
    variance = squares / count - (total / count) ** 2
    live = variance > 1e-12 * np.maximum(squares / count, 1e-30)  # a channel that is constant says nothing
    if not live.any():
        return 0.0
    return float(np.sqrt(np.minimum(squared[live] / count[live] / variance[live], 1.0).mean()))


def _layer(op: tflite.Operation, errors: dict[str, float]) -> LayerCheck:
    error = errors[op.outputs[0].name]
    brought = max((errors.get(t.name, 0.0) for t in op.inputs if t is not None), default=0.0)
    adds = 0.0 if op.kind in LOSSLESS else float(np.sqrt(max(error**2 - brought**2, 0.0)))
    return LayerCheck(op.name, op.kind, error, adds)


def worst(checks: Sequence[LayerCheck], count: int = 5) -> tuple[LayerCheck, ...]:
    """The layers that lose most, the worst first."""
    return tuple(sorted(checks, key=lambda layer: -layer.adds)[:count])


def finite(name: str, outputs: Sequence[np.ndarray]) -> None:
    """Check a float model's answers.

    Raises:
        ConversionError: one of them is not a number.
    """
    if not all(np.isfinite(output).all() for output in outputs):
        raise ConversionError(f"{name}: the float model answers with values that are not numbers; train it again")
