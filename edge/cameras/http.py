"""Network cameras that speak HTTP: a snapshot address is asked again and again, an MJPEG stream is read."""

from __future__ import annotations

import time
from collections.abc import Callable
from http.client import HTTPException
from typing import Any

import numpy as np

from edge import picture
from edge.address import redacted
from edge.cameras.http_request import Open, ask, reason, request
from edge.cameras.mjpeg import BETWEEN, MAX_BYTES, MjpegReader, boundary_of
from edge.errors import CameraTimeout, PictureError, SourceError, one_line
from edge.picture.kinds import HEAD, KINDS, sniff
from edge.settings import SourceSettings

SNAPSHOT_FPS = 5.0  # requests a second, at most
MULTIPART = "multipart/"
SOONER = 0.9  # part of the time-out after which the reason is raised, before the caller's own time-out hides it
FILMS = ("video/", "application/vnd.apple.mpegurl", "application/x-mpegurl")  # what FFmpeg may get where we got nothing
DOCUMENTS = ("text/html", "application/xhtml+xml", "application/json")  # of a login page, or of a wrong path


def open_http(settings: SourceSettings, open_address: Open = request) -> HttpGrabber | None:
    """The camera at an HTTP address, or None where it sends something else than pictures, such as a film or HLS.

    Raises:
        SourceError: it does not answer, or refuses the request; the message says why.
    """
    name = redacted(settings.source)
    try:
        response = ask(settings, open_address)
    except SourceError as error:
        raise SourceError(f"{name}: {error}") from None
    kind = response.headers.get("Content-Type", "").strip().lower()
    if kind.startswith(MULTIPART):
        return MjpegGrabber(name, settings, response)
    if kind.startswith("image/"):
        return SnapshotGrabber(name, settings, response, open_address)
    # What it is called says nothing: cameras send pictures as application/octet-stream, or without a type.
    try:
        begun = Begun(response, time.monotonic() + settings.timeout_s)
        if sniff(begun.head) in KINDS:
            if begun.is_series():
                return MjpegGrabber(name, settings, begun)
            return SnapshotGrabber(name, settings, begun, open_address)
        empty = not begun.head and not kind.startswith(FILMS)
    except (OSError, HTTPException, SourceError) as error:
        response.close()
        raise SourceError(f"{name}: {error if isinstance(error, SourceError) else reason(error)}") from None
    response.close()
    if empty or kind.partition(";")[0] in DOCUMENTS:
        what = "nothing" if empty else kind.partition(";")[0]
        raise SourceError(f"{name}: the camera answers with {what}, expected pictures; check the path of the address")
    return None


class Begun:
    """A response of which the first bytes were looked at; they are read again.

    Args:
        response: of urllib.
        deadline: of time.monotonic, for all that is looked at.

    Raises:
        OSError, HTTPException: the connection broke off.
        SourceError: what was compressed is damaged.
        TimeoutError: the deadline.
    """

    def __init__(self, response: Any, deadline: float) -> None:
        self._response, self._deadline = response, deadline
        self.headers = response.headers
        self._seen = bytearray()
        while len(self._seen) < HEAD and self._more():
            pass

    @property
    def head(self) -> bytes:
        """The first bytes, as many as `sniff` needs."""
        return bytes(self._seen[:HEAD])

    def is_series(self) -> bool:
        """Whether more than one JPEG comes, one after the other. A response that says its length is one picture."""
        if self.headers.get("Content-Length") or sniff(self.head) != "JPEG":
            return False
        while not BETWEEN.search(self._seen):
            if len(self._seen) > MAX_BYTES or not self._more():
                return False
        return True

    def _more(self) -> bool:
        if time.monotonic() >= self._deadline:
            raise TimeoutError
        data = self._response.read1(65_536)
        self._seen += data
        return bool(data)

    def read1(self, most: int) -> bytes:
        """The next bytes, as of http.client."""
        if self._seen:
            data = bytes(self._seen[:most])
            del self._seen[:most]
            return data
        rest: bytes = self._response.read1(most)
        return rest

    def close(self) -> None:
        """End the connection."""
        self._response.close()


class HttpGrabber:
    """What both kinds share: bounded reads, decoding, closing."""

    def __init__(self, name: str, settings: SourceSettings, response: Any, clock: Callable[[], float]) -> None:
        self._name, self._settings, self._response, self._clock = name, settings, response, clock
        self._deadline = clock() + settings.timeout_s

    def read(self) -> np.ndarray:
        """The next frame, uint8 (H, W, 3) RGB. A picture that cannot be decoded is passed over.

        Raises:
            CameraTimeout: no picture came within the time-out.
            SourceError: the camera ended the connection, or sent none that can be decoded within the time-out.
        """
        began = self._clock()
        self._deadline = began + self._settings.timeout_s
        damaged = ""
        while True:
            try:
                data = self._next()
            except TimeoutError:
                if damaged:
                    raise SourceError(damaged) from None
                raise CameraTimeout(
                    f"{self._name}: the camera gave no frame for {self._settings.timeout_s:g} s"
                ) from None
            except SourceError as error:
                raise SourceError(f"{self._name}: {error}") from None
            except (OSError, HTTPException) as error:
                raise SourceError(f"{self._name}: the connection broke off ({one_line(error)})") from None
            try:
                if not data:
                    raise PictureError(f"{self._name}: the camera's answer is empty, expected a picture")
                return picture.decode(data, self._name, self._settings.max_megapixels)
            except PictureError as error:
                damaged = str(error)
                if self._clock() - began >= SOONER * self._settings.timeout_s:
                    raise SourceError(damaged) from None

    def _next(self) -> bytes:
        raise NotImplementedError

    def _chunk(self, most: int) -> bytes:
        """The next bytes of the response; they may come slowly, but not later than the deadline."""
        if self._clock() >= self._deadline:
            raise TimeoutError
        data: bytes = self._response.read1(most)
        return data

    def close(self) -> None:
        """End the connection."""
        self._response.close()


class MjpegGrabber(HttpGrabber):
    """The pictures of a multipart stream."""

    def __init__(
        self, name: str, settings: SourceSettings, response: Any, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(name, settings, response, clock)
        self._reader = MjpegReader(self._chunk, boundary_of(response.headers.get("Content-Type", "")))

    def _next(self) -> bytes:
        return self._reader.next()


class SnapshotGrabber(HttpGrabber):
    """An address that gives one picture a request: asked again at the frame rate of the settings, or SNAPSHOT_FPS.

    A request that fails is repeated until the time-out.
    """

    def __init__(
        self,
        name: str,
        settings: SourceSettings,
        response: Any,
        open_address: Open = request,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(name, settings, response, clock)
        self._open, self._sleep = open_address, sleep
        self._interval = 1.0 / min(settings.fps, SNAPSHOT_FPS)
        self._due = clock() + self._interval
        self._fresh = True  # the response that told what kind of camera this is holds the first picture

    def _next(self) -> bytes:
        while True:
            try:
                return self._one()
            except (SourceError, OSError) as error:
                self._fresh = False
                if isinstance(error, TimeoutError) or self._clock() + self._interval >= self._deadline:
                    raise

    def _one(self) -> bytes:
        if not self._fresh:
            self._response.close()
            self._sleep(max(0.0, self._due - self._clock()))
            self._due = max(self._due + self._interval, self._clock())
            self._response = ask(self._settings, self._open)
        self._fresh = False
        data = bytearray()
        while chunk := self._chunk(65_536):
            data += chunk
            if len(data) > MAX_BYTES:
                raise SourceError(f"a picture of more than {MAX_BYTES // 1_000_000} MB")
        return bytes(data)
