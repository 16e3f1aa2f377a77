"""A convolution over whole rows gives what it gives over pixels."""

from __future__ import annotations

import numpy as np
import pytest

from edge import manifest
from edge.engines.forms import in_rows
from edge.engines.forms.rows import row_kernel
from edge.vision.preprocessing import Preprocessing
from tests.edge.engines.forms.networks import Conv, network, same_bits
from tests.edge.engines.forms.test_columns import convolved

WANTED = Preprocessing(-6.4, 6.35)  # a pixel is its value less 128


@pytest.mark.parametrize("width", [1, 2, 3, 5, 9])
@pytest.mark.parametrize("stride", [1, 2, 3, 8])
@pytest.mark.parametrize("pixels", [1, 7, 8])
def test_a_band_matrix_gives_the_same(width, stride, pixels):
    rng = np.random.default_rng(3)
    image = rng.integers(-128, 128, (4, pixels, 3), dtype=np.int8)
    kernel = rng.integers(-127, 128, (5, 3, width, 3), dtype=np.int8)
    answer = convolved(image.reshape(4, 1, 3 * pixels), row_kernel(kernel, pixels, stride), 1)
    expected = convolved(image, kernel, stride)
    assert np.array_equal(answer.reshape(expected.shape), expected)


def test_a_kernel_that_would_be_huge_is_left_as_it_is(monkeypatch):
    content = network((1, 6, 16, 4), Conv(4))
    assert same_bits(content, in_rows, WANTED)
    monkeypatch.setattr("edge.engines.forms.rows.MOST_WEIGHTS", 8 * 4 * 3 * 16 * 4 * 3 - 1)
    assert same_bits(content, in_rows, WANTED) is None


@pytest.mark.parametrize(
    ("layers", "taken"),
    [
        ([Conv(4)], True),
        ([Conv(4, stride=1)], True),
        ([Conv(4, stride=1, down=2)], True),
        ([Conv(4, width=5, rows=1), Conv(8)], True),
        ([Conv(4, stride=1), Conv(8, takes=1, gives=2)], True),
        ([Conv(4, stride=1), Conv(8), Conv(8, takes=1)], True),  # two that see the answer: a shortcut
        ([Conv(4, groups=2)], False),
        ([Conv(4), Conv(8, takes=0, gives=2)], False),  # two that see the picture
    ],
)
def test_what_is_taken_in_rows(layers, taken):
    stored = same_bits(network((1, 6, 16, 4), *layers), in_rows, WANTED)
    assert stored == ((1, 6, 1, 64) if taken else None)


@pytest.mark.parametrize("task", ["mask", "emotion-bare", "emotion-masked", "landmarks"])
def test_the_models_that_look_at_one_face_take_rows(task):
    listed = manifest.load(None)
    spec = listed[task]
    stored = same_bits(listed.path(task).read_bytes(), in_rows, Preprocessing.of(spec))
    assert stored == (1, 48, 1, 48 * spec.channels)


def test_the_rows_of_a_detector_are_too_long():
    listed = manifest.load(None)
    assert same_bits(listed.path("face").read_bytes(), in_rows, Preprocessing.of(listed["face"])) is None
