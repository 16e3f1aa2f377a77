"""JPEGs out of a multipart/x-mixed-replace stream, as network cameras send them; bounded, whatever comes."""

from __future__ import annotations

import re
from collections.abc import Callable

from edge.errors import SourceError

START = b"\xff\xd8\xff"
MAX_BYTES = 16_000_000  # of one picture
MAX_HEAD = 64_000  # bytes between two pictures
CHUNK = 65_536
PADDING = 4096  # bytes after a picture's end that a camera may count as its own
END = b"\xff\xd9"
# Between two pictures stands nothing but text; a thumbnail's end inside of a picture is not followed by a beginning.
BETWEEN = re.compile(rb"\xff\xd9[^\xff]{0,4000}\xff\xd8\xff")
_LENGTH = re.compile(rb"(?i)content-length:[ \t]*(\d{1,9})\s")
_BOUNDARY = re.compile(r'(?i)boundary=\s*(?:"([^"]*)"|([^;\s]*))')


def boundary_of(content_type: str) -> bytes:
    """The boundary of a Content-Type header, without quotes and leading dashes; empty where there is none."""
    match = _BOUNDARY.search(content_type)
    return (match[1] or match[2] or "").lstrip("-").encode("latin-1", "replace") if match else b""


class MjpegReader:
    """Reads one JPEG after the other. Parts without a boundary line or a length, or with wrong ones, are read as well.

    Args:
        read: gives the next bytes, as many as there are up to a number; none at the end of the stream.
        boundary: of the stream; empty: none, pictures then need a Content-Length or end with their own last bytes.
    """

    def __init__(self, read: Callable[[int], bytes], boundary: bytes = b"") -> None:
        self._read = read
        self._boundary = b"--" + boundary if boundary else b""
        self._next_part = re.compile(END + rb"[\0\r\n]*" + re.escape(self._boundary))
        self._buffer = bytearray()

    def next(self) -> bytes:
        """The bytes of the next picture.

        Raises:
            SourceError: the stream ended, holds no JPEG, or a picture is larger than MAX_BYTES.
        """
        start = self._find(START, 0, MAX_HEAD, f"no JPEG in {MAX_HEAD // 1000} kB of the stream")
        lengths = _LENGTH.findall(self._buffer[:start])
        del self._buffer[:start]
        end = self._by_length(int(lengths[-1])) if lengths and 0 < int(lengths[-1]) <= MAX_BYTES else 0
        end = end or self._by_boundary()
        picture = bytes(self._buffer[:end])
        del self._buffer[:end]
        return picture

    def _by_length(self, length: int) -> int:
        """Where the picture ends by its part's header; 0 where that is wrong, as there is no end of a picture."""
        seen = len(START)
        while len(self._buffer) < length:
            if self._boundary and self._next_part.search(self._buffer, max(0, seen - PADDING)):
                return 0
            seen = len(self._buffer)
            self._fill()
        return length if self._buffer[max(0, length - PADDING) : length].rstrip(b"\0\r\n").endswith(END) else 0

    def _by_boundary(self) -> int:
        """Where the picture ends: at the boundary; where the stream has another one or none, by its own last bytes."""
        message = f"a picture of more than {MAX_BYTES // 1_000_000} MB"
        if not self._boundary:
            return len(END) + self._find(END, len(START), MAX_BYTES, message)
        seen = len(START)
        while (at := self._buffer.find(self._boundary, seen)) < 0:
            if between := BETWEEN.search(self._buffer, max(len(START), seen - 4096)):
                return between.start() + len(END)
            if len(self._buffer) > MAX_BYTES:
                raise SourceError(message)
            seen = max(seen, len(self._buffer) - len(self._boundary) + 1)
            self._fill()
        return at

    def _find(self, what: bytes, start: int, most: int, message: str) -> int:
        """Where some bytes are in the buffer, which is filled until they are."""
        at = self._buffer.find(what, start)
        while at < 0:
            if len(self._buffer) > most:
                raise SourceError(message)
            start = max(start, len(self._buffer) - len(what) + 1)
            self._fill()
            at = self._buffer.find(what, start)
        return at

    def _fill(self) -> None:
        data = self._read(CHUNK)
        if not data:
            raise SourceError("the camera ended the stream")
        self._buffer += data
