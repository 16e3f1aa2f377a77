"""A connection: requests that are not HTTP, or not of its better kind, are answered as every other error is.

aiohttp answers them itself, before the application sees them: with several lines of text that quote what was sent, and
with its version.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import http_exceptions as wrong
from aiohttp import web

from edge.web.guard import OPEN

# What the kernel may hold for a client; little, or those that read nothing take all memory.
SEND_BYTES = 65536
TAKE_S = 20.0  # a client that takes nothing of an answer for so long is gone
HEADERS = web.AppKey("HEADERS", dict)  # of every answer; the application knows them
TLS = "Received HTTPS traffic"
# By aiohttp's exceptions; never their texts, which quote the request.
REASONS: dict[type[Exception], str] = {
    wrong.LineTooLong: "the request line or a header is too long; expected at most 8190 bytes",
    wrong.BadHttpMethod: "unknown method; expected GET, HEAD or POST",
    wrong.InvalidURLError: "malformed address; percent-encode what is not an ASCII letter, digit or sign",
    wrong.InvalidHeader: "malformed header; expected NAME: VALUE",
}
Answer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Connection(web.RequestHandler):
    """One connection of a server.

    Args:
        server: of the application.
        headers: of every answer.
        take_s: how long the client may take nothing of an answer.
        options: of aiohttp's handler.
    """

    def __init__(
        self, server: web.Server, headers: Mapping[str, str], *, take_s: float = TAKE_S, **options: Any
    ) -> None:
        super().__init__(server, **options)
        self._headers, self._take_s = dict(headers), take_s

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Bound what the kernel does for this client."""
        super().connection_made(transport)
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BYTES)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            # Linux; it counts even after `close`, which waits for the rest to be taken.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(self._take_s * 1000))

    @property
    def dispensable(self) -> bool:
        """Whether it may make room for another: it waits for a request, or has one for which nobody needs the token."""
        request = self._current_request
        return request is None or request.path in OPEN

    def drop(self) -> None:
        """End it now, whatever the client has not taken yet."""
        transport = self.transport
        self.force_close()
        if transport is not None:
            no_linger = struct.pack("ii", 1, 0)
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_linger)
            transport.abort()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer to what is not a request, or could not be answered; the connection ends with it."""
        told = super().handle_error(request, status, exc, message)  # logs it
        answer = web.json_response({"error": _reason(exc, message or "", told.status)}, status=told.status)
        answer.headers.update(self._headers)
        answer.force_close()
        return answer


def in_json(handler: Answer) -> Answer:
    """The handler of a server, its own refusals as JSON: of an Expect header, before the application is asked."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPExpectationFailed:
            return web.json_response({"error": "unknown Expect header; expected 100-continue, or none"}, status=417)

    return answer


def _reason(error: BaseException | None, message: str, status: int) -> str:
    """What is wrong, without a word of the request."""
    if status >= 500:
        return "internal error; try again"
    if message.startswith(TLS):
        return "this port speaks HTTP; write http:// in place of https://"
    if message.startswith(("Missing 'Host'", "Duplicate 'Host'")):
        return "expected one Host header"
    return next((words for kind, words in REASONS.items() if isinstance(error, kind)), "malformed request")
