"""The emotion models on foreign faces: `emotion_wild`, press photographs, bare and with a drawn mask."""

from __future__ import annotations

from typing import Any

import numpy as np

from edge.labels import EMOTIONS, Emotion
from training.data import emotion_wild, masks
from training.data.face_points import FacePoints, locate
from training.data.landmark_detector import LandmarkDetector
from training.evaluate.classify import answers
from training.evaluate.context import Answers, EvaluationContext
from training.metrics import wilson

RARE = (Emotion.ANGRY, Emotion.SAD, Emotion.SURPRISE)  # few rows: on val and test together, with their interval
SEED = 31  # of the masks


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
        faces = context.once(
            ("emotion_wild", splits), lambda: emotion_wild.load(context.data / "emotion_wild", *splits)
        )
        images, labels = context.some(emotion_wild.squares(faces, engine.spec.margin)), context.some(faces.labels)
        return answers(engine, with_masks(images, context.some(faces.index)) if masked else images, labels)

    return context.once(("emotion_wild", task, masked, splits), ask)


def with_masks(images: np.ndarray, index: np.ndarray) -> np.ndarray:
    """The squares uint8 (N, SIDE, SIDE), each with a mask drawn on: kind and colour by the row's number, all kinds.

    Where the landmarks are implausible the mean shape stands in, so that nothing is skipped.
    """
    landmarks = LandmarkDetector.open()
    found: FacePoints = locate(lambda some: landmarks.on_crops(some) / emotion_wild.SIDE, images)
    drawn = []
    for image, points, good, number in zip(images, found.points, found.plausible, index.tolist(), strict=True):
        style = masks.random_mask(np.random.default_rng((SEED, number)), masks.KINDS)
        at = np.floor(points if good else found.mean())
        drawn.append(masks.draw(image, at, style.kind, style.colour, style.seed))
    return np.array(drawn, np.uint8).reshape(images.shape)


def recall(given: Answers, emotion: Emotion) -> tuple[float | None, int, int]:
    """The share of an emotion's rows that is right, and the numbers behind it."""
    right = (given.probabilities.argmax(axis=1) == given.labels)[given.labels == emotion]
    return (float(right.mean()) if len(right) else None), int(right.sum()), len(right)


def shares(given: Answers, emotion: Emotion) -> dict[str, float]:
    """As what an emotion's rows are read."""
    told = given.probabilities.argmax(axis=1)[given.labels == emotion]
    return {name: float((told == number).mean()) for number, name in enumerate(EMOTIONS)} if len(told) else {}
