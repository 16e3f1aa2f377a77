"""When the changes become milder."""

from __future__ import annotations

import numpy as np
import pytest

from tests.training.made import face
from training.augment import Augmentation
from training.recipe import Recipe, Schedule
from training.tasks.emotion import EmotionBatches


@pytest.mark.parametrize(
    ("calm", "stormy"),
    [
        pytest.param(1.0, 4, id="never"),
        pytest.param(0.5, 2, id="half of the epochs"),
        pytest.param(0.0, 0, id="always"),
    ],
)
def test_the_last_epochs_are_calm(calm, stormy) -> None:
    images = np.stack([face(n, 48, np.random.default_rng(n)) for n in range(4)])
    recipe = Recipe("x", "emotion-bare", 1, "made", Schedule(epochs=4, batch=2))
    batches = EmotionBatches(images, np.eye(7, dtype=np.float32)[:4], recipe, Augmentation(), calm)
    seen = []
    for _ in range(4):
        seen.append(batches.augment == Augmentation())
        assert batches[0][0].shape == (2, 48, 48, 1)
        batches.on_epoch_end()
    assert seen == [True] * stormy + [False] * (4 - stormy)
