"""A few boxes in plain Python: the same as with arrays."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.vision import detection
from edge.vision.few_boxes import find

IOU, VOTING_IOU = 0.5, 0.7
BAD = st.sampled_from([math.nan, math.inf, -math.inf])
SIDES = st.lists(st.integers(4, 16).map(lambda eighth: eighth / 8), min_size=4, max_size=4)
BROKEN = st.lists(st.integers(-6, 40).map(lambda eighth: eighth / 8) | BAD, min_size=4, max_size=4)
# Logits of eight bits: many are equal. Beyond 10, scores of different ones are equal in float32.
LOGITS = st.integers(-40, 40).map(lambda quarter: quarter / 4)
CELLS = st.tuples(st.integers(0, 2), st.integers(0, 1)).map(lambda cell: [8.0 * cell[0] + 4, 8.0 * cell[1] + 4])
ROWS = st.tuples(LOGITS, st.integers(0, 9).flatmap(lambda n: SIDES if n else BROKEN), CELLS, st.just(16.0))


def with_arrays(rows, limit):
    """The kept boxes before and after the vote, their scores, and how many boxes there were."""
    logits, distances, points, units = (np.array(part, np.float32) for part in zip(*rows, strict=True))
    ltrb, scores = detection.decode(logits, distances, points, units, 0.0)
    kept = detection.nms(ltrb, scores, IOU, limit)
    return ltrb[kept], detection.box_voting(ltrb, scores, kept, VOTING_IOU), scores[kept], len(scores)


def test_without_points_there_is_nothing():
    assert find([], [], [], [], IOU, VOTING_IOU, 10) == []


@given(st.lists(ROWS, min_size=1, max_size=12), st.integers(0, 12))
def test_it_finds_what_arrays_find(rows, limit):
    found = find(*zip(*rows, strict=True), IOU, VOTING_IOU, limit)
    _, ltrb, scores, _ = with_arrays(rows, limit)
    assert len(found) == len(scores)
    for (box, score), expected, expected_score in zip(found, ltrb, scores, strict=True):
        assert box.ltrb == pytest.approx(expected, rel=1e-4, abs=1e-3)
        assert score == pytest.approx(expected_score, rel=1e-5)


def test_the_drawn_boxes_suppress_each_other_and_vote():
    """Of what the test before draws, a good part is more than boxes that stand alone."""
    suppressed = voted = 0

    @settings(max_examples=100, database=None, derandomize=True)
    @given(st.lists(ROWS, min_size=4, max_size=12))
    def look(rows):
        nonlocal suppressed, voted
        before, after, scores, count = with_arrays(rows, 12)
        suppressed += len(scores) < count
        voted += not np.allclose(after, before)

    look()
    assert suppressed > 30
    assert voted > 10


def test_neighbouring_points_vote_and_others_do_not():
    # Two points saw one face, a third a face further on.
    distances, points = [[1, 1, 1, 1], [1.25, 1, 0.75, 1], [1, 1, 1, 1]], [[8, 8], [8, 8], [40, 8]]
    (first, score), (second, other) = find([2.0, 0.0, 1.0], distances, points, [8, 8, 8], IOU, VOTING_IOU, 10)
    weight = 1 / (1 + math.exp(-2.0))
    moved = -2.0 * 0.5 / (weight + 0.5)
    assert first.ltrb == pytest.approx((moved, 0, 16 + moved, 16))
    assert second.ltrb == (32, 0, 48, 16)
    assert (score, other) == pytest.approx((weight, 1 / (1 + math.exp(-1.0))))


@pytest.mark.parametrize("distances", [[-1, 1, -1, 1], [math.nan, 1, 1, 1], [math.inf, 1, 1, 1], [1, 1, 1, -math.inf]])
def test_what_is_no_box_is_dropped(distances):
    assert find([1.0], [distances], [[8, 8]], [8], IOU, VOTING_IOU, 10) == []
