"""How large the frames of a clip really are: OpenCV gives all of them in the size of the first."""

from __future__ import annotations

from pathlib import Path

import cv2

from edge.cameras.coded_size import JPEG, Size, coded_size, is_shown, parser
from edge.files import utf8_path

FIRST = 300  # packets in which the first size has to stand


def follows(version: str = cv2.__version__) -> bool:
    """Whether OpenCV scales frames of another size to that of the first.

    Before 4.13 it gave the last frame before the change for ever, or a mix of old and new ones.

    >>> follows("4.12.0"), follows("4.13.0-dev"), follows("5.0.0")
    (False, True, True)
    """
    major, minor = version.split(".")[:2]
    return (int(major), int(minor)) >= (4, 13)


class SizeWatch:
    """Reads a clip's packets beside the capture that decodes them, one a frame, and follows the size that they state.

    Where a decoder leaves out frames, it is wrong by as many about when the size changes.

    Args:
        path: the clip.
        codec: its four letters. With one that is not known, no size is known either.
        declared: the size that the decoding capture gives its frames, turned as its rotation says.
    """

    def __init__(self, path: Path, codec: str, declared: Size) -> None:
        self._parse = parser(codec)
        self._turned = False
        self._size: Size | None = None
        self._coming: Size | None = None  # stated for the frame after the next
        self._ended = self._parse is None
        self._fresh = True  # the size is that of the next frame, not of the one before
        if not self._parse:
            return
        # Format -1: packets as they are, not decoded.
        options = [cv2.CAP_PROP_FORMAT, -1, cv2.CAP_PROP_N_THREADS, 1]
        try:
            with utf8_path(path) as text:
                self._packets = cv2.VideoCapture(text, cv2.CAP_FFMPEG, options)
        except OSError:
            self._parse, self._ended = None, True
            return
        for _ in range(FIRST):
            if self._size is None and not self._ended:
                self._size = self._read()
        if self._size == declared[::-1] != declared:
            self._turned = True
        elif self._size != declared:
            self._size = None
        self._coming = self._read()

    def next(self) -> Size | None:
        """The size of the next frame, turned as the first one; None: it is not known."""
        if not self._fresh:
            self._step()
        self._fresh = False
        return self._size[::-1] if self._size and self._turned else self._size

    def changes(self) -> bool:
        """Whether the size changes anywhere from here to the end."""
        first = self._size
        while self._size == first and first is not None and not self._ended:
            self._step()
        return self._size != first

    def _step(self) -> None:
        stated, self._coming = self._coming, self._read()
        # Each JPEG states its size: one that is damaged, alone among others, is no change.
        lonely = self._parse is JPEG and self._coming not in (None, stated)
        if self._size and stated and not lonely:
            self._size = stated

    def _read(self) -> Size | None:
        """The size that the packet of one more frame states, if it does."""
        size = None
        while self._parse and not self._ended:
            self._ended = not self._packets.grab()
            ok, packet = (False, None) if self._ended else self._packets.retrieve()
            data = packet.tobytes() if ok and packet is not None else b""
            size = coded_size(self._parse, data) or size
            if is_shown(self._parse, data):
                break
        return size

    def close(self) -> None:
        """Close the file."""
        if self._parse:
            self._packets.release()
