"""The server: one thread with an event loop, however many viewers there are."""

from __future__ import annotations

import asyncio
import logging
import math
import resource
import socket
import threading
from collections.abc import Callable
from typing import Any

from aiohttp import web

from edge.errors import EdgeError
from edge.web.address import listening
from edge.web.connection import HEADERS, TAKE_S, Connection, in_json

_log = logging.getLogger(__name__)
# What strangers send must not fill the log; what goes wrong in the answers is logged by edge.web.app.
_requests = logging.getLogger(f"{__name__}.requests")
_requests.setLevel(logging.CRITICAL)

CONNECTIONS = 128  # open at a time; systemd gives a service 1024 descriptors
# asyncio accepts so many before it looks at any of them: no more, or they take all descriptors.
AT_ONCE = 8
BACKLOG = 256
HEADER_S = 10.0  # from the connection, or the last answer, to the end of the next request's header
LINGER_S = 2.0  # how long the rest of a refused upload is read, so that the answer arrives
STOP_S = 1.0
REPORT_S = 60.0
AGAIN_S = 10.0  # between two tries to get the address


class Server:
    """Serves in a thread of its own.

    Args:
        make_app: makes the application, in that thread.
        host, port: where.
        patient: whether to try again, for as long as it takes, where the address is not available; else `start` raises.
        connections: open at a time; the longest idle one is closed for a new one.
        header_s: seconds for a request's header.
        take_s: seconds for which a client may take nothing of an answer.
    """

    def __init__(
        self,
        make_app: Callable[[], web.Application],
        host: str,
        port: int,
        *,
        patient: bool = False,
        connections: int = CONNECTIONS,
        header_s: float = HEADER_S,
        take_s: float = TAKE_S,
    ) -> None:
        self._make_app, self._host, self._port, self._patient = make_app, host, port, patient
        self._connections = min(connections, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2)
        self._header_s, self._take_s = header_s, take_s
        self._reported_at = -math.inf
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._ready = threading.Event()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)
        self._socket: socket.socket | None = None

    def start(self) -> int:
        """Begin to serve; the port.

        Raises:
            EdgeError: the address is not available.
        """
        if not self._patient:
            self._socket = listening(self._host, self._port)
            self._port = int(self._socket.getsockname()[1])
        self._thread.start()
        self._ready.wait(10.0)
        return self._port

    def close(self, timeout_s: float = 5.0) -> None:
        """Stop serving and wait for the thread, up to so many seconds."""
        self._closed = True
        if self._loop is not None and self._stop is not None and not self._loop.is_closed():
            try:
                self._loop.call_soon_threadsafe(self._stop.set)
            except RuntimeError:  # it has just ended
                return
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception:
            _log.exception("the web page is no longer served; everything else continues")
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._loop.set_exception_handler(self._report)
        if self._closed:
            return
        runner = web.AppRunner(
            app := self._make_app(), access_log=None, handler_cancellation=True, shutdown_timeout=STOP_S
        )
        await runner.setup()
        try:
            assert runner.server is not None
            runner.server.request_handler = in_json(runner.server.request_handler)
            sock = self._socket or await self._patiently()
            if sock is None:
                return
            server = await self._loop.create_server(
                self._limited(runner.server, app.get(HEADERS, {})), sock=sock, backlog=AT_ONCE
            )
            sock.listen(BACKLOG)
            self._ready.set()
            await self._stop.wait()
            server.close()
        finally:
            await runner.cleanup()

    async def _patiently(self) -> socket.socket | None:
        """The socket, once the address is available; None: closed before that."""
        assert self._stop is not None
        said = False
        while not self._stop.is_set():
            try:
                return listening(self._host, self._port)
            except EdgeError as error:
                if not said:
                    _log.warning("%s; trying again every %.0f s", error, AGAIN_S)
                said = True
                self._ready.set()
            try:
                await asyncio.wait_for(self._stop.wait(), AGAIN_S)
            except TimeoutError:
                continue
        return None

    def _report(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Viewers that went away are no news; anything else is, once a minute at most."""
        error, now = context.get("exception"), loop.time()
        if isinstance(error, ConnectionError | TimeoutError) or now - self._reported_at < REPORT_S:
            return
        self._reported_at = now
        _log.warning("web page: %s (%r)", context.get("message"), error)
        _log.debug("web", exc_info=error)

    def _limited(self, server: Any, headers: dict[str, str]) -> Callable[[], asyncio.Protocol]:
        """Makes a connection's protocol; with too many, the one that has been idle longest makes room."""

        def connect() -> asyncio.Protocol:
            # Those that were closed a moment ago are still listed.
            open_now = [each for each in server.connections if each.transport and not each.transport.is_closing()]
            if len(open_now) >= self._connections:
                idle = next((each for each in open_now if each.dispensable), None)
                if idle is None:
                    return _Full()
                idle.drop()
            return Connection(
                server,
                headers,
                take_s=self._take_s,
                loop=self._loop,
                access_log=None,
                logger=_requests,
                auto_decompress=False,
                keepalive_timeout=self._header_s,
                lingering_time=LINGER_S,
            )

        return connect


class _Full(asyncio.Protocol):
    """A connection for which there is no room."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """End it."""
        transport.close()
