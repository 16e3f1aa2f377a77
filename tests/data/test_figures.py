"""The shipped models on the real data: floors that no change may fall below, taken as the design says."""

from __future__ import annotations

import pytest

from edge import manifest
from training import evaluate
from training.evaluate.context import EvaluationContext

pytestmark = [pytest.mark.data, pytest.mark.slow]

# Task, figure, key, and the least or the most that it may be.
FLOORS = [
    ("face", "face", "ap50", 0.88),
    ("face", "face", "ap50_masked", 0.78),
    ("face", "close-faces", "bare", 0.99),
    ("face", "face", "ap50_wild", 0.91),
    ("face", "face", "news_masked", 0.86),
    ("face", "face", "news_bare", 0.95),
    ("face", "face", "cut_heads", 0.97),
    ("face", "close-faces", "masked", 0.985),
    ("face", "face", "recall_wild", 0.85),
    ("face", "face", "precision_wild", 0.97),
    ("mask", "mask", "pairs", 0.99),
    ("mask", "mask", "real", 0.97),
    ("mask", "mask", "colours", 0.97),
    ("mask", "mask", "headscarves", 0.91),
    ("mask", "mask", "incorrect_recall", 0.75),
    ("mask", "mask", "incorrect_precision", 0.75),
    ("emotion-bare", "emotion-bare", "int8", 0.70),
    ("emotion-bare", "emotion-bare", "macro", 0.68),
    ("emotion-bare", "emotion-bare", "wild", 0.86),
    ("emotion-bare", "emotion-bare", "wild_neutral", 0.86),
    ("emotion-bare", "emotion-bare", "wild_happy", 0.93),
    ("emotion-masked", "emotion-masked", "int8", 0.59),
    ("emotion-masked", "emotion-masked", "wild", 0.74),
    ("emotion-masked", "emotion-masked", "wild_neutral", 0.76),
]
CEILINGS = [
    ("landmarks", "landmarks", "nme", 0.07),
    ("face", "false-alarms", "crops", 0.01),
    ("face", "false-alarms", "clip", 0.001),
    ("face", "face", "no_faces", 0.05),
    ("face", "face", "double", 0.003),
]


@pytest.fixture(scope="module")
def subject(shared_data):
    made = EvaluationContext(manifest.load(), shared_data)
    yield made
    made.close()


def taken(subject, name):
    """A figure's values, taken once however many of its keys are looked at."""
    return subject.once(("figure", name), lambda: evaluate.take(subject, [name])[name].values)


def shipped(rows):
    return [row for row in rows if (row.values if hasattr(row, "values") else row)[0] in manifest.load().specs]


@pytest.mark.parametrize(("task", "name", "key", "least"), shipped(FLOORS))
def test_no_figure_falls_below_its_floor(subject, task, name, key, least) -> None:
    value = taken(subject, name)[key]
    assert value is not None, subject.reasons
    assert value >= least


@pytest.mark.parametrize(("task", "name", "key", "most"), shipped(CEILINGS))
def test_no_error_rises_above_its_ceiling(subject, task, name, key, most) -> None:
    value = taken(subject, name)[key]
    assert value is not None, subject.reasons
    assert value <= most
