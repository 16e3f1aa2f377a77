"""A small HTTP server for one page of text, in threads of its own: only GET /metrics, a few clients at once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import AF_INET, AF_INET6, IPPROTO_IPV6, IPV6_V6ONLY, SHUT_RDWR, socket
from typing import Any

from edge.bind import BIND_ERRORS, bind_reason, is_taken
from edge.errors import InUse, SettingsError

_log = logging.getLogger(__name__)

MOST_CLIENTS = 4
CLIENT_S = 5.0  # a client that says nothing for this long is cut off
PATH = "/metrics"


class MetricsServer:
    """Serves the page until it is closed.

    Args:
        host, port: where to listen; port 0: any free one.
        page: makes the page; called in a client's thread.
        kind: its content type.

    Attributes:
        port: where it listens.

    Raises:
        SettingsError: the address or the port cannot be used.
    """

    def __init__(self, host: str, port: int, page: Callable[[], bytes], kind: str) -> None:
        self._server = _bound(host, port, _handler(page, kind))
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="metrics", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening; a client that is still being served is not waited for."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(1.0)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.address_family = AF_INET6 if ":" in address[0] else AF_INET
        self._lock = threading.Lock()
        self._clients: set[socket] = set()
        self._silent: dict[socket, None] = {}  # those of which no whole request came yet, the oldest first
        super().__init__(address, handler)

    def server_bind(self) -> None:
        if self.address_family == AF_INET6:  # :: stands for all addresses, those of IPv4, too
            self.socket.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, self.server_address[0] != "::")
        super().server_bind()

    def process_request(self, request: socket | tuple[bytes, socket], client_address: Any) -> None:
        assert isinstance(request, socket)
        with self._lock:
            room = len(self._clients) < MOST_CLIENTS or self._dismiss_silent()
            if room:
                self._clients.add(request)
                self._silent[request] = None
        if room:
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: socket | tuple[bytes, socket], client_address: Any) -> None:
        assert isinstance(request, socket)
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._lock:
                self._clients.discard(request)
                self._silent.pop(request, None)

    def has_asked(self, request: socket) -> None:
        """A whole request came: this client is not dismissed any more."""
        with self._lock:
            self._silent.pop(request, None)

    def _dismiss_silent(self) -> bool:
        """Make room: end the connection that has been silent for longest; whether there is one."""
        silent = next(iter(self._silent), None)
        if silent is None:
            return False
        del self._silent[silent]
        self._clients.discard(silent)
        with suppress(OSError):
            silent.shutdown(SHUT_RDWR)
        return True

    def handle_error(self, request: socket | tuple[bytes, socket], client_address: Any) -> None:
        _log.debug("metrics: a request failed", exc_info=True)


class PortInUse(SettingsError, InUse):
    """A port on which another process listens."""

    def __init__(self, message: str, host: str, port: int) -> None:
        super().__init__(message)
        self.address = (host, port)


def try_address(host: str, port: int) -> None:
    """Listen there and stop at once.

    Raises:
        SettingsError: as MetricsServer.
    """
    _bound(host, port, BaseHTTPRequestHandler).server_close()


def _bound(host: str, port: int, handler: type[BaseHTTPRequestHandler]) -> _Server:
    """A server that listens.

    Raises:
        SettingsError: the address or the port cannot be used.
    """
    try:
        return _Server((host, port), handler)
    except BIND_ERRORS as error:
        message = f"[metrics] host, port: cannot listen on {host}:{port} ({bind_reason(error)}); choose another port"
        raise (PortInUse(message, host, port) if is_taken(error) else SettingsError(message)) from None


def _handler(page: Callable[[], bytes], kind: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        server: _Server
        timeout = CLIENT_S
        server_version, sys_version = "edge-emotion", ""

        def do_GET(self) -> None:
            self.server.has_asked(self.request)
            if self.path.partition("?")[0] != PATH:
                self.send_error(HTTPStatus.NOT_FOUND)
                return
            body = page()
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:
            _log.debug("metrics: " + format, *arguments)

    return Handler
