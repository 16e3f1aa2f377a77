"""The accuracy of the float and of the int8 model on a labelled set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from convert.check import finite
from convert.converted import Converted
from convert.errors import CalibrationError
from convert.float_model import FloatModel
from convert.labels import canonical
from convert.sources import Source, View
from training.evaluate.float_vs_int8 import Comparison


def accuracy(
    model: FloatModel,
    converted: Converted,
    source: Source,
    view: View,
    labels: Sequence[str],
    folds: Mapping[str, str] | None = None,
) -> Comparison:
    """Accuracy of both models on a labelled set.

    Args:
        model, converted: float and int8.
        source: labelled pictures.
        view: how the model sees them.
        labels: names of the model's outputs, in order; empty takes the set's.
        folds: class of the set to the label that it counts as.

    Raises:
        CalibrationError: the set has no labels, or other ones than the model.
        ConversionError: the float model answers with values that are not numbers.
    """
    truth = class_numbers(source, labels, folds or {})
    right = np.zeros(2)
    for start in range(0, source.size, 256):
        images = source.pictures(range(start, min(start + 256, source.size)), view)
        floats = model.predict(converted.preprocessing.apply(images))
        finite(model.name, floats)
        if floats[0].ndim != 2 or floats[0].shape[1] <= int(truth.max()):
            raise CalibrationError(
                f"{source.name}: the set has {int(truth.max()) + 1} classes, the model answers {floats[0].shape[1:]}; "
                "give the set that it was trained for"
            )
        expected = truth[start : start + len(images)]
        for k, answers in enumerate((floats[0], converted.predict(images)[0])):
            right[k] += (answers.argmax(axis=1) == expected).sum()
    return Comparison("accuracy", source.name, source.size, *(right / source.size).tolist())


def named(source: Source, names: Sequence[str]) -> Source:
    """The set with its classes called as the outputs of the model, where it has only numbers: those are their places.

    Args:
        source: labelled pictures.
        names: of the outputs of the model as it came, whatever the device makes of them.
    """
    if source.classes or source.labels is None or int(source.labels.max()) >= len(names):
        return source
    return replace(source, classes=tuple(names))


def class_numbers(source: Source, labels: Sequence[str], folds: Mapping[str, str]) -> np.ndarray:
    """The set's labels as places in the model's outputs, int (N,).

    Raises:
        CalibrationError: the set has no labels, or one that the model does not have.
    """
    if source.labels is None:
        raise CalibrationError(f"{source.name}: no labels; give class folders, or an .npz with images and labels")
    if not source.classes or not labels:
        return source.labels
    plain = [name if name in labels else canonical(name) for name in source.classes]
    classes = [folds.get(canonical(name), name) for name in plain]
    if missing := [name for name in classes if name not in labels]:
        raise CalibrationError(
            f"{source.name}: class {missing[0]!r} is none of the model's ({', '.join(labels)}); fix --labels, rename "
            f"the folder, or say which of them it counts as: --fold {canonical(missing[0])}=CLASS"
        )
    answer: np.ndarray = np.array([list(labels).index(name) for name in classes])[source.labels]
    return answer
