"""How often a face is reported where there is none, at the shipped threshold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from edge.files import utf8_path
from training.data.fer2013 import DataError
from training.evaluate import backgrounds, thresholds
from training.evaluate.context import EvaluationContext, Figure

CLIP = Path("clips") / "noface_bottles.mp4"


def figure(context: EvaluationContext) -> Figure:
    """false-alarms {crops, clip}: share of pictures with at least one alarm; beside them the numbers.

    The curves say what each threshold would give on the validation split, to choose one by.
    """
    values: dict[str, Any] = {"crops": None, "clip": None}
    for name, source in (("crops", backgrounds.of_test), ("clip", _clip)):
        counted = context.take(f"false-alarms.{name}", lambda source=source: alarms(context, source(context)))  # type: ignore[misc]
        if counted is not None:
            with_alarm, total = counted
            values |= {name: with_alarm / max(total, 1), f"{name}_alarms": with_alarm, f"{name}_total": total}
    return Figure(values, curves=thresholds.figure(context))


def alarms(context: EvaluationContext, images: Iterable[np.ndarray]) -> tuple[int, int]:
    """How many pictures have a false detection, and how many pictures there are."""
    finder = context.finder()
    marks = [bool(finder.detect(image)) for image in images]
    return sum(marks), len(marks)


def _clip(context: EvaluationContext) -> Iterable[np.ndarray]:
    path = context.data / CLIP
    if not path.is_file():
        raise DataError(f"{path}: no such clip; restore the data set")
    return context.some(list(clip(path)))


def clip(path: Path) -> Iterator[np.ndarray]:
    """The frames of a clip, uint8 (H, W, 3) RGB."""
    with utf8_path(path) as text:
        source = cv2.VideoCapture(text)
    try:
        while True:
            done, image = source.read()
            if not done:
                return
            yield cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
    finally:
        source.release()
