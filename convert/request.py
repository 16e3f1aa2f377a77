"""What is asked of a conversion, and what each task asks of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

import numpy as np

from convert.errors import ConversionError
from convert.load import FloatModel
from convert.shapes import resolved
from convert.sources import View
from edge.manifest import COLOURS, ModelSpec
from edge.tasks import TASKS
from edge.vision.preprocessing import Preprocessing


@dataclass(frozen=True)
class Request:
    """What is asked of a conversion.

    Attributes:
        name: what the model is called; empty takes the file's name.
        task: one of edge.tasks.TASKS, or "" for a model that the device does not get.
        preprocessing: what the model was trained on.
        labels: in the order of the outputs; empty takes the task's own, for a mask model those for its outputs.
        width, height, colour: where the model leaves them open.
        integer: "int8" or "uint8", of the input and the outputs.
        samples, seed: of the calibration set.
        max_loss: points of accuracy that int8 may lose.
        tolerance: relative error that an output may have (OutputCheck.error).
        threshold, margin, shift, strides, units: see edge.manifest.ModelSpec.
        about, failures: texts for the card.
    """

    name: str = ""
    task: str = ""
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    labels: tuple[str, ...] = ()
    width: int | None = None
    height: int | None = None
    colour: str | None = None
    integer: str = "int8"
    samples: int = 500
    seed: int = 1
    max_loss: float = 0.5
    tolerance: float = 0.15
    threshold: float = 0.5
    margin: float = 1.0
    shift: float = 0.0
    strides: tuple[int, ...] = ()
    units: tuple[float, ...] = ()
    about: str = ""
    failures: str = ""

    @property
    def whole(self) -> bool:
        """Whether the model sees whole pictures rather than faces."""
        return bool(self.task) and TASKS[self.task].whole

    @property
    def label_sets(self) -> tuple[tuple[str, ...], ...]:
        """The sets of labels that the task's model may have; one empty set where its outputs are not classes."""
        return (TASKS[self.task].labels if self.task else ()) or ((),)

    @property
    def classes(self) -> bool:
        """Whether outputs (N, K) are scores of K classes, as far as the task tells."""
        return not self.task or bool(TASKS[self.task].labels)

    def __post_init__(self) -> None:
        if self.integer not in ("int8", "uint8"):
            raise ConversionError(f"--input-type: expected int8 or uint8, got {self.integer!r}")


def view_of(model: FloatModel, request: Request) -> View:
    """How the model sees pictures.

    Raises:
        ConversionError: an open size that was not given, or one that is not the model's.
    """
    wanted = COLOURS[request.colour] if request.colour else None
    height, width, channels = resolved(model.name, model.shape, request.width, request.height, wanted)
    return View(width, height, channels, request.whole, request.margin, request.shift)


def spec_of(model: FloatModel, request: Request, view: View, sha256: str) -> ModelSpec | None:
    """The manifest entry that a request asks for; its file's place is not known yet. None without a task.

    Raises:
        ModelError: the request breaks the manifest's contract.
    """
    if not request.task:
        return None
    return ModelSpec(
        name=request.name or model.name,
        task=request.task,
        file="model.tflite",
        sha256=sha256,
        width=view.width,
        height=view.height,
        colour=colour_of(view),
        head=TASKS[request.task].head,
        labels=labels_of(model, request, view),
        threshold=request.threshold,
        **asdict(request.preprocessing),
        margin=request.margin,
        shift=request.shift,
        strides=request.strides,
        units=request.units,
    )


def labels_of(model: FloatModel, request: Request, view: View) -> tuple[str, ...]:
    """The labels of the request, or the task's own; of those that a task may have, the ones for the model's outputs."""
    choices = request.label_sets
    if request.labels or len(choices) == 1:
        return request.labels or choices[0]
    answer = model.predict(np.zeros((1, view.height, view.width, view.channels), np.float32))
    return next((labels for labels in choices if len(labels) == answer[0].shape[-1]), choices[0])


def colour_of(view: View) -> str:
    """The name of its channels: "rgb" or "grey"."""
    return next(name for name, channels in COLOURS.items() if channels == view.channels)
