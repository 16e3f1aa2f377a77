"""Face-free crops."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from training.evaluate import backgrounds

boxes = st.tuples(st.integers(0, 280), st.integers(0, 200), st.integers(4, 60), st.integers(4, 60))


def test_a_picture_without_boxes_gives_the_largest_crop() -> None:
    (first, *_) = backgrounds.places(320, 240, np.zeros((0, 4), np.float32), np.random.default_rng(0))
    assert first[2] - first[0] == round(320 * backgrounds.WIDEST)


def test_a_picture_full_of_faces_gives_none() -> None:
    everywhere = np.array([[0, 0, 320, 240]], np.float32)
    assert backgrounds.places(320, 240, everywhere, np.random.default_rng(0)) == []


@settings(max_examples=40, deadline=None)
@given(st.lists(boxes, max_size=6), st.integers(0, 1000))
def test_no_crop_touches_a_box_or_another_crop(listed, seed) -> None:
    ltrb = np.array([[x, y, x + w, y + h] for x, y, w, h in listed], np.float32).reshape(-1, 4)
    found = backgrounds.places(320, 240, ltrb, np.random.default_rng(seed))
    assert found == backgrounds.places(320, 240, ltrb, np.random.default_rng(seed))
    assert len(found) <= backgrounds.PER_PICTURE
    taken = np.zeros((240, 320), int)
    for x, y, w, h in listed:
        taken[y : y + h, x : x + w] = 1
    for left, top, right, bottom in found:
        assert 0 <= left < right <= 320
        assert 0 <= top < bottom <= 240
        assert not taken[top:bottom, left:right].any()
        taken[top:bottom, left:right] = 1
