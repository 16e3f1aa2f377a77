"""Responses that a camera, or a proxy before it, compresses although nobody asked for it; bounded, whatever comes."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable
from typing import Any

from edge.errors import SourceError

KNOWN = ("gzip", "x-gzip", "deflate")
GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS  # which of the two is told by the first bytes
CHUNK = 65_536


def unpacked(response: Any, timeout_s: float) -> Any:
    """The response as it is, or one that decompresses it while it is read.

    Raises:
        SourceError: it is compressed in a way that is not known here; the response is closed.
    """
    coding = response.headers.get("Content-Encoding", "").strip().lower()
    if coding in ("", "identity"):
        return response
    if coding in KNOWN:
        return Unpacked(response, timeout_s)
    response.close()
    raise SourceError(f"the camera sends compressed pictures ({coding[:20]!a}); switch that off, or use gzip")


class Unpacked:
    """A response, decompressed. It never holds more than what one read asks for and one chunk of what came.

    Args:
        response: of urllib, compressed by gzip or zlib.
        timeout_s: how long one read may take.
    """

    def __init__(self, response: Any, timeout_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._response, self._timeout_s, self._clock = response, timeout_s, clock
        self._inflate = zlib.decompressobj(GZIP_OR_ZLIB)
        self.headers, self.status = response.headers, getattr(response, "status", 200)

    def read1(self, most: int) -> bytes:
        """The next bytes, at least one and at most so many; none at the end.

        Raises:
            SourceError: they are damaged.
            TimeoutError: what came within the time-out was not enough for a single byte.
        """
        deadline = self._clock() + self._timeout_s
        waiting = self._inflate.unconsumed_tail
        ended = False
        while True:
            try:
                # Without anything new it still gives what did not fit into the last read.
                data = self._inflate.decompress(waiting, most)
            except zlib.error:
                raise SourceError("the camera's compressed answer is damaged") from None
            if data or ended or self._inflate.eof:
                return data
            if self._clock() >= deadline:
                raise TimeoutError
            waiting = self._inflate.unconsumed_tail or self._response.read1(CHUNK)
            ended = not waiting

    def close(self) -> None:
        """End the connection."""
        self._response.close()
