"""Batches of the gender model: annotated faces, and named ones once the network has been asked about them."""

from __future__ import annotations

import numpy as np
import pytest

from edge.errors import InvalidValue, SettingsError
from training.augment import Augmentation
from training.data.faces_gender import People
from training.data.fer2013 import DataError
from training.recipe import Recipe, Schedule
from training.tasks import gender_batches
from training.tasks.gender_batches import GenderBatches, GenderData, Named, blended, smoothed

STILL = Augmentation(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def people(count):
    genders = np.array(["female", "male"] * count)[:count]
    images = np.full((count, 64, 64, 3), 40, np.uint8)
    return People(images, np.full(count, 30), genders, np.array(["a"] * count), np.array(["train"] * count))


def named():
    """Three Anns, one of them mistaken; a Bob alone."""
    images = np.full((4, 64, 64), 200, np.uint8)
    return Named(images, np.array(["Ann_A", "Ann_B", "Ann_C", "Bob_B"]))


def batches(share=0.5, named_from=(2, 4), size=16, faces=None):
    recipe = Recipe("tiny", "gender", 3, "", fit=Schedule(epochs=6, batch=4), network={"size": size})
    data = GenderData(smoothing=0.0, grey=0.0, named=share, named_from=named_from)
    return GenderBatches(people(8), np.arange(8), recipe, STILL, data, named() if faces is None else faces)


class Model:
    """Answers `logits` for the named faces, as often as it is asked."""

    def __init__(self, *logits):
        self.logits, self.shapes = np.array(logits, np.float32), []

    def predict(self, pictures, **_):
        self.shapes.append(pictures.shape)
        return self.logits


ANNS = ([3.0, -3.0], [3.0, -3.0], [-0.1, 0.1], [0.0, 1.0])


def test_without_named_faces_there_is_nothing_to_ask_and_nothing_to_keep():
    alone = batches(share=0.0)
    model = Model(*ANNS)
    alone.update_from(model, 5)
    assert (model.shapes, alone.state(), len(alone)) == ([], {}, 2)


def test_named_faces_come_once_the_network_was_asked_and_names_correct_it():
    given = batches()
    assert len(given) == 4
    bright = [(given[n][0].mean(axis=(1, 2, 3)) > 0.5).sum() for n in range(4)]
    assert bright == [0, 0, 0, 0]
    model = Model(*ANNS)
    given.update_from(model, 1)
    assert model.shapes == [], "too early"
    given.update_from(model, 2)
    assert model.shapes == [(4, 16, 16, 3)] * 2, "each face and its mirror image"
    assert given.told[:3].tolist() == [[1.0, 0.0]] * 3
    assert given.told[3, 1] == pytest.approx(0.731, abs=0.001), "one Bob is no namesake"
    pictures, targets = given[0]
    assert (pictures.shape, targets.shape) == ((4, 16, 16, 3), (4, 2))
    assert (pictures.mean(axis=(1, 2, 3)) > 0.5).tolist() == [False, False, True, True]


def test_it_asks_once_for_each_number_of_epochs():
    given, model = batches(), Model(*ANNS)
    for epoch in range(1, 7):
        given.update_from(model, epoch)
    assert len(model.shapes) == 4


def test_what_was_told_goes_with_the_checkpoint():
    given, model = batches(), Model(*ANNS)
    given.update_from(model, 2)
    again = batches()
    again.restore(given.state())
    assert np.array_equal(again.told, given.told)
    for one, other in zip(given[1], again[1], strict=True):
        assert np.array_equal(one, other)
    again.update_from(model, 3)
    assert len(model.shapes) == 2, "not asked again"


def test_a_checkpoint_of_other_data_is_refused():
    given = batches()
    given.update_from(Model(*ANNS), 2)
    few = Named(np.zeros((2, 64, 64), np.uint8), np.array(["Ann_A", "Ann_B"]))
    with pytest.raises(InvalidValue, match="4 named faces, got 2"):
        batches(faces=few).restore(given.state())


def test_a_set_that_is_not_there_names_the_way_without_it(tmp_path):
    with pytest.raises(DataError, match=r"emotion_wild.*train with `named = 0` in a copy of the recipe"):
        Named.load(tmp_path / "emotion_wild")


def test_named_faces_are_cut_as_the_annotated_ones(made_data):
    found = Named.load(made_data / "emotion_wild")
    assert found.images.shape == (21, 64, 64)
    assert found.persons[0] == "train0"
    assert found.coloured(slice(0, 2)).shape == (2, 64, 64, 3)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"named": 1.0, "named_from": (1,)}, r"\[data\] named: expected 0 or more, and less than 1, got 1.0"),
        ({"named": -0.1, "named_from": (1,)}, "less than 1, got -0.1"),
        ({"named": 0.5}, r"\[data\] named_from: expected numbers of epochs"),
    ],
)
def test_a_share_that_makes_no_sense_is_refused(values, said):
    with pytest.raises(SettingsError, match=said):
        GenderData(**values)


def test_a_batch_always_has_annotated_faces():
    given = batches(share=0.99)
    assert (given.others, len(given)) == (3, 8)


def test_blending_keeps_more_than_half_of_each_and_targets_follow():
    pictures = np.stack([np.full((2, 2, 3), n, np.float32) for n in range(8)])
    targets = np.stack([1 - pictures[:, 0, 0, 0] / 8, pictures[:, 0, 0, 0] / 8], axis=1)
    same = blended(pictures, targets, 0.0, np.random.default_rng(1))
    assert np.array_equal(same[0], pictures)
    mixed, told = blended(pictures, targets, 0.3, np.random.default_rng(1))
    assert mixed.dtype == told.dtype == np.float32
    assert told[:, 1] * 8 == pytest.approx(mixed[:, 0, 0, 0], abs=1e-5)
    assert told.sum(axis=1) == pytest.approx(np.ones(8), abs=1e-6)
    assert not np.array_equal(mixed, pictures)


def test_smoothing():
    assert smoothed(np.eye(2, dtype=np.float32), 0.1) == pytest.approx(np.array([[0.95, 0.05], [0.05, 0.95]]))


def test_squares_of_nothing_are_none():
    assert gender_batches.squares(np.zeros((0, 64, 64, 3), np.uint8), 48).shape == (0, 48, 48, 3)
