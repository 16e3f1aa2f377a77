"""Landmarks: mean point error / distance of the outer eye corners, on sets that no training row comes from."""

from __future__ import annotations

import numpy as np

from edge.ports import Engine
from training.data import landmarks68
from training.data.landmarks68 import Faces68
from training.evaluate.classify import square
from training.evaluate.context import EvaluationContext, Figure


def figure(context: EvaluationContext) -> Figure:
    """landmarks {nme}; beside it the two sets apart."""
    faces = context.take("landmarks.nme", lambda: held_out(context))
    if faces is None:
        return Figure({"nme": None})
    errors = landmarks68.error(predict(context.engine("landmarks"), faces.images), faces.points)
    values: dict[str, float | None] = {"nme": float(errors.mean())}
    for name in landmarks68.HELD_OUT:
        chosen = np.array([n.split("/")[0] == name for n in faces.names])
        if chosen.any():
            values[name] = float(errors[chosen].mean())
    if context.floats:
        values["float"] = context.take("landmarks.float", lambda: mean_error(context.float_engine("landmarks"), faces))
    return Figure(dict(values))


def held_out(context: EvaluationContext) -> Faces68:
    """The faces of helen_test and afw in the model's size.

    Raises:
        Unavailable: there is no landmark model.
        DataError: the set is not here.
    """
    size = context.engine("landmarks").spec.width
    return landmarks68.load(context.data / "landmarks68", landmarks68.held_out_row, size, limit=context.limit)


def predict(engine: Engine, images: np.ndarray) -> np.ndarray:
    """Points float32 (N, 68, 2), parts of the square, of squares uint8 (N, S, S[, C])."""
    rows = [engine.infer(square(engine, image))[0].reshape(-1, 2) for image in images]
    return np.array(rows, np.float32).reshape(len(rows), -1, 2)


def mean_error(engine: Engine, faces: Faces68) -> float:
    """The figure of one model: mean over faces of the points' error / distance of the outer eye corners."""
    return float(landmarks68.error(predict(engine, faces.images), faces.points).mean())
