"""Steadiness: names that change, and second boxes on one face."""

from __future__ import annotations

import numpy as np
import pytest

from edge.face import Detection, Scene, Track
from edge.frame import Box
from edge.labels import EMOTIONS
from training.evaluate.steadiness import Followed


def track(time, emotion="happy", reason=None, box=(0, 0, 40, 40), worn=False, id=1) -> Track:
    sure = np.full(7, 0.02, np.float32)
    sure[EMOTIONS.index(emotion)] = 0.88
    face = Detection(Box(*box), 0.9)
    return Track(id, face, time, worn=worn, emotion=sure, raw=sure, reason=reason, since=0.0, refreshed=time)


def followed(*scenes: list[Track]) -> Followed:
    told, before = Followed(), Scene()
    for time, tracks in enumerate(scenes):
        after = Scene(time=float(time), tracks=tuple(tracks))
        told.take(before, after)
        before = after
    return told


def test_nobody_changes_nothing() -> None:
    told = followed([], [])
    assert (told.seconds, sum(told.changes.values()), told.second_boxes()) == ({}, 0, 0)


@pytest.mark.parametrize(
    ("names", "changes", "named"),
    [
        ([("happy", None), ("happy", None)], 0, 0),
        ([("happy", None), ("sad", None)], 1, 1),
        ([("happy", None), ("sad", "unsure"), ("sad", None)], 2, 0),
    ],
)
def test_names_that_change_are_counted(names, changes, named) -> None:
    told = followed(*([track(float(n), emotion, reason)] for n, (emotion, reason) in enumerate(names)))
    assert (told.changes[1], told.named[1], told.seconds[1]) == (changes, named, len(names) - 1)


def test_a_younger_track_inside_an_older_one_is_a_second_box() -> None:
    inside = (5, 5, 30, 30)
    told = followed(*([track(float(n)), track(float(n), box=inside, id=2)] for n in range(3)))
    assert told.second_boxes() == 1
    beside = (60, 5, 90, 30)
    told = followed(*([track(float(n)), track(float(n), box=beside, id=2)] for n in range(3)))
    assert told.second_boxes() == 0


def test_a_changed_route_is_counted() -> None:
    assert followed([track(0.0)], [track(1.0, worn=True)]).routes[1] == 1
