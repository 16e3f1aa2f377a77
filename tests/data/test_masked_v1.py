"""masked-v1 on the real FER2013: the pixels are those that were frozen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from training.data import fer2013, masked_v1
from training.data.fer2013 import Fer2013
from training.data.masks import COLOURS, HELD_OUT, KINDS

pytestmark = [pytest.mark.data, pytest.mark.slow]


@pytest.fixture(scope="module")
def fer(shared_data: Path) -> Fer2013:
    return fer2013.load(shared_data / "fer2013.npz")


@pytest.mark.parametrize(("name", "usage", "mean"), [("masked-v1", 2, 122), ("masked-v1-public", 1, 120)])
def test_the_frozen_pixels(fer: Fer2013, name: str, usage: int, mean: int) -> None:
    table, pictures = masked_v1.frozen(fer, name)
    assert masked_v1.digest(pictures) == masked_v1.SHA256[name]
    assert table.rows.tolist() == fer.rows(usage).tolist()
    assert pictures.shape == (3589, 48, 48)
    assert table.mean.sum() == mean
    assert np.bincount(table.kinds, minlength=len(KINDS)).min() > 3589 / len(KINDS) * 0.85
    assert np.bincount(table.colours, minlength=len(COLOURS)).min() > 3589 / len(COLOURS) * 0.85
    assert abs(table.held_out().mean() - len(HELD_OUT) / len(KINDS)) < 0.03
    untouched = (pictures == fer.images[table.rows]).all(axis=(1, 2))
    assert not untouched.any(), "every picture wears a mask"


def test_render_gives_the_frozen_pictures_in_any_order(fer: Fer2013) -> None:
    rows = np.array([fer.rows(2)[9], fer.rows(1)[4], fer.rows(2)[0]])
    pictures = masked_v1.render(fer, rows)
    table = masked_v1.load("masked-v1")
    assert np.array_equal(pictures[2], masked_v1.drawn(table.only(rows[2:]), fer)[0])
    assert np.array_equal(pictures[0], masked_v1.drawn(table.only(rows[:1]), fer)[0])
