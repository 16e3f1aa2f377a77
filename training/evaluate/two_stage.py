"""The whole decision: each row of PrivateTest bare and masked, routed by the mask model to an emotion model."""

from __future__ import annotations

from typing import Any

import numpy as np

from edge.labels import EMOTIONS, Mask
from edge.pipeline.classifier import MaskModel
from training.data.fer2013 import PRIVATE
from training.evaluate import bare, masked
from training.evaluate.classify import confusion, look
from training.evaluate.context import Answers, EvaluationContext, Figure
from training.evaluate.mask import WORN_FROM
from training.metrics import calibration_error


def figure(context: EvaluationContext) -> Figure:
    """two-stage {accuracy}; beside it both halves, and how often the route was right in each."""
    values: dict[str, Any] = {"accuracy": None}
    halves = context.take("two-stage.accuracy", lambda: [half(context, worn) for worn in Mask])
    if halves is None:
        return Figure(values)
    right = [given.probabilities.argmax(axis=1) == given.labels for given, _ in halves]
    values["accuracy"] = float(np.concatenate(right).mean())
    for kind in Mask:
        values[kind.label] = float(right[kind].mean())
        values[f"{kind.label}_routed_right"] = float((halves[kind][1] == bool(kind)).mean())
    values["total"] = sum(len(part) for part in right)
    both = Answers(
        np.concatenate([given.labels for given, _ in halves]),
        np.concatenate([given.probabilities for given, _ in halves]),
        halves[0][0].classes,
    )
    values["ece"] = calibration_error(both.probabilities, both.labels)
    in_training = bare.data(context).in_training(PRIVATE)
    values["dedup"] = bare.without(both, np.concatenate([in_training[: len(part)] for part in right])).accuracy
    values["confusion"] = confusion(both)
    return Figure(values, {"two-stage": both})


def half(context: EvaluationContext, worn: Mask) -> tuple[Answers, np.ndarray]:
    """The answers on all rows, bare or masked, each by the model that it was routed to; and the routes, bool (N,)."""
    table, with_masks = masked.frozen(context, PRIVATE)
    data = bare.data(context)
    images = with_masks if worn else data.images[table.rows]
    labels = data.labels[table.rows].astype(np.int64)
    mask = MaskModel(context.engine("mask"))
    routes = np.array(
        [mask.parse(answer).worn >= WORN_FROM for answer in look(mask.engine, images, mask.engine.spec.labels)]
    )
    probabilities = np.empty((len(labels), len(EMOTIONS)), np.float32)
    for route, task in ((False, bare.TASK), (True, masked.TASK)):
        chosen = routes == route
        probabilities[chosen] = look(context.engine(task), images[chosen], EMOTIONS)
    return Answers(labels, probabilities, EMOTIONS), routes
