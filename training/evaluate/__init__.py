"""Every published figure, taken through the device's own code as the design says; one small file each."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any

from edge.errors import InvalidValue
from edge.tasks import DAEMON, TASKS
from training.evaluate.context import EvaluationContext, Figure

# In the order in which they are printed. Each module has `figure(context) -> Figure`.
MODULES = {
    **{name: TASKS[name].evaluator for name in DAEMON},
    "two-stage": "two_stage",
    **{name: task.evaluator for name, task in TASKS.items() if not task.daemon},
    "close-faces": "close_faces",
    "false-alarms": "false_alarms",
    "sizes": "sizes",
    "framing": "framing",
    "steadiness": "steadiness",
    "intensity": "intensity",
    "bias": "bias",
}


def take(
    context: EvaluationContext, only: Sequence[str] = (), begins: Callable[[str, int, int], None] = lambda *_: None
) -> dict[str, Figure]:
    """The figures by name.

    Args:
        context: the models and the data.
        only: names of MODULES; none for all.
        begins: is called before each block, with its name, its number from 1, and how many there are.

    Raises:
        InvalidValue: an unknown name.
        ModelError: a model's file is broken or is not the one of the manifest.
    """
    if unknown := [name for name in only if name not in MODULES]:
        raise InvalidValue(f"--only {unknown[0]}: expected one of {', '.join(MODULES)}")
    chosen = [name for name in MODULES if not only or name in only]
    figures = {}
    for number, name in enumerate(chosen, 1):
        begins(name, number, len(chosen))
        figures[name] = _module(name).figure(context)
    return figures


def _module(name: str) -> Any:
    return importlib.import_module(f"training.evaluate.{MODULES[name]}")
