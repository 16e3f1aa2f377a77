from __future__ import annotations

import sys
import types
from dataclasses import replace

import numpy as np
import pytest

from edge.engines import model, open_engine
from edge.engines.litert import LiteRtEngine
from edge.errors import EngineError, InvalidValue, MissingExtra, ModelError
from edge.vision.tensor import pixel_table, to_tensor


@pytest.mark.parametrize("task", ["face", "mask", "emotion-bare", "emotion-masked"])
def test_every_tiny_model_answers_in_its_heads_shape(tiny_manifest, task):
    engine = open_engine(tiny_manifest, task)
    spec = engine.spec
    answers = engine.infer(np.zeros((spec.height, spec.width, spec.channels), np.uint8))
    shapes = [(80, 1), (80, 4)] if task == "face" else [(len(spec.labels),)]
    assert [answer.shape for answer in answers] == shapes
    assert {answer.dtype for answer in answers} == {np.dtype(np.float32)}


def test_the_mask_model_sees_blue(tiny_manifest):
    engine = open_engine(tiny_manifest, "mask", threads=2)
    for blue, label in ((0, "bare"), (255, "worn")):
        (answer,) = engine.infer(np.full((16, 16, 3), (255, 0, blue), np.uint8))
        assert engine.spec.labels[int(answer.argmax())] == label


def test_a_tensor_that_would_fill_the_memory_is_refused_before_it_is_computed(tiny_manifest, monkeypatch):
    monkeypatch.setattr(model, "MAX_VALUES", 16 * 16 * 3)
    open_engine(tiny_manifest, "mask")
    monkeypatch.setattr(model, "MAX_VALUES", 16 * 16 * 3 - 1)
    with pytest.raises(ModelError, match=r"refused, as one of its tensors has 768 values, at most 767 fit"):
        open_engine(tiny_manifest, "mask")


def test_an_answer_is_a_copy_that_the_next_one_does_not_change(tiny_manifest):
    engine = open_engine(tiny_manifest, "mask")
    (first,) = engine.infer(np.zeros((16, 16, 3), np.uint8))
    kept = first.copy()
    engine.infer(np.full((16, 16, 3), 255, np.uint8))
    assert np.array_equal(first, kept)


def test_infer_leaves_its_picture_alone_and_takes_a_read_only_view(tiny_manifest):
    engine = open_engine(tiny_manifest, "mask")
    image = np.full((16, 32, 3), 7, np.uint8)[:, ::2]
    image.flags.writeable = False
    engine.infer(image)
    assert (image == 7).all()


@pytest.mark.parametrize(
    "image",
    [np.zeros((16, 15, 3), np.uint8), np.zeros((16, 16, 1), np.uint8), np.zeros((16, 16, 3), np.float32)],
    ids=["narrow", "grey", "float"],
)
def test_a_picture_of_another_kind_is_refused(tiny_manifest, image):
    with pytest.raises(InvalidValue, match=r"tiny-mask: expected uint8 \(16, 16, 3\), got"):
        open_engine(tiny_manifest, "mask").infer(image)


def test_a_closed_engine_says_so(tiny_manifest):
    engine = open_engine(tiny_manifest, "mask")
    engine.close()
    with pytest.raises(EngineError, match="closed"):
        engine.infer(np.zeros((16, 16, 3), np.uint8))


def test_a_profiler_that_holds_the_input_for_a_moment_is_waited_for(tiny_manifest, monkeypatch):
    """As Dask's does: it walks over the frames of other threads, whose variables live as long as it looks."""
    engine = open_engine(tiny_manifest, "mask")
    image = np.full((16, 16, 3), 255, np.uint8)
    expected = engine.infer(image)
    held = [engine._interpreter.tensor(engine._input)()]
    waits = []
    monkeypatch.setattr(
        model.time, "sleep", lambda seconds: waits.append(seconds) or (len(waits) == 3 and held.clear())
    )
    assert all(map(np.array_equal, engine.infer(image), expected))
    assert waits == [model.WAIT_S] * 3


def test_a_view_that_is_held_for_good_is_one_line(tiny_manifest, monkeypatch):
    engine = open_engine(tiny_manifest, "mask")
    held = engine._interpreter.tensor(engine._input)()
    monkeypatch.setattr(model, "WAIT_S", 0.0)
    with pytest.raises(EngineError, match=r"tiny-mask: the model could not be run \(.*reference to internal data"):
        engine.infer(np.zeros((16, 16, 3), np.uint8))
    assert held.size == 16 * 16 * 3


@pytest.mark.parametrize("content", [b"", b"not a model at all, only text", b"\x1c\x00\x00\x00TFL3" + b"\x00" * 8])
def test_a_broken_file_is_one_line(tiny_manifest, tmp_path, content):
    path = tmp_path / "model.tflite"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"model\.tflite: not a usable TensorFlow Lite model") as caught:
        LiteRtEngine(tiny_manifest["mask"], path)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 4


@pytest.mark.parametrize(
    ("task", "change", "message"),
    [
        ("mask", {"width": 17}, r"input: expected \(1, 16, 17, 3\) as the manifest says, got \(1, 16, 16, 3\)"),
        ("mask", {"colour": "grey"}, r"input: expected \(1, 16, 16, 1\)"),
        ("mask", {"labels": ("a", "b", "c")}, r"head probabilities: expected outputs \[\(1, 3\)\], got \[\(1, 2\)\]"),
        ("mask", {"head": "points"}, r"head points: expected outputs \[\(1, 136\)\]"),
        ("face", {"head": "points"}, r"expected 1 outputs, got 2"),
        ("face", {"strides": (8,)}, r"expected outputs \[\(1, 300, 1\), \(1, 300, 4\)\], got \[\(1, 80, 1\)"),
    ],
)
def test_a_model_that_is_not_what_the_manifest_says(tiny_manifest, task, change, message):
    with pytest.raises(ModelError, match=message):
        LiteRtEngine(replace(tiny_manifest[task], **change), tiny_manifest.path(task))


def test_outputs_are_ordered_by_name_never_by_size():
    class Runner:
        def get_output_details(self):
            return {f"output_{n}": {"index": 100 + n} for n in (10, 2, 0, 1)}

    class Interpreter:
        def get_signature_list(self):
            return {"serving_default": {}}

        def get_signature_runner(self, key):
            assert key == "serving_default"
            return Runner()

    assert [output["index"] for output in model._ordered_outputs(Interpreter())] == [100, 101, 102, 110]


def test_on_32_bit_pi_os_tflite_runtime_stands_in(monkeypatch):
    stand_in = types.ModuleType("tflite_runtime")
    stand_in.interpreter = types.ModuleType("tflite_runtime.interpreter")
    monkeypatch.setitem(sys.modules, "ai_edge_litert", None)
    monkeypatch.setitem(sys.modules, "tflite_runtime", stand_in)
    assert model.interpreter_module() is stand_in.interpreter


def test_without_either_the_fix_is_named(monkeypatch):
    for name in ("ai_edge_litert", "tflite_runtime"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtra, match="pip install ai-edge-litert"):
        model.interpreter_module()


class Answers:
    """An interpreter that gives the answer it was made with, or raises it; with `scale` its output is int8."""

    def __init__(self, spec, answer, scale=None):
        self.spec, self.answer, self.scale = spec, answer, scale

    def __call__(self, model_path, num_threads, experimental_delegates):
        return self

    def allocate_tensors(self):
        pass

    def get_signature_list(self):
        return {}

    def _details(self, index, shape):
        return [{"index": index, "shape": np.array(shape), "dtype": np.float32, "quantization": (0.0, 0)}]

    def get_input_details(self):
        return self._details(0, (1, self.spec.height, self.spec.width, self.spec.channels))

    def get_output_details(self):
        (detail,) = self._details(1, (1, len(self.spec.labels)))
        return [detail if self.scale is None else detail | {"dtype": np.int8, "quantization": (self.scale, 0)}]

    def get_tensor_details(self):
        return self.get_input_details() + self.get_output_details()

    def set_tensor(self, index, value):
        self.given = value

    def invoke(self):
        if isinstance(self.answer, Exception):
            raise self.answer

    def get_tensor(self, index):
        return np.float32([self.answer])


@pytest.fixture
def engine_answering(tiny_manifest, monkeypatch):
    def make(answer, scale=None, **change):
        spec = replace(tiny_manifest["mask"], **change)
        module = type("Module", (), {"Interpreter": Answers(spec, answer, scale)})
        monkeypatch.setattr(model, "interpreter_module", lambda: module)
        return LiteRtEngine(spec, tiny_manifest.path("mask"))

    return make


def test_an_answer_that_is_not_a_number_is_an_engine_error(engine_answering):
    with pytest.raises(EngineError, match="not a number"):
        engine_answering([np.nan, 1.0]).infer(np.zeros((16, 16, 3), np.uint8))


@pytest.mark.parametrize("scale", [0.0, -0.1, np.nan, np.inf, 1e37])
def test_a_scale_that_would_give_what_is_not_a_number_is_refused_at_once(engine_answering, scale):
    with pytest.raises(ModelError, match="expected one scale for the tensor"):
        engine_answering([0, 127], scale)


def test_a_failing_invoke_is_an_engine_error_of_one_line(engine_answering):
    engine = engine_answering(RuntimeError("Node 7\n failed to invoke"))
    with pytest.raises(EngineError, match=r"tiny-mask: the model could not be run \(Node 7 failed to invoke\)"):
        engine.infer(np.zeros((16, 16, 3), np.uint8))


def test_a_float_model_gets_the_real_values_of_its_spec(engine_answering):
    engine = engine_answering([0.5, 0.5], low=-1.0, high=1.0)
    engine.infer(np.full((16, 16, 3), 255, np.uint8))
    given = engine._interpreter.given
    assert (given.shape, given.dtype) == ((1, 16, 16, 3), np.float32)
    assert (given == 1.0).all()


@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
@pytest.mark.parametrize(("low", "high", "scale", "zero"), [(0, 1, 1 / 255, 0), (-1, 1, 0.0078, 0), (0, 1, 0.02, 3)])
def test_to_tensor_is_the_formula_pixel_by_pixel(dtype, low, high, scale, zero):
    info = np.iinfo(dtype)
    table = pixel_table(low, high, scale, zero + info.min, dtype)
    image = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    expected = [
        min(max(round((low + (high - low) * pixel / 255) / scale) + zero + int(info.min), info.min), info.max)
        for pixel in range(256)
    ]
    answer = to_tensor(image, table)
    assert answer.dtype == dtype
    assert answer.shape == image.shape
    assert answer.ravel().tolist() == expected
    assert image.ravel().tolist() == list(range(256))
