"""Accuracy before and after, on sets whose classes have other names and another order than the model's."""

from __future__ import annotations

import numpy as np
import pytest

from convert import accuracy
from convert.converted import Converted
from convert.errors import CalibrationError, ConversionError
from convert.labels import resolve
from convert.load import FloatModel, from_keras
from convert.sources import View, from_arrays
from edge.tasks import TASKS
from edge.vision.preprocessing import Preprocessing
from training.evaluate.float_vs_int8 import Comparison

VIEW = View(24, 24, 1)


def test_accuracy_counts_both_models(kit, learned, int8):
    images, labels = kit.blobs(300, seed=6)
    labels[:60] = (labels[:60] + 1) % 4  # a fifth is labelled wrong: nobody can be right there
    source = from_arrays("blobs", images, labels, kit.CLASSES)
    got = accuracy.accuracy(from_keras(learned), Converted("m", int8, Preprocessing()), source, VIEW, kit.CLASSES)
    assert (got.source, got.pictures) == ("blobs", 300)
    assert got.float_ == pytest.approx(0.8, abs=0.02)
    assert got.int8 == pytest.approx(0.8, abs=0.02)
    assert got.loss == pytest.approx(100 * (got.float_ - got.int8))


def test_labels_are_matched_by_name_not_by_number(kit, learned, int8):
    images, labels = kit.blobs(200, seed=6)
    turned = tuple(reversed(kit.CLASSES))
    source = from_arrays("blobs", images, 3 - labels, turned)
    got = accuracy.accuracy(from_keras(learned), Converted("m", int8, Preprocessing()), source, VIEW, kit.CLASSES)
    assert got.float_ > 0.98


def test_the_tutorials_names_of_our_classes_are_understood(kit, learned, int8):
    """The set says anger and happiness; the model's outputs are called happy, angry, neutral, bare."""
    images, labels = kit.blobs(200, seed=6)
    classes = ("happiness", "anger", "neutral", "without_mask")
    source = from_arrays("blobs", images, labels, classes)
    names = ("happy", "angry", "neutral", "bare")
    got = accuracy.accuracy(from_keras(learned), Converted("m", int8, Preprocessing()), source, VIEW, names)
    assert got.float_ > 0.98


def test_numbers_without_names_are_places_among_the_models_own_outputs(kit):
    """A mask model with one sigmoid: 0 is with_mask, whatever order the device has."""
    classes = resolve("m", TASKS["mask"], ("with_mask", "without_mask"), 1, {})
    images, _ = kit.blobs(4, seed=6)
    source = accuracy.named(from_arrays("numbers", images, np.array([0, 1, 1, 0])), classes.names)
    assert [classes.labels[k] for k in accuracy.class_numbers(source, classes.labels, classes.targets)] == [
        "worn", "bare", "bare", "worn",
    ]  # fmt: skip
    more = from_arrays("more", images, np.array([0, 1, 2, 0]))
    assert accuracy.named(more, classes.names) is more


def test_the_sets_classes_count_as_those_of_the_model_do(kit):
    """A mask worn incorrectly counts as worn, an emotion that is folded into another as that one."""
    images, _ = kit.blobs(3, seed=6)
    names = ("mask_weared_incorrect", "with_mask", "without_mask")
    classes = resolve("m", TASKS["mask"], names, 3, {})
    source = from_arrays("set", images, np.arange(3), names)
    told = [classes.labels[k] for k in accuracy.class_numbers(source, classes.labels, classes.targets)]
    assert told == ["worn", "worn", "bare"]
    classes = resolve("m", TASKS["emotion-bare"], ("happy", "sad", "fear"), 3, {"fear": "surprise"})
    source = from_arrays("set", images, np.arange(3), ("fear", "joy", "sad"))
    told = [classes.labels[k] for k in accuracy.class_numbers(source, classes.labels, classes.targets)]
    assert told == ["surprise", "happy", "sad"]


@pytest.mark.parametrize(("error", "loss"), [(False, 1.5), (True, -1.5)])
def test_of_an_error_less_is_better(error, loss):
    assert Comparison("figure", "set", 9, 0.615, 0.6, error).loss == pytest.approx(loss)


@pytest.mark.parametrize(
    ("labels", "classes", "says"),
    [
        (None, (), "no labels"),
        (np.zeros(4), ("happy", "bored"), "class 'bored' is none of the model's"),
        (np.array([0, 1, 2, 6]), (), "the set has 7 classes, the model answers"),
    ],
)
def test_a_set_that_does_not_fit_the_model(kit, learned, int8, labels, classes, says):
    source = from_arrays("blobs", kit.blobs(4, seed=1)[0], labels, classes)
    with pytest.raises(CalibrationError, match=says):
        accuracy.accuracy(from_keras(learned), Converted("m", int8, Preprocessing()), source, VIEW, kit.CLASSES)


def test_a_float_model_that_answers_nan_is_said(kit, int8):
    broken = FloatModel("mine", (24, 24, 1), lambda x: [np.full((len(x), 4), np.nan, np.float32)], None)
    source = from_arrays("blobs", *kit.blobs(4, seed=1), kit.CLASSES)
    with pytest.raises(ConversionError, match="mine: the float model answers with values that are not numbers"):
        accuracy.accuracy(broken, Converted("m", int8, Preprocessing()), source, VIEW, kit.CLASSES)
