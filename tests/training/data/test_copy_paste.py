"""Heads pasted on backgrounds: where they land, and what they hide."""

from __future__ import annotations

import numpy as np
import pytest

from training.data import copy_paste
from training.data.copy_paste import Head


def white_head() -> Head:
    """A black picture with one white rectangle, whose corners are the points."""
    image = np.zeros((128, 128, 3), np.uint8)
    image[30:110, 40:100] = 255
    return Head(image, np.array([[40, 30], [100, 110]] + [[70, 70]] * 66, float))


@pytest.mark.parametrize("share", [0.2, 0.5, 0.95])
def test_a_pasted_head_is_where_its_box_says(share) -> None:
    for seed in range(8):
        made, box = copy_paste.paste(
            white_head(), np.zeros((208, 256, 3), np.uint8), share, np.random.default_rng(seed)
        )
        rows, columns = np.nonzero(made[:, :, 0] > 127)
        assert np.abs(box - [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]).max() < 3
        assert (box[3] - box[1]) / 208 == pytest.approx(share, abs=1e-6)
        assert (box >= -1e-3).all()
        assert (box <= np.array([256, 208, 256, 208]) + 1e-3).all()


def test_the_points_lie_in_the_face_where_they_were_measured() -> None:
    inner = np.array([109, 121, 198, 204], float)
    left, top, right, bottom = copy_paste.face_box(inner, 400, 400)
    assert [left, top] == pytest.approx([100, 100])
    assert [right, bottom] == pytest.approx([200, 200])
    assert list(copy_paste.face_box(np.array([0, 0, 100, 100]), 80, 90)) == [0, 0, 80, 90]


@pytest.mark.parametrize(
    ("boxes", "parts"),
    [
        pytest.param([], [], id="no face"),
        pytest.param([[0, 0, 10, 10]], [0.0], id="beside it"),
        pytest.param([[20, 20, 40, 40]], [1.0], id="behind it"),
        pytest.param([[10, 20, 30, 40], [0, 0, 4, 4]], [0.5, 0.0], id="half behind it"),
    ],
)
def test_how_much_of_a_face_is_hidden(boxes, parts) -> None:
    before = np.zeros((60, 60, 3), np.uint8)
    after = before.copy()
    after[20:40, 20:40, 1] = 9
    assert list(copy_paste.hidden(before, after, np.array(boxes, np.float32).reshape(-1, 4))) == pytest.approx(parts)
