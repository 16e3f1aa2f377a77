"""When the changes become milder, and when the network's own answers become a part of what it learns."""

from __future__ import annotations

import numpy as np
import pytest

from tests.training.made import face
from training.augment import Augmentation
from training.recipe import Recipe, Schedule
from training.tasks.emotion import EmotionBatches, answers, blended


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


def test_its_own_answers_are_taken_once_at_each_of_their_epochs() -> None:
    batches = made()
    batches.itself, batches.itself_from = 0.25, (2, 4)
    labels = np.eye(7, dtype=np.float32)[:4]

    def taught(by):
        return pytest.approx(0.75 * labels + 0.25 * np.eye(7)[[by] * 4], abs=1e-6)

    batches.look_back(Sees(5, 5), 1)
    assert np.array_equal(batches.targets, labels)
    for epochs, sees, by in ((2, 5, 5), (3, 6, 5), (4, 6, 6), (5, 5, 6)):
        batches.look_back(Sees(sees, sees), epochs)
        assert batches.targets == taught(by), epochs


def test_a_blend_is_led_by_the_picture_itself_and_its_targets_are_blended_alike() -> None:
    pictures = np.arange(6, dtype=np.float32).reshape(6, 1, 1, 1) * np.ones((6, 2, 2, 1), np.float32)
    shown, targets = blended(pictures, np.eye(6, dtype=np.float32), 0.4, np.random.default_rng(1))
    assert np.array_equal(targets.argmax(axis=1), np.arange(6))
    assert targets.sum(axis=1) == pytest.approx(1.0)
    assert (targets.max(axis=1) < 1).any()
    assert shown[:, 0, 0, 0] == pytest.approx(targets @ np.arange(6), abs=1e-5)
    assert (shown == shown[:, :1, :1]).all()


def test_pictures_are_blended_from_their_epoch_on() -> None:
    batches = made()
    batches.mix, batches.mix_from = 1.0, 1
    surest = []
    for _ in range(8):  # in a batch of two, every second blend is of a picture with itself
        surest.append(min(batches[0][1].max(axis=1)))
        batches.on_epoch_end()
    assert surest[0] == 1.0
    assert min(surest[1:]) < 1.0


def test_a_recipe_that_does_not_ask_for_it_learns_the_labels_alone() -> None:
    batches = made()
    batches.look_back(Sees(5, 5), 4)
    assert np.array_equal(batches.targets, np.eye(7, dtype=np.float32)[:4])
