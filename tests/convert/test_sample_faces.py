"""The ten faces that come with the program: what they show of a model without labelled pictures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from convert import sample_faces
from convert.errors import ConversionError
from convert.float_model import FloatModel
from convert.label_orders import orders_of
from convert.labels import resolve
from convert.preparation import choose_preprocessing
from convert.preprocess import PRESETS
from convert.request import Request
from convert.sources import View, from_arrays
from edge.labels import EMOTIONS, MASK_LABELS, MASKS
from edge.tasks import TASKS
from edge.vision.preprocessing import Preprocessing

VIEW = View(32, 32, 3)


def knows(task: str, outputs: tuple[str, ...], fed: Preprocessing, single: bool = False) -> FloatModel:
    """A model that knows the ten faces, if it is fed as in its training; else it answers with its first output."""
    images, truth = sample_faces.faces(task, VIEW)
    seen = fed.apply(images).reshape(len(images), -1)

    def call(inputs):
        flat = np.asarray(inputs).reshape(len(inputs), -1)
        gaps = np.abs(flat[:, None] - seen[None]).mean(axis=2)
        nearest, close = gaps.argmin(axis=1), gaps.min(axis=1) < 1e-3
        known = [outputs.index(label) if label in outputs else 0 for label in truth]
        places = [known[n] if near else 0 for n, near in zip(nearest, close, strict=True)]
        scores = np.eye(len(outputs), dtype=np.float32)[places]
        return [scores[:, 1:] if single else scores]

    return FloatModel("m", (32, 32, 3), call, None)


def told(task, model, labels, given, count=0, insist=False):
    classes = resolve("m", TASKS[task], labels, count or len(labels), {})
    return sample_faces.warnings_of(model, task, classes, VIEW, given, insist)


@pytest.mark.parametrize(
    ("task", "classes"),
    [
        ("mask", {"bare", "worn"}),
        ("emotion-bare", {"happy", "surprise", "sad", "angry", "neutral"}),
        ("emotion-masked", {"happy", "surprise", "sad", "angry", "neutral"}),
    ],
)
def test_ten_different_faces(task, classes):
    images, truth = sample_faces.faces(task, VIEW)
    assert images.shape == (10, 32, 32, 3)
    assert len({image.tobytes() for image in images}) == len(truth) == 10
    assert set(truth) == classes


@pytest.mark.parametrize("task", ["", "face", "landmarks"])
def test_other_models_are_not_shown_faces(task):
    assert sample_faces.warnings_of(None, task, None, VIEW, PRESETS["unit"]) == ()


@pytest.mark.parametrize("task", ["mask", "emotion-bare", "emotion-masked"])
@pytest.mark.parametrize("way", list(PRESETS))
def test_nothing_is_said_of_a_model_that_is_fed_and_read_rightly(task, way):
    labels = MASKS if task == "mask" else EMOTIONS
    assert told(task, knows(task, labels, PRESETS[way]), labels, PRESETS[way]) == ()


@pytest.mark.parametrize(
    ("given", "right", "says"),
    [
        ("unit", "tf", "with --preprocess tf;"),
        ("tf", "none", "with --preprocess none;"),
        ("none", "unit", "with --preprocess unit;"),
        ("unit", "torch", "with --preprocess torch;"),
        ("tf", "caffe", "with --preprocess caffe;"),
    ],
)
def test_another_range_is_proposed(given, right, says):
    (line,) = told("emotion-bare", knows("emotion-bare", EMOTIONS, PRESETS[right]), EMOTIONS, PRESETS[given])
    assert line.startswith("of ten faces that come with the program 2 are right as given, 10 with")
    assert says in line


def test_other_channels_are_proposed():
    bgr = replace(PRESETS["unit"], order="bgr")
    (line,) = told("emotion-bare", knows("emotion-bare", EMOTIONS, bgr), EMOTIONS, PRESETS["unit"])
    assert "10 with --preprocess unit --order bgr;" in line


SEVEN, EIGHT = (list(orders_of(TASKS["emotion-bare"], count).values()) for count in (7, 8))


@pytest.mark.parametrize("order", SEVEN[1:])
def test_another_order_of_the_emotions_is_proposed(order):
    (line,) = told("emotion-bare", knows("emotion-bare", order, PRESETS["unit"]), EMOTIONS, PRESETS["unit"])
    right = 10 if "neutral" in order else 8  # two of the ten faces are neutral
    assert f"{right} with --labels {','.join(order)};" in line


def test_an_eighth_class_stays_at_its_place():
    names, outputs = (*EMOTIONS, "bored"), (*SEVEN[4], "bored")
    (line,) = told("emotion-bare", knows("emotion-bare", outputs, PRESETS["unit"]), names, PRESETS["unit"])
    assert f"10 with --labels {','.join(outputs)};" in line


@pytest.mark.parametrize("order", [order for order in EIGHT if "contempt" in order])
def test_another_order_of_eight_emotions_is_proposed(order):
    names = next(other for other in EIGHT if other != order)
    (line,) = told("emotion-bare", knows("emotion-bare", order, PRESETS["unit"]), names, PRESETS["unit"])
    assert f"10 with --labels {','.join(order)};" in line


def test_any_names_are_tried_in_alphabetical_order():
    names = ("sad", "happy", "bored", "surprise", "neutral", "angry")
    outputs = tuple(sorted(names))
    (line,) = told("emotion-bare", knows("emotion-bare", outputs, PRESETS["unit"]), names, PRESETS["unit"])
    assert f"10 with --labels {','.join(outputs)};" in line


def test_the_same_answer_for_all_of_them_is_named():
    model = replace(knows("emotion-bare", EMOTIONS, PRESETS["unit"]), call=lambda x: [np.eye(7)[[4] * len(x)]])
    (line,) = told("emotion-bare", model, EMOTIONS, PRESETS["unit"])
    assert line.startswith("the float model says sad for all of the ten faces that come with the program")


@pytest.mark.parametrize(
    ("labels", "outputs", "single", "flag"),
    [
        (("bare", "worn"), ("worn", "bare"), False, "--labels worn,bare"),
        (("with_mask", "without_mask"), ("bare", "worn"), False, "--labels bare,worn"),
        (("without_mask", "with_mask"), ("worn", "bare"), True, "--labels worn,bare"),
        (MASK_LABELS, ("worn", "bare", "background"), False, "--labels worn,bare,background"),
        (("incorrect", "mask", "no_mask"), ("incorrect", "bare", "worn"), False, "--labels incorrect,bare,worn"),
    ],
)
def test_mask_classes_the_wrong_way_round_are_refused(labels, outputs, single, flag):
    model, count = knows("mask", outputs, PRESETS["unit"], single), 1 if single else len(labels)
    with pytest.raises(ConversionError, match=f"m: takes masked faces for bare ones .*add {flag}, or --as-given"):
        told("mask", model, labels, PRESETS["unit"], count)
    (line,) = told("mask", model, labels, PRESETS["unit"], count, insist=True)
    assert line.endswith(f"add {flag}")


def test_another_place_of_the_third_mask_class_is_proposed():
    """Incorrect, with and without a mask, in the alphabetical order of the folders, read as bare, worn, background."""
    model = knows("mask", ("incorrect", "worn", "bare"), PRESETS["unit"])
    (line,) = told("mask", model, (), PRESETS["unit"], count=3)
    assert line.startswith("of ten faces that come with the program 5 are right as given, 10 with --labels background,")
    assert "--labels background,worn,bare;" in line


def source(labels: bool, count: int = 60):
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 2, count) if labels else None
    return from_arrays("set", rng.integers(0, 256, (count, 32, 32, 3)).astype(np.uint8), truth, MASKS if labels else ())


@pytest.mark.parametrize("count", [0, 20])
def test_a_conversion_with_too_few_labelled_pictures_asks_them(count):
    model = knows("mask", ("worn", "bare"), PRESETS["unit"])
    classes = resolve("m", TASKS["mask"], (), 2, {})
    labelled = source(True, count) if count else source(False)
    with pytest.raises(ConversionError, match="takes masked faces for bare ones"):
        choose_preprocessing(model, Request(task="mask"), classes, labelled, VIEW)


def test_labelled_pictures_are_asked_in_their_place():
    model = knows("mask", ("worn", "bare"), PRESETS["unit"])
    classes = resolve("m", TASKS["mask"], (), 2, {})
    assert choose_preprocessing(model, Request(task="mask"), classes, source(True), VIEW)[1] == ()
