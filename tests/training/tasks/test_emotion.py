"""When the changes become smaller, and when the network's own answers become a part of what it learns."""

from __future__ import annotations

import numpy as np
import pytest

from edge.errors import InvalidValue
from edge.frame import Box
from tests.training.made import face
from training.augment import Augmentation
from training.recipe import Recipe, Schedule
from training.tasks.emotion_batches import Beside, EmotionBatches, EmotionData, answers, rarity

STILL = Augmentation(0, 0, 0, 0, 0, 0, 0)


def made(**data) -> EmotionBatches:
    """Two batches of two faces, labelled 0, 1, 2 and 3."""
    images = np.stack([face(n, 48, np.random.default_rng(n)) for n in range(4)])
    recipe = Recipe("x", "emotion-bare", 1, "made", Schedule(epochs=4, batch=2))
    return EmotionBatches(images, np.eye(7, dtype=np.float32)[:4], recipe, Augmentation(), EmotionData(**data))


class Sees:
    """A network that is sure of `left` where the left half is the brighter one, else of `right`."""

    def __init__(self, left: int, right: int) -> None:
        self.left, self.right = left, right

    def predict(self, pictures, **_):
        brighter = pictures[:, :, :24].mean(axis=(1, 2, 3)) > pictures[:, :, 24:].mean(axis=(1, 2, 3))
        return np.eye(7, dtype=np.float32)[np.where(brighter, self.left, self.right)] * 30


@pytest.mark.parametrize(
    ("anneal_from", "full"),
    [
        pytest.param(1.0, 4, id="never"),
        pytest.param(0.5, 2, id="half of the epochs"),
        pytest.param(0.0, 0, id="always"),
    ],
)
def test_the_last_epochs_are_annealed(anneal_from, full) -> None:
    batches = made(anneal_from=anneal_from)
    seen = []
    for _ in range(4):
        seen.append(batches.augment == Augmentation())
        assert batches[0][0].shape == (2, 48, 48, 1)
        batches.on_epoch_end()
    assert seen == [True] * full + [False] * (4 - full)


def test_answers_are_of_a_picture_and_its_mirror_image() -> None:
    pictures = np.zeros((2, 48, 48), np.uint8)
    pictures[0, :, :24] = 200
    assert answers(Sees(4, 4), pictures) == pytest.approx(np.eye(7)[[4, 4]], abs=1e-6)
    assert answers(Sees(4, 6), pictures)[0, [4, 6]] == pytest.approx([0.5, 0.5], abs=1e-6)


def test_its_own_answers_are_taken_once_at_each_of_their_epochs() -> None:
    batches = made(self_distill=0.25, self_distill_from=(2, 4))
    labels = np.eye(7, dtype=np.float32)[:4]

    def taught(by):
        return pytest.approx(0.75 * labels + 0.25 * np.eye(7)[[by] * 4], abs=1e-6)

    batches.update_from(Sees(5, 5), 1)
    assert np.array_equal(batches.targets, labels)
    for epochs, sees, by in ((2, 5, 5), (3, 6, 5), (4, 6, 6), (5, 5, 6)):
        batches.update_from(Sees(sees, sees), epochs)
        assert batches.targets == taught(by), epochs


def test_a_state_has_the_answers_and_those_of_the_next_epoch_replace_them() -> None:
    before, after = (made(self_distill=0.25, self_distill_from=(2, 4)) for _ in range(2))
    after.restore(before.state())
    assert np.array_equal(after.targets, np.eye(7, dtype=np.float32)[:4])
    before.update_from(Sees(5, 5), 2)
    after.restore(before.state())
    for epochs in (3, 4):
        for batches in (before, after):
            batches.update_from(Sees(6, 6), epochs)
        assert np.array_equal(after.targets, before.targets)


def test_answers_to_other_rows_are_refused() -> None:
    batches = made(self_distill=0.25, self_distill_from=(2,))
    with pytest.raises(InvalidValue, match="--resume: expected the data that the run began with, 5 rows, got 4"):
        batches.restore({"answers": np.zeros((5, 7), np.float32), "passed": np.array(1)})


def test_a_recipe_that_does_not_ask_for_it_learns_the_labels_alone() -> None:
    batches = made()
    batches.update_from(Sees(5, 5), 4)
    assert batches.state() == {}
    assert np.array_equal(batches.targets, np.eye(7, dtype=np.float32)[:4])


def test_each_epoch_shows_one_of_the_versions_of_a_row() -> None:
    versions = np.stack([np.full((4, 48, 48), shade, np.uint8) for shade in (0, 255)])
    recipe = Recipe("x", "emotion-masked", 1, "made", Schedule(epochs=8, batch=2))
    batches = EmotionBatches(versions, np.eye(7, dtype=np.float32)[:4], recipe, STILL)
    shown = set()
    for _ in range(8):
        shown |= {float(picture.mean()) for picture in batches[0][0]}
        batches.on_epoch_end()
    assert shown == {0.0, 1.0}


def beside_bright_faces(steps: int = 0, **data) -> EmotionBatches:
    """Dark rows labelled 0 in batches of eight, a quarter of which are bright ones of another set, labelled 3."""
    beside = Beside(
        np.full((1, 2, 72, 72), 255, np.uint8),
        [Box(8, 8, 64, 64), Box(10, 10, 60, 60)],
        np.eye(7, dtype=np.float32)[[3, 3]],
        np.array([1.0, 0.0]),
    )
    recipe = Recipe("x", "emotion-bare", 1, "made", Schedule(epochs=4, batch=8, steps=steps))
    dark, labels = np.zeros((12, 48, 48), np.uint8), np.eye(7, dtype=np.float32)[[0] * 12]
    return EmotionBatches(dark, labels, recipe, STILL, EmotionData(wild=0.25, **data), beside)


@pytest.mark.parametrize(("steps", "expected"), [(0, 2), (1, 1), (5, 5)])
def test_every_batch_has_its_share_of_the_other_set(steps, expected) -> None:
    batches = beside_bright_faces(steps)
    assert len(batches) == expected
    for index in range(len(batches)):
        pictures, targets = batches[index]
        assert pictures.shape == (8, 48, 48, 1)
        assert targets.argmax(axis=1).tolist() == [0] * 6 + [3] * 2
        assert pictures.mean(axis=(1, 2, 3)).tolist() == [0.0] * 6 + [1.0] * 2


def test_rows_of_the_other_set_without_a_chance_are_never_drawn() -> None:
    batches = beside_bright_faces(steps=20)
    assert set(batches.order_beside.tolist()) == {0}


def test_rare_emotions_are_drawn_more_often() -> None:
    targets = np.eye(7, dtype=np.float32)[[0] * 90 + [1] * 10]
    assert rarity(targets, 0) is None
    for power, share in ((0.5, 0.25), (1.0, 0.5)):
        chances = rarity(targets, power)
        assert chances.sum() == pytest.approx(1)
        assert chances[90:].sum() == pytest.approx(share)
