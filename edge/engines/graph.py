"""The first subgraph of a .tflite, read where it lies; fields are numbered as in the schema."""

from __future__ import annotations

import struct

from edge.engines import flatbuffer

CONV_2D = 3


class Graph:
    """Operations and tensors are positions of their tables; a tensor is known by its number.

    Args:
        content: a .tflite whose operations were checked (edge.engines.operators).

    Raises:
        struct.error, IndexError: the file is damaged; of the methods, too.
    """

    def __init__(self, content: bytes) -> None:
        model = flatbuffer.uint(content, 0)
        self.content = content
        self._codes = [self._code(table) for table in flatbuffer.tables(content, model, 1)]
        self.count = len(flatbuffer.tables(content, model, 2))  # subgraphs
        first = flatbuffer.tables(content, model, 2)[0]
        self.tensors = flatbuffer.tables(content, first, 0)
        self.operators = flatbuffer.tables(content, first, 3)
        self.buffers = flatbuffer.tables(content, model, 4)

    def code(self, operator: int) -> int:
        """The operation's number in the schema's BuiltinOperator."""
        return self._codes[self.value(operator, 0)]

    def takes(self, operator: int) -> tuple[int, ...]:
        """Numbers of an operation's inputs; -1 where one is left out."""
        return flatbuffer.ints(self.content, operator, 1)

    def options(self, operator: int) -> int:
        """The table of an operation's options, or 0 where it has none."""
        at = flatbuffer.field(self.content, operator, 4)
        return at + flatbuffer.uint(self.content, at) if at else 0

    def constant(self, number: int) -> tuple[int, int]:
        """Where a tensor's constant bytes stand and how many there are; 0 where it is computed, or there is none."""
        if number < 0:
            return 0, 0
        return flatbuffer.vector(self.content, self.buffers[self.value(self.tensors[number], 2)], 0)

    def shape(self, number: int) -> tuple[int, ...]:
        """A tensor's sizes."""
        return flatbuffer.ints(self.content, self.tensors[number], 0) if number >= 0 else ()

    def value(self, table: int, number: int, default: int = 0) -> int:
        """An unsigned field of 32 bits."""
        at = flatbuffer.field(self.content, table, number)
        return flatbuffer.uint(self.content, at) if at else default

    def _code(self, table: int) -> int:
        old, new = flatbuffer.field(self.content, table, 0), flatbuffer.field(self.content, table, 3)
        return max(self.content[old] if old else 0, flatbuffer.uint(self.content, new) if new else 0)


DAMAGED = (struct.error, IndexError, ValueError, ArithmeticError)  # a stride of 0, a kernel without elements
