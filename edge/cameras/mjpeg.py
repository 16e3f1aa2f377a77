"""Pictures out of a multipart/x-mixed-replace stream, as network cameras send them; bounded, whatever comes."""

from __future__ import annotations

import re
from collections.abc import Callable

from edge.errors import SourceError
from edge.picture.kinds import sniff

START = b"\xff\xd8\xff"
MAX_BYTES = 16_000_000  # of one picture
TOO_LARGE = f"a picture of more than {MAX_BYTES // 1_000_000} MB"
MAX_HEAD = 64_000  # bytes between two pictures
PART_HEAD = 4096  # bytes of the headers of one part
HEAD_BYTES = 20  # that tell a kind; the smallest picture is larger
CHUNK = 65_536
PADDING = 4096  # bytes after a picture's end that a camera may count as its own
END = b"\xff\xd9"
# Between two pictures stands nothing but text; a thumbnail's end inside of a picture is not followed by a beginning.
BETWEEN = re.compile(rb"\xff\xd9[^\xff]{0,4000}\xff\xd8\xff")
TAILS = {"JPEG": END, "PNG": b"IEND\xaeB`\x82", "GIF": b";"}  # the last bytes of a picture
# Pictures that are known by their first bytes, wherever they begin; others, by the headers of their part.
_START = re.compile(
    rb"(?P<picture>\xff\xd8\xff|\x89PNG\r\n\x1a\n|GIF8[79]a|RIFF[\s\S]{4}WEBP)"
    rb"|(?i:content-type:[ \t]*image/(?!p?jpe?g|png|gif|webp|\*)[^\n]{0,999}\n(?:[^\n]{1,999}\n){0,32}?\r?\n)"
)
_LENGTH = re.compile(rb"(?i)content-length:[ \t]*(\d{1,9})\s")
_BOUNDARY = re.compile(r'(?i)boundary=\s*(?:"([^"]*)"|([^;\s]*))')


def boundary_of(content_type: str) -> bytes:
    """The boundary of a Content-Type header, without quotes and leading dashes; empty where there is none."""
    match = _BOUNDARY.search(content_type)
    return (match[1] or match[2] or "").lstrip("-").encode("latin-1", "replace") if match else b""


class MjpegReader:
    """Reads one picture after the other: JPEGs, or whatever edge.picture knows.

    Parts without a boundary line or a length, or with wrong ones, are read as well.

    Args:
        read: gives the next bytes, as many as there are up to a number; none at the end of the stream.
        boundary: of the stream; empty: none, pictures then need a Content-Length or end with their own last bytes.
    """

    def __init__(self, read: Callable[[int], bytes], boundary: bytes = b"") -> None:
        self._read = read
        self._boundary = b"--" + boundary if boundary else b""
        escaped = re.escape(self._boundary)
        self._next_part = {tail: re.compile(re.escape(tail) + rb"[\0\r\n]*" + escaped) for tail in TAILS.values()}
        self._next_part[b""] = re.compile(rb"\n" + escaped + rb"(?:--)?[ \t]*\r?\n")
        self._buffer = bytearray()

    def next(self) -> bytes:
        """The bytes of the next picture.

        Raises:
            SourceError: the stream ended, holds no picture, or a picture is larger than MAX_BYTES.
        """
        start = self._start()
        lengths = _LENGTH.findall(self._buffer[:start])
        del self._buffer[:start]
        while len(self._buffer) < HEAD_BYTES:
            self._fill()
        kind = sniff(bytes(self._buffer[:HEAD_BYTES])) or ""
        length = int(lengths[-1]) if lengths and int(lengths[-1]) <= MAX_BYTES else 0
        end = self._by_content(kind) or (length and self._by_length(length, kind)) or self._by_boundary(kind)
        picture = bytes(self._buffer[:end])
        del self._buffer[:end]
        return picture

    def _start(self) -> int:
        """Where the next picture begins: by its first bytes, or after the headers of a part of a type without such."""
        seen = 0
        while not (found := _START.search(self._buffer, seen)):
            if len(self._buffer) > MAX_HEAD:
                raise SourceError(f"no picture in {MAX_HEAD // 1000} kB of the stream")
            seen = max(0, len(self._buffer) - PART_HEAD)
            self._fill()
        return found.start() if found["picture"] else found.end()

    def _by_length(self, length: int, kind: str) -> int:
        """Where the picture ends by its part's header; 0 where that is wrong, as there is no end of a picture."""
        tail = TAILS.get(kind, b"")
        seen = len(START)
        while len(self._buffer) < length:
            if self._boundary and self._next_part[tail].search(self._buffer, max(0, seen - PADDING)):
                return 0
            seen = len(self._buffer)
            self._fill()
        if not tail and self._boundary and self._next_part[tail].search(self._buffer, 0, length):
            return 0
        return length if self._buffer[max(0, length - PADDING) : length].rstrip(b"\0\r\n").endswith(tail) else 0

    def _by_content(self, kind: str) -> int:
        """Where the picture ends by what it says itself; 0 where that is not so easy."""
        if kind == "PNG":
            return self._by_tail(kind)
        if kind != "WebP":
            return 0
        length = 8 + int.from_bytes(self._buffer[4:8], "little")
        if length > MAX_BYTES:
            raise SourceError(TOO_LARGE)
        while len(self._buffer) < length:
            self._fill()
        return length

    def _by_tail(self, kind: str) -> int:
        """Behind the first place where the last bytes of this kind of picture stand."""
        return len(TAILS[kind]) + self._find(TAILS[kind], len(START), MAX_BYTES, TOO_LARGE)

    def _by_boundary(self, kind: str) -> int:
        """Where the picture ends: at the boundary; JPEGs of a stream with another one or none, by their last bytes."""
        if kind == "JPEG" and not self._boundary:
            return self._by_tail(kind)
        if not self._boundary:
            raise SourceError(f"{kind or 'unknown'} pictures without a length in a stream without a boundary")
        seen = len(START)
        while (at := self._buffer.find(self._boundary, seen)) < 0:
            if kind == "JPEG" and (between := BETWEEN.search(self._buffer, max(len(START), seen - 4096))):
                return between.start() + len(END)
            if len(self._buffer) > MAX_BYTES:
                raise SourceError(TOO_LARGE)
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
