"""When the changes become milder, and when the network's own answers become a part of what it learns."""

from __future__ import annotations

import numpy as np
import pytest

from tests.training.made import face
from training.augment import Augmentation
from training.recipe import Recipe, Schedule
from training.tasks.emotion import EmotionBatches, answers


def made(calm: float = 1.0) -> EmotionBatches:
    """Two batches of two faces, labelled 0, 1, 2 and 3."""
    images = np.stack([face(n, 48, np.random.default_rng(n)) for n in range(4)])
    recipe = Recipe("x", "emotion-bare", 1, "made", Schedule(epochs=4, batch=2))
    return EmotionBatches(images, np.eye(7, dtype=np.float32)[:4], recipe, Augmentation(), calm)


class Sees:
    """A network that is sure of `left` where the left half is the brighter one, else of `right`."""

    def __init__(self, left: int, right: int) -> None:
        self.left, self.right = left, right

    def predict(self, pictures, **_):
        brighter = pictures[:, :, :24].mean(axis=(1, 2, 3)) > pictures[:, :, 24:].mean(axis=(1, 2, 3))
        return np.eye(7, dtype=np.float32)[np.where(brighter, self.left, self.right)] * 30


@pytest.mark.parametrize(
    ("calm", "stormy"),
    [
        pytest.param(1.0, 4, id="never"),
        pytest.param(0.5, 2, id="half of the epochs"),
        pytest.param(0.0, 0, id="always"),
    ],
)
def test_the_last_epochs_are_calm(calm, stormy) -> None:
    batches = made(calm)
    seen = []
    for _ in range(4):
        seen.append(batches.augment == Augmentation())
        assert batches[0][0].shape == (2, 48, 48, 1)
        batches.on_epoch_end()
    assert seen == [True] * stormy + [False] * (4 - stormy)


def test_answers_are_of_a_picture_and_its_mirror_image() -> None:
    pictures = np.zeros((2, 48, 48), np.uint8)
    pictures[0, :, :24] = 200
    assert answers(Sees(4, 4), pictures) == pytest.approx(np.eye(7)[[4, 4]], abs=1e-6)
    assert answers(Sees(4, 6), pictures)[0, [4, 6]] == pytest.approx([0.5, 0.5], abs=1e-6)


def test_its_own_answers_are_mixed_in_once_and_not_before_their_epoch() -> None:
    batches = made()
    batches.itself, batches.itself_from = 0.25, 2
    labels = np.eye(7, dtype=np.float32)[:4]
    batches.look_back(Sees(5, 5), 1)
    assert np.array_equal(batches.targets, labels)
    batches.look_back(Sees(5, 5), 2)
    assert batches.targets == pytest.approx(0.75 * labels + 0.25 * np.eye(7)[[5] * 4], abs=1e-6)
    batches.look_back(Sees(6, 6), 3)
    assert batches.targets[:, 6].max() < 1e-6


def test_a_recipe_that_does_not_ask_for_it_learns_the_labels_alone() -> None:
    batches = made()
    batches.look_back(Sees(5, 5), 4)
    assert np.array_equal(batches.targets, np.eye(7, dtype=np.float32)[:4])
