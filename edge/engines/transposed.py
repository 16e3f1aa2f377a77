"""A detector for upright pictures from one for wide ones: the same network, each kernel's rows and columns swapped.

On a picture whose rows and columns are swapped as well, such a network computes what the original would compute on an
upright canvas, 240x320 instead of 320x240: the same multiply-adds, but an upright picture fills the canvas. A .tflite
has fixed sizes; those stay as they are, and only the bytes of the kernels change.
"""

from __future__ import annotations

import math
import struct

import numpy as np

from edge.engines import flatbuffer

CONV_2D, DEPTHWISE_CONV_2D, TRANSPOSE_CONV, PAD = 3, 4, 67, 34
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
        return _Graph(content).transposed()
    except (struct.error, IndexError, ValueError):
        return None


class _Graph:
    """The first subgraph of a file, as far as it matters here. Numbers of fields are those of the schema."""

    def __init__(self, content: bytes) -> None:
        model = flatbuffer.uint(content, 0)
        self.content = content
        self.codes = [self._code(table) for table in flatbuffer.tables(content, model, 1)]
        graph = flatbuffer.tables(content, model, 2)[0]
        self.tensors = flatbuffer.tables(content, graph, 0)
        self.operators = flatbuffer.tables(content, graph, 3)
        self.buffers = flatbuffer.tables(content, model, 4)

    def transposed(self) -> bytes | None:
        answer, done = bytearray(self.content), set()
        for operator in self.operators:
            code = self.codes[self._value(operator, 0)]
            inputs = flatbuffer.ints(self.content, operator, 1)
            if code not in ALIKE or not self._is_square(operator, code):
                return None
            for place, number in enumerate(inputs):
                start, size = self._constant(number)
                shape = self._shape(number)
                if not size:
                    if code in KERNELS and place == 1:
                        return None
                elif code in KERNELS and place == 1:
                    if shape[1] != shape[2]:
                        return None
                    if start not in done:
                        kernel = np.frombuffer(self.content, f"V{_bytes(shape, size)}", math.prod(shape), start)
                        answer[start : start + size] = kernel.reshape(shape).swapaxes(1, 2).tobytes()
                        done.add(start)
                elif code == PAD:
                    pads = struct.unpack_from(f"<{size // 4}i", self.content, start)
                    if pads[2:4] != pads[4:6]:
                        return None
                elif math.prod(shape[:-1]) > 1:  # a value of its own for each place
                    return None
        return bytes(answer)

    def _is_square(self, operator: int, code: int) -> bool:
        options = flatbuffer.field(self.content, operator, 4)
        if code not in PAIRS or not options:
            return code not in PAIRS
        options += flatbuffer.uint(self.content, options)
        return all(self._value(options, a) == self._value(options, b) for a, b in PAIRS[code])

    def _constant(self, number: int) -> tuple[int, int]:
        """Where a tensor's constant bytes stand and how many there are; 0 where it is computed, or there is none."""
        if number < 0:
            return 0, 0
        return flatbuffer.vector(self.content, self.buffers[self._value(self.tensors[number], 2)], 0)

    def _shape(self, number: int) -> tuple[int, ...]:
        return flatbuffer.ints(self.content, self.tensors[number], 0) if number >= 0 else ()

    def _value(self, table: int, number: int) -> int:
        at = flatbuffer.field(self.content, table, number)
        return flatbuffer.uint(self.content, at) if at else 0

    def _code(self, table: int) -> int:
        old, new = flatbuffer.field(self.content, table, 0), flatbuffer.field(self.content, table, 3)
        return max(self.content[old] if old else 0, flatbuffer.uint(self.content, new) if new else 0)


def _bytes(shape: tuple[int, ...], size: int) -> int:
    """Bytes of one element.

    Raises:
        ValueError: they are not whole, as in a packed kernel of four bits.
    """
    each, rest = divmod(size, math.prod(shape))
    if rest or len(shape) != 4 or each not in (1, 2, 4):
        raise ValueError("not a kernel of whole bytes")
    return each
