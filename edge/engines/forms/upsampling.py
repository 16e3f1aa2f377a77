"""Transposed convolutions that enlarge without overlap, as a matrix product and a change of order.

A transposed convolution with a kernel as large as its stride, as a feature pyramid has it, gives each pixel a square of
its own. So it is a convolution of 1x1 that computes the squares as channels, and DEPTH_TO_SPACE that lays them out
(sub-pixel convolution, Shi et al., 2016): the same sums, but in the kernels that an interpreter has made the fastest.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edge.engines.forms.network import DEPTH_TO_SPACE, INT8, TRANSPOSE_CONV, Network
from edge.engines.graph import CONV_2D

RELUS = (0, 1, 2, 3)  # fused activations: none, RELU, RELU_N1_TO_1, RELU6


def as_products(network: Network) -> bool:
    """Replace each such transposed convolution; False where there is none."""
    operators = [part for operator in network.operators for part in _replaced(network, operator)]
    changed = len(operators) > len(network.operators)
    network.operators[:] = operators
    return changed


def _replaced(network: Network, operator: Any) -> list[Any]:
    """The operations in place of one; itself where it stays."""
    parameters = _parameters(network, operator)
    if parameters is None:
        return [operator]
    kernel, bias, scales = parameters
    picture, (gives,), options = int(operator.inputs[2]), operator.outputs, operator.builtinOptions
    times = kernel.shape[1]
    scales = np.tile(scales, times**2) if len(scales) > 1 else scales
    taken = [
        network.constant_of(product_kernel(kernel), scales),
        network.constant_of(np.tile(bias, times**2), scales * network.scales(picture)[0]),
    ]
    convolution, order = network.schema.Conv2DOptionsT(), network.schema.DepthToSpaceOptionsT()
    convolution.strideW = convolution.strideH = 1
    convolution.fusedActivationFunction = _activation(options)
    order.blockSize = times
    _, height, width, _ = network.shape(picture)
    squares = network.computed_like(gives, (1, height, width, times**2 * len(kernel)))
    return [
        network.operator(CONV_2D, [picture, *taken], squares, convolution),
        network.operator(DEPTH_TO_SPACE, [squares], gives, order),
    ]


def _parameters(network: Network, operator: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """The kernel int8 (O, n, n, C), the bias int32 (O,), and the kernel's scales, (1,) or (O,).

    None for all else, and for what LiteRT computes without XNNPACK, such as an enlargement to a computed size: that is
    rounded differently.
    """
    if network.code(operator) != TRANSPOSE_CONV or operator.builtinOptions is None or len(operator.inputs) < 3:
        return None
    options, (size, weights, picture, *more) = operator.builtinOptions, map(int, operator.inputs)
    kernel, (gives,), times = network.constant(weights), operator.outputs, int(options.strideW)
    _, height, width, channels = network.shape(picture)
    if kernel is None or kernel.dtype != np.int8 or kernel.shape[1:] != (times, times, channels):
        return None
    outputs, biases = len(kernel), [number for number in more if number >= 0]
    if options.strideH != times or network.shape(gives) != (1, height * times, width * times, outputs):
        return None
    if network.constant(size) is None or _activation(options) not in RELUS:
        return None
    if not network.kind(picture) == network.kind(gives) == INT8:
        return None
    bias = network.constant(biases[0]) if biases else np.zeros(outputs, np.int32)
    if bias is None or bias.dtype == np.int8 or bias.shape != (outputs,):
        return None
    symmetric = all(network.is_symmetric(number) for number in (weights, *biases))
    return (kernel, bias, network.scales(weights)) if symmetric else None


def _activation(options: Any) -> int:
    """The fused activation; older schemas know none of a transposed convolution."""
    return int(getattr(options, "fusedActivationFunction", 0))


def product_kernel(kernel: np.ndarray) -> np.ndarray:
    """The kernel (O, n, n, C) of a transposed convolution as that of a convolution of 1x1, (n * n * O, 1, 1, C)."""
    outputs, down, across, channels = kernel.shape
    return kernel.transpose(1, 2, 0, 3).reshape(down * across * outputs, 1, 1, channels)
