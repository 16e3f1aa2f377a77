from __future__ import annotations

import numpy as np
import pytest

from edge.journals.spans import Span
from edge.journals.timeline import BINS, EXACT, LABELS, Timeline, binned, edges, mean_intensity


def happened(kind, monotonic, **fields):
    from edge.clock import rfc3339

    return {"time": rfc3339(1000.0 + monotonic), "monotonic": monotonic, "event": kind, **fields}


@pytest.mark.parametrize(
    ("spans", "answer"),
    [
        ([], [0, 0, 0, 0]),
        ([Span(0, 4, 1, False, "happy")], [1, 1, 1, 1]),
        ([Span(0.5, 1, 1, False, "happy")], [0.5, 0.5, 0, 0]),
        ([Span(0, 2, 1, False, "happy"), Span(1, 2, 2, False, "happy")], [1, 2, 1, 0]),
        ([Span(0, 4, 1, True, "happy"), Span(0, 4, 1, False, "sad")], [0, 0, 0, 0]),
        ([Span(-5, 50, 1, False, "happy")], [1, 1, 1, 1]),
    ],
)
def test_faces_in_sight_are_averaged_over_each_bin(spans, answer):
    counts = binned(spans, False, np.arange(5.0))
    assert counts[LABELS.index("happy")].tolist() == answer


def test_the_sum_over_uneven_bins_is_the_time_in_sight():
    bounds = np.array([0.0, 0.5, 2.0, 2.1, 7.0, 10.0])
    spans = [Span(0.2, 3.3, 1, True, "sad"), Span(2.05, 6.0, 2, True, "sad"), Span(9.9, 5.0, 3, True, "sad")]
    assert (binned(spans, True, bounds) * np.diff(bounds)).sum() == pytest.approx(3.3 + 6.0 + 0.1)


def test_counts_change_where_faces_come_and_go_unless_there_are_very_many():
    few = Timeline([Span(10, 5, 1, False, "happy"), Span(12, 5, 2, True, "sad")])
    assert edges(few).tolist() == [10, 12, 15, 17]
    assert (binned(few.spans, False, edges(few)) % 1 == 0).all()
    many = Timeline([Span(float(n), 1.5, n, False, "happy") for n in range(EXACT)])
    assert len(edges(many)) == BINS + 1


def test_events_become_spans_marks_and_sources():
    events = [
        happened("start", 0.0, source="v4l2:0", live=True),
        happened("health", 1.0, what="camera-lost"),
        happened("health", 2.0, what="camera-back"),
        happened("health", 3.0, what="paused"),
        happened("appeared", 4.0, track=1, emotion="happy"),
        happened("left", 6.0, track=1, seconds=2.0),
        happened("stop", 7.0),
    ]
    made = Timeline.of(events)
    assert (made.spans, made.marks) == ([Span(1004, 2, 1, False, "happy")], [(1001, "camera lost"), (1003, "paused")])
    assert (made.sources, made.clip, made.begin, made.end) == (["v4l2:0"], False, 1004, 1006)


@pytest.mark.parametrize(
    ("lives", "clip"), [([False], True), ([True], False), ([False, False], False), ([None], False)]
)
def test_a_clip_is_one_run_of_a_source_that_is_not_live(lives, clip):
    starts = [happened("start", 0.0, source="a", **({} if live is None else {"live": live})) for live in lives]
    assert Timeline.of(starts).clip == clip


@pytest.mark.parametrize(
    ("spans", "answer"),
    [
        ([], [None, None, None, None]),
        ([Span(0, 2, 1, False, "happy", 0.8)], [0.8, 0.8, None, None]),
        ([Span(0, 2, 1, False, "happy", 0.8), Span(1, 3, 2, True, "sad", 0.4)], [0.8, 0.6, 0.4, 0.4]),
        ([Span(0, 0.5, 1, False, "happy", 0.2), Span(0.5, 0.5, 1, False, "happy", 0.6)], [0.4, None, None, None]),
        ([Span(0, 4, 1, False, "too-small", None)], [None, None, None, None]),
    ],
)
def test_intensity_is_the_mean_of_the_faces_in_sight(spans, answer):
    found = mean_intensity(spans, np.arange(5.0))
    assert [None if np.isnan(value) else pytest.approx(value) for value in found] == answer


def test_a_span_has_the_intensity_that_its_first_event_told():
    events = [
        happened("appeared", 1.0, track=1, emotion="happy", intensity=0.3),
        happened("sample", 2.0, track=1, emotion="happy", intensity=0.7),
        happened("left", 4.0, track=1, seconds=3.0),
    ]
    assert [(span.seconds, span.intensity) for span in Timeline.of(events).spans] == [(1.0, 0.3), (2.0, 0.7)]
