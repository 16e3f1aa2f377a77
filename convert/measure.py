"""The figure before and after: accuracy on a labelled set, or the figure that `edge-emotion-train evaluate` takes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from convert.check import Accuracy, accuracy
from convert.errors import CalibrationError
from convert.load import FloatModel, tensorflow
from convert.request import Request, view_of
from convert.runner import Runner
from convert.sources import Source, open_source
from edge.manifest import Manifest, ModelSpec
from edge.ports import Engine
from edge.tasks import TASKS
from training.evaluate import float_vs_int8
from training.evaluate.context import EvaluationContext, FloatEngine


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
    model: FloatModel, runner: Runner, engine: Engine | None, evaluation: Evaluation, request: Request
) -> Accuracy:
    """The figure of both models.

    Args:
        model: float.
        runner: the int8 file, for a labelled set.
        engine: the int8 file as the device has it; None for a model of nobody's task.
        evaluation: what is asked.
        request: of the conversion.

    Raises:
        CalibrationError: the set has no labels, or other ones than the model.
        ConversionError: the float model answers with values that are not numbers.
        DataError: the data folder lacks the task's set.
    """
    if isinstance(evaluation, Source):
        labels = engine.spec.labels if engine else request.labels
        return accuracy(model, runner, evaluation, view_of(model, request), labels, request.low, request.high)
    if engine is None:
        raise CalibrationError(f"{evaluation.path}: a folder of data sets; add --task")
    nothing = Manifest(evaluation.path, {})
    subject = EvaluationContext(
        nothing, evaluation.path, given=[engine], given_floats=[float_engine(engine.spec, model)]
    )
    found = float_vs_int8.measure(subject, engine.spec.task)
    return Accuracy(found.source, found.pictures, found.float_, found.int8, found.figure, found.error)
