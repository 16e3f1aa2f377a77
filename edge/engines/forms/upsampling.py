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


def as_products(network: Network) -> bool:
    """Replace each such transposed convolution; False where there is none."""
    operators = [part for operator in network.operators for part in _replaced(network, operator)]
    changed = len(operators) > len(network.operators)
    network.operators[:] = operators
    return changed


def _replaced(network: Network, operator: Any) -> list[Any]:
    """The operations in place of one; itself where it stays."""
    if network.code(operator) != TRANSPOSE_CONV or operator.builtinOptions is None or len(operator.inputs) < 3:
        return [operator]
    options, (_, weights, picture, *bias) = operator.builtinOptions, map(int, operator.inputs)
    kernel, (gives,) = network.constant(weights), operator.outputs
    times = int(options.strideW)
    if kernel is None or kernel.ndim != 4 or kernel.shape[1:3] != (times, times) or options.strideH != times:
        return [operator]
    outputs, shape = kernel.shape[0], network.shape(picture)
    _, height, width, channels = shape
    enlarged = (1, height * times, width * times, outputs)
    if channels != kernel.shape[3] or network.shape(gives) != enlarged or not network.is_per_channel(weights):
        return [operator]
    shifts = np.zeros(outputs, np.int32) if not bias or bias[0] < 0 else network.constant(bias[0])
    if shifts is None or shifts.shape != (outputs,) or network.kind(picture) != INT8 or network.kind(gives) != INT8:
        return [operator]
    scales = network.scales(weights)
    scales = np.tile(scales, times**2) if len(scales) > 1 else scales
    taken = [
        network.constant_of(product_kernel(kernel), scales),
        network.constant_of(np.tile(shifts, times**2), scales * network.scales(picture)[0]),
    ]
    convolution, order = network.schema.Conv2DOptionsT(), network.schema.DepthToSpaceOptionsT()
    convolution.strideW = convolution.strideH = 1
    convolution.fusedActivationFunction = getattr(options, "fusedActivationFunction", 0)
    order.blockSize = times
    squares = network.computed_like(gives, (1, height, width, times**2 * outputs))
    return [
        network.operator(CONV_2D, [picture, *taken], squares, convolution),
        network.operator(DEPTH_TO_SPACE, [squares], gives, order),
    ]


def product_kernel(kernel: np.ndarray) -> np.ndarray:
    """The kernel (O, n, n, C) of a transposed convolution as that of a convolution of 1x1, (n * n * O, 1, 1, C)."""
    outputs, down, across, channels = kernel.shape
    return kernel.transpose(1, 2, 0, 3).reshape(down * across * outputs, 1, 1, channels)
