"""Small .tflite files for tests, written with LiteRT's own schema: convolutions one after the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest


@dataclass(frozen=True)
class Conv:
    """A convolution.

    Attributes:
        outputs, width, stride: of the kernel along a row.
        groups: of channels.
        takes, gives: numbers of tensors, if they are others than those before and after it.
        rows, down: height and stride of the kernel.
    """

    outputs: int
    width: int = 3
    stride: int = 2
    groups: int = 1
    takes: int | None = None
    gives: int | None = None
    rows: int = 3
    down: int = 1


@dataclass(frozen=True)
class Enlarge:
    """A transposed convolution.

    Attributes:
        outputs: of the kernel.
        times, across: its stride; its width, if it is another one.
        shifts: whether it has a bias.
        each: whether each channel has its own scale.
        sized: whether the size of what it gives is a constant.
        zero: the zero point of the kernel.
        scaled: whether the bias has scales.
        activation: fused with it.
    """

    outputs: int
    times: int = 2
    across: int | None = None
    shifts: bool = False
    each: bool = True
    sized: bool = True
    zero: int = 0
    scaled: bool = True
    activation: int = 0
    takes: int | None = None
    gives: int | None = None


def network(shape: tuple[int, ...], *layers: Conv | Enlarge, seed: int = 0) -> bytes:
    """A .tflite from int8 (1, H, W, C) through the layers; tensor n is what layer n - 1 gives, 0 the input."""
    schema = pytest.importorskip("ai_edge_litert.schema_py_generated")
    import flatbuffers

    rng = np.random.default_rng(seed)
    model, graph = schema.ModelT(), schema.SubGraphT()
    model.version, model.buffers, graph.tensors, graph.operators = 3, [schema.BufferT()], [], []
    model.operatorCodes, model.subgraphs = [], [graph]
    for number, version in (3, 3), (67, 3):
        code = schema.OperatorCodeT()
        code.builtinCode = code.deprecatedBuiltinCode = number
        code.version = version
        model.operatorCodes.append(code)

    def tensor(sizes, kind, scales, values=None, zero=0):
        made = schema.TensorT()
        made.shape, made.type, made.name = list(sizes), kind, b"t%d" % len(graph.tensors)
        made.quantization = schema.QuantizationParametersT()
        made.quantization.scale, made.quantization.zeroPoint = list(scales), [zero] * len(scales)
        if values is not None:
            made.buffer = len(model.buffers)
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(values.tobytes(), np.uint8)
            model.buffers.append(buffer)
        graph.tensors.append(made)
        return len(graph.tensors) - 1

    def convolution(layer, takes):
        channels = sizes[takes][3] // layer.groups
        kernel = rng.integers(-127, 128, (layer.outputs, layer.rows, layer.width, channels), dtype=np.int8)
        scales = rng.uniform(0.001, 0.01, layer.outputs).astype(np.float32)
        options = schema.Conv2DOptionsT()
        options.strideW, options.strideH = layer.stride, layer.down
        biases = rng.integers(-500, 500, layer.outputs, np.int32)
        constants = [tensor(kernel.shape, 9, scales, kernel), bias(scales, biases)]
        return 0, schema.BuiltinOptions.Conv2DOptions, options, [takes, *constants]

    def enlargement(layer, takes):
        kernel_shape = (layer.outputs, layer.times, layer.across or layer.times, sizes[takes][3])
        kernel = rng.integers(-127, 128, kernel_shape, dtype=np.int8)
        scales = rng.uniform(0.001, 0.01, layer.outputs if layer.each else 1).astype(np.float32)
        options = schema.TransposeConvOptionsT()
        options.padding, options.strideW, options.strideH = 0, layer.times, layer.times
        _, height, width, _ = sizes[takes]
        answer = np.array((1, height * layer.times, width * layer.times, layer.outputs), np.int32)
        options.fusedActivationFunction = layer.activation
        biases = rng.integers(-500, 500, layer.outputs, np.int32)
        more = [bias(scales if layer.scaled else scales[:0], biases)] if layer.shifts else []
        wanted = tensor((4,), 2, [], answer if layer.sized else None)
        return 1, schema.BuiltinOptions.TransposeConvOptions, options, [
            wanted, tensor(kernel.shape, 9, scales, kernel, layer.zero), takes, *more,
        ]  # fmt: skip

    def bias(scales, values):
        return tensor(values.shape, 2, scales * np.float32(0.05), values)

    sizes = [shape]
    for number, layer in enumerate(layers):
        _, height, width, _ = sizes[number if layer.takes is None else layer.takes]
        if isinstance(layer, Conv):
            sizes.append((1, -(-height // layer.down), -(-width // layer.stride), layer.outputs))
        else:
            sizes.append((1, height * layer.times, width * layer.times, layer.outputs))
    for one in sizes:
        tensor(one, 9, [0.05])
    for number, layer in enumerate(layers):
        make = convolution if isinstance(layer, Conv) else enlargement
        operator = schema.OperatorT()
        operator.opcodeIndex, operator.builtinOptionsType, operator.builtinOptions, operator.inputs = make(
            layer, number if layer.takes is None else layer.takes
        )
        operator.outputs = [number + 1 if layer.gives is None else layer.gives]
        graph.operators.append(operator)
    graph.inputs, graph.outputs = [0], [len(layers)]
    builder = flatbuffers.Builder(1 << 16)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def changed(content: bytes, change: Callable[[Any], None]) -> bytes:
    """The .tflite after a change of its subgraph, unpacked into the schema's objects."""
    schema = pytest.importorskip("ai_edge_litert.schema_py_generated")
    import flatbuffers

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
    change(model.subgraphs[0])
    builder = flatbuffers.Builder(1 << 16)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def rewritten(content: bytes, step) -> bytes | None:
    """The form that a step makes of a network, or None."""
    from edge.engines import forms

    made: list[bytes] = []
    forms.best(content, lambda form: bool(made.append(form)), [step])
    return made[0] if made else None


def same_bits(content: bytes, step, wanted) -> tuple[int, ...] | None:
    """The shape in which a form takes its picture, after checking that its answers are the same; None without one."""
    from edge.engines.model import LiteRtModel

    file = rewritten(content, step)
    if file is None:
        return None
    plain = LiteRtModel(content, wanted)
    form = LiteRtModel(file, wanted, shape=plain.input_shape[1:])
    assert form.input_shape == plain.input_shape
    rng = np.random.default_rng(7)
    for _ in range(3):
        picture = rng.integers(0, 256, plain.input_shape[1:], dtype=np.uint8)
        for one, other in zip(plain.raw(picture), form.raw(picture), strict=True):
            assert np.array_equal(one, other)
            assert one.any()
    return form._stored
