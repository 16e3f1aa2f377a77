"""Float against int8 on real pictures: the answers, the accuracy, and layer by layer where the error comes in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convert import tflite
from convert.errors import CalibrationError
from convert.load import FloatModel
from convert.quantize import real_values
from convert.runner import Runner, finite
from convert.sources import Source, View

LOSSLESS = (
    "RESHAPE",
    "SQUEEZE",
    "EXPAND_DIMS",
    "TRANSPOSE",
)  # they move values; only the channels are other ones after
# What other sets and the tutorials call our classes.
ALIASES = {
    "with_mask": "worn",
    "withmask": "worn",
    "without_mask": "bare",
    "withoutmask": "bare",
    "anger": "angry",
    "disgusted": "disgust",
    "fearful": "fear",
    "happiness": "happy",
    "sadness": "sad",
    "surprised": "surprise",
}
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


@dataclass(frozen=True)
class Accuracy:
    """One figure of both models. All are 0-1.

    Attributes:
        source, pictures: what was asked.
        float_, int8: part of right answers, or the figure's value; int8 through the device's own code.
        figure: what was measured, in words.
        error: whether less of it is better.
    """

    source: str
    pictures: int
    float_: float
    int8: float
    figure: str = "accuracy"
    error: bool = False

    @property
    def loss(self) -> float:
        """Points (per cent) that int8 loses; negative where it gains."""
        return 100 * (self.int8 - self.float_ if self.error else self.float_ - self.int8)


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


def layers(
    float_content: bytes, int8_content: bytes, images: np.ndarray, low: float, high: float
) -> tuple[LayerCheck, ...]:
    """Compare two .tflite files of one network tensor by tensor, found by name, in the order of execution.

    Args:
        float_content, int8_content: the files.
        images: uint8 (N, H, W, C); the first LAYER_PICTURES are used.
        low, high: the real values that pixel 0 and pixel 255 stand for.

    Returns:
        One check for each operation whose output both files have.
    """
    graphs = tflite.read(float_content), tflite.read(int8_content)
    indices = {op.outputs[0].name: op.outputs[0].index for op in graphs[0].operations}
    shared = [op for op in graphs[1].operations if op.outputs[0].name in indices]
    runners = [Runner(content, low, high, inner=True) for content in (float_content, int8_content)]
    sums: dict[str, np.ndarray] = {}
    for image in images[:LAYER_PICTURES]:
        for runner in runners:
            runner.raw(image)
        for op in shared:
            name = op.outputs[0].name
            a, b = runners[0].tensor(indices[name]), runners[1].tensor(op.outputs[0].index)
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


def accuracy(
    model: FloatModel, runner: Runner, source: Source, view: View, labels: Sequence[str], low: float, high: float
) -> Accuracy:
    """Accuracy of both models on a labelled set.

    Args:
        model, runner: float and int8.
        source: labelled pictures.
        view: how the model sees them.
        labels: names of the model's outputs, in order; empty takes the set's.
        low, high: the real values that pixel 0 and pixel 255 stand for.

    Raises:
        CalibrationError: the set has no labels, or other ones than the model.
        ConversionError: the float model answers with values that are not numbers.
    """
    truth = _truth(source, labels)
    right = np.zeros(2)
    for start in range(0, source.size, 256):
        rows = range(start, min(start + 256, source.size))
        images = source.pictures(rows, view)
        floats = model.predict(real_values(images, low, high))
        finite(model.name, floats)
        if floats[0].ndim != 2 or floats[0].shape[1] <= int(truth.max()):
            raise CalibrationError(
                f"{source.name}: the set has {int(truth.max()) + 1} classes, the model answers {floats[0].shape[1:]}; "
                "give the set that it was trained for"
            )
        expected = truth[start : start + len(images)]
        for k, answers in enumerate((floats[0], runner.predict(images)[0])):
            right[k] += (answers.argmax(axis=1) == expected).sum()
    return Accuracy(source.name, source.size, *(right / source.size).tolist())


def _truth(source: Source, labels: Sequence[str]) -> np.ndarray:
    """The set's labels as places in the model's outputs."""
    if source.labels is None:
        raise CalibrationError(f"{source.name}: no labels; give class folders, or an .npz with images and labels")
    if not source.classes or not labels:
        return source.labels
    classes = [name if name in labels else ALIASES.get(name, name) for name in source.classes]
    if missing := [name for name in classes if name not in labels]:
        raise CalibrationError(
            f"{source.name}: class {missing[0]!r} is none of the model's ({', '.join(labels)}); mend --labels or "
            "rename the folder"
        )
    return np.array([list(labels).index(name) for name in classes])[source.labels]
