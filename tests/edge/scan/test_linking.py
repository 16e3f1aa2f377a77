"""Track numbers over the sampled frames of a clip."""

from __future__ import annotations

import pytest

from edge.frame import Box
from edge.scan.linking import Linker


def box(left, top=0.0, side=50.0):
    return Box(left, top, left + side, top + side)


@pytest.fixture
def linker():
    return Linker(0.3, 1.0)


def test_a_frame_without_faces_has_no_track(linker):
    assert linker.link(0.0, []) == []
    assert linker.count == 0


def test_faces_keep_their_numbers_in_whatever_order_they_come(linker):
    assert linker.link(0.0, [box(0), box(200)]) == [1, 2]
    assert linker.link(0.5, [box(205), box(300), box(5)]) == [2, 3, 1]
    assert linker.count == 3


def test_a_face_that_was_away_for_long_or_far_is_another_track(linker):
    assert linker.link(0.0, [box(0)]) == [1]
    assert linker.link(1.0, [box(0)]) == [1]
    assert linker.link(2.1, [box(0)]) == [2]
    assert linker.link(2.5, [box(45)]) == [3]


def test_no_track_goes_on_over_a_cut(linker):
    cuts = [0.7, 2.0]
    assert linker.link(0.5, [box(0)], cuts) == [1]
    assert linker.link(1.0, [box(0)], cuts) == [2]
    assert linker.link(1.5, [box(0)], cuts) == [2]
    assert linker.link(2.0, [box(0)], cuts) == [3]
    assert linker.link(2.5, [box(0)], cuts) == [3]


def test_a_number_is_never_used_again(linker):
    assert linker.link(0.0, [box(0), box(100)]) == [1, 2]
    assert linker.link(5.0, [box(100)]) == [3]
    assert linker.link(5.1, [box(100), box(0)]) == [3, 4]
