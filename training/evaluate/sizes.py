"""Accuracy against the size of the face: FER2013 pictures shrunk to n pixels, as a small face in a frame is."""

from __future__ import annotations

import cv2
import numpy as np

from training.data.fer2013 import PRIVATE, PUBLIC
from training.evaluate import bare
from training.evaluate.classify import answers
from training.evaluate.context import EvaluationContext, Figure

PIXELS = (8, 12, 16, 20, 24, 28, 32, 40, 48)


def figure(context: EvaluationContext) -> Figure:
    """sizes {public, private}: accuracy by side in pixels, and what always saying the commonest class would get."""
    values: dict[str, object] = {"public": None, "private": None, "guess": None}
    curves = {}
    for name, usage in (("public", PUBLIC), ("private", PRIVATE)):
        curve = context.take(f"sizes.{name}", lambda usage=usage: by_size(context, usage))  # type: ignore[misc]
        if curve is not None:
            values[name] = {str(size): accuracy for size, accuracy in curve.items()}
            curves[f"sizes-{name}"] = {float(size): accuracy for size, accuracy in curve.items()}
            labels = bare.data(context).labels[bare.data(context).rows(usage)]
            values["guess"] = float(np.bincount(labels).max() / len(labels))
    return Figure(values, curves=curves)


def by_size(context: EvaluationContext, usage: int) -> dict[int, float]:
    """Accuracy of the bare-face model by the side of the face in pixels."""
    engine = context.engine(bare.TASK)
    data = bare.data(context)
    rows = context.some(data.rows(usage))
    images, labels = data.images[rows], data.labels[rows]
    return {size: answers(engine, (shrunk(image, size) for image in images), labels).accuracy for size in PIXELS}


def shrunk(image: np.ndarray, size: int) -> np.ndarray:
    """A picture uint8 (S, S) at (size, size), each pixel the mean of what it covers, as on a sensor."""
    return cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA)
