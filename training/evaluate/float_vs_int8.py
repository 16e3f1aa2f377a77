"""A model's main figure before and after conversion: the float network and the int8 file, by `evaluate`'s own code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from edge.ports import Engine
from edge.tasks import TASKS
from training.data import fer2013, landmarks68, masked_v1
from training.data.fer2013 import PRIVATE, DataError
from training.evaluate import bare, face, landmarks, mask, masked
from training.evaluate.context import EvaluationContext
from training.metrics import average_precision


@dataclass(frozen=True)
class Comparison:
    """One figure of a float network and of its int8 file.

    Attributes:
        figure: what was measured, in words.
        source: on which rows.
        pictures: how many.
        float_, int8: the values, 0-1.
        error: whether less is better.
    """

    figure: str
    source: str
    pictures: int
    float_: float
    int8: float
    error: bool = False

    @property
    def loss(self) -> float:
        """Points (per cent) that int8 loses; negative where it gains."""
        return 100 * (self.int8 - self.float_ if self.error else self.float_ - self.int8)


def is_data(folder: Path) -> bool:
    """Whether this is a folder of data sets, and not a set itself."""
    return folder.is_dir() and bool(sets_in(folder))


def sets_in(folder: Path) -> list[Path]:
    """The data sets of our tasks that a folder holds: files or folders."""
    there = [folder / Path(task.data).parts[0] for task in TASKS.values() if (folder / task.data).exists()]
    found = [fer2013.find(folder)] if fer2013.find(folder).exists() else []
    return list(dict.fromkeys([*found, *there]))


def measure(context: EvaluationContext, task: str) -> Comparison:
    """The task's main figure of its float network and of its int8 model.

    Raises:
        DataError: the task's set is not in the data folder, or is broken.
        PictureError: one of its pictures cannot be read.
        ModelError: the model has other labels than its task.
        Unavailable: there is no float network.
    """
    if task in _MEASURES:
        return _MEASURES[task](context)
    return _by_table(context, task)


def _by_table(context: EvaluationContext, task: str) -> Comparison:
    """What the task's row in edge/tasks.py says: two keys of its own block, whose key `total` counts the pictures."""
    measure = TASKS[task].measure
    values = import_module(f"training.evaluate.{TASKS[task].evaluator}").figure(context).values
    return Comparison(
        measure.words, measure.source, values["total"], float(values[measure.float_]), float(values[measure.int8])
    )


def _face(context: EvaluationContext) -> Comparison:
    listed = face.pictures(context, "faces")
    before, after = (average_precision(face.detections(engine, listed)) for engine in _both(context, "face"))
    return Comparison("AP@0.5", "faces test", len(listed), before, after)


def _mask(context: EvaluationContext) -> Comparison:
    before, after = (mask.real(context, engine)[0] for engine in _both(context, "mask"))
    if before["real"] is None:
        raise DataError(f"{context.data / 'masked_faces'}: no test picture of one of the classes; restore the data set")
    return Comparison("balanced accuracy", "masked_faces test", before["real_total"], before["real"], after["real"])


def _bare(context: EvaluationContext) -> Comparison:
    before, after = (bare.of_usage(context, PRIVATE, floats) for floats in (True, False))
    return Comparison("accuracy", "FER2013 PrivateTest", len(after.labels), before.accuracy, after.accuracy)


def _masked(context: EvaluationContext) -> Comparison:
    before, after = (masked.of_usage(context, PRIVATE, floats) for floats in (True, False))
    name = f"masked-v1 (sha256 {masked_v1.SHA256[masked.NAMES[PRIVATE]]})"
    return Comparison("accuracy", name, len(after.labels), before.accuracy, after.accuracy)


def _landmarks(context: EvaluationContext) -> Comparison:
    faces = landmarks.held_out(context)
    before, after = (landmarks.mean_error(engine, faces) for engine in _both(context, "landmarks"))
    source = f"landmarks68 ({', '.join(landmarks68.HELD_OUT)})"
    return Comparison("mean error / distance of the outer eye corners", source, len(faces), before, after, error=True)


def _both(context: EvaluationContext, task: str) -> tuple[Engine, Engine]:
    return context.float_engine(task), context.engine(task)


_MEASURES: Mapping[str, Callable[[EvaluationContext], Comparison]] = {
    "face": _face,
    "mask": _mask,
    "emotion-bare": _bare,
    "emotion-masked": _masked,
    "landmarks": _landmarks,
}
