"""Ask a classifier about faces whose square is known, as the device asks it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from edge.errors import ModelError
from edge.frame import Box
from edge.labels import EMOTIONS
from edge.pipeline.classifier import Classifier
from edge.ports import Engine
from edge.vision.crop import crop
from training.evaluate.context import Answers, Unavailable


def look(engine: Engine, images: Iterable[np.ndarray], labels: Sequence[str] = EMOTIONS) -> np.ndarray:
    """P(label), float32 (N, K) in the order of `labels`, of pictures that are face squares, uint8 (S, S).

    The whole picture is the square: neither margin nor shift of the model's spec is used.

    Raises:
        ModelError: the model has other labels.
        Unavailable: it tells further classes, too.
    """
    spec = engine.spec
    if further := [label for label in spec.labels if label not in labels and {*labels} <= {*spec.labels}]:
        raise Unavailable(
            f"model {spec.name}: also tells {', '.join(further)}, and the figures are of {', '.join(labels)} alone; "
            f"to count it as one of them, convert it with --fold {further[0]}={labels[-1]}"
        )
    if sorted(spec.labels) != sorted(labels):
        raise ModelError(f"model {spec.name}: expected the labels {', '.join(labels)}, got {', '.join(spec.labels)}")
    classifier = Classifier(engine)
    order = [spec.labels.index(label) for label in labels]
    rows = [classifier.postprocess(engine.infer(square(engine, image)))[order] for image in images]
    return np.array(rows, np.float32).reshape(-1, len(labels))


def square(engine: Engine, image: np.ndarray) -> np.ndarray:
    """A whole picture uint8 (S, S), (S, S, 1) or (S, S, 3) as the model's input (H, W, C)."""
    spec = engine.spec
    whole = Box(0, 0, image.shape[1], image.shape[0])
    return crop(np.atleast_3d(image), whole, spec.width, spec.height, spec.channels)


def confusion(given: Answers) -> dict[str, dict[str, int]]:
    """How often each truth (the outer key) was called what (the inner key)."""
    size = len(given.classes)
    said = given.probabilities.argmax(axis=1)
    counts = np.bincount(given.labels.astype(np.int64) * size + said, minlength=size * size).reshape(size, size)
    return {
        truth: dict(zip(given.classes, row, strict=True))
        for truth, row in zip(given.classes, counts.tolist(), strict=True)
    }


def answers(engine: Engine, images: Iterable[np.ndarray], labels: np.ndarray) -> Answers:
    """The emotions that a model sees in face squares beside the truth."""
    return Answers(np.asarray(labels, np.int64), look(engine, images), EMOTIONS)
