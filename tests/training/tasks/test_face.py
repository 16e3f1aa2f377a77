"""The face detector's scenes: hard negatives are mined from the recipe's epoch on, and shown again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from training import recipe as recipes
from training.data import hard_negatives
from training.tasks import open_task

pytest.importorskip("keras")

from training.tasks import face_batches

NEGATIVE = hard_negatives.HardNegative(0, np.float32([2, 2, 12, 12]), 10.0)


@pytest.fixture
def batches(write_recipe, made_data, monkeypatch):
    """(network, scenes of nothing but hard negatives, mined after two epochs; a number for each search)."""
    looked: list[int] = []
    path = write_recipe("face")
    path.write_text(
        path.read_text().replace(
            "masks = 0.0", "masks = 0.0\nmosaic = 0.0\nhard_negatives = 1.0\nhard_negatives_from = 2"
        )
    )

    def mine(images, pictures, size, count, detect, rng):
        looked.append(rng.integers(1 << 30))
        found = detect(np.zeros((3, size[1], size[0], 3), np.uint8))
        assert all(ltrb.shape == (len(scores), 4) for ltrb, scores in found)
        assert len(found) == 3
        return [NEGATIVE]

    monkeypatch.setattr(hard_negatives, "mine", mine)
    task = open_task(recipes.load(path), made_data)
    return task.build(), task.batches(), looked


def test_before_its_epoch_nothing_is_mined_and_nothing_changes(batches) -> None:
    model, scenes, looked = batches
    before = scenes[0]
    scenes.update_from(model, 1)
    assert looked == []
    assert np.array_equal(scenes[0][0], before[0])


def test_what_was_mined_is_shown(batches, monkeypatch) -> None:
    model, scenes, _ = batches
    placed = []
    place = face_batches.scenes.place

    def noted(image, ltrb, *others):
        placed.append(others[-1])
        return place(image, ltrb, *others)

    monkeypatch.setattr(face_batches.scenes, "place", noted)
    scenes[0]
    assert set(placed) == {None}
    scenes.update_from(model, 2)
    placed.clear()
    scenes[0]
    assert set(placed) == {NEGATIVE}


def test_each_epoch_looks_elsewhere_and_the_same_one_at_the_same_place(batches) -> None:
    model, scenes, looked = batches
    for epochs in (2, 3, 2):
        scenes.update_from(model, epochs)
    first, second, again = looked
    assert first == again != second


def test_pictures_are_degraded_from_the_recipes_epoch_on(batches, monkeypatch) -> None:
    _, scenes, _ = batches
    scenes.zoom, scenes.extras = replace(scenes.zoom, degrade=1.0), replace(scenes.extras, degrade_from=1)
    monkeypatch.setattr(face_batches.scenes, "degrade", lambda image, rng: np.full_like(image, 255))
    assert scenes[0][0].min() < 1
    scenes.on_epoch_end()
    assert scenes[0][0].min() == 1
