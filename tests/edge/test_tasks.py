"""The table of tasks: every row complete, every name in it real."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from edge import manifest, tasks
from edge.labels import EMOTIONS, MASKS
from edge.tasks import DAEMON, HEADS, TASKS
from training import evaluate


def test_no_task_answers_with_labels_that_nobody_has() -> None:
    assert tasks.classifiers(("dog", "cat")) == ()
    assert tasks.classifiers(MASKS) == ("mask",)
    assert tasks.classifiers(EMOTIONS) == ("emotion-bare", "emotion-masked")


@pytest.mark.parametrize("name", TASKS)
def test_a_row_is_sound(name) -> None:
    task = TASKS[name]
    assert task.name == name
    assert task.head in HEADS
    assert bool(task.labels) == (task.head == "probabilities")
    assert task.blocks[0] == name
    assert set(task.blocks) <= set(evaluate.MODULES)
    assert find_spec(f"training.tasks.{task.trainer.split(':')[0]}")
    assert find_spec(f"training.evaluate.{task.evaluator}")


def test_the_daemon_starts_with_the_detector() -> None:
    assert DAEMON[0] == "face"
    assert set(DAEMON) < set(TASKS)


def test_the_shipped_manifest_is_in_the_tables_order() -> None:
    assert list(manifest.load().specs) == [name for name, task in TASKS.items() if task.shipped]
