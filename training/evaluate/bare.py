"""Emotion of bare faces: accuracy on FER2013's PrivateTest, one pass, no flip."""

from __future__ import annotations

from typing import Any

import numpy as np

from training.data import fer2013
from training.data.fer2013 import PRIVATE, PUBLIC, Fer2013
from training.evaluate import emotion_wild
from training.evaluate.classify import answers, confusion
from training.evaluate.context import Answers, EvaluationContext, Figure
from training.metrics import calibration_error

TASK = "emotion-bare"


def figure(context: EvaluationContext) -> Figure:
    """emotion-bare {int8, float, dedup, ece, macro, wild, wild_neutral, wild_happy}.

    Beside them PublicTest, each class, and which emotion is read as which.

    The curves say what a confidence below which it is `unsure` would give on PublicTest, to choose one by.
    """
    values: dict[str, Any] = {"int8": None, "float": None, "dedup": None, "ece": None}
    private = context.take(f"{TASK}.int8", lambda: of_usage(context, PRIVATE))
    if private is None:
        return Figure(values)
    values |= scores(private, data(context).in_training(PRIVATE))
    twin = context.take(f"{TASK}.float", lambda: of_usage(context, PRIVATE, floats=True))
    values["float"] = twin.accuracy if twin else None
    public = of_usage(context, PUBLIC)
    values["public"] = public.accuracy
    values |= emotion_wild.figure(context, TASK, masked=False)
    return Figure(values, {TASK: private}, curves(public))


def data(context: EvaluationContext) -> Fer2013:
    """FER2013 from the data folder, read once.

    Raises:
        DataError: it is not there.
    """
    return context.once("fer2013", lambda: fer2013.of_folder(context.data))


def of_usage(context: EvaluationContext, usage: int, floats: bool = False) -> Answers:
    """The model's answers on every row of a usage."""

    def ask() -> Answers:
        engine = context.float_engine(TASK) if floats else context.engine(TASK)
        rows = context.some(data(context).rows(usage))
        return answers(engine, data(context).images[rows], data(context).labels[rows])

    return context.once((TASK, usage, floats), ask)


def scores(given: Answers, in_training: np.ndarray) -> dict[str, Any]:
    """Accuracy, calibration error and each class; the same without rows that also stand in Training; the confusion."""
    kept = without(given, in_training[: len(given.labels)])
    return {
        "int8": given.accuracy,
        "macro": float(np.mean(list(recall_by_class(given).values()))),
        "dedup": kept.accuracy,
        "ece": calibration_error(given.probabilities, given.labels),
        "dedup_ece": calibration_error(kept.probabilities, kept.labels),
        "classes": recall_by_class(given),
        "dedup_classes": recall_by_class(kept),
        "confusion": confusion(given),
    }


def without(given: Answers, rows: np.ndarray) -> Answers:
    """The answers but for some rows, bool (N,)."""
    return Answers(given.labels[~rows], given.probabilities[~rows], given.classes)


def recall_by_class(given: Answers) -> dict[str, float]:
    """Of each emotion's rows, the share that is right."""
    right = given.probabilities.argmax(axis=1) == given.labels
    return {
        name: float(right[given.labels == number].mean())
        for number, name in enumerate(given.classes)
        if (given.labels == number).any()
    }


def risk(given: Answers) -> dict[float, float]:
    """Risk over coverage: of the surest share of the rows, the share that is wrong (El-Yaniv & Wiener, 2010)."""
    order = np.argsort(-given.probabilities.max(axis=1), kind="stable")
    wrong = (given.probabilities.argmax(axis=1) != given.labels)[order]
    rates = np.cumsum(wrong) / np.arange(1, len(wrong) + 1)
    parts = [part / 20 for part in range(1, 21)]
    return {part: float(rates[max(0, round(part * len(rates)) - 1)]) for part in parts}


def curves(public: Answers, more: str = "") -> dict[str, dict[float, float]]:
    """Risk over coverage; over a confidence: the share of rows at least so sure, and how many of these are right."""
    sure = public.probabilities.max(axis=1)
    right = public.probabilities.argmax(axis=1) == public.labels
    steps = [step / 20 for step in range(4, 19) if (sure >= step / 20).any()]
    return {
        f"risk{more}": risk(public),
        f"confidence-coverage{more}": {step: float((sure >= step).mean()) for step in steps},
        f"confidence-accuracy{more}": {step: float(right[sure >= step].mean()) for step in steps},
    }
