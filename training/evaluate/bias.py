"""Are the answers of the emotion model for bare faces alike across age, gender and group? On `faces_gender`.

Its faces have no emotion, so no error can be counted: where one group is called angry more often than another, either
its pictures show more anger or the model is biased, and with thousands of ordinary portraits the first is unlikely.
Women do smile more often in photographs: differences of happy say less.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edge.labels import EMOTIONS, Emotion
from edge.vision.letterbox import to_grey
from training.data import faces_gender
from training.data.faces_gender import People
from training.evaluate.classify import look
from training.evaluate.context import EvaluationContext, Figure
from training.metrics import wilson

TASK = "emotion-bare"
BANDS = ((0, 9), (10, 19), (20, 39), (40, 59), (60, 116))
COMPARED = (Emotion.ANGRY, Emotion.HAPPY, Emotion.NEUTRAL)
ADULT = 20  # years; gender and group are compared among adults, so that no group is older than another by its children
FEW = 50  # faces; smaller parts are not compared


def figure(context: EvaluationContext) -> Figure:
    """bias {age, gender, group: {angry, happy, neutral: the largest difference between two parts}}; and all shares."""
    values: dict[str, Any] = {"age": None, "gender": None, "group": None}
    told = context.take("bias.group", lambda: of_people(context))
    if told is None:
        return Figure(values)
    people, probabilities = told
    said = probabilities.argmax(axis=1)
    shared = {name: by_part(said, parts(people, name)) for name in values}
    values |= {name: largest(shares) for name, shares in shared.items()}
    values |= {"total": len(said), "shares": shared}
    return Figure(values)


def of_people(context: EvaluationContext) -> tuple[People, np.ndarray]:
    """The faces and P(emotion) of each, float32 (N, 7).

    Raises:
        DataError: the data set is missing.
        Unavailable: there is no model.
    """
    engine = context.engine(TASK)
    people = context.once("faces_gender", lambda: faces_gender.load(context.data / "faces_gender"))
    kept = context.some(np.arange(len(people.ages)))
    people = people.of(kept)
    return people, look(engine, (to_grey(image)[:, :, 0] for image in people.images))


def parts(people: People, by: str) -> np.ndarray:
    """The part that each face belongs to, or "" where it is not compared, (N,)."""
    if by == "age":
        names = [f"{low}-{high}" if high < 100 else f"{low} and older" for low, high in BANDS]
        return np.array([names[sum(age > high for _, high in BANDS[:-1])] for age in people.ages.tolist()])
    return np.where(people.ages >= ADULT, people.genders if by == "gender" else people.groups, "")


def by_part(said: np.ndarray, part: np.ndarray) -> dict[str, dict[str, Any]]:
    """For each part its rows, the share of every emotion, and the interval of those that are compared."""
    shares: dict[str, dict[str, Any]] = {}
    for name in sorted(set(part.tolist()) - {""}):
        own = said[part == name]
        shares[name] = {"total": len(own)}
        shares[name] |= {emotion: float((own == number).mean()) for number, emotion in enumerate(EMOTIONS)}
        for emotion in COMPARED:
            shares[name][f"{emotion.label}_interval"] = list(wilson(int((own == emotion).sum()), len(own)))
    return shares


def largest(shares: dict[str, dict[str, Any]]) -> dict[str, float | None]:
    """For each compared emotion the largest difference of its share between two parts; None with fewer than two."""
    compared = [values for values in shares.values() if values["total"] >= FEW]
    if len(compared) < 2:
        return {emotion.label: None for emotion in COMPARED}
    each = {emotion.label: [values[emotion.label] for values in compared] for emotion in COMPARED}
    return {name: max(values) - min(values) for name, values in each.items()}
