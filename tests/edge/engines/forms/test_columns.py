"""Folding columns into channels changes how a network is computed and no bit of what it answers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from edge import manifest
from edge.engines.forms import in_columns
from edge.engines.forms.columns import folded_kernel
from edge.engines.transposed import transposed
from edge.vision.preprocessing import Preprocessing
from tests.edge.engines.forms.networks import Conv, network, rewritten, same_bits


def convolved(image, kernel, stride):
    """A convolution of (H, W, C) with (O, KH, KW, C), padding SAME, slow and obvious; stride 1 down the rows."""
    outputs, rows, width, _ = kernel.shape
    columns = math.ceil(image.shape[1] / stride)
    pad = max((columns - 1) * stride + width - image.shape[1], 0)
    above, left = (rows - 1) // 2, pad // 2
    wide = np.pad(image, ((above, rows - 1 - above), (left, pad - left), (0, 0)))
    answer = np.zeros((image.shape[0], columns, outputs), np.int64)
    for y in range(answer.shape[0]):
        for x in range(columns):
            part = wide[y : y + rows, x * stride : x * stride + width].astype(np.int64)
            answer[y, x] = (kernel * part).sum(axis=(1, 2, 3))
    return answer


CASES = [(columns, stride, width) for columns, stride in ((1, 1), (2, 2), (4, 2), (8, 2), (4, 4), (2, 1), (4, 1))
         for width in (1, 2, 3, 5)]  # fmt: skip


def before(stride, width):
    """Columns that SAME pads on the left of 16."""
    return max((16 // stride - 1) * stride + width - 16, 0) // 2


@pytest.mark.parametrize(("columns", "stride", "width"), CASES)
def test_over_groups_of_columns_a_convolution_gives_the_same(columns, stride, width):
    rng = np.random.default_rng(3)
    image = rng.integers(-128, 128, (4, 16, 3), dtype=np.int8)
    kernel = rng.integers(-127, 128, (5, 3, width, 3), dtype=np.int8)
    wider = folded_kernel(kernel, columns, stride, before(stride, width))
    answer = convolved(image.reshape(4, 16 // columns, 3 * columns), wider, 1)
    expected = convolved(image, kernel, stride)
    assert np.array_equal(answer.reshape(expected.shape), expected)


def test_a_kernel_that_reaches_further_left_than_right_is_not_folded():
    with pytest.raises(ValueError, match="other padding"):
        folded_kernel(np.zeros((1, 3, 3, 1), np.int8), 2, 1, before=2)


def test_a_kernel_that_would_be_huge_is_not_folded():
    with pytest.raises(ValueError, match="too many weights"):
        folded_kernel(np.zeros((512, 3, 3, 512), np.int8), 16, 2, before=0)


@pytest.mark.parametrize(
    ("layers", "columns"),
    [
        ([Conv(4)], 2),
        ([Conv(4), Conv(8)], 4),
        ([Conv(4, stride=1), Conv(4)], 2),
        ([Conv(4, width=5), Conv(4, width=2)], 4),
        ([Conv(4, stride=4), Conv(4), Conv(4, stride=1)], 8),
        ([Conv(4, stride=1)], 1),
        ([Conv(4, width=1)], 1),
        ([Conv(4, stride=8), Conv(4, stride=4)], 1),  # 32 columns, of which there are 16
        ([Conv(4, groups=2)], 1),
        ([Conv(4), Conv(8, groups=2)], 2),
        ([Conv(4), Conv(4, takes=0, gives=2)], 1),  # two that see the picture
    ],
)
def test_what_is_folded_of_a_chain_of_convolutions(layers, columns):
    stored = same_bits(network((1, 5, 16, 4), *layers), in_columns, Preprocessing(-6.4, 6.35))
    assert stored == ((1, 5, 16 // columns, 4 * columns) if columns > 1 else None)


def test_convolutions_in_a_circle_are_not_folded():
    circle = [Conv(4, stride=1, gives=1), Conv(4, stride=1, takes=1, gives=0), Conv(4, takes=2, gives=3)]
    assert rewritten(network((1, 5, 16, 4), *circle), in_columns) is None


@pytest.mark.parametrize("task", ["mask", "emotion-bare", "emotion-masked", "landmarks"])
def test_other_networks_fold_as_they_are_or_not_at_all(task):
    """What is folded is up to the network; what it answers is not."""
    listed = manifest.load(None)
    same_bits(listed.path(task).read_bytes(), in_columns, Preprocessing.of(listed[task]))


def test_the_detector_and_its_upright_twin_give_the_same_bits():
    listed = manifest.load(None)
    spec, content = listed["face"], listed.path("face").read_bytes()
    for one in (content, transposed(content)):
        assert same_bits(one, in_columns, Preprocessing.of(spec)) == (1, 240, 40, 24)
