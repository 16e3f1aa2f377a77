"""Whether `run` could serve the page, for `edge-emotion doctor`: no token is made, and the port is free again."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping

from edge.errors import Absent, EdgeError
from edge.settings import Settings
from edge.web.address import AddressAbsent, listening, urls
from edge.web.part import missing, tokens
from edge.web.token import look


def check(
    settings: Settings, environment: Mapping[str, str] = os.environ, metrics: tuple[str, int] | None = None
) -> str:
    """Where the page would be, and whether a token would be asked for.

    Args:
        settings: sections web and metrics.
        environment: for the state folder.
        metrics: host and port that `run` opens for the metrics before the page's; None: none.

    Raises:
        MissingExtra: aiohttp is not installed.
        SettingsError: as `run`: a setting of the page is wrong, or there would be no token.
        Absent: the address is not available now; `run` tries again.
    """
    try:
        from edge.web import app, server  # noqa: F401  as WebPart imports them
        from edge.web.guard import Guard
    except ImportError as error:
        raise missing(error) from None
    token, scrape = tokens(settings, environment, look)
    Guard(settings.web, token, scrape=scrape)
    host, port = settings.web.host, settings.web.port
    with contextlib.ExitStack() as stack:
        if metrics:  # `run` opens it first; where it cannot, the check of the metrics says so
            with contextlib.suppress(EdgeError):
                stack.enter_context(listening(*metrics))
        try:
            listening(host, port).close()
        except AddressAbsent:
            if metrics and metrics[1] == port:
                raise Absent(f"{host}:{port}: [metrics] port is the same number; change one of the two") from None
            raise
    where = urls(host, port)[0] if port else f"a free port of {host}"
    return where + (", with a token" if token else "")
