"""Float against int8: the figures against slow ones, and the layer that is at fault found."""

from __future__ import annotations

import numpy as np
import pytest

from convert import check
from convert.errors import CalibrationError, ConversionError
from convert.load import FloatModel, from_keras
from convert.quantize import quantize, to_float
from convert.runner import Runner
from convert.sources import View, from_arrays
from edge.labels import EMOTIONS, MASKS

VIEW = View(24, 24, 1)


def test_comparing_no_outputs_gives_none():
    assert check.compare([], []) == ()


@pytest.mark.parametrize(
    ("expected", "got", "error", "worst", "agreement"),
    [
        ([[0.5, 0.5], [1, 0]], [[0.5, 0.5], [1, 0]], 0.0, 0.0, 1.0),
        ([[0.75, 0.25], [1, 0]], [[0.25, 0.75], [1, 0]], (2 * 0.25 / 4) ** 0.5, 0.5, 0.5),
        ([[4, -4], [4, -4]], [[4, -4], [2, -4]], (4 / 4) ** 0.5 / 4, 2.0, 1.0),
        ([[3], [5]], [[3], [4]], 0.5**0.5, 1.0, None),
        ([[3], [3]], [[3], [3]], 0.0, 0.0, None),
        ([[3], [3]], [[3], [4]], np.inf, 1.0, None),
    ],
)
def test_figures_of_an_output(expected, got, error, worst, agreement):
    (one,) = check.compare([np.float32(expected)], [np.float32(got)])
    assert one.name == "output_0"
    assert one.error == pytest.approx(error)
    assert one.worst == pytest.approx(worst)
    assert one.agreement == agreement


def test_points_have_no_classes():
    (one,) = check.compare([np.float32([[0.2, 0.8]])], [np.float32([[0.2, 0.8]])], classes=False)
    assert one.agreement is None


def test_models_with_other_numbers_of_outputs_are_not_compared():
    with pytest.raises(ValueError, match="zip"):
        check.compare([np.zeros((1, 2))], [])


def outlier(keras_, where: int):
    """Three convolutions in a row; one has a channel of huge, useless weights, which eats up its int8 range."""
    from keras import layers

    keras_.utils.set_random_seed(3)
    model = keras_.Sequential([keras_.Input((16, 16, 1))])
    for k in range(3):
        model.add(layers.Conv2D(8, 3, padding="same", activation="relu", name=f"stage_{k}"))
    model.add(layers.GlobalAveragePooling2D())
    kernel, bias = model.layers[where].get_weights()
    kernel[..., 0], bias[0] = 0.0, 4000.0  # a constant activation far beyond the others: one scale serves both badly
    model.layers[where].set_weights([kernel, bias])
    if where + 1 < 3:  # the next layer ignores it
        kernel, bias = model.layers[where + 1].get_weights()
        kernel[:, :, 0] = 0.0
        model.layers[where + 1].set_weights([kernel, bias])
    return model


@pytest.mark.parametrize("where", [0, 1])
def test_the_layer_that_loses_most_is_found(keras_, where):
    """The error enters at the damaged layer, although every later one carries it too."""
    model = from_keras(outlier(keras_, where))
    images = np.random.default_rng(2).integers(0, 256, (40, 16, 16, 1), np.uint8)
    checks = check.layers(to_float(model, (16, 16, 1)), quantize(model, images), images, 0.0, 1.0)
    assert [layer.name.split("_1/")[0] for layer in checks[:3]] == ["stage_0", "stage_1", "stage_2"]
    first = check.worst(checks, 1)[0]
    assert first.name.startswith(f"stage_{where}")
    assert 0.8 < first.adds <= 1.0
    assert first.adds > 2 * max(layer.adds for layer in checks if layer is not first)


def test_a_model_against_itself_adds_nothing(kit, float32):
    checks = check.layers(float32, float32, kit.blobs(4, seed=3)[0], 0.0, 1.0)
    assert len(checks) == 5
    assert {layer.error for layer in checks} == {0.0}
    assert check.worst([], 3) == ()


def test_moving_values_adds_no_error(kit, float32, int8):
    checks = check.layers(float32, int8, kit.blobs(6, seed=3)[0], 0.0, 1.0)
    (reshape,) = [layer for layer in checks if layer.kind == "RESHAPE"]
    assert reshape.error > 0
    assert reshape.adds == 0


def test_layers_errors_match_a_slow_count(kit, float32, int8):
    images = kit.blobs(6, seed=3)[0]
    checks = check.layers(float32, int8, images, 0.0, 1.0)
    last = checks[-1]
    floats = np.stack([Runner(float32, 0.0, 1.0).infer(i)[0] for i in images]).astype(np.float64)
    ints = np.stack([Runner(int8, 0.0, 1.0).infer(i)[0] for i in images]).astype(np.float64)
    ratios = []
    for k in range(4):
        gaps = [(a - b) ** 2 for a, b in zip(floats[:, k], ints[:, k], strict=True)]
        ratios.append(min(1.0, sum(gaps) / len(gaps) / floats[:, k].var()))
    assert last.kind == "SOFTMAX"
    assert last.error == pytest.approx((sum(ratios) / 4) ** 0.5, rel=0.05)
    assert 0 <= last.adds <= last.error


def test_accuracy_counts_both_models(kit, learned, int8):
    images, labels = kit.blobs(300, seed=6)
    labels[:60] = (labels[:60] + 1) % 4  # a fifth is labelled wrong: nobody can be right there
    source = from_arrays("blobs", images, labels, kit.CLASSES)
    got = check.accuracy(from_keras(learned), Runner(int8, 0, 1), source, VIEW, kit.CLASSES, 0, 1)
    assert (got.source, got.pictures) == ("blobs", 300)
    assert got.float_ == pytest.approx(0.8, abs=0.02)
    assert got.int8 == pytest.approx(0.8, abs=0.02)
    assert got.loss == pytest.approx(100 * (got.float_ - got.int8))


def test_labels_are_matched_by_name_not_by_number(kit, learned, int8):
    images, labels = kit.blobs(200, seed=6)
    turned = tuple(reversed(kit.CLASSES))
    source = from_arrays("blobs", images, 3 - labels, turned)
    got = check.accuracy(from_keras(learned), Runner(int8, 0, 1), source, VIEW, kit.CLASSES, 0, 1)
    assert got.float_ > 0.98


def test_the_tutorials_names_of_our_classes_are_understood(kit, learned, int8):
    """The set says anger and happiness; the model's outputs are called happy, angry, neutral, bare."""
    images, labels = kit.blobs(200, seed=6)
    classes = ("happiness", "anger", "neutral", "without_mask")
    source = from_arrays("blobs", images, labels, classes)
    names = ("happy", "angry", "neutral", "bare")
    got = check.accuracy(from_keras(learned), Runner(int8, 0, 1), source, VIEW, names, 0, 1)
    assert got.float_ > 0.98
    assert set(check.ALIASES.values()) <= {*EMOTIONS, *MASKS}


@pytest.mark.parametrize(("error", "loss"), [(False, 1.5), (True, -1.5)])
def test_of_an_error_less_is_better(error, loss):
    assert check.Accuracy("set", 9, 0.615, 0.6, "figure", error).loss == pytest.approx(loss)


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
        check.accuracy(from_keras(learned), Runner(int8, 0, 1), source, VIEW, kit.CLASSES, 0, 1)


def test_a_float_model_that_answers_nan_is_said(kit, int8):
    broken = FloatModel("mine", (24, 24, 1), lambda x: [np.full((len(x), 4), np.nan, np.float32)], None)
    source = from_arrays("blobs", *kit.blobs(4, seed=1), kit.CLASSES)
    with pytest.raises(ConversionError, match="mine: the float model answers with values that are not numbers"):
        check.accuracy(broken, Runner(int8, 0, 1), source, VIEW, kit.CLASSES, 0, 1)
