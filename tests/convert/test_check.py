"""Float against int8: the figures against slow ones, and the layer that is at fault found."""

from __future__ import annotations

import numpy as np
import pytest

from convert import check
from convert.converted import Converted
from convert.load import from_keras
from convert.quantize import quantize, to_float
from edge.vision.preprocessing import Preprocessing


def plain(content: bytes) -> Converted:
    return Converted("m", content, Preprocessing())


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
    checks = check.layers(to_float(model, (16, 16, 1)), quantize(model, images), images)
    assert [layer.name.split("_1/")[0] for layer in checks[:3]] == ["stage_0", "stage_1", "stage_2"]
    first = check.worst(checks, 1)[0]
    assert first.name.startswith(f"stage_{where}")
    assert 0.8 < first.adds <= 1.0
    assert first.adds > 2 * max(layer.adds for layer in checks if layer is not first)


def test_a_model_against_itself_adds_nothing(kit, float32):
    checks = check.layers(plain(float32), plain(float32), kit.blobs(4, seed=3)[0])
    assert len(checks) == 5
    assert {layer.error for layer in checks} == {0.0}
    assert check.worst([], 3) == ()


def test_moving_values_adds_no_error(kit, float32, int8):
    checks = check.layers(plain(float32), plain(int8), kit.blobs(6, seed=3)[0])
    (reshape,) = [layer for layer in checks if layer.kind == "RESHAPE"]
    assert reshape.error > 0
    assert reshape.adds == 0


def test_layers_errors_match_a_slow_count(kit, float32, int8):
    images = kit.blobs(6, seed=3)[0]
    checks = check.layers(plain(float32), plain(int8), images)
    last = checks[-1]
    floats = plain(float32).predict(images)[0].astype(np.float64)
    ints = plain(int8).predict(images)[0].astype(np.float64)
    ratios = []
    for k in range(4):
        gaps = [(a - b) ** 2 for a, b in zip(floats[:, k], ints[:, k], strict=True)]
        ratios.append(min(1.0, sum(gaps) / len(gaps) / floats[:, k].var()))
    assert last.kind == "SOFTMAX"
    assert last.error == pytest.approx((sum(ratios) / 4) ** 0.5, rel=0.05)
    assert 0 <= last.adds <= last.error
