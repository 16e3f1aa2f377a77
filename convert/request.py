"""What is asked of a conversion, and what each task asks of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from convert.adapt import fed_with_grey
from convert.errors import ConversionError
from convert.float_model import FloatModel
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
        decide: who decides on it in the end: "" the request, "model" a scaling layer inside the model, "pictures"
            labelled pictures.
        as_given: do not compare it, and the labels, with what labelled pictures say.
        labels: in the order of the outputs; empty takes the task's own, for a mask model those for its outputs.
        fold: surplus class to the class that it counts as, canonical names (convert.labels).
        softmax: the model ends without its softmax; add it.
        normalize: the outputs are one sigmoid per class; the device divides by their sum.
        width, height, colour: where the model leaves them open.
        integer: "int8" or "uint8", of the input and the outputs.
        samples, seed: of the calibration set.
        max_loss: points of accuracy that int8 may lose.
        tolerance: relative error that an output may have (OutputCheck.error), and the share of the pictures that may
            get another class where no accuracy is measured.
        threshold, margin, shift, strides, units: see edge.manifest.ModelSpec.
        about, failures: texts for the card.
    """

    name: str = ""
    task: str = ""
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    decide: str = ""
    as_given: bool = False
    labels: tuple[str, ...] = ()
    fold: Mapping[str, str] = field(default_factory=dict)
    softmax: bool = False
    normalize: bool = False
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
    def classes(self) -> bool:
        """Whether outputs (N, K) are scores of K classes, as far as the task tells."""
        return not self.task or bool(TASKS[self.task].labels)

    def __post_init__(self) -> None:
        if self.integer not in ("int8", "uint8"):
            raise ConversionError(f"--input-type: expected int8 or uint8, got {self.integer!r}")


def grey_or_colour(model: FloatModel, request: Request) -> FloatModel:
    """The model, or for `--colour grey` and a model with three channels that model fed with grey.

    Raises:
        ConversionError: the channels of such a model are normalized differently.
    """
    if request.colour != "grey" or model.shape[2] != 3:
        return model
    if max(len(request.preprocessing.mean), len(request.preprocessing.std)) > 1:
        raise ConversionError("--colour grey: one mean and one deviation for all channels; give --mean and --std so")
    return fed_with_grey(model)


def view_of(model: FloatModel, request: Request) -> View:
    """How the model sees pictures.

    Raises:
        ConversionError: an open size that was not given, or one that is not the model's.
    """
    wanted = COLOURS[request.colour] if request.colour else None
    height, width, channels = resolved(model.name, model.shape, request.width, request.height, wanted)
    return View(width, height, channels, request.whole, request.margin, request.shift)


def spec_of(name: str, request: Request, view: View, labels: tuple[str, ...], sha256: str) -> ModelSpec | None:
    """The manifest entry that a request asks for; its file's place is not known yet. None without a task.

    Raises:
        ModelError: the request breaks the manifest's contract.
    """
    if not request.task:
        return None
    return ModelSpec(
        name=request.name or name,
        task=request.task,
        file="model.tflite",
        sha256=sha256,
        width=view.width,
        height=view.height,
        colour=colour_of(view),
        head=TASKS[request.task].head,
        labels=labels,
        threshold=request.threshold,
        **asdict(request.preprocessing),
        margin=request.margin,
        shift=request.shift,
        strides=request.strides,
        units=request.units,
    )


def colour_of(view: View) -> str:
    """The name of its channels: "rgb" or "grey"."""
    return next(name for name, channels in COLOURS.items() if channels == view.channels)
