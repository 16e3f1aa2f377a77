"""Teachers count as much as validation says."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

from training.accelerator.emotion_teachers import best_shares, shares


@pytest.mark.parametrize("count", [1, 2, 3])
def test_shares_add_up_to_one(count) -> None:
    found = list(shares(count))
    assert all(len(parts) == count and sum(parts) == pytest.approx(1) for parts in found)
    assert len(found) > count - 1


def test_a_teacher_that_knows_nothing_gets_no_share() -> None:
    labels = np.tile(np.arange(7), 10)
    knows, guesses = 4.0 * np.eye(7)[labels], np.random.default_rng(0).normal(0, 5, (70, 7))
    assert best_shares([guesses, knows], labels) == (0.0, 1.0)
