"""The tasks that a model can have: the one table that the manifest, the pipeline, training and conversion read.

A new task is one row here and its modules under training/.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edge.labels import EMOTIONS, GENDERS, INCORRECT, MASK_LABELS, MASKS

HEADS: Mapping[str, int] = {"anchors": 2, "probabilities": 1, "points": 1, "boxes": 2}
"""What a model's outputs mean, and how many there are: "anchors" are logits (N, 1) and distances (N, 4),
"probabilities" (K,), "points" (2 * 68,), "boxes" ltrb (N, 4) in pixels of the input and scores (N,)."""


@dataclass(frozen=True)
class Measure:
    """The figure that is taken of a float network and of its int8 file.

    Attributes:
        float_, int8: its two keys in the task's own block of `edge-emotion-train evaluate --json`.
        words, source: what it is, and on which pictures, for people.
    """

    float_: str
    int8: str
    words: str
    source: str


@dataclass(frozen=True)
class Task:
    """One task.

    Attributes:
        name: the key in the manifest, in recipes and on the command line.
        words: what its model is called before people.
        head: one of HEADS.
        labels: the label sets that its model may have, each in any order; the default comes first. Empty for heads
            without classes.
        daemon: whether `edge-emotion run` needs it.
        whole: the model sees the whole picture, letterboxed; otherwise the square around one face.
        data: the file of the data folder by which the task's own data set is known.
        blocks: the blocks of `edge-emotion-train evaluate --json` that belong on its model card, its own first.
        measure: its main figure, before and after quantization.
        trainer: "module:class" below training.tasks. Named, never imported here.
        evaluator: the module below training.evaluate that takes its own block.
        extra: whether its model may have further classes beside those; they are shown under their own names.
        shipped: whether a model of it comes with the project.
    """

    name: str
    words: str
    head: str
    labels: tuple[tuple[str, ...], ...]
    daemon: bool
    whole: bool
    data: str
    blocks: tuple[str, ...]
    measure: Measure
    trainer: str
    evaluator: str
    extra: bool = False
    shipped: bool = True


_ROWS = (
    Task(
        name="face",
        words="face detector",
        head="anchors",
        labels=(),
        daemon=True,
        whole=True,
        data="faces/annotations.csv",
        blocks=("face", "close-faces", "false-alarms"),
        measure=Measure("ap50_float", "ap50", "AP@0.5", "faces test"),
        trainer="face:FaceDetection",
        evaluator="face",
    ),
    Task(
        name="mask",
        words="mask model",
        head="probabilities",
        labels=(MASKS, MASK_LABELS, (*MASK_LABELS, INCORRECT)),
        daemon=True,
        whole=False,
        data="masked_faces/annotations.csv",
        blocks=("mask", "close-faces", "false-alarms"),
        measure=Measure("real_float", "real", "balanced accuracy", "masked_faces test"),
        trainer="mask:MaskClassifier",
        evaluator="mask",
    ),
    Task(
        name="emotion-bare",
        words="emotion model for bare faces",
        head="probabilities",
        labels=(EMOTIONS,),
        daemon=True,
        whole=False,
        data="fer2013.npz",
        blocks=("emotion-bare", "sizes", "bias"),
        measure=Measure("float", "int8", "accuracy", "FER2013 PrivateTest"),
        trainer="emotion:BareEmotion",
        evaluator="bare",
        extra=True,
    ),
    Task(
        name="emotion-masked",
        words="emotion model for masked faces",
        head="probabilities",
        labels=(EMOTIONS,),
        daemon=True,
        whole=False,
        data="fer2013.npz",
        blocks=("emotion-masked", "two-stage"),
        measure=Measure("float", "int8", "accuracy", "masked-v1"),
        trainer="masked:MaskedEmotion",
        evaluator="masked",
        extra=True,
    ),
    Task(
        name="landmarks",
        words="landmark model",
        head="points",
        labels=(),
        daemon=False,
        whole=False,
        data="landmarks68/points.csv",
        blocks=("landmarks",),
        measure=Measure("float", "nme", "mean error / distance of the outer eye corners", "helen_test and afw"),
        trainer="landmarks:Landmarks",
        evaluator="landmarks",
    ),
    Task(
        name="gender",
        words="gender model",
        head="probabilities",
        labels=(GENDERS,),
        daemon=False,
        whole=False,
        data="faces_gender/annotations.csv",
        blocks=("gender",),
        measure=Measure("float", "int8", "accuracy", "faces_gender test"),
        trainer="gender:GenderClassifier",
        evaluator="gender",
        shipped=False,
    ),
)

TASKS: Mapping[str, Task] = {task.name: task for task in _ROWS}
"""Every task by its name. The order is the manifest's; the first model has the first right to an Edge TPU's memory."""

DAEMON: tuple[str, ...] = tuple(task.name for task in _ROWS if task.daemon)
"""The tasks that `edge-emotion run` needs."""


def classifiers(labels: tuple[str, ...]) -> tuple[str, ...]:
    """The names of the tasks whose model answers with these labels."""
    return tuple(task.name for task in _ROWS if labels in task.labels)
