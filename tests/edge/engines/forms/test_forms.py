"""An engine takes the form of its network that is the fastest here, if it gives the same bits."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from edge import manifest
from edge.engines import forms, litert
from edge.engines.graph import Graph
from edge.engines.litert import LiteRtEngine
from edge.engines.model import LiteRtModel
from edge.engines.transposed import transposed
from edge.errors import EngineError, ModelError
from edge.vision.preprocessing import Preprocessing
from tests.edge.engines.forms.networks import Conv, Enlarge, changed, network, rewritten
from tests.edge.engines.test_operators import CONV_2D, tflite


@pytest.fixture(scope="module")
def content():
    return manifest.load(None).path("face").read_bytes()


@pytest.mark.parametrize("step", forms.STEPS)
@pytest.mark.parametrize("damaged", [b"", b"TFL3", tflite(), tflite((CONV_2D, "")), bytes(64)])
def test_a_damaged_file_has_no_other_form(damaged, step):
    assert rewritten(damaged, step) is None


def stride_of_0(graph):
    graph.operators[0].builtinOptions.strideW = 0


def without_elements(graph):
    for tensor in graph.tensors:
        tensor.shape = [0] * len(tensor.shape)


def without_options(graph):
    for operator in graph.operators:
        operator.builtinOptions, operator.builtinOptionsType = None, 0


def without_inputs(graph):
    graph.operators[0].inputs = None


@pytest.mark.parametrize("damage", [stride_of_0, without_elements, without_options, without_inputs])
@pytest.mark.parametrize("layer", [Conv(4), Enlarge(4)])
def test_a_damaged_network_has_no_other_form(layer, damage):
    content = changed(network((1, 6, 16, 4), layer), damage)
    assert [rewritten(content, step) for step in forms.STEPS] == [None] * len(forms.STEPS)
    answer = transposed(content)
    assert answer is None or len(answer) == len(content)


@pytest.mark.parametrize("step", forms.STEPS)
def test_without_the_schema_there_is_only_the_plain_form(monkeypatch, content, step):
    monkeypatch.setitem(sys.modules, "ai_edge_litert", None)
    assert rewritten(content, step) is None


def test_a_file_with_thousands_of_parts_is_left_alone(monkeypatch, content):
    monkeypatch.setattr("edge.engines.forms.network.MOST_PARTS", 100)
    assert rewritten(content, forms.as_products) is None


@pytest.mark.parametrize("step", forms.STEPS)
def test_a_network_that_is_cut_off_has_no_other_form_or_is_refused_in_one_line(content, step):
    told = []
    for end in range(0, len(content), len(content) // 23):
        if (answer := rewritten(content[:end], step)) is not None:
            try:
                LiteRtModel(answer, Preprocessing(), shape=(240, 320, 3))
            except ModelError as error:
                told.append(str(error))
    assert not [line for line in told if "\n" in line]


class Clock:
    """Times of a plain engine and of each form that is tried, in ms; a form that is taken becomes the plain one."""

    def __init__(self, monkeypatch, plain, **forms_ms):
        self.plain, self.forms_ms = plain, forms_ms
        become = LiteRtModel.become

        def changed(engine, other):
            self.plain = self.forms_ms[kind_of(other)]
            become(engine, other)

        monkeypatch.setattr(LiteRtModel, "seconds", lambda model, picture: self.seconds(model))
        monkeypatch.setattr(LiteRtModel, "become", changed)

    def seconds(self, model):
        return 1e-3 * (self.plain if isinstance(model, LiteRtEngine) else self.forms_ms[kind_of(model)])


def kind_of(model):
    return {(1, 240, 320, 3): "products", (1, 240, 40, 24): "columns"}[model._stored]


@pytest.mark.parametrize(
    ("plain", "products", "columns", "taken"),
    [
        (2.0, 1.0, 0.5, (1, 240, 40, 24)),
        (2.0, 2.0, 1.0, (1, 240, 40, 24)),
        (2.0, 1.0, 1.0, (1, 240, 320, 3)),
        (1.0, 2.0, 2.0, (1, 240, 320, 3)),
        (1.0, 1.0, 0.99, (1, 240, 320, 3)),  # what may be chance
    ],
)
def test_an_engine_takes_each_form_that_is_faster_here(monkeypatch, content, plain, products, columns, taken):
    Clock(monkeypatch, plain, products=products, columns=columns)
    engine = LiteRtEngine(manifest.load(None)["face"], content)
    assert engine._stored == taken
    assert engine.input_shape == (1, 240, 320, 3)
    Clock(monkeypatch, plain, products=products, columns=columns)
    assert engine.transposed()._stored == taken


@pytest.mark.parametrize("wrong", ["refused", "fails", "other bits"])
def test_a_form_that_does_not_work_leaves_the_plain_one(monkeypatch, content, wrong):
    def seconds(model, picture):
        if isinstance(model, LiteRtEngine):
            return 2e-3
        if wrong == "fails":
            raise EngineError("form: the model could not be run")
        return 1e-3

    def other(given, is_better):
        def worse(form):
            if wrong == "refused":
                form = b"TFL3"
            return is_better(_other_bias(form) if wrong == "other bits" else form)

        return best(given, worse)

    best = forms.best
    monkeypatch.setattr(LiteRtModel, "seconds", seconds)
    monkeypatch.setattr(forms, "best", other)
    engine = LiteRtEngine(manifest.load(None)["face"], content)
    assert engine._stored == (1, 240, 320, 3)
    engine.infer(np.zeros((240, 320, 3), np.uint8))


def _other_bias(file):
    """The file with another bias in its first convolution."""
    graph = Graph(file)
    start, size = graph.constant(graph.takes(graph.operators[0])[2])
    return file[:start] + np.full(size // 4, 9999, np.int32).tobytes() + file[start + size :]


@pytest.mark.parametrize(("task", "slow"), [("face", litert.SLOW_S), ("mask", litert.SLOW_CROP_S)])
def test_on_a_slow_processor_nothing_else_is_even_tried(monkeypatch, task, slow):
    tries, listed = [], manifest.load(None)
    monkeypatch.setattr(forms, "best", lambda content, is_better: tries.append(content))
    for times, count in (1.1, 0), (0.9, 1):
        monkeypatch.setattr(LiteRtModel, "seconds", lambda model, picture, times=times: slow * times)
        LiteRtEngine(listed[task], listed.path(task))
        assert len(tries) == count


@pytest.mark.parametrize(
    ("runs", "tried"),
    [([9.0, 9.0, 9.0], False), ([1e-4], True), ([9.0, 1e-4], True), ([9.0, 9.0, 1e-4], True)],
)
def test_a_processor_that_is_busy_for_a_moment_is_not_slow(monkeypatch, runs, tried):
    left, tries, listed = list(runs), [], manifest.load(None)
    monkeypatch.setattr(forms, "best", lambda content, is_better: tries.append(content))
    monkeypatch.setattr(LiteRtModel, "seconds", lambda model, picture: left.pop(0))
    LiteRtEngine(listed["mask"], listed.path("mask"))
    assert (bool(tries), left) == (tried, [])


@pytest.mark.parametrize("outlier", range(litert.CHECKS))
def test_a_form_has_to_give_the_same_bits_for_each_of_several_pictures(monkeypatch, content, outlier):
    engine = LiteRtEngine(manifest.load(None)["face"], content)
    form = LiteRtModel(content, Preprocessing.of(engine.spec))
    pictures = np.random.default_rng(1).integers(0, 256, (litert.CHECKS, 240, 320, 3), dtype=np.uint8)
    assert engine._answers_like(form, pictures)
    raw, asked = form.raw, []

    def wrong_once(picture):
        asked.append(picture)
        return tuple(answer + (len(asked) == outlier + 1) for answer in raw(picture))

    monkeypatch.setattr(form, "raw", wrong_once)
    assert not engine._answers_like(form, pictures)


def test_steps_go_on_from_the_last_form_that_was_better(content):
    """Three steps, of which one is refused: the one after it begins with what was before."""
    shapes = []

    def is_better(form):
        shapes.append(LiteRtModel(form, Preprocessing(), shape=(240, 320, 3))._stored)
        return len(shapes) != 2

    answer = forms.best(content, is_better, [forms.as_products, forms.in_columns, forms.in_columns])
    assert shapes == [(1, 240, 320, 3), (1, 240, 40, 24), (1, 240, 40, 24)]
    assert LiteRtModel(answer, Preprocessing(), shape=(240, 320, 3))._stored == (1, 240, 40, 24)


@pytest.mark.parametrize(
    ("threads", "two_ms", "one_ms", "left"),
    [(1, 0.1, 0.1, 1), (2, 0.1, 0.1, 2), (2, 0.1, 0.12, 2), (2, 0.1, 0.09, 1), (4, 0.2, 0.1, 1)],
)
def test_where_one_thread_is_faster_there_is_one(monkeypatch, threads, two_ms, one_ms, left):
    listed, opened = manifest.load(None), []
    original = LiteRtModel.__init__

    def opening(model, *given, **named):
        model.opened_with = named["threads"]
        original(model, *given, **named)

    def become(engine, other):
        opened.append(other.opened_with)

    monkeypatch.setattr(LiteRtModel, "__init__", opening)
    monkeypatch.setattr(LiteRtModel, "become", become)
    monkeypatch.setattr(forms, "best", lambda content, is_better: content)
    monkeypatch.setattr(
        LiteRtModel, "seconds", lambda model, picture: 1e-3 * (one_ms if model.opened_with == 1 else two_ms)
    )
    LiteRtEngine(listed["mask"], listed.path("mask"), threads)
    assert (opened or [threads]) == [left]
