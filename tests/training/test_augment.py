"""Random changes to crops."""

from __future__ import annotations

import numpy as np
import pytest

from edge.frame import Box
from tests.training import made
from training.augment import Augmentation

NOTHING = {key: 0.0 for key in ("rotate", "zoom", "shift", "light", "erase", "blur", "noise")}


@pytest.fixture(params=[(48, 48), (48, 48, 1), (48, 48, 3)], ids=str)
def image(request) -> np.ndarray:
    grey = made.face(3, 48, np.random.default_rng(0))
    return grey if len(request.param) == 2 else np.repeat(grey[:, :, None], request.param[2], axis=2)


def test_size_and_type_stay_and_the_picture_is_not_touched(image) -> None:
    before = image.copy()
    for seed in range(30):
        changed = Augmentation(erase=1.0, blur=1.0, noise=1.0)(image, np.random.default_rng(seed))
        assert changed.dtype == np.uint8
        assert changed.reshape(image.shape).shape == image.shape
    assert np.array_equal(image, before)


def test_the_same_lot_gives_the_same_picture(image) -> None:
    first, second, other = (Augmentation()(image, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


def test_all_sizes_zero_leave_the_picture_or_its_mirror(image) -> None:
    made_ = [Augmentation(**NOTHING)(image, np.random.default_rng(seed)).reshape(image.shape) for seed in range(20)]
    straight = [np.array_equal(m, image) for m in made_]
    mirrored = [np.array_equal(m, image[:, ::-1]) for m in made_]
    assert all(a != b for a, b in zip(straight, mirrored, strict=True))
    assert any(straight)
    assert any(mirrored)


@pytest.mark.parametrize(("name", "value"), [("rotate", 20.0), ("zoom", 0.2), ("shift", 0.1), ("light", 0.3)])
def test_each_size_changes_the_picture(name, value) -> None:
    image = made.face(3, 48, np.random.default_rng(0))
    changed = Augmentation(**{**NOTHING, name: value})(image, np.random.default_rng(3))
    assert not np.array_equal(changed, image)
    assert not np.array_equal(changed, image[:, ::-1])


def test_erasing_blanks_one_rectangle() -> None:
    image = made.face(3, 48, np.random.default_rng(0))
    changed = Augmentation(**{**NOTHING, "erase": 1.0})(image, np.random.default_rng(4))
    different = min((changed != image, changed != image[:, ::-1]), key=np.count_nonzero)
    rows, columns = np.nonzero(different)
    patch = changed[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    assert len(np.unique(patch)) == 1
    assert 0.005 < different.mean() < 0.2


def test_milder_changes_are_smaller(image) -> None:
    full, half = Augmentation(), Augmentation().scaled(0.5)
    assert half == Augmentation(rotate=6.0, zoom=0.075, shift=0.04, light=0.175, erase=0.15, blur=0.05, noise=0.05)

    def far(augment: Augmentation) -> float:
        changed = [augment(image, np.random.default_rng(seed)).reshape(image.shape) for seed in range(60)]
        nearest = [min(np.abs(m - 1.0 * v).mean() for v in (image, image[:, ::-1])) for m in changed]
        return float(np.mean(nearest))

    assert far(Augmentation().scaled(0.0)) == 0
    assert far(half) < 0.8 * far(full)


def test_a_square_of_a_wider_picture_is_shown_at_the_asked_size() -> None:
    wide = np.zeros((72, 72), np.uint8)
    wide[10:58, 14:62] = made.face(3, 48, np.random.default_rng(0))
    shown = Augmentation(**NOTHING)(wide, np.random.default_rng(0), Box(14, 10, 62, 58), 48)
    inside = wide[10:58, 14:62]
    assert np.array_equal(shown, inside) or np.array_equal(shown, inside[:, ::-1])
    assert Augmentation(**NOTHING)(wide, np.random.default_rng(0), Box(4, 4, 68, 68), 48).shape == (48, 48)


def test_moving_a_square_shows_what_is_around_it() -> None:
    wide = np.full((72, 72), 200, np.uint8)
    wide[12:60, 12:60] = 100
    shown = [
        Augmentation(**{**NOTHING, "shift": 0.1})(wide, np.random.default_rng(seed), Box(12, 12, 60, 60), 48)
        for seed in range(5)
    ]
    assert all((picture == 200).any() for picture in shown)
