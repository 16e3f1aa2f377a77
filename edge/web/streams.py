"""Answers that do not end: the state as server-sent events, the picture as a multipart stream of JPEGs."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

from aiohttp import web

from edge.errors import PictureError
from edge.web.feed import Feed
from edge.web.guard import Refused
from edge.web.hub import Hub

BOUNDARY = "frame"
MOST = 48  # streams at a time
WRITE_S = 10.0  # a viewer that takes nothing for so long is dropped
FIRST_S = 8.0  # how long the first picture may take: a camera has to open
BUFFER_BYTES = 32768  # what may wait for a viewer here; little, so that one that stopped reading is noticed


class Streams:
    """The streams of one server.

    Args:
        hub: counts the viewers.
        feed: has the news.
        live: whether the picture may be shown.
        write_s: how long a viewer may take nothing.
    """

    def __init__(self, hub: Hub, feed: Feed, live: bool, write_s: float = WRITE_S) -> None:
        self._hub, self._feed, self._live, self._write_s = hub, feed, live, write_s

    async def events(self, request: web.Request) -> web.StreamResponse:
        """GET /api/events: the state at once, then whenever it changes, and every few seconds."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
        with self._viewer():
            await self._prepare(request, response)
            update = self._feed.now()
            await self._write(request, response, b"retry: 2000\n\n" + _event(update.number, update.state))
            while True:
                update = await self._feed.after(update.number)
                await self._write(request, response, _event(update.number, update.state))
        return response

    async def live(self, request: web.Request) -> web.StreamResponse:
        """GET /api/live: JPEG after JPEG, the newest each time."""
        if not self._live:
            raise Refused(404, "live pictures are off; set [web] live = true")
        kind = f"multipart/x-mixed-replace; boundary={BOUNDARY}"
        response = web.StreamResponse(headers={"Content-Type": kind, "X-Accel-Buffering": "no"})
        with self._viewer():
            update = self._feed.now()
            end = asyncio.get_running_loop().time() + FIRST_S
            while update.snapshot.frame is None:
                # What is wrong with the camera is an answer of its own, not the end of a stream.
                if self._hub.reason() or asyncio.get_running_loop().time() > end:
                    raise Refused(503, self._hub.reason() or f"no picture: {update.told['status']}")
                update = await self._feed.after(update.number)
            await self._prepare(request, response)
            await self._write(request, response, f"--{BOUNDARY}\r\n".encode())
            number = -1
            while True:
                if update.snapshot.frame is not None and update.number != number:
                    number = update.number
                    with contextlib.suppress(PictureError):
                        await self._write(request, response, _part(number, await update.jpeg()))
                update = await self._feed.after(update.number)
        return response

    @contextlib.contextmanager
    def _viewer(self) -> Iterator[None]:
        """Count a viewer until it leaves or is dropped."""
        if self._hub.watchers >= MOST:
            raise Refused(503, f"{MOST} viewers are watching already; close another page")
        with self._hub.watching(), contextlib.suppress(ConnectionError):
            yield

    async def _prepare(self, request: web.Request, response: web.StreamResponse) -> None:
        """Send the header, with little kept here for a viewer who does not read."""
        transport = request.transport
        if transport is None:
            raise ConnectionResetError
        transport.set_write_buffer_limits(high=BUFFER_BYTES)
        response.headers["Connection"] = "close"
        await response.prepare(request)

    async def _write(self, request: web.Request, response: web.StreamResponse, data: bytes) -> None:
        """Send something, or drop a viewer who does not take it.

        Raises:
            ConnectionResetError: the viewer is gone.
        """
        try:
            async with asyncio.timeout(self._write_s):
                await response.write(data)
                # Until the kernel has most of it: without this, what one write may leave behind adds up.
                while request.transport and request.transport.get_write_buffer_size() > BUFFER_BYTES:
                    await asyncio.sleep(0.05)
        except TimeoutError:
            if request.transport:
                request.transport.abort()
            raise ConnectionResetError("the viewer takes nothing") from None


def _event(number: int, state: bytes) -> bytes:
    return b"id: %d\nevent: state\ndata: %b\n\n" % (number, state)


def _part(number: int, jpeg: bytes) -> bytes:
    """A part and the boundary that ends it, in one write: browsers show a part when they see its end."""
    head = f"Content-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\nX-Number: {number}\r\n\r\n"
    return head.encode() + jpeg + f"\r\n--{BOUNDARY}\r\n".encode()
