"""Small .tflite files for tests, written with LiteRT's own schema: convolutions one after the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest


@dataclass(frozen=True)
class Conv:
    """A convolution.

    Attributes:
        outputs, width, stride: of the kernel; its height is 3, its stride down the rows 1.
        groups: of channels.
        takes, gives: numbers of tensors, if they are others than those before and after it.
    """

    outputs: int
    width: int = 3
    stride: int = 2
    groups: int = 1
    takes: int | None = None
    gives: int | None = None


def network(shape: tuple[int, ...], *layers: Conv, seed: int = 0) -> bytes:
    """A .tflite from int8 (1, H, W, C) through the layers; tensor n is what layer n - 1 gives, 0 the input."""
    schema = pytest.importorskip("ai_edge_litert.schema_py_generated")
    import flatbuffers

    rng = np.random.default_rng(seed)
    model, graph = schema.ModelT(), schema.SubGraphT()
    model.version, model.buffers, graph.tensors, graph.operators = 3, [schema.BufferT()], [], []
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = 3
    code.version = 3
    model.operatorCodes, model.subgraphs = [code], [graph]

    def tensor(sizes, kind, scales, values=None):
        made = schema.TensorT()
        made.shape, made.type, made.name = list(sizes), kind, b"t%d" % len(graph.tensors)
        made.quantization = schema.QuantizationParametersT()
        made.quantization.scale, made.quantization.zeroPoint = list(scales), [0] * len(scales)
        if values is not None:
            made.buffer = len(model.buffers)
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(values.tobytes(), np.uint8)
            model.buffers.append(buffer)
        graph.tensors.append(made)
        return len(graph.tensors) - 1

    sizes = [shape]
    for layer in layers:
        _, height, width, _ = sizes[-1]
        sizes.append((1, height, -(-width // layer.stride), layer.outputs))
    for one in sizes:
        tensor(one, 9, [0.05])
    for number, layer in enumerate(layers):
        channels = sizes[number][3] // layer.groups
        kernel = rng.integers(-127, 128, (layer.outputs, 3, layer.width, channels), dtype=np.int8)
        scales = rng.uniform(0.001, 0.01, layer.outputs).astype(np.float32)
        options = schema.Conv2DOptionsT()
        options.strideW, options.strideH = layer.stride, 1
        operator = schema.OperatorT()
        operator.opcodeIndex, operator.builtinOptionsType, operator.builtinOptions = 0, 1, options
        operator.inputs = [
            number if layer.takes is None else layer.takes,
            tensor(kernel.shape, 9, scales, kernel),
            tensor((layer.outputs,), 2, scales * np.float32(0.05), rng.integers(-500, 500, layer.outputs, np.int32)),
        ]
        operator.outputs = [number + 1 if layer.gives is None else layer.gives]
        graph.operators.append(operator)
    graph.inputs, graph.outputs = [0], [len(layers)]
    builder = flatbuffers.Builder(1 << 16)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
