"""The Edge TPU report: every rule of the published list, and whole models that would and would not be mapped."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from convert import tflite, tpu
from convert.__main__ import main
from convert.tflite import Operation, Tensor
from convert.tpu_table import SUPPORTED

TINY = Path(__file__).resolve().parent.parent / "tiny"


def tensor(index, shape=(1, 8, 8, 4), dtype="INT8", data=None, scales=(0.1,), open=False):
    kind = {"INT8": np.int8, "INT32": np.int32, "FLOAT32": np.float32}.get(dtype, np.int8)
    content = b"" if data is None else np.asarray(data, kind).tobytes()
    return Tensor(index, f"t{index}", tuple(shape), open, dtype, tuple(scales), (0,) * len(scales), content)


def operation(kind, *extra, version=1, x=None, y=None, **options):
    """One operation from x and constants to y."""
    x, y = x or tensor(0), y or tensor(9)
    return Operation(kind, version, (x, *extra), (y,), SimpleNamespace(**options))


def ints(*values):
    return tensor(5, (len(values),), "INT32", values, scales=())


def weights(*shape, scales=(0.1,), dtype="INT8"):
    return tensor(6, shape, dtype, np.ones(shape), scales=scales)


DENSE_OUT = tensor(9, (1, 4))
FLAT = tensor(0, (1, 16))

GOOD = [
    operation("ADD", tensor(1), version=2),
    operation("AVERAGE_POOL_2D", fusedActivationFunction=0, version=2),
    operation("CONCATENATION", tensor(1), version=2),
    operation("CONCATENATION", tensor(6, (1, 8, 8, 4), data=np.zeros((1, 8, 8, 4))), version=2),
    operation("CONV_2D", weights(4, 3, 3, 4, scales=(0.1,) * 4), dilationWFactor=2, dilationHFactor=2, version=5),
    operation("DEPTHWISE_CONV_2D", weights(1, 3, 3, 4), dilationWFactor=1, dilationHFactor=1, version=3),
    operation("FULLY_CONNECTED", weights(4, 16), x=FLAT, y=DENSE_OUT, weightsFormat=0, version=4),
    operation("MEAN", ints(1, 2), version=2),
    operation("MEAN", ints(3), version=2),
    operation("PACK", axis=1, version=2),
    operation("PAD", tensor(5, (4, 2), "INT32", [[0, 0], [1, 1], [1, 1], [0, 0]], scales=()), version=2),
    operation("PRELU", weights(1, 1, 4)),
    operation("QUANTIZE", version=2),
    operation("REDUCE_MAX", ints(1), version=2),
    operation("RESHAPE", ints(1, 256)),
    operation("SOFTMAX", x=FLAT, y=tensor(9, (1, 16_000)), version=2),
    operation("SQUEEZE", x=tensor(0, (1, 1, 1, 10)), y=tensor(9, (1, 10))),
    operation("SQUEEZE", x=tensor(0, (1, 1, 5, 10)), y=tensor(9, (5, 10))),
    operation("SQUEEZE", x=tensor(0, (1, 1, 1, 1)), y=tensor(9, ())),
    operation("STRIDED_SLICE", ints(0), ints(1), ints(1, 1, 1, 1), ellipsisMask=0, newAxisMask=0, version=2),
    operation("SUM", ints(-1), version=2),
]

BAD = [
    (operation("ADD", tensor(1), version=4), "version 4, the compiler knows 3 at most"),
    (operation("CONV_2D", weights(4, 3, 3, 4), version=6), "version 6, the compiler knows 5 at most"),
    (operation("FULLY_CONNECTED", weights(4, 16), x=FLAT, y=DENSE_OUT, version=12), "version 12, the compiler knows 9"),
    (operation("HARD_SWISH"), "not in the list"),
    (operation("LEAKY_RELU"), "not in the list"),
    (operation("DEQUANTIZE", y=tensor(9, dtype="FLOAT32", scales=())), "not in the list"),
    (Operation("Determinant", 1, (tensor(0),), (tensor(9),), None, custom=True), "a custom operation"),
    (operation("ADD", x=tensor(0, dtype="FLOAT32", scales=())), "unsupported data type, FLOAT32"),
    (operation("ADD", x=tensor(0, dtype="INT16")), "unsupported data type, INT16"),
    (operation("QUANTIZE", x=tensor(0, dtype="FLOAT32", scales=())), "unsupported data type, FLOAT32"),
    (operation("CONV_2D", weights(4, 3, 3, 4, dtype="FLOAT32", scales=())), "unsupported data type, FLOAT32"),
    (operation("ADD", x=tensor(0, scales=())), "without quantization"),
    (operation("ADD", x=tensor(0, (1, 8, 8, 4), open=True)), "dynamic size"),
    (operation("ADD", x=tensor(0, (4, 8, 8, 4))), "more than three dimensions"),
    (operation("CONV_2D", tensor(6, (4, 3, 3, 4))), "constant at compile time"),
    (operation("AVERAGE_POOL_2D", fusedActivationFunction=1), "fused activation RELU"),
    (operation("MAX_POOL_2D", fusedActivationFunction=3), "fused activation RELU6"),
    (operation("CONCATENATION", tensor(1), fusedActivationFunction=1), "fused activation RELU"),
    (operation("CONCATENATION", weights(1, 8, 8, 4)), "must be all zeros"),
    (operation("CONCATENATION", tensor(1), tensor(6, (1,), data=[0])), "one of two inputs"),
    (operation("CONV_2D", weights(4, 3, 3, 4), dilationWFactor=2, dilationHFactor=1), "same in x and y, got 2 and 1"),
    (operation("FULLY_CONNECTED", weights(4, 16), x=FLAT, y=DENSE_OUT, weightsFormat=1), "default format"),
    (operation("FULLY_CONNECTED", weights(4, 16, scales=(0.1,) * 4), x=FLAT, y=DENSE_OUT), "a scale a row"),
    (operation("FULLY_CONNECTED", weights(4, 16), x=FLAT, y=tensor(9, (1, 3, 4))), "one-dimensional"),
    (operation("MEAN", ints(0, 1)), "batch"),
    (operation("MEAN", ints(-1), x=tensor(0, (1, 8, 8, 6))), "multiple of 4 of them, got 6"),
    (operation("SUM", ints(0)), "batch"),
    (operation("REDUCE_MIN", ints(-4)), "batch"),
    (operation("PACK", axis=0), "batch"),
    (operation("PAD", tensor(5, (4, 2), "INT32", [[1, 0]] + [[0, 0]] * 3, scales=())), "pad the batch"),
    (operation("PAD", tensor(5, (4, 2))), "padding must be constant"),
    (operation("PRELU", weights(8, 8, 4)), "shared_axes"),
    (operation("SOFTMAX", x=FLAT, y=tensor(9, (1, 3, 4))), "one-dimensional"),
    (operation("SOFTMAX", x=FLAT, y=tensor(9, (1, 16_001))), "at most 16000 elements"),
    (operation("SQUEEZE", x=tensor(0, (1, 5, 1, 10)), y=tensor(9, (1, 5, 10))), "only leading sizes of 1"),
    (operation("STRIDED_SLICE", ints(0), ints(1), ints(1, 2, 1, 1)), "strides must be 1"),
    (operation("STRIDED_SLICE", ints(0), ints(1), ints(1, 1), ellipsisMask=0, newAxisMask=1), "masks"),
    (Operation("SPLIT", 2, (ints(0), tensor(0)), (tensor(9),)), "batch"),
    (Operation("SPLIT", 2, (tensor(5), tensor(0)), (tensor(9),)), "axis must be constant"),
]


@pytest.mark.parametrize("op", GOOD, ids=lambda op: op.kind)
def test_what_the_list_allows_is_mapped(op):
    assert tpu.refusal(op) == ""


@pytest.mark.parametrize(("op", "says"), BAD, ids=lambda value: getattr(value, "kind", ""))
def test_what_the_list_forbids_says_why(op, says):
    assert says in tpu.refusal(op)


@pytest.mark.parametrize(
    ("kind", "options", "says"),
    [
        ("RESIZE_NEAREST_NEIGHBOR", {"halfPixelCenters": True}, "14.1 and 15.0 refuse it"),
        ("RESIZE_NEAREST_NEIGHBOR", {"halfPixelCenters": False}, "512 px was not"),
        ("RESIZE_BILINEAR", {"halfPixelCenters": True}, "512 px was not"),
    ],
)
def test_resizing_is_mapped_with_a_caution(kind, options, says):
    report = tpu.report("m", tflite.Graph((operation(kind, version=3, **options),), (), (), 1, 0))
    assert report.complete
    assert says in report.verdicts[0].caution


def test_the_cell_state_of_an_lstm_has_16_bits():
    state = tensor(3, (1, 8), "INT16")
    op = operation("UNIDIRECTIONAL_SEQUENCE_LSTM", state, x=FLAT, y=DENSE_OUT, version=3)
    assert tpu.refusal(op) == ""
    assert "INT16" in tpu.refusal(operation("ADD", state))


def test_every_listed_operation_exists_in_the_schema():
    from ai_edge_litert.schema_py_generated import BuiltinOperator

    assert set(SUPPORTED) <= set(vars(BuiltinOperator))


def chain(*ops):
    """Operations in a row: each takes the output of the one before."""
    made, last = [], tensor(100)
    for number, (kind, version) in enumerate(ops):
        out = tensor(101 + number)
        made.append(Operation(kind, version, (last,), (out,), SimpleNamespace()))
        last = out
    return tflite.Graph(tuple(made), (), (), 1, 0)


def test_no_operations_are_not_complete():
    assert not tpu.report("none", chain()).complete


def test_what_comes_after_the_cpu_stays_there():
    report = tpu.report("m", chain(("RELU", 2), ("HARD_SWISH", 1), ("RELU", 2), ("TANH", 2)))
    assert [v.mapped for v in report.verdicts] == [True, False, False, False]
    assert report.verdicts[1].reason == "not in the list of supported operations"
    assert [v.reason for v in report.verdicts[2:]] == [tpu.AFTER] * 2


def test_what_comes_before_keeps_nothing_off():
    """As the compiler does with a model of float input: QUANTIZE stays on the CPU, the rest is mapped."""
    report = tpu.report("m", chain(("HARD_SWISH", 1), ("RELU", 2), ("TANH", 2)))
    assert [v.mapped for v in report.verdicts] == [False, True, True]


def test_a_branch_beside_the_cpu_is_still_mapped():
    start, left, right = tensor(100), tensor(101), tensor(102)
    ops = (
        Operation("RELU", 2, (start,), (left,)),
        Operation("HARD_SWISH", 1, (left,), (right,)),
        Operation("TANH", 2, (left,), (tensor(103),)),
        Operation("ADD", 2, (right, tensor(103)), (tensor(104),)),
    )
    report = tpu.report("m", tflite.Graph(ops, (), (), 1, 0))
    assert [v.mapped for v in report.verdicts] == [True, False, True, False]


def mutated(content: bytes, change) -> bytes:
    """The .tflite with `change(model)` done to it through the schema's own objects."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
    change(model)
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def open_batch(model):
    for one in model.subgraphs[0].tensors:
        if len(one.shape) > 1 and one.shape[0] == 1:
            one.shapeSignature = np.array([-1, *one.shape[1:]], np.int32)


def newer_convolution(model):
    for code in model.operatorCodes:
        if max(code.builtinCode, code.deprecatedBuiltinCode) == 3:
            code.version = 6


def hard_swish_first(model):
    for code in model.operatorCodes:
        if max(code.builtinCode, code.deprecatedBuiltinCode) == 25:  # SOFTMAX
            code.builtinCode = code.deprecatedBuiltinCode = 117


@pytest.mark.parametrize(
    ("change", "left", "says"),
    [
        (lambda model: None, 0, ""),
        (open_batch, 5, "dynamic size"),
        (
            newer_convolution,
            5,
            "operation version 6, the compiler knows 5 at most; the compiler refuses the whole model",
        ),
        (hard_swish_first, 1, "not in the list"),
    ],
)
def test_whole_models(tmp_path, int8, change, left, says):
    (tmp_path / "m.tflite").write_bytes(mutated(int8, change))
    report = tpu.report("m", tflite.read(tmp_path / "m.tflite"))
    assert len(report.on_cpu) == left
    assert report.complete == (left == 0)
    assert left == 0 or says in report.on_cpu[0].reason


def test_a_float_model_stays_on_the_cpu(float32):
    report = tpu.report("m", tflite.read(float32))
    assert len(report.on_cpu) == len(report.verdicts)
    assert "FLOAT32" in report.verdicts[0].reason


def test_a_dynamic_batch_of_keras_own_export_is_found(learned, kit):
    """What `TFLiteConverter.from_keras_model` makes by itself keeps the batch open."""
    import tensorflow as tf

    from training.quiet import quiet

    with quiet():
        content = tf.lite.TFLiteConverter.from_keras_model(learned).convert()
    graph = tflite.read(content)
    assert graph.inputs[0].open


def test_the_committed_tiny_models_are_all_mapped():
    places = sorted(TINY.glob("*/model.tflite"))
    assert places
    for path in places:
        report = tpu.report(path.parent.name, tflite.read(path))
        assert report.complete, [(v.operation.kind, v.reason) for v in report.on_cpu]


def test_memory_is_the_constants_of_what_is_mapped(int8):
    report = tpu.report("m", tflite.read(int8))
    weights_, biases = 9 * 8 + 9 * 64 + 288 * 4, 4 * (8 + 8 + 4)
    shapes = 8  # the reshape's two int32
    assert report.parameters == weights_ + biases + shapes
    assert tpu.memory([]) == {"all": 0}
    assert tpu.memory([report])["all"] == report.parameters
    assert tpu.fits([report])
    assert not tpu.fits([tpu.Report("big", (), tpu.MEMORY), report])


def test_the_command_says_it_all_and_exits_by_it(tmp_path, int8, capsys):
    (tmp_path / "good.tflite").write_bytes(int8)
    (tmp_path / "bad.tflite").write_bytes(mutated(int8, newer_convolution))
    assert main(["tpu-report", str(tmp_path / "good.tflite")]) == 0
    out = capsys.readouterr().out
    assert "good: all 5 operations would run on the Edge TPU; parameters 2 KiB" in out
    assert "they fit" in out
    assert main(["tpu-report", str(tmp_path / "good.tflite"), str(tmp_path / "bad.tflite"), "--operations"]) == 1
    out = capsys.readouterr().out
    assert "bad: 5 of 5 operations would stay on the CPU" in out
    assert "2 CONV_2D v6: operation version 6, the compiler knows 5 at most" in out
    assert out.count("[tpu]") == 5
    assert out.count("[cpu]") == 5
    assert "int8 1x24x24x1 (0.003922, zero -128)" in out


def test_the_json_is_the_same_report(tmp_path, int8, capsys):
    (tmp_path / "bad.tflite").write_bytes(mutated(int8, hard_swish_first))
    assert main(["tpu-report", str(tmp_path / "bad.tflite"), "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    (model,) = document["models"]
    assert (model["name"], model["complete"]) == ("bad", False)
    assert [op["mapped"] for op in model["operations"]] == [True] * 4 + [False]
    assert document["fits"]


def test_two_models_of_one_name_are_refused(tmp_path, int8, capsys):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "m.tflite").write_bytes(int8)
    assert main(["tpu-report", str(tmp_path / "a/m.tflite"), str(tmp_path / "b/m.tflite")]) == 1
    assert "m: two models of this name" in capsys.readouterr().err
