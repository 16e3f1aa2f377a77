"""Folding changes how a network is computed and no bit of what it answers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from edge import manifest
from edge.engines import litert
from edge.engines.folded import folded, folded_kernel
from edge.engines.graph import Graph
from edge.engines.litert import LiteRtEngine
from edge.engines.model import LiteRtModel
from edge.engines.transposed import transposed
from edge.errors import EngineError, ModelError
from edge.vision.preprocessing import Preprocessing
from tests.edge.engines.networks import Conv, network
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
    wanted = Preprocessing(-6.4, 6.35)
    assert same_bits(network((1, 5, 16, 4), *layers), wanted) == columns


def test_convolutions_in_a_circle_are_not_folded():
    circle = [Conv(4, stride=1, gives=1), Conv(4, stride=1, takes=1, gives=0), Conv(4, takes=2, gives=3)]
    assert folded(network((1, 5, 16, 4), *circle)) is None


@pytest.mark.parametrize("damaged", [b"", b"TFL3", tflite(), tflite((CONV_2D, "")), bytes(64)])
def test_a_damaged_file_is_not_folded(damaged):
    assert folded(damaged) is None


@pytest.mark.parametrize("task", ["mask", "emotion-bare", "emotion-masked", "landmarks"])
def test_other_networks_fold_as_they_are_or_not_at_all(task):
    """What is folded is up to the network; what it answers is not."""
    listed = manifest.load(None)
    same_bits(listed.path(task).read_bytes(), Preprocessing.of(listed[task]))


def test_the_detector_and_its_upright_twin_give_the_same_bits(content):
    spec = manifest.load(None)["face"]
    assert same_bits(content, Preprocessing.of(spec)) == 8
    assert same_bits(transposed(content), Preprocessing.of(spec)) == 8


def same_bits(content, wanted):
    """How many columns are folded, 1 where none are, after checking that the answers are the same."""
    answer = folded(content)
    if answer is None:
        return 1
    file, columns = answer
    plain, form = LiteRtModel(content, wanted), LiteRtModel(file, wanted, columns=columns)
    assert form.input_shape == plain.input_shape
    rng = np.random.default_rng(7)
    for _ in range(3):
        picture = rng.integers(0, 256, plain.input_shape[1:], dtype=np.uint8)
        for one, other in zip(plain.raw(picture), form.raw(picture), strict=True):
            assert np.array_equal(one, other)
    return columns


def test_a_network_that_is_cut_off_is_not_folded_or_is_refused_in_one_line(content):
    told = []
    for end in range(0, len(content), len(content) // 97):
        answer = folded(content[:end])
        if answer is not None:
            try:
                LiteRtModel(answer[0], Preprocessing(), columns=answer[1])
            except ModelError as error:
                told.append(str(error))
    assert not [line for line in told if "\n" in line]


@pytest.mark.parametrize(("plain", "form", "taken"), [(2.0, 1.0, True), (1.0, 1.0, False), (1.0, 2.0, False)])
def test_an_engine_takes_the_form_that_is_faster_here(monkeypatch, content, plain, form, taken):
    def seconds(model, picture):
        return 1e-3 * (plain if isinstance(model, LiteRtEngine) else form)

    monkeypatch.setattr(LiteRtModel, "seconds", seconds)
    engine = LiteRtEngine(manifest.load(None)["face"], content)
    assert (engine._stored == (1, 240, 40, 24)) is taken
    assert engine.input_shape == (1, 240, 320, 3)
    upright = engine.transposed()
    assert (upright._stored == (1, 240, 40, 24)) is taken


@pytest.mark.parametrize("wrong", ["refused", "fails", "other bits"])
def test_a_form_that_does_not_work_leaves_the_plain_one(monkeypatch, content, wrong):
    def seconds(model, picture):
        if isinstance(model, LiteRtEngine):
            return 2e-3
        if wrong == "fails":
            raise EngineError("form: the model could not be run")
        return 1e-3

    def other(given):
        file, columns = folded(given)
        if wrong == "refused":
            return b"TFL3", columns
        return (_other_bias(file) if wrong == "other bits" else file), columns

    monkeypatch.setattr(LiteRtModel, "seconds", seconds)
    monkeypatch.setattr(litert, "folded", other)
    engine = LiteRtEngine(manifest.load(None)["face"], content)
    assert engine._stored == (1, 240, 320, 3)
    engine.infer(np.zeros((240, 320, 3), np.uint8))


def _other_bias(file):
    """The file with another bias in its first convolution."""
    graph = Graph(file)
    start, size = graph.constant(graph.takes(graph.operators[0])[2])
    return file[:start] + np.full(size // 4, 9999, np.int32).tobytes() + file[start + size :]


def test_on_a_slow_processor_it_is_not_even_tried(monkeypatch, content):
    tries = []
    monkeypatch.setattr(litert, "folded", tries.append)
    monkeypatch.setattr(LiteRtModel, "seconds", lambda model, picture: litert.SLOW_S * 1.1)
    LiteRtEngine(manifest.load(None)["face"], content)
    assert tries == []
