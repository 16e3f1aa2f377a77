"""`edge-emotion web`: a page that looks at pictures, and at a camera where one is named."""

from __future__ import annotations

import argparse
import logging
import signal
import socket
import threading
from dataclasses import replace

from edge import cameras, config
from edge.clock import SystemClock
from edge.errors import EdgeError, MissingExtra
from edge.pipeline.factory import open_pipeline
from edge.settings import Settings
from edge.web.app import LOOPBACK, create_app
from edge.web.live import LiveView

_log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("--host", default="127.0.0.1", help="address to serve on (default: this machine alone)")
    parser.add_argument("--port", type=int, default=8080, help="port (default: 8080; 0: any that is free)")
    parser.add_argument("--source", help="also show this source live, as for run (default: none)")
    config.add_flags(parser, "models", "engine")


def main(arguments: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM.

    Raises:
        EdgeError: settings or models that are wrong, an address that cannot be had, or no Flask.
    """
    settings = config.from_arguments(arguments)
    pipeline = open_pipeline(settings, live=False)
    live = live_view(settings, arguments.source) if arguments.source else None
    if arguments.host not in LOOPBACK:
        _log.warning("%s: whoever can reach this address can use the page%s", arguments.host, " and watch" * bool(live))
    # Who asks for another address than this machine's own serves others under names that are not known here.
    app = create_app(pipeline, live, LOOPBACK if arguments.host in LOOPBACK else ())
    serve(app, listening(arguments.host, arguments.port))
    return 0


def live_view(settings: Settings, source: str) -> LiveView:
    """The view of a source, opened when somebody watches."""
    named = replace(settings, source=replace(settings.source, source=source))
    clock = SystemClock()
    return LiveView(lambda: cameras.open_camera(named.source, clock), open_pipeline(named), clock)


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        EdgeError: the address is in use, not of this machine, or not allowed.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise EdgeError(f"{host}:{port}: cannot serve there ({reason}); choose another --host or --port") from None


def serve(app: object, sock: socket.socket) -> None:
    """Answer requests until SIGINT or SIGTERM; each in a thread of its own."""
    try:
        from werkzeug.serving import make_server
    except ImportError:
        raise MissingExtra("Flask is not installed; install it: pip install 'edge-emotion[web]'") from None
    host, port = sock.getsockname()[:2]
    server = make_server(host, port, app, threaded=True, fd=sock.fileno())  # type: ignore[arg-type]
    # shutdown() waits for the loop that the handler interrupts, so it is called beside it.
    handler = lambda *_: threading.Thread(target=server.shutdown).start()  # noqa: E731
    before = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    print(f"http://{f'[{host}]' if ':' in host else host}:{port}/ (end with Ctrl-C)", flush=True)
    try:
        server.serve_forever()
    finally:
        server.server_close()
        sock.close()
        for number, old in before.items():
            signal.signal(number, old)
