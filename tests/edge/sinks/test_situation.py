"""What is the case now, from events and frames; the frame rate."""

from __future__ import annotations

import pytest

from edge.sinks.rate import FrameRate
from edge.sinks.situation import Situation, dominant, masked_share, mean_intensity
from edge.testing import FakeClock
from tests.edge.sinks.faces import event, face, health, report


@pytest.mark.parametrize(
    ("tracks", "emotion", "masked"),
    [
        ([], "none", None),
        ([face()], "happy", 0.0),
        ([face(emotion=None)], "unsure", 0.0),
        ([face(reason="unsure")], "unsure", 0.0),
        ([face(1), face(2, "sad"), face(3, "sad")], "sad", 0.0),
        ([face(1, "happy", 0.6), face(2, "sad", 0.9)], "sad", 0.0),
        ([face(1, "happy", 0.9), face(2, "sad", 0.6)], "happy", 0.0),
        ([face(1, emotion=None), face(2, "fear", mask="worn")], "fear", 0.5),
        ([face(1, mask="incorrect"), face(2, mask="worn")], "happy", 1.0),
    ],
)
def test_dominant_emotion_and_share_of_masks(tracks, emotion, masked):
    assert (dominant(tracks), masked_share(tracks)) == (emotion, masked)


def test_intensity_is_the_mean_over_the_faces_that_are_large_enough():
    assert mean_intensity([]) is mean_intensity([face(emotion=None)]) is None
    assert mean_intensity([face(emotion="neutral", share=1.0)]) == 0.0
    both = [face(1, "neutral", 1.0), face(2, "happy", 1.0), face(3, emotion=None)]
    assert mean_intensity(both) == pytest.approx(0.5)


def test_faces_count_once_they_are_classified_and_no_longer_when_the_camera_is_off():
    for end in (health("paused"), health("camera-lost"), event("stop")):
        situation = Situation()
        situation.observe(report(face(1), face(2, refreshed=None)))
        assert [track.id for track in situation.tracks] == [1]
        situation.write(event("left"))
        assert len(situation.tracks) == 1, "the next frame says so"
        situation.write(end)
        assert situation.tracks == ()


@pytest.mark.parametrize(
    ("happened", "problems", "paused"),
    [
        ([], (), False),
        (["camera-lost"], ("camera-lost",), False),
        (["camera-lost", "camera-back"], (), False),
        (["dark", "throttled", "light"], ("throttled",), False),
        (["throttled", "throttled", "recovered"], (), False),
        (["cpu-fallback", "light"], ("cpu-fallback",), False),
        (["slow", "journal-resumed"], (), False),
        (["paused"], (), True),
        (["camera-lost", "paused", "resumed"], ("camera-lost",), False),
        (["engine-failed"], ("engine-failed",), False),
    ],
)
def test_problems_begin_and_end_with_health_events(happened, problems, paused):
    situation = Situation()
    for what in happened:
        situation.write(health(what))
    assert (situation.problems, situation.paused) == (problems, paused)


def test_a_failed_engine_is_a_problem_until_a_frame_works():
    situation = Situation()
    situation.write(health("engine-failed"))
    situation.observe(report())
    assert situation.problems == ()


def test_frames_per_second_are_those_of_the_last_seconds():
    clock = FakeClock()
    rate = FrameRate(clock)
    assert rate.per_second() == 0.0
    for _ in range(100):
        clock.advance(0.1)
        rate.count()
    assert rate.per_second() == pytest.approx(10.0)
    clock.advance(3)
    assert rate.per_second() == pytest.approx(10.0), "too short to tell"
    clock.advance(3)
    assert rate.per_second() == 0.0
