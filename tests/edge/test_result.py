from __future__ import annotations

import copy
import dataclasses
import json
import pickle

import numpy as np
import pytest

from edge import records
from edge.errors import InvalidValue
from edge.face import Detection, Track
from edge.frame import Box, Frame
from edge.result import Face, Result

HAPPY = np.float32([0.01, 0.01, 0.01, 0.92, 0.01, 0.02, 0.02])


def track(**changes):
    made = {"id": 7, "face": Detection(Box(-3, 10, 40, 60), 0.9), "seen": 0.0, "mask": 0.25, "emotion": HAPPY}
    return Track(**{**made, **changes})


@pytest.mark.parametrize(
    ("changes", "followed", "printed"),
    [
        ({}, False, "Face(happy 92 %, no mask, box=(0, 10, 40, 50))"),
        ({"worn": True, "mask_state": "worn"}, False, "Face(happy 92 %, mask, box=(0, 10, 40, 50))"),
        ({"mask_state": "incorrect"}, False, "Face(happy 92 %, mask not over nose and mouth, box=(0, 10, 40, 50))"),
        ({"reason": "unsure"}, False, "Face(unsure, no mask, box=(0, 10, 40, 50))"),
        ({"emotion": None, "reason": "too-small"}, False, "Face(too small, no mask, box=(0, 10, 40, 50))"),
        ({"emotion": None}, False, "Face(not judged yet, no mask, box=(0, 10, 40, 50))"),
        ({}, True, "Face(track 7, happy 92 %, no mask, box=(0, 10, 40, 50))"),
    ],
)
def test_a_face_prints_as_a_person_would_say_it(changes, followed, printed):
    assert str(Face.of(track(**changes), 100, 50, followed)) == printed


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"reason": "unsure"},
        {"emotion": None, "reason": "too-small"},
        {"worn": True, "mask": 1.0, "mask_state": "worn"},
    ],
)  # fmt: skip
def test_a_face_is_the_object_that_image_json_prints(changes):
    one = track(**changes)
    face = Face.of(one, 100, 50)
    assert face.to_dict() == records.face_record(one, 100, 50)
    assert json.loads(json.dumps(face.to_dict())) == face.to_dict()
    assert Face.of(one, 100, 50, followed=True).to_dict() == {"track": 7, **face.to_dict()}
    assert (face.emotion, face.intensity) == (one.label, one.intensity)


def test_the_probabilities_are_named_and_can_be_kept_as_json():
    face = Face.of(track(), 100, 50)
    assert list(face.probabilities) == ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]
    assert face.probabilities["happy"] == pytest.approx(0.92)
    assert json.loads(json.dumps(face.probabilities)) == face.probabilities
    face.probabilities["happy"] = 0.0
    assert face.probabilities["happy"] == pytest.approx(0.92), "each call gives a new dictionary"


def test_a_face_is_a_value():
    face = Face.of(track(), 100, 50)
    assert face == Face.of(track(), 100, 50) == copy.deepcopy(face) == pickle.loads(pickle.dumps(face))
    assert len({face, Face.of(track(), 100, 50)}) == 1
    assert dataclasses.replace(face, masked=True, mask_state="worn") != face
    with pytest.raises(dataclasses.FrozenInstanceError):
        face.masked = True


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"score": 1.5}, "face score: expected 0-1, got 1.5"),
        ({"mask": -0.1}, "face mask: expected 0-1"),
        ({"mask": float("nan")}, "face mask: expected 0-1"),
        ({"distribution": (1.0,)}, "expected 7 numbers that sum to 1"),
        ({"distribution": (0.5,) * 7}, "expected 7 numbers that sum to 1"),
        ({"distribution": (float("nan"),) * 7}, "expected 7 numbers that sum to 1"),
        ({"box": None}, "face box: expected an edge.frame.Box, got NoneType"),
        ({"box": (0, 0, 1, 1)}, "face box: expected an edge.frame.Box, got tuple"),
        ({"track": 0}, "face track: expected None or a whole number from 1, got 0"),
        ({"track": "1"}, "face track: expected None or a whole number from 1, got '1'"),
        ({"distribution": (None,) * 7}, "expected 7 numbers that sum to 1"),
        ({"distribution": "happily"}, "expected 7 numbers that sum to 1"),
        ({"score": "0.5"}, "face score: expected 0-1, got '0.5'"),
        ({"score": True}, "face score: expected 0-1, got True"),
        ({"reason": "shy"}, "expected None, too-small or unsure, got 'shy'"),
        ({"named": "nonsense"}, "face named: expected None or one of angry, .*neutral, got 'nonsense'"),
        ({"named": 3}, "face named: expected None or one of"),
        ({"mask_state": "half"}, "face mask_state: expected one of none, worn, incorrect, got 'half'"),
        ({"masked": True, "mask_state": "none"}, "face mask_state: expected worn or incorrect .*, got 'none'"),
    ],
)
def test_a_face_is_checked(changes, message):
    with pytest.raises(InvalidValue, match=message):
        Face(**{"box": Box(0, 0, 1, 1), "score": 0.5, "mask": 0.5, "masked": False, **changes})


def test_numpy_numbers_become_pythons_own():
    sides = np.float32([1.1, 2.2, 30.3, 40.4])
    plain = Face(Box(*sides.tolist()), 0.5, 0.25, True, tuple(HAPPY.tolist()), track=3)
    face = Face(Box(*sides), np.float32(0.5), np.float64(0.25), np.bool_(True), HAPPY, track=np.int64(3))
    assert json.loads(json.dumps(face.to_dict())) == plain.to_dict() == face.to_dict()
    result = Result(np.zeros((4, 5, 3), np.uint8), (face,), np.float32(1.5), np.int64(2))
    assert json.loads(json.dumps(result.to_dict()))["index"] == 2


@pytest.fixture
def result():
    return Result.of(Frame(np.zeros((50, 100, 3), np.uint8), 1.5, 3), (track(),), followed=True)


def test_a_result_without_a_face_is_empty():
    empty = Result.of(Frame(np.zeros((50, 100, 3), np.uint8), 0.0, 0), ())
    assert (len(empty), list(empty), bool(empty)) == (0, [], False)
    assert repr(empty) == "Result(time 0.00 s, no face)"
    assert empty.to_dict() == {"time": 0.0, "index": 0, "width": 100, "height": 50, "faces": []}
    assert np.array_equal(empty.annotate(), empty.frame)


def test_a_result_is_a_sequence_of_its_faces(result):
    assert list(result) == list(result.faces) == [result[0]]
    assert (result[0].track, result.time, result.index) == (7, 1.5, 3)
    assert result[:1] == result.faces
    assert json.loads(json.dumps(result.to_dict()))["faces"][0]["track"] == 7


def test_annotating_draws_on_a_copy_in_either_order_of_colours(result):
    drawn = result.annotate()
    assert drawn.shape == result.frame.shape
    assert drawn.any()
    assert not result.frame.any()
    assert np.array_equal(result.annotate(bgr=True), drawn[:, :, ::-1])
    assert result.annotate(enlarge=3).shape == (150, 300, 3)
    assert not np.array_equal(result.annotate(style="circle"), drawn)
    with pytest.raises(InvalidValue, match="style: expected one of box, circle, got 'star'"):
        result.annotate(style="star")
    with pytest.raises(InvalidValue, match="style: expected one of box, circle, got array"):
        result.annotate(style=np.zeros(3))


@pytest.mark.parametrize("enlarge", [0, -3, 1.5, 2.0, True, "2", None, np.float32(2.0), 201, 10**400])
def test_a_picture_is_enlarged_by_a_whole_factor_for_which_there_is_room(result, enlarge):
    message = r"^enlarge: expected a whole number, 1 to 200 for a picture of 100x50 pixels, got "
    with pytest.raises(InvalidValue, match=message):
        result.annotate(enlarge=enlarge)
    assert result.annotate(enlarge=np.int64(2)).shape == (100, 200, 3)
