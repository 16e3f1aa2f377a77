"""Reading .tflite files without TensorFlow, and counting their multiply-adds."""

from __future__ import annotations

import numpy as np
import pytest

from convert import flops, tflite
from edge.errors import ModelError


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "not a TensorFlow Lite file"),
        (b"TFL3", "not a TensorFlow Lite file"),
        (b"PK\x03\x04 a zip file, as .keras is", "not a TensorFlow Lite file"),
        (b"\xff\xff\xff\x7fTFL3" + bytes(40), "broken TensorFlow Lite file"),
        (b"\x18\x00\x00\x00TFL3" + bytes(40), "broken TensorFlow Lite file"),
    ],
)
def test_a_file_that_is_no_model_is_one_clear_line(tmp_path, content, says):
    path = tmp_path / "model.tflite"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=says) as caught:
        tflite.read(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_names_itself(tmp_path):
    with pytest.raises(ModelError, match=r"gone\.tflite: cannot read the model"):
        tflite.read(tmp_path / "gone.tflite")


def said_of(content: bytes) -> str:
    """The error that a file gives, or "" where it is read."""
    try:
        tflite.read(content)
    except ModelError as error:
        return str(error)
    return ""


def test_a_truncated_model_is_broken_not_a_crash(int8):
    assert said_of(int8) == ""
    said = [said_of(int8[:part]) for part in range(12, len(int8) // 2, 97)]
    assert all("broken TensorFlow Lite file" in line and "\n" not in line for line in said)


def test_the_graph_is_what_the_network_was(int8):
    graph = tflite.read(int8)
    assert dict(graph.kinds) == {"CONV_2D": 2, "RESHAPE": 1, "FULLY_CONNECTED": 1, "SOFTMAX": 1}
    assert [op.kind for op in graph.operations] == ["CONV_2D", "CONV_2D", "RESHAPE", "FULLY_CONNECTED", "SOFTMAX"]
    assert [t.shape for t in graph.inputs] == [(1, 24, 24, 1)]
    assert [t.dtype for t in (*graph.inputs, *graph.outputs)] == ["INT8", "INT8"]
    first = graph.operations[0]
    assert first.activation == "RELU"
    assert first.inputs[1].values.shape == (8, 3, 3, 1)
    assert first.inputs[1].values.dtype == np.int8
    assert not first.inputs[0].constant
    assert first.inputs[0].values.size == 0


def test_parameters_are_the_weights_and_biases_that_are_left_after_folding(int8, float32):
    expected = (9 * 8 + 8) + (9 * 8 * 8 + 8) + (6 * 6 * 8 * 4 + 4)
    assert tflite.read(int8).parameters == expected
    assert tflite.read(float32).parameters == expected


def slow_multiply_adds(model) -> int:
    """Layer by layer from Keras, the shapes it reports and the loops one would write."""
    total = 0
    for layer in model.layers:
        kind, shape = type(layer).__name__, layer.output.shape
        if kind in ("Conv2D", "DepthwiseConv2D"):
            for _ in range(shape[1] * shape[2]):
                total += int(np.prod(layer.kernel.shape))
        elif kind == "Conv2DTranspose":
            for _ in range(layer.input.shape[1] * layer.input.shape[2]):
                total += int(np.prod(layer.kernel.shape))
        elif kind == "Dense":
            total += int(np.prod(layer.kernel.shape))
    return total


def test_multiply_adds_match_a_count_over_the_keras_layers(keras_, learned, int8, float32):
    assert flops.multiply_adds(tflite.read(int8)) == slow_multiply_adds(learned)
    assert flops.multiply_adds(tflite.read(float32)) == slow_multiply_adds(learned)


def test_every_kind_of_convolution_is_counted(keras_):
    from keras import layers

    from convert.load import from_keras
    from convert.quantize import to_float

    model = keras_.Sequential(
        [
            layers.Input((15, 20, 3)),
            layers.Conv2D(6, (3, 5), 2, padding="same"),
            layers.DepthwiseConv2D(3, padding="valid", depth_multiplier=2),
            layers.Conv2DTranspose(5, 3, 2, padding="same"),
            layers.Conv2D(4, 3, dilation_rate=2, padding="valid", groups=1),
            layers.GlobalAveragePooling2D(),
            layers.Dense(7),
        ]
    )
    content = to_float(from_keras(model), (15, 20, 3)).content
    assert flops.multiply_adds(tflite.read(content)) == slow_multiply_adds(model)


def test_a_graph_without_work_counts_nothing():
    assert flops.multiply_adds(tflite.Graph((), (), (), 1, 0)) == 0
    lone = tflite.Operation("CONV_2D", 1, (None,), ())
    assert flops.of_operation(lone) == 0


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("", ""),
        ("StatefulPartitionedCall:0", "output"),
        ("functional_1/conv2d_1/convolution1", "conv2d_1/convolution1"),
        ("a/re_lu/Relu;a/batch/add;a/conv/bias", "re_lu/Relu"),
        ("StatefulPartitionedCall:0;model/dense/BiasAdd", "dense/BiasAdd"),
        ("x", "x"),
    ],
)
def test_names_of_layers_are_short(name, short):
    assert tflite.short(name) == (short or "output")
