"""The emotion models on foreign faces: `emotion_wild`, press photographs, bare and with a drawn mask."""

from __future__ import annotations

from typing import Any

from edge.labels import EMOTIONS, Emotion
from training.data import emotion_wild, wild_masks
from training.data.emotion_wild import WildFaces
from training.evaluate.classify import answers
from training.evaluate.context import Answers, EvaluationContext
from training.metrics import wilson

RARE = (Emotion.ANGRY, Emotion.SAD, Emotion.SURPRISE)  # few rows: on val and test together, with their interval


def figure(context: EvaluationContext, task: str, masked: bool) -> dict[str, Any]:
    """wild, wild_neutral, wild_happy: accuracy over the test rows and recalls; beside them the rare emotions.

    Args:
        context: the models and the data.
        task: "emotion-bare" or "emotion-masked".
        masked: draw a mask on each face.
    """
    values: dict[str, Any] = dict.fromkeys(("wild", "wild_neutral", "wild_happy"))
    test = context.take(f"{task}.wild", lambda: of_splits(context, task, masked, "test"))
    if test is None:
        return values
    values |= {"wild": test.accuracy, "wild_total": len(test.labels)}
    for emotion in (Emotion.NEUTRAL, Emotion.HAPPY):
        values[f"wild_{emotion.label}"] = recall(test, emotion)[0]
    values["wild_neutral_as"] = shares(test, Emotion.NEUTRAL)
    both = context.take(f"{task}.wild_rare", lambda: of_splits(context, task, masked, "val", "test"))
    for emotion in RARE:
        if both is None:
            break
        found, right, total = recall(both, emotion)
        values |= {f"wild_{emotion.label}": found, f"wild_{emotion.label}_total": total}
        values[f"wild_{emotion.label}_interval"] = list(wilson(right, total))
    return values


def of_splits(context: EvaluationContext, task: str, masked: bool, *splits: str) -> Answers:
    """A model's answers on the faces of some splits."""

    def ask() -> Answers:
        engine = context.engine(task)
        faces = faces_of(context, *splits)
        images, labels = context.some(emotion_wild.squares(faces, engine.spec.margin)), context.some(faces.labels)
        return answers(engine, wild_masks.with_masks(images, context.some(faces.index)) if masked else images, labels)

    return context.once(("emotion_wild", task, masked, splits), ask)


def faces_of(context: EvaluationContext, *splits: str) -> WildFaces:
    """The faces of some splits, read once.

    Raises:
        DataError: the data set is missing.
    """
    return context.once(("emotion_wild", splits), lambda: emotion_wild.load(context.data / "emotion_wild", *splits))


def recall(given: Answers, emotion: Emotion) -> tuple[float | None, int, int]:
    """The share of an emotion's rows that is right, and the numbers behind it."""
    right = (given.probabilities.argmax(axis=1) == given.labels)[given.labels == emotion]
    return (float(right.mean()) if len(right) else None), int(right.sum()), len(right)


def shares(given: Answers, emotion: Emotion) -> dict[str, float]:
    """As what an emotion's rows are read."""
    told = given.probabilities.argmax(axis=1)[given.labels == emotion]
    return {name: float((told == number).mean()) for number, name in enumerate(EMOTIONS)} if len(told) else {}
