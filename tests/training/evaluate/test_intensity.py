"""Intensity along generated sequences, whose course is known."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from edge import manifest
from edge.labels import EMOTIONS
from edge.testing import FakeEngine
from tests.training.data.test_ckplus import full
from tests.training.evaluate.conftest import TINY
from training import metrics
from training.evaluate import intensity
from training.evaluate.context import EvaluationContext


@pytest.fixture
def context(tmp_path):
    """The brighter a picture, the less neutral: P(neutral) = 1 - mean / 255."""
    listed = manifest.load(TINY)
    spec = replace(listed["emotion-bare"], labels=EMOTIONS)

    def answer(image: np.ndarray) -> tuple[np.ndarray, ...]:
        share = float(image.mean()) / 255
        return (np.array([share if name == "happy" else (1 - share) * (name == "neutral") for name in EMOTIONS]),)

    return EvaluationContext(listed, tmp_path, given=[FakeEngine(spec, answer)])


def excerpt(folder, emotion: str, sequence: str, *greys: int) -> None:
    for number, grey in enumerate(greys, start=20):
        path = folder / "ckplus48" / emotion / f"{sequence}_{number:08d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), np.full((48, 48), grey, np.uint8))


def test_rises_falls_and_what_stays_are_counted(context, tmp_path) -> None:
    excerpt(tmp_path, "happy", "S001_001", 51, 102, 153)
    excerpt(tmp_path, "happy", "S001_002", 51, 204, 102)
    excerpt(tmp_path, "fear", "S002_001", 153, 102, 51)
    excerpt(tmp_path, "fear", "S003_001", 51, 204, 51)
    excerpt(tmp_path, "contempt", "S004_001", 51, 102, 153)
    excerpt(tmp_path, "sadness", "S005_001", 51)
    values = intensity.figure(context).values
    assert (values["sequences"], values["rises"], values["falls"], values["equal"]) == (4, 2, 1, 1)
    assert values["share"] == pytest.approx(2 / 3)
    assert values["share_interval"] == list(metrics.wilson(2, 3))
    assert values["steadily"] == 1
    assert values["frames"] == [3]
    assert values["mean_change"] == pytest.approx((0.4 + 0.2 - 0.4 + 0.0) / 4, abs=1e-6)
    assert values["by_emotion"]["happy"]["share"] == 1.0
    assert values["by_emotion"]["fear"]["share"] == 0.0


def test_the_full_distribution_is_followed_from_its_first_frame(context, tmp_path) -> None:
    full(tmp_path / "ckplus", "S005/001", 12, "5.0")  # each frame is a little brighter than the one before
    excerpt(tmp_path, "happy", "S001_001", 153, 51)
    found = intensity.figure(context)
    assert (found.values["rises"], found.values["falls"], found.values["frames"]) == (1, 0, [12])
    (curve,) = found.curves.values()
    assert (min(curve), max(curve)) == (0.0, 1.0)
    assert list(curve.values()) == sorted(curve.values())


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([], (0, 0, 0, None)),
        ([0.0], (0, 0, 1, None)),
        ([0.1, 0.2], (2, 0, 0, 1.0)),
        ([0.1, -0.2, 0.0], (1, 1, 1, 0.5)),
    ],
)
def test_the_share_leaves_out_what_does_not_change(changes, expected) -> None:
    found = intensity.figures_of(changes)
    assert (found["rises"], found["falls"], found["equal"], found["share"]) == expected


def test_without_the_data_there_is_a_reason(context) -> None:
    assert intensity.figure(context).values["share"] is None
    assert "ckplus48" in context.reasons["intensity"]
