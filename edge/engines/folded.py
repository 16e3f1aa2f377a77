"""The same network with neighbouring columns of the picture folded into channels: faster with wide matrix units.

A detector's first convolutions have 3, 16 or 32 channels, but the matrix unit of a processor, such as Intel's AMX,
takes 64 at a time and computes the rest for nothing. Pixels that are neighbours in a row are neighbours in memory, too:
(1, H, W, C) is also (1, H, W / n, n * C), without a copy. A convolution of stride 1 over such groups, its kernel filled
up with zeros, gives exactly what the original gives, n / stride columns at a time (space to depth along one axis, as in
Shi et al., 2016). It has more multiply-adds, so many processors are slower with it: whoever uses it measures first.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass

import numpy as np

from edge.engines import flatbuffer
from edge.engines.graph import CONV_2D, DAMAGED, Graph

SHAPE, BUFFER, QUANTIZATION, SIGNATURE = 0, 2, 4, 7  # fields of a tensor
SCALES, ZEROS, AXIS = 2, 3, 6  # fields of its quantization
STRIDE_W = 1  # a field of a convolution's options
INT8, INT32 = 9, 2  # types of a tensor
ALIGNMENT = 16  # bytes, of what a vector holds
MOST_COLUMNS, MOST_WEIGHTS = 16, 1 << 22  # what is worth it is far below; a hostile file could ask for anything


def folded(content: bytes) -> tuple[bytes, int] | None:
    """The .tflite with an input (1, H, W / n, n * C) in place of (1, H, W, C), and n; None where nothing can be folded.

    Args:
        content: a .tflite whose operations were checked (edge.engines.operators).
    """
    try:
        graph = Graph(content)
        layers = _layers(graph)
        return (_rewritten(graph, layers), layers[0].columns) if layers else None
    except DAMAGED:
        return None


@dataclass(frozen=True)
class _Layer:
    """A convolution whose input comes in groups of `columns`, and its output in groups of columns / stride."""

    operator: int
    columns: int
    stride: int
    kernel: int
    bias: int
    takes: int
    gives: int
    before: int  # columns that SAME pads on the left


def _layers(graph: Graph) -> list[_Layer]:
    """The convolutions that the picture goes through one after the other, up to the last that has a stride."""
    if graph.count != 1 or len(graph.inputs) != 1:
        return []
    number, found = graph.inputs[0], list[tuple[int, int, int, int]]()
    while (operator := _only_user(graph, number)) and (stride := _stride(graph, operator)):
        if any(operator == other for other, *_ in found):
            return []  # in a circle
        (gives,) = graph.gives(operator)
        found.append((operator, stride, number, gives))
        number = gives
    while found and found[-1][1] == 1:
        found.pop()
    columns = math.prod(stride for _, stride, _, _ in found)
    if columns > MOST_COLUMNS:
        return []
    layers = []
    for operator, stride, takes, gives in found:
        width, (_, kernel, bias) = graph.shape(takes)[2], graph.takes(operator)
        if width % columns:
            return []
        pad = max((math.ceil(width / stride) - 1) * stride + graph.shape(kernel)[2] - width, 0)
        layers.append(_Layer(operator, columns, stride, kernel, bias, takes, gives, pad // 2))
        columns //= stride
    return layers if all(_alone(graph, number) for layer in layers for number in (layer.kernel, layer.bias)) else []


def _only_user(graph: Graph, number: int) -> int:
    users = [operator for operator in graph.operators if number in graph.takes(operator)]
    return users[0] if len(users) == 1 and number not in graph.outputs else 0


def _stride(graph: Graph, operator: int) -> int:
    """The stride along a row of a convolution that can be folded, else 0."""
    options = graph.options(operator)
    if graph.code(operator) != CONV_2D or not options or len(graph.takes(operator)) != 3:
        return 0
    picture, kernel, bias = graph.takes(operator)
    if graph.shape(kernel)[3] != graph.shape(picture)[3]:  # in groups of channels
        return 0
    plain = graph.byte(options, 0) == 0 and graph.value(options, 4, 1) == graph.value(options, 5, 1) == 1  # SAME
    typed = [graph.byte(graph.tensors[number], 1) for number in (kernel, bias)] == [INT8, INT32]
    constant = all(graph.constant(number)[1] for number in (kernel, bias))
    return graph.value(options, STRIDE_W) if plain and typed and constant and graph.shape(kernel)[2] > 1 else 0


def _alone(graph: Graph, number: int) -> bool:
    """Whether only this tensor has its constant, only one operation takes it, and its scales are one a channel."""
    tensor = graph.tensors[number]
    shared = sum(graph.value(other, BUFFER) == graph.value(tensor, BUFFER) for other in graph.tensors)
    users = sum(graph.takes(operator).count(number) for operator in graph.operators)
    scales = _vector(graph, number, SCALES)[1]
    quantization = _quantization(graph, number)
    return (shared, users) == (1, 1) and scales in (1, graph.shape(number)[0]) and graph.value(quantization, AXIS) == 0


def _rewritten(graph: Graph, layers: list[_Layer]) -> bytes:
    file = _File(graph.content)
    _, height, width, channels = graph.shape(layers[0].takes)
    columns = layers[0].columns
    file.reshape(graph, layers[0].takes, (1, height, width // columns, columns * channels))
    for layer in layers:
        kernel = _kernel(graph, layer)
        groups = layer.columns // layer.stride
        file.reshape(graph, layer.kernel, kernel.shape)
        file.fill(graph, layer.kernel, kernel.tobytes())
        start, size = graph.constant(layer.bias)
        file.reshape(graph, layer.bias, (groups * graph.shape(layer.bias)[0],))
        file.fill(graph, layer.bias, graph.content[start : start + size] * groups)
        for number in (layer.kernel, layer.bias):
            file.repeat_scales(graph, number, groups)
        batch, height, width, channels = graph.shape(layer.gives)
        file.reshape(graph, layer.gives, (batch, height, width // groups, groups * channels))
        file.put(flatbuffer.field(graph.content, graph.options(layer.operator), STRIDE_W), 1)
    return bytes(file.content)


def _kernel(graph: Graph, layer: _Layer) -> np.ndarray:
    start, size = graph.constant(layer.kernel)
    kernel = np.frombuffer(graph.content, np.int8, size, start).reshape(graph.shape(layer.kernel))
    return folded_kernel(kernel, layer.columns, layer.stride, layer.before)


def folded_kernel(kernel: np.ndarray, columns: int, stride: int, before: int) -> np.ndarray:
    """A kernel for groups of columns.

    Args:
        kernel: (O, KH, KW, C).
        columns: of the picture in a group, a multiple of the stride.
        stride: along a row; that of the answer is 1.
        before: columns that padding SAME adds on the left of the picture.

    Returns:
        (columns / stride * O, KH, groups, columns * C).

    Raises:
        ValueError: SAME would pad other columns than before, or there would be too many weights.
    """
    outputs, rows, width, channels = kernel.shape
    answers = columns // stride
    # For column g of a group of the answer, the kernel's column t meets this column, counted from its group's first.
    meets = {(g, t): stride * g - before + t for g in range(answers) for t in range(width)}
    first, last = (bound(meets.values()) // columns for bound in (min, max))
    groups = last - first + 1
    if (groups - 1) // 2 != -first:
        raise ValueError("other padding")
    if answers * outputs * rows * groups * columns * channels > MOST_WEIGHTS:
        raise ValueError("too many weights")
    answer = np.zeros((answers, outputs, rows, groups, columns, channels), kernel.dtype)
    for (group, tap), column in meets.items():
        answer[group, :, :, column // columns - first, column % columns] = kernel[:, :, tap]
    return answer.reshape(answers * outputs, rows, groups, columns * channels)


def _quantization(graph: Graph, number: int) -> int:
    at = flatbuffer.field(graph.content, graph.tensors[number], QUANTIZATION)
    if not at:
        raise ValueError("not quantized")
    return at + flatbuffer.uint(graph.content, at)


def _vector(graph: Graph, number: int, part: int) -> tuple[int, int]:
    return flatbuffer.vector(graph.content, _quantization(graph, number), part)


class _File:
    """A copy of a .tflite that grows: new vectors stand at its end, and fields are pointed at them."""

    def __init__(self, content: bytes) -> None:
        self.content = bytearray(content)

    def put(self, at: int, value: int) -> None:
        """Write an unsigned integer of 32 bits."""
        struct.pack_into("<I", self.content, at, value)

    def point(self, at: int, elements: bytes, count: int) -> None:
        """Point the field that stands at `at` at a new vector.

        Raises:
            ValueError: the table has no such field.
        """
        if not at:
            raise ValueError("a field that would have to be added")
        self.content += bytes(-(len(self.content) + 4) % ALIGNMENT)
        self.put(at, len(self.content) - at)
        self.content += struct.pack("<I", count) + elements

    def reshape(self, graph: Graph, number: int, shape: tuple[int, ...]) -> None:
        """Give a tensor another shape."""
        sizes = struct.pack(f"<{len(shape)}i", *shape)
        for part in (SHAPE, SIGNATURE):
            if (at := flatbuffer.field(graph.content, graph.tensors[number], part)) or part == SHAPE:
                self.point(at, sizes, len(shape))

    def fill(self, graph: Graph, number: int, constant: bytes) -> None:
        """Give a tensor another constant."""
        buffer = graph.buffers[graph.value(graph.tensors[number], BUFFER)]
        self.point(flatbuffer.field(graph.content, buffer, 0), constant, len(constant))

    def repeat_scales(self, graph: Graph, number: int, times: int) -> None:
        """Repeat a tensor's per-channel scales and zero points `times` times."""
        for part, size in ((SCALES, 4), (ZEROS, 8)):
            start, count = _vector(graph, number, part)
            if count > 1:
                at = flatbuffer.field(graph.content, _quantization(graph, number), part)
                self.point(at, graph.content[start : start + size * count] * times, times * count)
