"""Animated WebP files, written frame by frame: nothing is kept in memory but the last frame.

The container is that of https://developers.google.com/speed/webp/docs/riff_container; OpenCV encodes the frames. Of a
frame only the rectangle is stored in which it differs from the one before.
"""

from __future__ import annotations

import contextlib
import struct
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np

from edge.errors import PictureError
from edge.text import printable

QUALITY = 80
SAME = 2  # of 255: differences up to this cannot be seen
ANIMATED = 0x02  # flag of VP8X
OPAQUE = 0x02  # flag of ANMF: the frame replaces what is below it
LONGEST_MS = 0xFFFFFF
LARGEST = 16383  # pixels a side of a frame


class AnimatedWebP:
    """Writes an animation that repeats for ever; valid once it is closed.

    Args:
        path: the file, overwritten.
        width, height: of the frames, pixels, at most 16383 each.
        quality: of the frames, 0-100.

    Raises:
        PictureError: the file cannot be written, or the frames are too large for WebP.
    """

    def __init__(self, path: Path, width: int, height: int, quality: int = QUALITY) -> None:
        self._path, self._name, self._quality = path, printable(path), quality
        if max(width, height) > LARGEST:
            raise PictureError(f"{self._name}: frames of {width}x{height}; WebP holds at most {LARGEST} pixels a side")
        self._shown: np.ndarray | None = None
        self._file: BinaryIO
        try:
            self._file = open(path, "wb")  # noqa: SIM115 - it lives as long as this
            size = _u24(width - 1) + _u24(height - 1)
            self._file.write(b"RIFF\0\0\0\0WEBP" + _chunk(b"VP8X", bytes([ANIMATED, 0, 0, 0]) + size))
            self._file.write(_chunk(b"ANIM", bytes(6)))
        except OSError as error:
            raise self._failed(error) from None

    def add(self, image: np.ndarray, seconds: float) -> None:
        """One frame, uint8 (height, width, 3) RGB, shown for so long.

        Raises:
            PictureError: it cannot be written.
        """
        left, top, right, bottom = self._changed(image)
        part = cv2.cvtColor(image[top:bottom, left:right], cv2.COLOR_RGB2BGR)
        _, still = cv2.imencode(".webp", part, [cv2.IMWRITE_WEBP_QUALITY, self._quality])
        place = _u24(left // 2) + _u24(top // 2) + _u24(right - left - 1) + _u24(bottom - top - 1)
        lasts = _u24(max(1, min(LONGEST_MS, round(seconds * 1000))))
        try:
            # A still picture is "RIFF", its size and "WEBP" around the same chunk that a frame holds.
            self._file.write(_chunk(b"ANMF", place + lasts + bytes([OPAQUE]) + still.tobytes()[12:]))
        except OSError as error:
            raise self._failed(error) from None
        self._shown = image.copy()

    def close(self) -> None:
        """Complete the file.

        Raises:
            PictureError: it cannot be written.
        """
        try:
            with self._file as file:
                size = file.tell() - 8
                file.seek(4)
                file.write(struct.pack("<I", size))
        except OSError as error:
            raise self._failed(error) from None

    def _changed(self, image: np.ndarray) -> tuple[int, int, int, int]:
        """The rectangle that differs from the last frame: left, top (both even), right, bottom."""
        height, width = image.shape[:2]
        if self._shown is None:
            return 0, 0, width, height
        differs = (cv2.absdiff(image, self._shown) > SAME).any(axis=2)
        rows, columns = np.flatnonzero(differs.any(axis=1)), np.flatnonzero(differs.any(axis=0))
        if not rows.size:
            return 0, 0, min(2, width), min(2, height)
        return int(columns[0]) & ~1, int(rows[0]) & ~1, int(columns[-1]) + 1, int(rows[-1]) + 1

    def _failed(self, error: OSError) -> PictureError:
        """The error to raise; what there is of the file is removed."""
        with contextlib.suppress(OSError, AttributeError):
            self._file.close()
        with contextlib.suppress(OSError):
            self._path.unlink()
        return PictureError(f"{self._name}: cannot write the animation ({error.strerror or error})")


def _u24(value: int) -> bytes:
    return struct.pack("<I", value)[:3]


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)
