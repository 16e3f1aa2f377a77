from __future__ import annotations

import pytest

from edge.clock import rfc3339
from edge.journals.spans import Span, Spans


def event(kind, monotonic, track=None, wall=None, **fields):
    base = {"time": rfc3339(1000 + monotonic if wall is None else wall), "monotonic": monotonic, "event": kind}
    return base | ({} if track is None else {"track": track}) | fields


def happy(kind, monotonic, track=1, worn=False, **fields):
    return event(kind, monotonic, track, worn=worn, emotion="happy", **fields)


def spans(*events):
    fold = Spans()
    return [span for each in events for span in fold.add(each)]


@pytest.mark.parametrize(
    ("events", "answer"),
    [
        ([], []),
        ([event("start", 0.0), event("health", 1.0, what="dark"), event("stop", 2.0)], []),
        ([happy("appeared", 2.0)], []),
        ([happy("appeared", 2.0), happy("left", 5.0)], [Span(1002, 3, 1, False, "happy")]),
        (
            [happy("appeared", 2.0), happy("changed", 3.0, worn=True), happy("sample", 7.0, worn=True)],
            [Span(1002, 1, 1, False, "happy"), Span(1003, 4, 1, True, "happy")],
        ),
        # A face is missed for a while before its track ends: it counts as long as it was seen.
        ([happy("appeared", 2.0), happy("left", 5.0, seconds=1.5)], [Span(1002, 1.5, 1, False, "happy")]),
        (
            [happy("appeared", 2.0), happy("sample", 4.0), happy("left", 5.0, seconds=1.5)],
            [Span(1002, 2, 1, False, "happy")],
        ),
        # A journal that begins in the middle of a face's life knows it from its next event on.
        ([happy("sample", 4.0), happy("left", 6.0, seconds=60.0)], [Span(1004, 2, 1, False, "happy")]),
        ([happy("left", 6.0, seconds=60.0)], []),
        # What nobody saw end ends with the next start.
        ([happy("appeared", 2.0), event("start", 0.0), happy("left", 9.0)], []),
        # Two faces do not mix.
        (
            [happy("appeared", 0.0, 1), happy("appeared", 1.0, 2), happy("left", 3.0, 1), happy("left", 5.0, 2)],
            [Span(1000, 3, 1, False, "happy"), Span(1001, 4, 2, False, "happy")],
        ),
    ],
)  # fmt: skip
def test_what_events_end(events, answer):
    assert spans(*events) == answer


def test_a_face_without_an_emotion_is_called_by_its_reason():
    unsure = {"emotion": None, "reason": "unsure", "worn": True}
    assert [span.label for span in spans(event("appeared", 0.0, 1, **unsure), happy("left", 2.0))] == ["unsure"]
    small = {"emotion": None, "reason": "too-small", "worn": False}
    assert [span.label for span in spans(event("appeared", 0.0, 1, **small), happy("left", 2.0))] == ["too-small"]


def test_a_clip_that_is_played_faster_counts_from_its_start():
    message = [
        event("start", 0.0, wall=5000, live=False),
        happy("appeared", 60.0, wall=5001),
        happy("left", 90.0, wall=5002),
    ]
    assert spans(*message) == [Span(5060, 30, 1, False, "happy")]


def test_a_live_camera_follows_the_time_of_day_even_where_that_was_set():
    message = [
        event("start", 7.0, wall=100, live=True),
        happy("appeared", 8.0, wall=5000),
        happy("left", 9.0, wall=5001),
    ]
    assert spans(*message) == [Span(5000, 1, 1, False, "happy")]


def test_a_monotonic_clock_that_went_back_gives_no_span():
    assert spans(happy("appeared", 50.0), happy("left", 3.0)) == []


def test_nothing_is_remembered_of_faces_that_left():
    fold = Spans()
    for n in range(1000):
        fold.add(happy("appeared", float(n), n))
        fold.add(happy("left", n + 0.5, n))
    assert fold._open == {}
