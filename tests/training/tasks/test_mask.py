"""The mask classifier's batches: who is in them, how often, and where the square is."""

from __future__ import annotations

import numpy as np
import pytest

from training.augment import Augmentation
from training.recipe import Recipe, Schedule
from training.tasks.mask_batches import NO_FACE, SIZE, WIDE, Crops, MaskBatches, MaskData, middle

STILL = Augmentation(0, 0, 0, 0, 0, 0, 0)
BARE, WORN = 0, 1


def crops(*groups: tuple[int, bool, int]) -> Crops:
    """So many crops of each kind and origin; the crop's shade is its number."""
    kinds = [kind for kind, _, count in groups for _ in range(count)]
    real = [photo for _, photo, count in groups for _ in range(count)]
    return Crops.of([np.full((WIDE, WIDE, 3), n, np.uint8) for n in range(len(kinds))], kinds, real)


def batches(of: Crops, background: float = 0.25, real: float = 0.5, batch: int = 16) -> MaskBatches:
    recipe = Recipe("mask", "mask", 1, "", Schedule(epochs=1, batch=batch, learning_rate=1.0, steps=4), {}, {}, {})
    return MaskBatches(of, recipe, STILL, MaskData(smoothing=0.0, grey=0.0, real=real, background=background))


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        pytest.param([(BARE, True, 3), (WORN, True, 3)], [8, 8, 0], id="no background"),
        pytest.param([(BARE, True, 3), (WORN, True, 1), (NO_FACE, False, 2)], [6, 6, 4], id="all three"),
        pytest.param([(BARE, False, 9), (WORN, True, 2), (NO_FACE, False, 50)], [6, 6, 4], id="of unlike numbers"),
    ],
)
def test_each_kind_has_its_part_of_a_batch(groups, expected) -> None:
    made = batches(crops(*groups))
    assert len(made) == 4
    for index in range(4):
        pictures, targets = made[index]
        assert pictures.shape == (16, SIZE, SIZE, 3)
        assert targets.sum(axis=0).tolist() == expected


def test_a_half_of_each_kind_is_of_real_photographs_where_there_are_some() -> None:
    stored = crops((BARE, True, 2), (BARE, False, 30), (WORN, True, 2), (WORN, False, 30), (NO_FACE, False, 4))
    counted = [(len(rows), count) for rows, _, count in batches(stored, real=0.5).groups]
    assert counted == [(4, 4), (2, 3), (30, 3), (2, 3), (30, 3)]


def test_places_come_as_often_as_their_weight_says() -> None:
    stored = crops((BARE, True, 1), (WORN, True, 1), (NO_FACE, False, 2))
    weighted = Crops(stored.images, stored.kinds, stored.real, np.array([1.0, 1.0, 0.0, 1.0]))
    rows, chance, count = batches(weighted).groups[0]
    assert (rows.tolist(), chance.tolist(), count) == ([2, 3], [0.0, 1.0], 4)


def test_the_square_is_the_middle_of_the_wide_crop() -> None:
    wide = np.zeros((1, WIDE, WIDE, 3), np.uint8)
    edge = (WIDE - SIZE) // 2
    wide[:, edge:-edge, edge:-edge] = 9
    assert (middle(wide) == 9).all()
    assert middle(wide).shape == (1, SIZE, SIZE, 3)


def test_crops_of_nobody_can_be_joined_with_others() -> None:
    joined = Crops.joined([crops(), crops((WORN, True, 2)), crops()])
    assert (joined.images.shape, joined.kinds.tolist(), joined.weights.tolist()) == (
        (2, WIDE, WIDE, 3),
        [WORN, WORN],
        [1.0, 1.0],
    )
