"""What people call our classes, and what becomes of classes that the device does not have."""

from __future__ import annotations

import numpy as np
import pytest

from convert.errors import ConversionError
from convert.labels import canonical, parse_folds, resolve
from edge.labels import BACKGROUND, EMOTIONS, MASK_LABELS, MASKS
from edge.tasks import TASKS

BARE, MASK = TASKS["emotion-bare"], TASKS["mask"]
FERPLUS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("", ""),
        *((label, label) for label in (*EMOTIONS, *MASK_LABELS)),
        ("Angry", "angry"),
        (" ANGER ", "angry"),
        ("Happiness", "happy"),
        ("Surprised", "surprise"),
        ("3. Happy", "happy"),
        ("0_with_mask", "worn"),
        ("7", "7"),
        ("50_50", "50_50"),
        ("with_mask", "worn"),
        ("With Mask", "worn"),
        ("WithMask", "worn"),
        ("without-mask", "bare"),
        ("no mask", "bare"),
        ("contempt", "contempt"),
        ("mask_weared_incorrect", "incorrect"),
    ],
)
def test_names_that_people_use(name, expected):
    assert canonical(name) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("", {}), ("Contempt = Disgusted,x=worn", {"contempt": "disgust", "x": "worn"})]
)
def test_folds(text, expected):
    assert parse_folds(text) == expected


@pytest.mark.parametrize("text", ["contempt", "=fear", "a="])
def test_folds_of_another_form(text):
    with pytest.raises(ConversionError, match="--fold: expected CLASS=CLASS"):
        parse_folds(text)


@pytest.mark.parametrize(("task", "count", "labels"), [(BARE, 7, EMOTIONS), (MASK, 2, MASKS), (MASK, 3, MASK_LABELS)])
def test_without_names_the_tasks_own_are_meant(task, count, labels):
    made = resolve("m", task, (), count, {})
    assert (made.names, made.labels, made.matrix) == (labels, labels, None)


@pytest.mark.parametrize(("task", "count", "told"), [(BARE, 7, False), (MASK, 2, False), (MASK, 3, True)])
def test_a_third_mask_class_without_a_name_is_said(task, count, told):
    made = resolve("m", task, (), count, {})
    assert made.warnings == (
        ("m: 3 outputs, taken as bare, worn, background; if its third class is another, add --labels",) if told else ()
    )


def test_another_order_in_other_words_needs_no_change_of_the_model():
    made = resolve("m", MASK, ("With_Mask", "Without_Mask"), 2, {})
    assert (made.labels, made.matrix) == (("worn", "bare"), None)


def test_one_sigmoid_is_the_probability_of_the_second_class():
    made = resolve("m", MASK, ("with_mask", "without_mask"), 1, {})
    assert made.single
    p = 0.25  # of without_mask
    assert dict(zip(made.labels, np.array([1 - p, p]) @ made.matrix, strict=True)) == {"bare": 0.25, "worn": 0.75}


def test_a_surplus_class_is_folded():
    made = resolve("m", BARE, FERPLUS, 8, {"contempt": "disgust"})
    answer = dict(zip(made.labels, np.arange(8) @ made.matrix, strict=True))
    assert made.labels == EMOTIONS
    assert answer == {"angry": 4, "disgust": 12, "fear": 6, "happy": 1, "sad": 3, "surprise": 2, "neutral": 0}


def test_a_surplus_emotion_is_kept_under_its_own_name():
    made = resolve("m", BARE, FERPLUS, 8, {})
    assert made.labels == ("neutral", "happy", "surprise", "sad", "angry", "disgust", "fear", "contempt")
    assert made.matrix is None
    assert made.warnings[0].startswith("contempt: kept under its own name; to count contempt as another emotion, add")


def test_a_slip_of_the_pen_is_told_from_a_further_emotion():
    made = resolve("m", BARE, ("angry", "disgust", "fear", "hapy", "sad", "surprise", "neutral"), 7, {})
    assert made.warnings[0] == "hapy: kept under its own name; did you mean 'happy'?"


def test_surplus_emotions_stand_after_the_seven_where_some_of_these_are_missing():
    made = resolve("m", BARE, ("Happy", "Bored", "sad", "calm"), 4, {})
    assert made.labels == (*EMOTIONS, "bored", "calm")
    answer = dict(zip(made.labels, np.arange(1, 5) @ made.matrix, strict=True))
    assert answer == {**dict.fromkeys(EMOTIONS, 0), "happy": 1, "sad": 3, "bored": 2, "calm": 4}
    assert made.warnings[0].startswith("bored, calm: kept under their own name")
    assert made.warnings[1] == "the model has no output for angry, disgust, fear, surprise, neutral: always 0"


def test_an_emotion_that_the_model_does_not_know_is_always_zero():
    made = resolve("m", BARE, ("happy", "sad", "angry", "surprise", "neutral"), 5, {})
    assert made.warnings == ("the model has no output for disgust, fear: always 0",)
    assert np.array_equal(made.matrix.sum(axis=0), [1, 0, 0, 1, 1, 1, 1])


def test_a_third_mask_class_may_count_as_a_mask():
    names = ("mask_weared_incorrect", "with_mask", "without_mask")
    made = resolve("m", MASK, names, 3, {})
    assert made.labels == MASKS
    assert np.array_equal(made.matrix, [[0, 1], [0, 1], [1, 0]])
    assert made.warnings[0].startswith("incorrect counts as worn")
    bare = resolve("m", MASK, names, 3, {"incorrect": "bare"})
    assert np.array_equal(bare.matrix, [[1, 0], [0, 1], [1, 0]])
    assert bare.warnings == ()


def test_incorrect_is_kept_beside_background():
    names = ("no_face", "mask", "no_mask", "incorrect_mask")
    made = resolve("m", MASK, names, 4, {})
    assert (made.labels, made.matrix, made.warnings) == (("background", "worn", "bare", "incorrect"), None, ())


@pytest.mark.parametrize(
    ("task", "given", "count", "folds", "says"),
    [
        (BARE, (), 8, {}, r"m: 8 outputs, where emotion-bare has 7 \(angry, .*--labels A,B"),
        (MASK, (), 1, {}, "m: one output, a sigmoid: say which class is 0"),
        (MASK, ("bare",), 1, {}, "expected one name per output of m, 2, got 1"),
        (BARE, FERPLUS, 7, {}, "expected one name per output of m, 7, got 8"),
        (
            BARE,
            (*EMOTIONS, "Häme"),
            8,
            {},
            "'häme' is not a class of emotion-bare .*--fold",
        ),
        (BARE, (*EMOTIONS, "unsure"), 8, {}, "'unsure' is not a class"),
        (BARE, (*EMOTIONS, *(f"e{n}" for n in range(10))), 17, {}, "10 classes beside the seven .*--fold e9=neutral"),
        (BARE, FERPLUS, 8, {"happy": "contempt", "contempt": "happy face"}, "'contempt' is not a class"),
        (MASK, ("with_mask", "without_mask", "hand"), 3, {}, "'hand' is not a class of mask .*--fold hand=worn"),
        (MASK, ("with_mask", "masked"), 2, {}, "'worn' stands there twice"),
        (MASK, ("worn", BACKGROUND), 2, {}, "mask needs the class bare"),
        (BARE, ("contempt", "fear"), 2, {"contempt": "fear"}, "at least two different classes"),
    ],
)
def test_what_the_device_cannot_use_is_one_line(task, given, count, folds, says):
    with pytest.raises(ConversionError, match=says) as caught:
        resolve("m", task, given, count, folds)
    assert "\n" not in str(caught.value)
