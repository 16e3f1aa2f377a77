from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.face import Detection, Scene, Track
from edge.frame import Box
from edge.journals.events import events, left, note
from edge.labels import EMOTIONS


def emotion(label, p=0.7):
    values = np.full(len(EMOTIONS), (1 - p) / (len(EMOTIONS) - 1), np.float32)
    values[EMOTIONS.index(label)] = p
    return values


def track(id=1, label="happy", worn=False, seen=0.0, since=0.0, refreshed=0.0, reason=None):
    probabilities = None if label is None else emotion(label)
    face = Detection(Box(-5.0, 10.0, 40.00006, 60.0), 0.9)
    return Track(
        id=id, face=face, seen=seen, since=since, mask=0.25, worn=worn, emotion=probabilities, reason=reason,
        refreshed=refreshed,
    )  # fmt: skip


def scene(time, *tracks):
    return Scene(time=time, tracks=tracks, serial=9)


def kinds_between(before, after, sample_s=10.0):
    return [(event["event"], event["track"]) for event in events(before, after, 320, 240, sample_s)]


@pytest.mark.parametrize(
    ("before", "after", "answer"),
    [
        ([], [], []),
        ([], [track()], [("appeared", 1)]),
        ([track()], [track()], []),
        ([track()], [], [("left", 1)]),
        ([track()], [track(label="sad")], [("changed", 1)]),
        ([track()], [track(worn=True)], [("changed", 1)]),
        ([track()], [track(reason="unsure")], [("changed", 1)]),
        ([track(reason="unsure")], [track(label="sad", reason="unsure")], []),
        ([track()], [track(label=None, reason="too-small")], [("changed", 1)]),
        ([track(2), track(3)], [track(3), track(4)], [("left", 2), ("appeared", 4)]),
        # A face that nobody looked at closely yet is not spoken of, and one that never was leaves in silence.
        ([], [track(refreshed=None)], []),
        ([track(refreshed=None)], [track()], [("appeared", 1)]),
        ([track(refreshed=None)], [], []),
    ],
)
def test_the_events_between_two_scenes(before, after, answer):
    assert kinds_between(scene(1.0, *before), scene(1.1, *after)) == answer


def test_an_event_has_everything_in_the_journals_order():
    (event,) = events(scene(0), scene(1.23456, track()), 320, 240, 10)
    assert list(event) == [
        "monotonic", "event", "track", "box", "score", "mask", "worn", "mask_state", "emotion", "probabilities",
        "intensity",
    ]  # fmt: skip
    assert event["monotonic"] == 1.2346
    assert event["box"] == [0.0, 10.0, 40.0001, 60.0], "clipped to the picture, 4 decimals"
    assert event["emotion"] == "happy"
    assert list(event["probabilities"]) == list(EMOTIONS)


def test_a_face_without_an_emotion_has_a_reason():
    (event,) = events(scene(0), scene(1, track(label=None, reason="too-small")), 320, 240, 10)
    assert (event["emotion"], event["probabilities"], event["intensity"]) == (None, None, None)
    assert event["reason"] == "too-small"


def test_a_face_that_leaves_has_the_time_for_which_it_was_seen():
    event = left(track(seen=7.5, since=3.25), 8.0, 320, 240)
    assert (event["event"], event["seconds"], event["monotonic"]) == ("left", 4.25, 8.0)


def test_notes_begin_like_every_event():
    assert list(note("health", 1.00004, what="dark", brightness=3.2).items()) == [
        ("monotonic", 1.0), ("event", "health"), ("what", "dark"), ("brightness", 3.2),
    ]  # fmt: skip


def samples(fps, seconds, sample_s, since=0.0):
    """The times at which a face that is there all the time is sampled."""
    times = [since + n / fps for n in range(int(seconds * fps) + 1)]
    known = track(since=since)
    return [b for a, b in itertools.pairwise(times) if kinds_between(scene(a, known), scene(b, known), sample_s)]


def test_samples_come_at_their_time_whatever_the_frame_rate():
    assert samples(10, 31, 10) == [10, 20, 30]
    assert samples(0.5, 31, 10) == [10, 20, 30]
    assert samples(30, 31, 10, since=100 / 3) == pytest.approx([130 / 3, 160 / 3, 190 / 3])


@settings(max_examples=40)
@given(st.floats(0.2, 10), st.floats(0.1, 20), st.floats(0, 1e5))
def test_there_are_as_many_samples_as_periods_that_ended_or_frames_that_came(fps, sample_s, since):
    got = samples(fps, 20, sample_s, since)
    periods = int(20 * fps) / fps / sample_s
    assert len(got) <= min(int(20 * fps), periods + 0.01)
    # A frame that comes later than the period it ends takes the sample with it.
    assert sample_s < 1 / fps or len(got) >= periods - 1.01


def test_a_step_over_many_periods_is_one_sample():
    known = track()
    assert kinds_between(scene(0, known), scene(95, known), 10) == [("sample", 1)]
