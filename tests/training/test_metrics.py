"""Figures against slow, obvious oracles and against sums done by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.metrics import Found, average_precision, calibration_error, iou_matrix, wilson


def found(
    detections: list[tuple[float, float, float, float, float]], truth: list[tuple[float, float, float, float]]
) -> Found:
    rows = np.array(detections, np.float32).reshape(-1, 5)
    return Found(rows[:, :4], rows[:, 4], np.array(truth, np.float32).reshape(-1, 4))


BOX, FAR, TINY = (0.0, 0.0, 20.0, 20.0), (100.0, 100.0, 130.0, 130.0), (50.0, 50.0, 58.0, 60.0)


@pytest.mark.parametrize(
    ("detections", "truth", "expected"),
    [
        pytest.param([], [BOX], 0.0, id="nothing found"),
        pytest.param([(*BOX, 0.9)], [BOX], 1.0, id="found"),
        pytest.param([(*BOX, 0.9), (*FAR, 0.8)], [BOX], 1.0, id="a later false alarm costs nothing"),
        pytest.param([(*BOX, 0.8), (*FAR, 0.9)], [BOX], 0.5, id="an earlier false alarm halves the precision"),
        pytest.param([(*BOX, 0.9)], [BOX, FAR], 0.5, id="one of two"),
        pytest.param([(*BOX, 0.9), (*BOX, 0.8)], [BOX, FAR], 0.5, id="a double is a false alarm"),
        pytest.param([(*BOX, 0.9), (*BOX, 0.8), (*FAR, 0.7)], [BOX, FAR], 0.5 + 0.5 * 2 / 3, id="a double between"),
        pytest.param(
            [(*TINY, 0.9), (*BOX, 0.8)], [BOX, TINY], 1.0, id="a small box is not asked for, nor held against"
        ),
        pytest.param([(*TINY, 0.9), (*BOX, 0.8)], [BOX], 1.0, id="a small detection beside nothing is ignored"),
        pytest.param([(0, 0, 20, 10, 0.9)], [BOX], 1.0, id="half of the box is enough"),
        pytest.param([(0, 0, 20, 9.9, 0.9)], [BOX], 0.0, id="less than half is not"),
    ],
)
def test_ignore_rules(detections, truth, expected) -> None:
    assert average_precision([found(detections, truth)]) == pytest.approx(expected)


def test_no_box_to_find_is_not_a_number() -> None:
    assert math.isnan(average_precision([]))
    assert math.isnan(average_precision([found([(*BOX, 0.9)], [TINY])]))


def brute(pictures: list[Found]) -> float:
    """AP by trying every threshold; for large boxes alone, so that no ignore rule is at work."""
    total = sum(len(picture.truth) for picture in pictures)
    scores = sorted({float(s) for picture in pictures for s in picture.scores}, reverse=True)
    curve = []
    for threshold in scores:
        hits = shown = 0
        for picture in pictures:
            free = list(range(len(picture.truth)))
            order = sorted(range(len(picture.scores)), key=lambda n: (-picture.scores[n], n))
            for n in (n for n in order if picture.scores[n] >= threshold):
                shown += 1
                overlaps = {k: float(iou_matrix(picture.ltrb[n : n + 1], picture.truth[k : k + 1])[0, 0]) for k in free}
                best = max(overlaps, key=lambda k: overlaps[k], default=None)
                if best is not None and overlaps[best] >= 0.5:
                    free.remove(best)
                    hits += 1
        curve.append((hits / total, hits / shown))
    area = before = 0.0
    for n, (recall, _) in enumerate(curve):
        area += (recall - before) * max(precision for _, precision in curve[n:])
        before = recall
    return area


corners = st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(14, 40), st.integers(14, 40))
boxes = corners.map(lambda c: (float(c[0]), float(c[1]), float(c[0] + c[2]), float(c[1] + c[3])))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_average_precision_against_every_threshold(data) -> None:
    count = data.draw(st.integers(1, 3))
    # Distinct scores: of equal ones the order is the implementation's own.
    scores = iter(data.draw(st.permutations([n / 100 for n in range(1, 40)])))
    pictures = []
    for _ in range(count):
        truth = data.draw(st.lists(boxes, min_size=1, max_size=4))
        shown = data.draw(st.lists(boxes | st.sampled_from(truth), max_size=6))
        pictures.append(found([(*box, next(scores)) for box in shown], truth))
    assert average_precision(pictures) == pytest.approx(brute(pictures))


def test_iou_of_a_quarter() -> None:
    a, b = np.float32([[0, 0, 10, 10]]), np.float32([[5, 0, 15, 10], [0, 0, 10, 10], [20, 20, 30, 30]])
    assert iou_matrix(a, b)[0] == pytest.approx([1 / 3, 1, 0])
    assert iou_matrix(a[:0], b).shape == (0, 3)


def test_calibration_error_by_hand() -> None:
    """Two bins: .9 twice, one right (gap .4), and .6 twice, both right (gap .4)."""
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.4, 0.6], [0.4, 0.6]])
    assert calibration_error(probabilities, np.array([0, 1, 1, 1])) == pytest.approx(0.4)
    assert calibration_error(np.array([[1.0, 0.0]]), np.array([0])) == 0


@pytest.mark.parametrize(
    ("right", "total", "expected"),
    [
        (0, 0, (0.0, 1.0)),
        (0, 10, (0.0, 0.2775)),  # the tables of Brown, Cai and DasGupta (2001)
        (5, 10, (0.2366, 0.7634)),
        (318, 318, (0.9881, 1.0)),
    ],
)
def test_wilson(right, total, expected) -> None:
    assert wilson(right, total) == pytest.approx(expected, abs=1e-4)
