"""Emotion of masked faces: `masked-v1`, FER2013's PrivateTest with the frozen masks; nothing is skipped."""

from __future__ import annotations

from typing import Any

import numpy as np

from training.data import masked_v1, masks
from training.data.fer2013 import PRIVATE, PUBLIC
from training.data.masked_v1 import Table
from training.evaluate import bare, emotion_wild
from training.evaluate.classify import answers
from training.evaluate.context import Answers, EvaluationContext, Figure

TASK = "emotion-masked"
NAMES = {usage: name for name, usage in masked_v1.USAGES.items()}


def figure(context: EvaluationContext) -> Figure:
    """emotion-masked {int8, float, dedup, ece, wild, wild_neutral}; and each kind of mask, seen in training or not."""
    values: dict[str, Any] = {"int8": None, "float": None, "dedup": None, "ece": None}
    private = context.take(f"{TASK}.int8", lambda: of_usage(context, PRIVATE))
    if private is None:
        return Figure(values)
    values |= bare.scores(private, bare.data(context).in_training(PRIVATE))
    twin = context.take(f"{TASK}.float", lambda: of_usage(context, PRIVATE, floats=True))
    values["float"] = twin.accuracy if twin else None
    public = of_usage(context, PUBLIC)
    values["public"] = public.accuracy
    values |= emotion_wild.figure(context, TASK, masked=True)
    table, _ = frozen(context, PRIVATE)
    kinds = np.array(masks.KINDS)[table.kinds]
    values["kinds"] = by_kind(private, kinds)
    values["kinds_unseen"] = share(private, table.held_out())
    values["kinds_seen"] = share(private, ~table.held_out())
    values["mean_shape_rows"] = int(table.mean.sum())
    values["sha256"] = masked_v1.SHA256[NAMES[PRIVATE]]
    return Figure(values, {TASK: private}, bare.curves(public, "-masked"), {"masks": values["kinds"]})


def of_usage(context: EvaluationContext, usage: int, floats: bool = False) -> Answers:
    """The model's answers on every row of a usage, each with its frozen mask."""

    def ask() -> Answers:
        engine = context.float_engine(TASK) if floats else context.engine(TASK)
        table, pictures = frozen(context, usage)
        return answers(engine, pictures, bare.data(context).labels[table.rows])

    return context.once((TASK, usage, floats), ask)


def frozen(context: EvaluationContext, usage: int) -> tuple[Table, np.ndarray]:
    """The frozen set of a usage, drawn once: its table and its pictures uint8 (N, 48, 48).

    Raises:
        DataError: FER2013 is not here, or the drawn pixels are not those that were frozen.
    """

    def draw() -> tuple[Table, np.ndarray]:
        table, pictures = masked_v1.frozen(bare.data(context), NAMES[usage])
        return table.only(context.some(table.rows)), context.some(pictures)

    return context.once(("masked-v1", usage), draw)


def by_kind(given: Answers, kinds: np.ndarray) -> dict[str, float | None]:
    """Accuracy on the rows of each kind of mask."""
    return {kind: share(given, kinds == kind) for kind in masks.KINDS if (kinds == kind).any()}


def share(given: Answers, chosen: np.ndarray) -> float | None:
    """Accuracy on the chosen rows, bool (N,); None where there are none."""
    right = given.probabilities.argmax(axis=1) == given.labels
    return float(right[chosen].mean()) if chosen.any() else None
