"""Folding changes how a network is computed and no bit of what it answers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from edge import manifest
from edge.engines import litert
from edge.engines.folded import folded, folded_kernel
from edge.engines.litert import LiteRtEngine
from edge.engines.model import LiteRtModel
from edge.engines.transposed import transposed
from edge.vision.preprocessing import Preprocessing
from tests.edge.engines.test_operators import CONV_2D, tflite


@pytest.fixture(scope="module")
def content(root):
    return manifest.load(None).path("face").read_bytes()


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


@pytest.mark.parametrize("width", [1, 2, 3, 5])
@pytest.mark.parametrize(("columns", "stride"), [(1, 1), (2, 2), (4, 2), (8, 2), (4, 4), (2, 1), (4, 1)])
def test_over_groups_of_columns_a_convolution_gives_the_same(columns, stride, width):
    rng = np.random.default_rng(3)
    image = rng.integers(-128, 128, (4, 16, 3), dtype=np.int8)
    kernel = rng.integers(-127, 128, (5, 3, width, 3), dtype=np.int8)
    pad = max((16 // stride - 1) * stride + width - 16, 0)
    try:
        wider = folded_kernel(kernel, columns, stride, pad // 2)
    except ValueError:
        assert pad // 2 != pad - pad // 2, "only an uneven padding may not fit"
        return
    answer = convolved(image.reshape(4, 16 // columns, 3 * columns), wider, 1)
    expected = convolved(image, kernel, stride)
    assert np.array_equal(answer.reshape(expected.shape), expected)


@pytest.mark.parametrize("damaged", [b"", b"TFL3", tflite(), tflite((CONV_2D, "")), bytes(64)])
def test_what_is_no_network_has_no_folded_one(damaged):
    assert folded(damaged) is None


@pytest.mark.parametrize("task", ["mask", "emotion-bare", "emotion-masked", "landmarks"])
def test_other_networks_fold_as_they_are_or_not_at_all(task):
    """What is folded is up to the network; what it answers is not."""
    listed = manifest.load(None)
    assert_the_same(listed[task], listed.path(task).read_bytes())


def test_the_detector_and_its_upright_twin_give_the_same_bits(content):
    spec = manifest.load(None)["face"]
    assert assert_the_same(spec, content) == 8
    assert assert_the_same(spec, transposed(content)) == 8


def assert_the_same(spec, content):
    """How many columns are folded; 1 where none are."""
    answer = folded(content)
    if answer is None:
        return 1
    file, columns = answer
    wanted = Preprocessing.of(spec)
    plain, form = LiteRtModel(content, wanted), LiteRtModel(file, wanted, columns=columns)
    assert form.input_shape == plain.input_shape
    rng = np.random.default_rng(7)
    for _ in range(3):
        picture = rng.integers(0, 256, plain.input_shape[1:], dtype=np.uint8)
        for one, other in zip(plain.raw(picture), form.raw(picture), strict=True):
            assert np.array_equal(one, other)
    return columns


def test_a_network_that_is_cut_off_anywhere_is_not_folded_or_is_one_that_is_refused_in_one_line(content):
    for end in range(0, len(content), len(content) // 97):
        answer = folded(content[:end])
        assert answer is None or len(answer[0]) > end


@pytest.mark.parametrize(("plain", "form", "taken"), [(2.0, 1.0, True), (1.0, 1.0, False), (1.0, 2.0, False)])
def test_an_engine_takes_the_form_that_is_faster_here(monkeypatch, content, plain, form, taken):
    def seconds(model):
        return 1e-3 * (plain if isinstance(model, LiteRtEngine) else form)

    monkeypatch.setattr(LiteRtModel, "seconds", seconds)
    engine = LiteRtEngine(manifest.load(None)["face"], content)
    assert (engine._stored == (1, 240, 40, 24)) is taken
    assert engine.input_shape == (1, 240, 320, 3)
    upright = engine.transposed()
    assert (upright._stored == (1, 240, 40, 24)) is taken


def test_on_a_slow_processor_it_is_not_even_tried(monkeypatch, content):
    tries = []
    monkeypatch.setattr(litert, "folded", tries.append)
    monkeypatch.setattr(LiteRtModel, "seconds", lambda model: litert.SLOW_S * 1.1)
    LiteRtEngine(manifest.load(None)["face"], content)
    assert tries == []
