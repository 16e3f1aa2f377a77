"""The figure before and after: accuracy on a labelled set, or the figure that `edge-emotion-train evaluate` takes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from convert.accuracy import accuracy
from convert.converted import Converted
from convert.errors import CalibrationError
from convert.float_model import FloatModel, tensorflow
from convert.request import Request, view_of
from convert.sources import Source, open_source
from edge.manifest import Manifest, ModelSpec
from edge.ports import Engine
from edge.tasks import TASKS
from training.evaluate import float_vs_int8
from training.evaluate.context import EvaluationContext, FloatEngine
from training.evaluate.float_vs_int8 import Comparison


@dataclass(frozen=True)
class DataFolder:
    """The folder that holds the data sets; the task says which of them is asked."""

    path: Path


Evaluation = Source | DataFolder


def open_evaluation(path: Path, task: str) -> Evaluation:
    """What `--evaluate PATH` names: the folder of all data sets, or one labelled set.

    Raises:
        CalibrationError: nothing there, or nothing that can be used.
    """
    path = Path(path)
    if not float_vs_int8.is_data(path):
        return open_source(path, held_out=True, faces=not (task and TASKS[task].whole))
    if not task:
        raise CalibrationError(f"{path}: a folder of data sets; add --task, which says what is measured on them")
    return DataFolder(path)


def float_engine(spec: ModelSpec, model: FloatModel) -> FloatEngine:
    """The float model behind the device's Engine port; its call is traced once."""
    tf = tensorflow()
    shape = (1, spec.height, spec.width, spec.channels)
    return FloatEngine(spec, tf.function(model.call, input_signature=[tf.TensorSpec(shape, tf.float32)]))


def measure(
    model: FloatModel, converted: Converted, engine: Engine | None, evaluation: Evaluation, request: Request
) -> Comparison:
    """The figure of both models.

    Args:
        model: float.
        converted: the int8 file.
        engine: the same as the device opens it; None for a model without a task.
        evaluation: what it is measured on.
        request: of the conversion.

    Raises:
        CalibrationError: the set has no labels, or other ones than the model.
        ConversionError: the float model answers with values that are not numbers.
        DataError: the data folder lacks the task's set.
    """
    if isinstance(evaluation, Source):
        labels = engine.spec.labels if engine else request.labels
        return accuracy(model, converted, evaluation, view_of(model, request), labels, request.fold)
    if engine is None:
        raise CalibrationError(f"{evaluation.path}: a folder of data sets; add --task")
    nothing = Manifest(evaluation.path, {})
    floats = [float_engine(engine.spec, model)]
    context = EvaluationContext(nothing, evaluation.path, given=[engine], given_floats=floats)
    return float_vs_int8.measure(context, engine.spec.task)
