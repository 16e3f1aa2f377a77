"""How large the frames of a clip really are: OpenCV gives all of them in the size of the first."""

from __future__ import annotations

from pathlib import Path

import cv2

from edge.cameras.coded_size import Size, coded_size, is_shown, parser

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
        self._ahead = False
        if not self._parse:
            return
        # Format -1: packets as they are, not decoded.
        options = [cv2.CAP_PROP_FORMAT, -1, cv2.CAP_PROP_N_THREADS, 1]
        self._packets = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, options)
        if not self._packets.isOpened():
            return
        for _ in range(FIRST):
            if self._size is not None or not self._step():
                break
        if self._size == declared[::-1] != declared:
            self._turned = True
        elif self._size != declared:
            self._size = None
        self._ahead = True

    def next(self) -> Size | None:
        """The size of the next frame, turned as the first one; None: it is not known."""
        if self._size is None:
            return None
        if self._ahead:
            self._ahead = False
        else:
            self._step()
        return self._size[::-1] if self._turned else self._size

    def changes(self) -> bool:
        """Whether the size changes anywhere from here to the end."""
        first = self._size
        while self._size == first and first is not None and self._step():
            pass
        return self._size != first

    def _step(self) -> bool:
        assert self._parse
        while self._packets.grab():
            ok, packet = self._packets.retrieve()
            data = packet.tobytes() if ok else b""
            self._size = coded_size(self._parse, data) or self._size
            if is_shown(self._parse, data):
                return True
        return False

    def close(self) -> None:
        """Close the file."""
        if self._parse:
            self._packets.release()
