"""What the state says of the faces: those of the picture that it is sent with."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge.face import Detection, Scene, Track
from edge.frame import Box
from edge.testing import pictures

HAPPY = np.array([0, 0, 0, 1, 0, 0, 0], np.float32)


def track(number, left, seen, refreshed=0.0):
    return Track(number, Detection(Box(left, 10, left + 10, 20), 0.9), seen, emotion=HAPPY, refreshed=refreshed)


@pytest.mark.parametrize(
    ("tracks", "told"),
    [
        ([], []),
        ([track(1, 30, seen=2.0), track(2, 5, seen=2.0)], [2, 1]),  # from left to right
        ([track(1, 5, seen=1.9), track(2, 30, seen=2.0)], [2]),  # the first was not found in the last detection
        ([track(1, 5, seen=1.9)], []),
        ([track(1, 5, seen=2.0, refreshed=None)], []),  # not classified yet
    ],
)
def test_only_faces_that_the_last_detection_found_are_on_the_page(serve, tracks, told):
    house = serve()
    house.hub.show(pictures(1)[0], Scene(time=2.1, tracks=tuple(tracks), looked=20, looked_at=2.0), "")
    for path in ("/api/faces", "/api/status"):
        assert [face["track"] for face in house.get(path)[1]["faces"]] == told


def test_a_box_disappears_from_the_page_with_its_face(serve, browser):
    house = serve()
    both = Scene(time=2.0, tracks=(track(1, 5, 2.0), track(2, 30, 2.0)), looked=20, looked_at=2.0)
    boxes = "[...document.querySelectorAll('#boxes .box')].map(box => box.dataset.key).join()"
    house.play_scene(both)
    browser.open(house.address)
    browser.wait(f"{boxes} === '1,2'")
    house.play_scene(replace(both, time=2.1, tracks=(both.tracks[0], track(2, 30, 2.1)), looked=21, looked_at=2.1))
    browser.wait(f"{boxes} === '2'")
