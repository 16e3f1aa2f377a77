from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@pytest.fixture(scope="session")
def bomb():
    """bomb(width, height): a small, complete, black PNG of 1 bit a pixel."""

    def made(width: int, height: int) -> bytes:
        rows = zlib.compress(bytes(1 + (width + 7) // 8) * height, 9)
        header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
        return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")

    return made


@pytest.fixture
def image():
    """128 across, 64 down; red on the left half, blue on the right."""
    made = np.zeros((64, 128, 3), np.uint8)
    made[:, :64], made[:, 64:] = (255, 0, 0), (0, 0, 255)
    return made
