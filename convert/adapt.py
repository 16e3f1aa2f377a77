"""Small changes to a float model before it is converted: a missing softmax, other classes, grey for a colour model."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from convert.errors import ConversionError
from convert.float_model import FloatModel, tensorflow
from convert.labels import Classes

SUM_TOLERANCE = 0.01  # half-precision softmaxes miss 1 by this much


def scores_kind(values: np.ndarray) -> str:
    """What scores (N, K) are: "probabilities", "sigmoids" (each 0-1, any sum) or "logits"."""
    if (values < 0).any() or (values > 1 + SUM_TOLERANCE).any():
        return "logits"
    if values.shape[1] == 1 or np.allclose(values.sum(axis=1), 1, atol=SUM_TOLERANCE):
        return "probabilities"
    return "sigmoids"


def check_scores(name: str, values: np.ndarray, softmax: bool, normalize: bool) -> None:
    """Check that a classifier's answers (N, K) on real pictures are what the request says.

    Args:
        name: of the model.
        values: its answers.
        softmax: a softmax will be added.
        normalize: sigmoids are wanted; the device divides them by their sum.

    Raises:
        ConversionError: they are not.
    """
    kind = scores_kind(values)
    if softmax and kind == "probabilities":
        raise ConversionError(f"--softmax: {name} answers with probabilities already; leave it out")
    if kind == "logits" and not softmax:
        raise ConversionError(
            f"{name}: the outputs are not probabilities but go from {values.min():.3g} to {values.max():.3g}: "
            f"it ends without a {'sigmoid' if values.shape[1] == 1 else 'softmax'}; add --softmax"
        )
    if kind == "sigmoids" and not softmax and not normalize:
        sums = values.sum(axis=1)
        raise ConversionError(
            f"{name}: the outputs are not a distribution, they sum to {sums.min():.2f} to {sums.max():.2f}: "
            "one sigmoid per class; add --normalize, and the device divides by their sum"
        )


def both_classes(scores: np.ndarray) -> np.ndarray:
    """One sigmoid or its logit (N, 1) as scores of both classes (N, 2)."""
    second = scores if scores_kind(scores) == "probabilities" else 1 / (1 + np.exp(-scores))
    return np.concatenate([1 - second, second], axis=1)


def with_classes(model: FloatModel, classes: Classes, softmax: bool = False) -> FloatModel:
    """The model with its first output turned into the device's classes.

    Args:
        model: a classifier, (N, K).
        classes: what its outputs are.
        softmax: add the softmax (for one output the sigmoid) that it lacks.
    """
    if classes.matrix is None and not softmax:
        return model
    tf = tensorflow()
    matrix = None if classes.matrix is None else tf.constant(classes.matrix)

    def call(images: Any) -> list[Any]:
        first, *others = model.call(images)
        scores = tf.convert_to_tensor(first, tf.float32)
        if softmax:
            scores = tf.nn.sigmoid(scores) if scores.shape[-1] == 1 else tf.nn.softmax(scores)
        if matrix is not None:
            if classes.single:  # p becomes [1 - p, p], times the matrix: one dense layer with a bias
                scores = tf.matmul(scores, (matrix[1] - matrix[0])[None]) + matrix[0]
            else:
                scores = tf.matmul(scores, matrix)
        return [scores, *others]

    return replace(model, call=call)


def fed_with_grey(model: FloatModel) -> FloatModel:
    """A colour model that was trained on grey pictures, as a model with one channel; it is copied inside."""
    tf = tensorflow()

    def call(images: Any) -> list[Any]:
        return model.call(tf.concat([images, images, images], axis=-1))

    return replace(model, call=call, shape=(model.shape[0], model.shape[1], 1))
