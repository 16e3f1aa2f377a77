"""The optional gender model on the test part of `faces_gender`: accuracy, and by age band, group and gender."""

from __future__ import annotations

from typing import Any

import numpy as np

from edge.labels import GENDERS
from edge.ports import Engine
from training.data import faces_gender
from training.data.faces_gender import People
from training.evaluate.bias import parts
from training.evaluate.classify import look
from training.evaluate.context import Answers, EvaluationContext, Figure
from training.metrics import wilson

TASK = "gender"


def figure(context: EvaluationContext) -> Figure:
    """gender {int8, float, interval, age {...}, group {...}, gender {...}}; each part with its rows and interval."""
    values: dict[str, Any] = {"int8": None, "float": None}
    engine = context.take(f"{TASK}.int8", lambda: context.engine(TASK))
    people = context.take(f"{TASK}.int8", lambda: of_test(context)) if engine else None
    if engine is None or people is None:
        return Figure(values)
    given = answers(engine, people)
    right = given.probabilities.argmax(axis=1) == given.labels
    values |= {"int8": given.accuracy, "total": len(right), "interval": list(wilson(int(right.sum()), len(right)))}
    values["float"] = context.take(f"{TASK}.float", lambda: answers(context.float_engine(TASK), people).accuracy)
    for name, part in (("age", parts(people, "age")), ("group", people.groups), ("gender", people.genders)):
        values[name] = by_part(right, part)
    return Figure(values, {TASK: given})


def of_test(context: EvaluationContext) -> People:
    """The faces of the test part.

    Raises:
        DataError: the data set is missing.
    """
    people = context.once("faces_gender", lambda: faces_gender.load(context.data / "faces_gender"))
    return people.of(context.some(np.flatnonzero(people.splits == "test")))


def answers(engine: Engine, people: People) -> Answers:
    """What a model takes faces for, beside what their annotators took them for."""
    truth = np.array([GENDERS.index(gender) for gender in people.genders.tolist()], np.int64)
    return Answers(truth, look(engine, people.images, GENDERS), GENDERS)


def by_part(right: np.ndarray, part: np.ndarray) -> dict[str, dict[str, Any]]:
    """Accuracy of each part, its rows and its 95 % interval."""
    told = {}
    for name in sorted(set(part.tolist())):
        own = right[part == name]
        told[name] = {
            "accuracy": float(own.mean()),
            "total": len(own),
            "interval": list(wilson(int(own.sum()), len(own))),
        }
    return told
