"""Reading a .tflite's flatbuffer where it lies: tables, fields, vectors. No schema is compiled, nothing is copied.

Positions are bytes from the file's beginning. A damaged file raises struct.error or IndexError, never more.
"""

from __future__ import annotations

import struct


def uint(content: bytes, at: int) -> int:
    """An unsigned integer of 32 bits."""
    value: int = struct.unpack_from("<I", content, at)[0]
    return value


def field(content: bytes, table: int, number: int) -> int:
    """Where a field of a table stands, or 0 where it has its default."""
    vtable = table - struct.unpack_from("<i", content, table)[0]
    if vtable < 0:
        raise IndexError("before the file")
    entry = 4 + 2 * number
    if entry >= struct.unpack_from("<H", content, vtable)[0]:
        return 0
    offset = struct.unpack_from("<H", content, vtable + entry)[0]
    return table + offset if offset else 0


def vector(content: bytes, table: int, number: int) -> tuple[int, int]:
    """Where the first element of a field's vector stands and how many there are; (0, 0) where there is none."""
    at = field(content, table, number)
    if not at:
        return 0, 0
    at += uint(content, at)
    count = uint(content, at)
    if count > len(content):
        raise IndexError("a vector longer than the file")
    return at + 4, count


def tables(content: bytes, table: int, number: int) -> list[int]:
    """Where the tables of a field's vector stand."""
    start, count = vector(content, table, number)
    if count > len(content) // 4:
        raise IndexError("a vector longer than the file")
    return [at + uint(content, at) for at in range(start, start + 4 * count, 4)]


def ints(content: bytes, table: int, number: int) -> tuple[int, ...]:
    """A field's vector of signed integers of 32 bits."""
    start, count = vector(content, table, number)
    return struct.unpack_from(f"<{count}i", content, start)


def text(content: bytes, at: int, most: int = 60) -> str:
    """The string of the field that stands here, its first characters only."""
    start = at + uint(content, at)
    return content[start + 4 : start + 4 + min(uint(content, start), most)].decode("ascii", "backslashreplace")
