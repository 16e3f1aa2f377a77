"""Before anything is quantized: do the classes fit the task, the answers a distribution, the pixels the training?"""

from __future__ import annotations

import numpy as np

from convert import preprocess, sample_faces, trial, unnamed
from convert.adapt import both_classes, check_scores, with_classes
from convert.calibrate import Calibration
from convert.check import finite
from convert.errors import ConversionError
from convert.float_model import FloatModel
from convert.labels import Classes, canonical, resolve
from convert.own_scaling import own_scaling
from convert.request import Request
from convert.sources import Source, View
from edge.tasks import TASKS
from edge.vision.preprocessing import Preprocessing

CONSTANT = 1e-5  # answers of different pictures that differ by less
SAME = 0.95  # share of the pictures with the same answer from which that is suspicious


def classes_of(model: FloatModel, request: Request, labelled: Source | None, view: View) -> Classes | None:
    """The classes of the model's first output, or None where its outputs are not classes of a task.

    Args:
        model: float.
        request: of the conversion.
        labelled: labelled pictures, if there are any; they may show what the outputs are called.
        view: how the model sees pictures.

    Raises:
        ConversionError: the device cannot use a model with these classes.
    """
    if not request.task or not TASKS[request.task].labels:
        return None
    blank = np.zeros((1, view.height, view.width, view.channels), np.float32)
    shapes = [answer.shape for answer in model.predict(blank)]
    if len(shapes) != 1 or len(shapes[0]) != 2:
        shown = ", ".join(str(shape[1:]) for shape in shapes)
        raise ConversionError(
            f"{model.name}: {request.task} needs one output with one score per class, got {len(shapes)}: {shown}; "
            f"{_part(shapes, TASKS[request.task].labels[0])}"
        )
    try:
        classes = resolve(model.name, TASKS[request.task], request.labels, shapes[0][1], request.fold)
    except ConversionError as error:
        more = "" if request.labels else unnamed.hint(model, shapes[0][1], request, labelled, view)
        raise ConversionError(f"{error}{more}") from None
    if not request.labels and (other := unnamed.other_classes(model, classes, request, labelled, view)):
        raise ConversionError(other)
    return classes


def _part(shapes: list[tuple[int, ...]], labels: tuple[str, ...]) -> str:
    """How to make one output with scores out of others; shapes with the batch."""
    if len(shapes) > 1:
        plain = [k for k, shape in enumerate(shapes) if len(shape) == 2]
        fits = [k for k in plain if shapes[k][1] == len(labels)] or plain or [0]
        part = f"keras.Model(model.inputs, model.outputs[{fits[0]}])"
        return f"convert the part of the model that answers so, such as {part}"
    if len(shapes[0]) > 2:
        return "make it so: keras.Model(model.inputs, keras.layers.Flatten()(model.outputs[0]))"
    return "it answers with the number of a class; convert it without its last step, the argmax"


def choose_preprocessing(
    model: FloatModel, request: Request, classes: Classes | None, labelled: Source | None, view: View
) -> tuple[Preprocessing, tuple[str, ...]]:
    """What the model is fed with, and warnings; by the model and, where there are labelled pictures, by these.

    Raises:
        ConversionError: labelled pictures say that the model was trained on something else, or `--preprocess auto`
            has none to go by.
    """
    given, told = request.preprocessing, []
    small = request.decide != "pictures" and given.high - given.low <= 2
    if small and (scaled := own_scaling(model, (view.height, view.width, view.channels))):
        told.append(f"{model.name} scales its input itself ({scaled}); is --preprocess none meant?")
        if request.decide == "model":
            given = preprocess.PRESETS["none"]
            told = [f"{model.name} scales its input itself ({scaled}): pixels go in as 0-255, --preprocess none"]
    truth = _truth(labelled, classes) if labelled is not None and classes is not None else None
    if request.decide == "pictures" and truth is None:
        raise ConversionError("--preprocess auto: expected labelled pictures to go by; add --evaluate PATH")
    rows = np.flatnonzero(truth >= 0) if truth is not None else np.empty(0, np.int64)
    rows = np.random.default_rng(request.seed).permutation(rows)[: trial.PICTURES]
    if classes is None or (request.as_given and len(rows) >= trial.FEWEST):
        return given, tuple(told)
    if truth is None or labelled is None or len(rows) < trial.FEWEST:
        shown = sample_faces.warnings_of(model, request.task, classes, view, given, request.as_given)
        return given, (*told, *shown)
    images = labelled.pictures(rows, view)

    def answers(preprocessing: Preprocessing) -> np.ndarray:
        scores = model.predict(preprocessing.apply(images))[0]
        return both_classes(scores) if classes.single else scores

    asked, found = trial.best(answers, truth[rows], view.channels, given)
    if found is asked:
        return given, tuple(told)
    if request.decide == "pictures" and found.order == asked.order:
        told.append(f"{labelled.name}: {_right(found)} right with {preprocess.flags(found.preprocessing)}: taken")
        return found.preprocessing, tuple(told)
    raise ConversionError(
        f"{model.name}: of {len(rows)} labelled pictures of {labelled.name} {_right(asked)} are right as given, "
        f"{_right(found)} with {trial.flags(found, asked, classes.names)}; add these flags, or --as-given to insist"
    )


def prepared(model: FloatModel, classes: Classes | None, request: Request, calibration: Calibration) -> FloatModel:
    """The model with the device's classes, its answers on the calibration's check pictures found sound.

    Raises:
        ConversionError: they are not numbers, all the same, or not a distribution.
    """
    floats = model.predict(request.preprocessing.apply(calibration.check))
    finite(model.name, floats)
    if max(float(np.ptp(values, axis=0).max()) for values in floats) < CONSTANT:
        raise ConversionError(
            f"{model.name}: the same answer for every calibration picture; check --preprocess, or train it again"
        )
    if classes is None:
        if request.softmax:
            names = tuple(str(k) for k in range(floats[0].shape[-1]))
            return with_classes(model, Classes(names, names), softmax=True)
        return model
    check_scores(model.name, floats[0], request.softmax, request.normalize)
    return with_classes(model, classes, request.softmax)


def one_answer(answers: np.ndarray, labels: tuple[str, ...]) -> tuple[str, ...]:
    """A warning where a classifier says the same of nearly every picture; answers (N, K)."""
    said = np.bincount(answers.argmax(axis=1), minlength=answers.shape[1])
    most = int(said.argmax())
    share = said[most] / len(answers)
    if len(answers) < trial.FEWEST or share < SAME or most >= len(labels):
        return ()
    return (f"the float model says {labels[most]} for {100 * share:.0f} % of the pictures; is --preprocess right?",)


def _truth(labelled: Source, classes: Classes) -> np.ndarray | None:
    """Each picture's place among the model's outputs, -1 for classes that it does not have; None: unknown."""
    if labelled.labels is None:
        return None
    if not labelled.classes:
        return np.where(labelled.labels < len(classes.names), labelled.labels, -1)
    named = [canonical(name) for name in labelled.classes]
    places = np.array([classes.names.index(name) if name in classes.names else -1 for name in named])
    truth = places[labelled.labels]
    return truth if len(np.unique(truth[truth >= 0])) > 1 else None


def _right(of: trial.Trial) -> str:
    return f"{100 * of.accuracy:.0f} %"
