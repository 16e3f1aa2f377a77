"""Writes small Matroska files of JPEGs with any time stamps, as OpenCV's writer cannot."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import cv2
import numpy as np


def element(ident: str, content: bytes) -> bytes:
    """An EBML element (RFC 8794): its identifier in hexadecimal, the length in eight bytes, the content."""
    return bytes.fromhex(ident) + (len(content) | 1 << 56).to_bytes(8, "big") + content


def number(ident: str, value: int) -> bytes:
    """An element with an unsigned number."""
    return element(ident, value.to_bytes(8, "big"))


def matroska(
    images: Sequence[np.ndarray],
    stamps_ms: Sequence[int],
    duration_ms: float = 0.0,
    codec: bytes = b"V_MJPEG",
    length_ms: float = 0.0,
) -> bytes:
    """A file with these pictures, uint8 (H, W, 3) RGB, at these times.

    Args:
        images: the header declares the size of the first.
        stamps_ms: milliseconds, one a picture, at most 32767.
        duration_ms: of a frame, as the header declares it; 0: not declared.
        codec: what the header says that the pictures are.
        length_ms: of the whole file, as the header declares it; 0: not declared.
    """
    height, width = images[0].shape[:2]
    head = number("4286", 1) + number("42F7", 1) + number("42F2", 4) + number("42F3", 8)
    head += element("4282", b"matroska") + number("4287", 2) + number("4285", 2)
    video = number("B0", width) + number("BA", height)
    track = number("D7", 1) + number("73C5", 1) + number("83", 1) + element("86", codec) + element("E0", video)
    if duration_ms:
        track += number("23E383", round(duration_ms * 1e6))
    blocks = b""
    for image, stamp in zip(images, stamps_ms, strict=True):
        ok, jpeg = cv2.imencode(".jpg", image[:, :, ::-1])
        assert ok
        blocks += element("A3", b"\x81" + stamp.to_bytes(2, "big") + b"\x80" + jpeg.tobytes())
    length = element("4489", struct.pack(">d", length_ms)) if length_ms else b""
    segment = element("1549A966", number("2AD7B1", 1_000_000) + length)
    segment += element("1654AE6B", element("AE", track)) + element("1F43B675", number("E7", 0) + blocks)
    return element("1A45DFA3", head) + element("18538067", segment)
