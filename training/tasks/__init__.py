"""A recipe's task: its data, network, loss, validation figure and export, behind training.fit.Task."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from training.recipe import Recipe

# Where each task stands. Imported when asked for, since every one of them loads Keras.
CLASSES = {
    "face": ("training.tasks.face", "FaceDetection"),
    "mask": ("training.tasks.mask", "MaskClassifier"),
    "emotion-bare": ("training.tasks.emotion", "BareEmotion"),
    "emotion-masked": ("training.tasks.masked", "MaskedEmotion"),
    "landmarks": ("training.tasks.landmarks", "Landmarks"),
}


def open_task(recipe: Recipe, data: Path) -> Any:
    """The recipe's task on a data folder.

    Raises:
        DataError: the task's data set is missing.
    """
    module, name = CLASSES[recipe.task]
    return getattr(importlib.import_module(module), name)(recipe, data)
