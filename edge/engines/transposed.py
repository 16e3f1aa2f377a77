"""A detector for upright pictures from one for wide ones: the same network, each kernel's rows and columns swapped.

On a picture whose rows and columns are swapped as well, such a network computes what the original would compute on an
upright canvas, 240x320 instead of 320x240: the same multiply-adds, but an upright picture fills the canvas. A .tflite
has fixed sizes; those stay as they are, and only the bytes of the kernels change.
"""

from __future__ import annotations

import math
import struct

import numpy as np

from edge.engines.graph import CONV_2D, DAMAGED, Graph

DEPTHWISE_CONV_2D, TRANSPOSE_CONV, PAD = 4, 67, 34
KERNELS = (CONV_2D, DEPTHWISE_CONV_2D, TRANSPOSE_CONV)
# Operations that treat rows and columns alike, or only one value at a time; ADD and MUL are checked for constants.
ALIKE = frozenset((*KERNELS, PAD, 0, 1, 2, 6, 14, 17, 18, 19, 20, 21, 22, 23, 25, 28, 45, 97, 98, 114, 117, 152))
# Fields of an operation's options that have to be equal: strides, dilations, a pool's sides.
PAIRS = {CONV_2D: ((1, 2), (4, 5)), DEPTHWISE_CONV_2D: ((1, 2), (5, 6)), TRANSPOSE_CONV: ((1, 2),),
         1: ((1, 2), (3, 4)), 17: ((1, 2), (3, 4))}  # fmt: skip


def transposed(content: bytes) -> bytes | None:
    """The .tflite with its kernels transposed, or None where that would not be the same network.

    Args:
        content: a .tflite whose operations were checked (edge.engines.operators).
    """
    try:
        return _transposed(Graph(content))
    except DAMAGED:
        return None


def _transposed(graph: Graph) -> bytes | None:
    answer, done = bytearray(graph.content), set()
    for operator in graph.operators:
        code = graph.code(operator)
        if code not in ALIKE or not _is_square(graph, operator, code):
            return None
        for place, number in enumerate(graph.takes(operator)):
            start, size = graph.constant(number)
            shape = graph.shape(number)
            if not size:
                if code in KERNELS and place == 1:
                    return None
            elif code in KERNELS and place == 1:
                if shape[1] != shape[2]:
                    return None
                if start not in done:
                    kernel = np.frombuffer(graph.content, f"V{_bytes(shape, size)}", math.prod(shape), start)
                    answer[start : start + size] = kernel.reshape(shape).swapaxes(1, 2).tobytes()
                    done.add(start)
            elif code == PAD:
                pads = struct.unpack_from(f"<{size // 4}i", graph.content, start)
                if pads[2:4] != pads[4:6]:
                    return None
            elif math.prod(shape[:-1]) > 1:  # a value of its own for each place
                return None
    return bytes(answer)


def _is_square(graph: Graph, operator: int, code: int) -> bool:
    options = graph.options(operator)
    if code not in PAIRS or not options:
        return code not in PAIRS
    return all(graph.value(options, a) == graph.value(options, b) for a, b in PAIRS[code])


def _bytes(shape: tuple[int, ...], size: int) -> int:
    """Bytes of one element.

    Raises:
        ValueError: they are not whole, as in a packed kernel of four bits.
    """
    each, rest = divmod(size, math.prod(shape))
    if rest or len(shape) != 4 or each not in (1, 2, 4):
        raise ValueError("not a kernel of whole bytes")
    return each
