from __future__ import annotations

import numpy as np
import pytest

from edge import records
from edge.face import Detection, Track
from edge.frame import Box
from edge.labels import EMOTIONS

EMOTION = np.float32([0.1, 0.05, 0.05, 0.6, 0.1, 0.05, 0.05])


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {"emotion": "happy", "intensity": 0.95}),
        ({"reason": "unsure"}, {"emotion": None, "intensity": 0.95, "reason": "unsure"}),
        ({"emotion": None, "reason": "too-small"}, {"emotion": None, "intensity": None, "reason": "too-small"}),
    ],
)
def test_a_face_has_four_decimals_and_a_box_inside_the_picture(changes, expected):
    track = Track(
        id=3,
        face=Detection(Box(-3.14159, 10.123456, 20.5, 44.0), 0.987654),
        seen=0.0,
        **{"mask": 1 / 3, "worn": False, "mask_state": "none", "emotion": EMOTION, **changes},
    )
    told = records.face_record(track, width=100, height=40)
    chances = (
        None if "emotion" in changes else dict(zip(EMOTIONS, [0.1, 0.05, 0.05, 0.6, 0.1, 0.05, 0.05], strict=True))
    )
    assert told == {
        "box": [0.0, 10.1235, 20.5, 40.0],
        "score": 0.9877,
        "mask": 0.3333,
        "worn": False,
        "mask_state": "none",
        "probabilities": chances,
        **expected,
    }
    order = ["box", "score", "mask", "worn", "mask_state", "emotion", "probabilities", "intensity"]
    assert list(told) == order + ["reason"] * ("reason" in changes)


def test_a_box_outside_of_the_picture_is_null():
    track = Track(id=1, face=Detection(Box(50, 50, 60, 60), 0.5), seen=0.0)
    assert records.face_record(track, width=40, height=40)["box"] is None


def test_a_picture_without_faces_has_an_empty_list():
    image = np.zeros((4, 8, 3), np.uint8)
    assert records.picture_record("p.jpg", image, ()) == {"image": "p.jpg", "width": 8, "height": 4, "faces": []}
