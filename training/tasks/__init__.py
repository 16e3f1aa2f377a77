"""A recipe's task: its data, network, loss, validation figure and export, behind training.fit.Task."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from edge.tasks import TASKS
from training.recipe import Recipe


def open_task(recipe: Recipe, data: Path) -> Any:
    """The recipe's task on a data folder.

    Raises:
        DataError: the task's data set is missing.
    """
    module, name = TASKS[recipe.task].trainer.split(":")  # imported when asked for: each of them loads Keras
    return getattr(importlib.import_module(f"training.tasks.{module}"), name)(recipe, data)
