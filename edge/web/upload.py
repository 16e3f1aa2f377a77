"""What may be uploaded: the format and the size are known from the first bytes, before anything is decoded."""

from __future__ import annotations

import struct

from edge.errors import PictureError

# Decoded, 40 megapixels take 120 MB: what a Pi can spare, and more than phones send by default.
MAX_PIXELS = 40_000_000
# JPEG's start-of-frame markers: C0 to CF without DHT (C4), JPG (C8) and DAC (CC).
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


class UnknownFormat(PictureError):
    """Neither JPEG nor PNG nor WebP, or broken in its first bytes."""


class TooLarge(PictureError):
    """More pixels than are decoded here."""


def check(data: bytes, name: str) -> None:
    """Refuse what should not be decoded: a small file can stand for a very large picture.

    Raises:
        UnknownFormat: not a JPEG, PNG or WebP.
        TooLarge: more than MAX_PIXELS.
    """
    size = declared_size(data)
    if size is None:
        raise UnknownFormat(f"{name}: not a picture that can be read here; expected JPEG, PNG or WebP")
    if size[0] * size[1] > MAX_PIXELS:
        raise TooLarge(f"{name}: {size[0]}x{size[1]} pixels; expected at most {MAX_PIXELS // 1_000_000} megapixels")


def declared_size(data: bytes) -> tuple[int, int] | None:
    """Width and height that a JPEG, PNG or WebP says it has, or None for anything else."""
    try:
        if data.startswith(b"\x89PNG\r\n\x1a\n"):
            return struct.unpack_from(">II", data, 16)
        if data.startswith(b"\xff\xd8"):
            return _jpeg(data)
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _webp(data)
    except (struct.error, IndexError):
        pass
    return None


def _jpeg(data: bytes) -> tuple[int, int] | None:
    """ITU-T T.81: segments until a start of frame, which holds the size."""
    at = 2
    while True:
        while data[at] == 0xFF and data[at + 1] in (0xFF, 0x01, *range(0xD0, 0xD8)):
            at += 1 if data[at + 1] == 0xFF else 2
        if data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", data, at + 5)
            return width, height
        if marker in (0xD9, 0xDA):
            return None
        at += 2 + struct.unpack_from(">H", data, at + 2)[0]


def _webp(data: bytes) -> tuple[int, int] | None:
    """RFC 9649: lossy (VP8), lossless (VP8L) and extended (VP8X) files."""
    kind = data[12:16]
    if kind == b"VP8X":
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    if kind == b"VP8L":
        bits = struct.unpack_from("<I", data, 21)[0]
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None
