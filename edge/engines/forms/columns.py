"""Neighbouring columns of the picture as channels: faster with wide matrix units.

A detector's first convolutions have 3, 16 or 32 channels, but the matrix unit of a processor, such as Intel's AMX,
takes 64 at a time and computes the rest for nothing. Pixels that are neighbours in a row are neighbours in memory, too:
(1, H, W, C) is also (1, H, W / n, n * C), without a copy. A convolution of stride 1 over such groups, its kernel filled
up with zeros, gives exactly what the original gives, n / stride columns at a time (space to depth along one axis, as in
Shi et al., 2016). It has more multiply-adds, so many processors are slower with it: whoever uses it measures first.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from edge.engines.forms.network import MOST_WEIGHTS, Network

MOST_COLUMNS = 16


def in_columns(network: Network) -> bool:
    """Fold the convolutions that the picture goes through, up to the last with a stride; False where there are none.

    The network then takes (1, H, W / n, n * C) in place of (1, H, W, C).
    """
    layers = _layers(network)
    if layers:
        _group(network, network.inputs[0], layers[0].columns)
    for layer in layers:
        groups = layer.columns // layer.stride
        kernel = folded_kernel(layer.kernel, layer.columns, layer.stride, layer.before)
        network.set_parameters(layer.operator, kernel, np.tile(layer.bias, groups))
        layer.operator.builtinOptions.strideW = 1
        _group(network, layer.operator.outputs[0], groups)
    return bool(layers)


@dataclass(frozen=True)
class _Layer:
    """A convolution whose input comes in groups of `columns`, and its output in groups of columns / stride."""

    operator: Any
    kernel: np.ndarray
    bias: np.ndarray
    columns: int
    stride: int
    before: int  # columns that SAME pads on the left


def _layers(network: Network) -> list[_Layer]:
    if len(network.inputs) != 1:
        return []
    number, found = network.inputs[0], list[tuple[Any, int]]()
    while (operator := only_user(network, number)) and (stride := _stride(network, operator)):
        if any(operator is other for other, _ in found):
            return []  # a cycle
        found.append((operator, stride))
        (number,) = operator.outputs
    while found and found[-1][1] == 1:
        found.pop()
    columns = math.prod(stride for _, stride in found)
    if columns > MOST_COLUMNS:
        return []
    layers = []
    for operator, stride in found:
        width, parameters = network.shape(operator.inputs[0])[2], network.parameters(operator)
        if width % columns or parameters is None:
            return []
        pad = left_pad(width, parameters[0].shape[2], stride)
        layers.append(_Layer(operator, *parameters, columns, stride, pad))
        columns //= stride
    return layers


def only_user(network: Network, number: int) -> Any:
    """The only operation that takes a tensor; None where there are others, or where it is an output of the network."""
    users = network.users(number)
    return users[0] if len(users) == 1 and number not in network.outputs else None


def left_pad(width: int, kernel: int, stride: int) -> int:
    """Columns that padding SAME adds on the left."""
    return max((math.ceil(width / stride) - 1) * stride + kernel - width, 0) // 2


def _stride(network: Network, operator: Any) -> int:
    """The stride along a row of a convolution that can be folded, else 0."""
    parameters = network.parameters(operator)
    if parameters is None or parameters[0].shape[2] == 1 or not network.is_plain(operator):
        return 0
    return int(operator.builtinOptions.strideW)


def _group(network: Network, number: int, columns: int) -> None:
    """Make so many neighbouring columns of a tensor one."""
    batch, height, width, channels = network.shape(number)
    network.reshape(number, (batch, height, width // columns, columns * channels))


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
