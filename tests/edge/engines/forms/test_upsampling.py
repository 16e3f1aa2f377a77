"""Transposed convolutions as products: the same bits, and nothing else is touched."""

from __future__ import annotations

import numpy as np
import pytest

from edge import manifest
from edge.engines.forms import as_products, in_columns
from edge.engines.forms.upsampling import product_kernel
from edge.engines.graph import Graph
from edge.engines.transposed import transposed
from edge.vision.preprocessing import Preprocessing
from tests.edge.engines.forms.networks import Conv, Enlarge, network, rewritten, same_bits

WANTED = Preprocessing(-6.4, 6.35)
TRANSPOSE_CONV = 67
RELU6, TANH = 3, 4  # fused activations


@pytest.mark.parametrize("times", [1, 2, 3])
def test_each_pixel_becomes_a_square(times):
    rng = np.random.default_rng(5)
    image = rng.integers(-128, 128, (2, 3, 4)).astype(np.int64)
    kernel = rng.integers(-127, 128, (5, times, times, 4)).astype(np.int64)
    expected = np.zeros((2 * times, 3 * times, 5), np.int64)
    for y in range(2):
        for x in range(3):
            square = np.einsum("onmc,c->nmo", kernel, image[y, x])
            expected[y * times : (y + 1) * times, x * times : (x + 1) * times] = square
    squares = image @ product_kernel(kernel)[:, 0, 0].T
    laid_out = squares.reshape(2, 3, times, times, 5).swapaxes(1, 2).reshape(expected.shape)
    assert np.array_equal(laid_out, expected)


@pytest.mark.parametrize(
    ("layers", "taken"),
    [
        ([Conv(8)], False),
        ([Conv(8), Enlarge(4)], True),
        ([Conv(8), Enlarge(4, times=3)], True),
        ([Conv(8), Enlarge(4, shifts=True)], True),
        ([Conv(8), Enlarge(4, each=False)], True),
        ([Conv(8), Enlarge(4, each=False, shifts=True)], True),
        ([Enlarge(8), Conv(4), Enlarge(6)], True),
        ([Conv(8), Enlarge(4, shifts=True, activation=RELU6)], True),
        ([Conv(8), Enlarge(4, across=3)], False),  # squares that overlap
        # LiteRT computes these without XNNPACK, and rounds differently.
        ([Conv(8), Enlarge(4, sized=False)], False),
        ([Conv(8), Enlarge(4, zero=3)], False),
        ([Conv(8), Enlarge(4, shifts=True, scaled=False)], False),
        ([Conv(8), Enlarge(4, activation=TANH)], False),
    ],
)
def test_which_transposed_convolutions_become_products(layers, taken):
    stored = same_bits(network((1, 6, 16, 4), *layers), as_products, WANTED)
    assert stored == ((1, 6, 16, 4) if taken else None)


def test_the_detector_and_its_upright_twin_have_none_left():
    listed = manifest.load(None)
    spec, content = listed["face"], listed.path("face").read_bytes()
    for one in (content, transposed(content)):
        assert TRANSPOSE_CONV in codes(one)
        form = rewritten(one, as_products)
        assert TRANSPOSE_CONV not in codes(form)
        assert same_bits(one, as_products, Preprocessing.of(spec)) == (1, 240, 320, 3)
        assert same_bits(form, in_columns, Preprocessing.of(spec)) == (1, 240, 40, 24)


def codes(content):
    graph = Graph(content)
    return {graph.code(operator) for operator in graph.operators}
