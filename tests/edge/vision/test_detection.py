from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import InvalidValue
from edge.vision import detection

SIZES = st.integers(1, 40)


def slow_points(width, height, strides):
    """The contract, word by word."""
    answer = []
    for s in strides:
        for row in range(math.ceil(height / s)):
            for column in range(math.ceil(width / s)):
                answer.append(((column + 0.5) * s, (row + 0.5) * s))
    return answer


def slow_iou(a, b):
    across = min(a[2], b[2]) - max(a[0], b[0])
    down = min(a[3], b[3]) - max(a[1], b[1])
    if across <= 0 or down <= 0:
        return 0.0
    area = [(box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)]
    return across * down / (area[0] + area[1] - across * down)


def slow_nested(a, b, inside, similar):
    """Whether they share more than a part of the smaller one, and that one is not much smaller."""
    across = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    down = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    small, large = sorted((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b))
    return across * down > inside * small and small >= similar * large


def slow_suppress(boxes, scores, iou, limit, inside=1.0, similar=0.0, sure=0.0):
    alive = sorted(range(len(boxes)), key=lambda i: (-scores[i], i))
    kept = []
    while alive and len(kept) < limit:
        best = alive.pop(0)
        kept.append(best)
        alive = [
            i
            for i in alive
            if slow_iou(boxes[best], boxes[i]) <= iou
            and not (scores[best] >= sure and slow_nested(boxes[best], boxes[i], inside, similar))
        ]
    return kept


@given(SIZES, SIZES, st.lists(st.integers(1, 16), max_size=3))
def test_points_are_the_contract(width, height, strides):
    got = detection.anchor_points(width, height, strides)
    assert got.dtype == np.float32
    assert got.shape == (len(got), 2)
    assert got.tolist() == [list(point) for point in slow_points(width, height, strides)]


def test_points_of_a_canvas_that_no_stride_divides():
    assert detection.anchor_points(20, 9, (8, 16)).tolist() == [
        [4, 4], [12, 4], [20, 4], [4, 12], [12, 12], [20, 12], [8, 8], [24, 8],
    ]  # fmt: skip


def test_every_point_has_the_unit_of_its_level():
    assert detection.point_scales(20, 9, (8, 16), (4, 10)).tolist() == [4.0] * 6 + [10.0] * 2


def test_as_many_units_as_strides_are_wanted():
    with pytest.raises(InvalidValue, match=r"one a stride \(2\), got 1"):
        detection.point_scales(20, 9, (8, 16), (4,))


@given(st.data(), st.integers(1, 40), st.integers(1, 40), st.floats(0, 1))
def test_decode_agrees_with_a_loop(data, width, height, threshold):
    strides, scale = (8, 16), (6.0, 12.0)
    points = detection.anchor_points(width, height, strides)
    units = detection.point_scales(width, height, strides, scale)
    real = st.floats(-30, 30, width=32)
    logits = np.array(data.draw(st.lists(real, min_size=len(points), max_size=len(points))), np.float32)
    logits = np.round(logits, 2)
    distances = np.array(
        data.draw(st.lists(st.tuples(*[st.floats(-2, 9, width=16)] * 4), min_size=len(points), max_size=len(points))),
        np.float32,
    )
    expected = []
    for (x, y), u, logit, (left, top, right, bottom) in zip(points, units, logits, distances, strict=True):
        score = 1 / (1 + math.exp(-float(logit)))
        box = [x - left * u, y - top * u, x + right * u, y + bottom * u]
        if score >= threshold - 1e-6 and box[0] < box[2] and box[1] < box[3]:
            expected.append((box, score))
    ltrb, scores = detection.decode(logits[:, None], distances, points, units, threshold)
    sure = [entry for entry in expected if entry[1] >= threshold + 1e-6]
    if len(sure) < len(expected):  # a score on the threshold itself may fall on either side
        assert len(sure) <= len(scores) <= len(expected)
        return
    assert ltrb.shape == (len(expected), 4)
    assert (ltrb.dtype, scores.dtype) == (np.float32, np.float32)
    for got, score, (box, wanted) in zip(ltrb, scores, expected, strict=True):
        assert got == pytest.approx(box, abs=1e-3)
        assert score == pytest.approx(wanted, abs=1e-6)


def test_decode_of_nothing_is_empty_arrays():
    empty = np.zeros((0, 2), np.float32)
    ltrb, scores = detection.decode(np.zeros((0, 1)), np.zeros((0, 4)), empty, np.zeros(0), 0.5)
    assert ltrb.shape == (0, 4)
    assert scores.shape == (0,)


@pytest.mark.parametrize(
    ("logit", "distances"),
    [
        (math.nan, (1, 1, 1, 1)),
        (9, (math.nan, 1, 1, 1)),
        (9, (1, math.inf, 1, 1)),
        (9, (1e38, 1, 1e38, 1)),
        (9, (0, 1, 0, 1)),
        (9, (-3, 1, 1, 1)),
    ],
    ids=["nan logit", "nan side", "infinite side", "overflow", "no width", "turned inside out"],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_degenerate_boxes_are_dropped_and_the_good_one_beside_them_stays(logit, distances):
    points, units = np.float32([[8, 8], [24, 8]]), np.float32([16, 16])
    logits = np.float32([[logit], [9]])
    ltrb, scores = detection.decode(logits, np.float32([distances, (1, 1, 1, 1)]), points, units, 0.5)
    assert ltrb.tolist() == [[8, -8, 40, 24]]
    assert len(scores) == 1


def test_extreme_logits_are_scores_without_a_warning():
    points, units = np.zeros((3, 2), np.float32), np.ones(3, np.float32)
    _, scores = detection.decode(np.float32([-1e30, 0, 1e30]), np.ones((3, 4), np.float32), points, units, 0.0)
    assert scores.tolist() == [pytest.approx(0, abs=1e-30), 0.5, 1.0]


def test_decode_says_which_shapes_disagree():
    with pytest.raises(InvalidValue, match=r"expected 2 logits, distances \(2, 4\) and units \(2,\), got 3"):
        detection.decode(np.zeros((3, 1)), np.zeros((2, 4)), np.zeros((2, 2)), np.zeros(2), 0.5)


BOX = st.tuples(st.integers(0, 20), st.integers(0, 20), st.integers(1, 12), st.integers(1, 12))


@given(
    st.lists(st.tuples(BOX, st.sampled_from([0.1, 0.25, 0.5, 0.75, 1.0])), max_size=25),
    st.sampled_from([0.0, 0.15, 0.45, 0.99, 1.0]),
    st.integers(0, 10),
)
def test_suppress_agrees_with_a_loop(found, iou, limit):
    boxes = np.array([(x, y, x + w, y + h) for (x, y, w, h), _ in found], np.float32).reshape(-1, 4)
    scores = np.array([score for _, score in found], np.float32)
    before = boxes.copy(), scores.copy()
    got = detection.nms(boxes, scores, iou, limit)
    assert got.tolist() == slow_suppress(boxes.tolist(), scores.tolist(), iou, limit)
    assert np.array_equal(boxes, before[0])
    assert np.array_equal(scores, before[1])


@pytest.mark.parametrize(
    ("boxes", "kept"),
    [
        ([], []),
        ([(0, 0, 10, 10)], [0]),
        ([(0, 0, 10, 10), (0, 0, 10, 10)], [0]),
        ([(0, 0, 10, 10), (10, 0, 20, 10)], [0, 1]),
        ([(0, 0, 10, 10), (0, 5, 10, 15)], [0, 1]),
        ([(0, 0, 10, 10), (1, 1, 11, 11), (30, 30, 40, 40)], [0, 2]),
    ],
    ids=["none", "one", "twins", "neighbours", "a third shared", "two faces"],
)
def test_suppress_by_table(boxes, kept):
    scores = np.linspace(0.9, 0.5, len(boxes), dtype=np.float32)
    assert detection.nms(np.array(boxes, np.float32).reshape(-1, 4), scores, 0.45, 10).tolist() == kept


@given(
    st.lists(st.tuples(BOX, st.sampled_from([0.1, 0.25, 0.5, 0.75, 1.0])), max_size=25),
    st.sampled_from([0.0, 0.45, 1.0]),
    st.sampled_from([0.3, 0.55, 0.81]),
    st.sampled_from([0.0, 0.17, 0.61]),
    st.sampled_from([0.0, 0.4, 0.8]),
)
def test_suppression_of_nested_boxes_agrees_with_a_loop(found, iou, inside, similar, sure):
    boxes = np.array([(x, y, x + w, y + h) for (x, y, w, h), _ in found], np.float32).reshape(-1, 4)
    scores = np.array([score for _, score in found], np.float32)
    got = detection.nms(boxes, scores, iou, 10, inside, similar, sure)
    assert got.tolist() == slow_suppress(boxes.tolist(), scores.tolist(), iou, 10, inside, similar, sure)


HEAD = (0, 0, 100, 100)


@pytest.mark.parametrize(
    ("other", "kept"),
    [
        ((20, 20, 80, 80), [0]),
        ((60, 60, 120, 120), [0, 1]),
        ((10, 10, 40, 40), [0, 1]),
        ((-20, -20, 140, 140), [0]),
        ((100, 0, 200, 100), [0, 1]),
    ],
    ids=["eyes to mouth", "a neighbour's", "a much smaller face", "a box around it", "beside it"],
)
def test_a_box_in_another_of_the_same_face_goes(other, kept):
    boxes = np.float32([HEAD, other])
    assert detection.nms(boxes, np.float32([0.9, 0.8]), 0.5, 10, inside=0.8, similar=0.25).tolist() == kept
    assert detection.nms(boxes, np.float32([0.9, 0.8]), 0.5, 10).tolist() == [0, 1], "off unless asked for"


def test_a_chain_does_not_carry_suppression_on():
    # The second goes because of the first; the third overlaps only the second, which is gone: it stays.
    boxes = np.float32([(0, 0, 10, 10), (4, 0, 14, 10), (8, 0, 18, 10)])
    assert detection.nms(boxes, np.float32([0.9, 0.8, 0.7]), 0.3, 10).tolist() == [0, 2]


def test_only_the_best_candidates_are_looked_at(monkeypatch):
    monkeypatch.setattr(detection, "CANDIDATES", 2)
    boxes = np.float32([(x, 0, x + 5, 5) for x in (0, 10, 20, 30)])
    scores = np.float32([0.1, 0.9, 0.3, 0.8])
    assert detection.nms(boxes, scores, 0.5, 1).tolist() == [1]
    assert detection.nms(boxes, scores, 0.5, 3).tolist() == [1, 3, 2]


def slow_vote(boxes, scores, kept, iou):
    moved = []
    for best in kept:
        total, weights = [0.0] * 4, 0.0
        for box, score in zip(boxes, scores, strict=True):
            if slow_iou(boxes[best], box) >= iou:
                total = [t + score * side for t, side in zip(total, box, strict=True)]
                weights += score
        moved.append([t / weights for t in total])
    return moved


@given(
    st.lists(st.tuples(BOX, st.sampled_from([0.1, 0.25, 0.5, 0.75, 1.0])), max_size=25),
    st.sampled_from([0.35, 0.55, 0.71, 0.99]),
)
def test_vote_agrees_with_a_loop(found, iou):
    boxes = np.array([(x, y, x + w, y + h) for (x, y, w, h), _ in found], np.float32).reshape(-1, 4)
    scores = np.array([score for _, score in found], np.float32)
    kept = detection.nms(boxes, scores, 0.5, 5)
    got = detection.box_voting(boxes, scores, kept, iou)
    assert got.shape == (len(kept), 4)
    slow = np.array(slow_vote(boxes.tolist(), scores.tolist(), kept, iou)).reshape(-1, 4)
    assert got == pytest.approx(slow, abs=1e-4)


def test_a_box_alone_stays_and_neighbours_pull_by_their_scores():
    boxes = np.float32([[0, 0, 10, 10], [1, 0, 11, 10], [50, 50, 60, 60]])
    scores = np.float32([0.75, 0.25, 0.5])
    assert detection.box_voting(boxes, scores, np.array([0, 2]), 0.7).tolist() == [
        [0.25, 0, 10.25, 10],
        [50, 50, 60, 60],
    ]
    assert detection.box_voting(boxes, scores, np.array([], np.int64), 0.7).shape == (0, 4)


def test_a_box_between_two_faces_votes_once():
    # Each shares a half with the other; what lies between them overlaps both by .71.
    boxes = np.float32([[0, 0, 60, 60], [20, 0, 80, 60], [10, 0, 70, 60]])
    scores, kept = np.float32([0.5, 0.5, 0.5]), np.array([0, 1])
    assert detection.box_voting(boxes, scores, kept, 0.7).tolist() == [[5, 0, 65, 60], [15, 0, 75, 60]]
    assert detection.box_voting(boxes, scores, kept, 0.7, once=True).tolist() == [[5, 0, 65, 60], [20, 0, 80, 60]]
    assert detection.box_voting(boxes, scores, kept[:0], 0.7, once=True).shape == (0, 4)
