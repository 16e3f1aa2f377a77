"""A whole row of the picture as channels: for small pictures of one or three channels.

A matrix unit that takes 64 channels at a time is nearly idle in a convolution of one: of each product, 63 parts are
padding. A row of 48 grey pixels is also one pixel of 48 channels, without a copy, and the convolution along the row is
a product with a band matrix (Toeplitz). Most of its weights are zero, but it is one product for the whole row, where
the original takes one for each pixel and each column of its kernel.
"""

from __future__ import annotations

import math

import numpy as np

from edge.engines.forms.columns import left_pad, only_user
from edge.engines.forms.network import MOST_WEIGHTS, Network


def in_rows(network: Network) -> bool:
    """Let the first convolution take a row as one pixel, (1, H, 1, W * C) in place of (1, H, W, C).

    Its output is reshaped to what it was. False where the network does not begin with such a convolution.
    """
    if len(network.inputs) != 1 or not (operator := only_user(network, network.inputs[0])):
        return False
    parameters = network.parameters(operator)
    if parameters is None or not network.is_plain(operator):
        return False
    kernel, bias = parameters
    takes, (gives,) = operator.inputs[0], operator.outputs
    _, height, width, channels = network.shape(takes)
    _, rows, columns, outputs = network.shape(gives)
    stride = int(operator.builtinOptions.strideW)
    if columns != math.ceil(width / stride) or columns * kernel.size * width > MOST_WEIGHTS:
        return False
    band = row_kernel(kernel, width, stride)
    network.reshape(takes, (1, height, 1, width * channels))
    network.set_parameters(operator, band, np.tile(bias, columns))
    operator.builtinOptions.strideW = 1
    answer = network.computed_like(gives, (1, rows, 1, columns * outputs))
    operator.outputs = [answer]
    place = next(n for n, other in enumerate(network.operators) if other is operator)
    network.operators.insert(place + 1, network.reshaping(answer, gives))
    return True


def row_kernel(kernel: np.ndarray, width: int, stride: int) -> np.ndarray:
    """A kernel for whole rows of `width` pixels.

    Args:
        kernel: (O, KH, KW, C), padded as SAME does.
        width: of the picture.
        stride: along a row.

    Returns:
        (W' * O, KH, 1, width * C), W' the width of the answer.
    """
    outputs, rows, taps, channels = kernel.shape
    columns = math.ceil(width / stride)
    answer = np.zeros((columns, outputs, rows, width, channels), kernel.dtype)
    first = -left_pad(width, taps, stride)
    for column in range(columns):
        for tap in range(taps):
            met = first + column * stride + tap
            if 0 <= met < width:  # beyond, SAME pads with what counts as zero
                answer[column, :, :, met] = kernel[:, :, tap]
    return answer.reshape(columns * outputs, rows, 1, width * channels)
