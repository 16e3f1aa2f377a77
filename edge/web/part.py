"""The page as a part of a process that owns a camera: what `run` and `web` start and close."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from edge.clock import Clock
from edge.daemon.control import Control
from edge.daemon.folders import state_file
from edge.errors import MissingExtra, SettingsError
from edge.journals.location import SERVICE, journal_file
from edge.machine import pip
from edge.pipeline.factory import open_pipeline
from edge.ports import MetricsPage
from edge.settings import MetricsSettings, Settings, WebSettings
from edge.web.address import is_loopback, urls
from edge.web.hub import Hub
from edge.web.token import Token, load, new, token_file

_log = logging.getLogger(__name__)

SCRAPE_TOKEN = "metrics-token"


class WatchedControl(Control):
    """Also pauses while nobody watches: then the camera is off.

    Args:
        hub: knows whether somebody does.
        clock, pause_file: as of Control.
    """

    def __init__(self, hub: Hub, clock: Clock, pause_file: Path | None = None) -> None:
        super().__init__(clock, pause_file)
        self._hub = hub

    @property
    def asked(self) -> bool:
        """Whether somebody asked for a pause."""
        return super().paused

    @property
    def paused(self) -> bool:
        """Whether somebody asked for a pause, or nobody watches."""
        return super().paused or not self._hub.watched


class Pause:
    """What pauses the loop, as the page needs it.

    Args:
        control: of the loop.
    """

    def __init__(self, control: Control) -> None:
        self._control = control

    @property
    def asked(self) -> bool:
        """Whether somebody asked for a pause."""
        control = self._control
        return control.asked if isinstance(control, WatchedControl) else control.paused

    def pause(self) -> None:
        """Ask for a pause."""
        self._control.pause()

    def resume(self) -> None:
        """Withdraw the request."""
        self._control.resume()


class WebPart:
    """The page, served until it is closed.

    Args:
        settings: section web, how the screen marks faces, and what uploaded pictures and the history need.
        hub: where the loop shows.
        control: pauses the loop; None: there is none.
        live: whether the picture may be shown.
        token: what every request needs; None: only this machine can reach the page.
        patient: try again where the address is taken.
        environment: for the journal's place.
        metrics: what Prometheus reads at /metrics; None: nothing.
        scrape: a token that lets other machines read that and nothing else.

    Raises:
        MissingExtra: aiohttp is not installed.
        EdgeError: the address is not available, and `patient` is off.
    """

    def __init__(
        self,
        settings: Settings,
        hub: Hub,
        control: Control | None,
        *,
        live: bool,
        token: Token | None,
        patient: bool = False,
        environment: Mapping[str, str] = os.environ,
        metrics: MetricsPage | None = None,
        scrape: Token | None = None,
    ) -> None:
        try:
            from edge.web.app import Site, create_app
            from edge.web.guard import Guard
            from edge.web.server import Server
        except ImportError as error:
            raise missing(error) from None
        site = Site(
            hub=hub,
            guard=Guard(settings.web, token, scrape=scrape),
            open_pipeline=lambda: open_pipeline(settings, live=False),
            journal=journal(settings, environment),
            control=Pause(control) if control else None,
            live=live,
            metrics=metrics,
            style=settings.screen.style,
        )
        make: Callable[[], object] = lambda: create_app(site)  # noqa: E731
        self._server = Server(make, settings.web.host, settings.web.port, patient=patient)  # type: ignore[arg-type]
        self._host = settings.web.host
        self.port = self._server.start()

    @property
    def urls(self) -> list[str]:
        """The addresses that a person can type."""
        return urls(self._host, self.port)

    def close(self) -> None:
        """Stop serving."""
        self._server.close()


def tokens(
    settings: Settings, environment: Mapping[str, str], get: Callable[[Path], Token] = load
) -> tuple[Token | None, Token | None]:
    """The tokens of `run`: the page's, and the one that opens nothing but /metrics; None as of the two functions below.

    Args:
        settings: sections web and metrics.
        environment: for the state folder.
        get: the token of a file: `load`, or `look`, which makes no file.

    Raises:
        SettingsError: as of the two functions below.
    """
    token = token_for(settings.web, environment, get=get)
    return token, scrape_token(settings.metrics, environment, get) if token and settings.metrics.on else None


def token_for(
    settings: WebSettings, environment: Mapping[str, str], once: bool = False, get: Callable[[Path], Token] = load
) -> Token | None:
    """The token that every request needs; None where only this machine can reach the page and no file is named, or
    where a proxy has its users log in.

    Args:
        settings: host and token_file.
        environment: for the state folder.
        once: make one for this run where there is no place to keep one.
        get: as of `tokens`.

    Raises:
        SettingsError: other machines could reach the page, and there is no token; or the file is not usable.
    """
    if settings.proxy.strip():
        return None
    file = token_file(settings, environment)
    if file is None and settings.token_file not in ("auto", ""):
        file = Path(settings.token_file)
    if is_loopback(settings.host) and (file is None or settings.token_file == "auto"):
        return None
    if file is not None:
        return get(file)
    if once:
        return new()
    raise SettingsError(
        f"[web] host = {settings.host!r}: other machines could reach the page without a token; set [web] token_file"
    )


def scrape_token(
    settings: MetricsSettings, environment: Mapping[str, str], get: Callable[[Path], Token] = load
) -> Token | None:
    """The token for /metrics; None: there is no place to keep one, so that only the page's own token will do.

    Raises:
        SettingsError: the file is not usable.
    """
    file = state_file(SCRAPE_TOKEN, environment) if settings.token_file == "auto" else Path(settings.token_file or ".")
    return get(file) if file is not None and settings.token_file else None


def journal(settings: Settings, environment: Mapping[str, str]) -> Path | None:
    """The journal that the history is of: the settings', else the service's where it can be read."""
    file = journal_file(settings.journal, environment)
    if file != "-":
        path = Path(file)
        return path if path.is_file() or not path.exists() else None
    return SERVICE if os.access(SERVICE, os.R_OK) else None


def missing(error: ImportError) -> MissingExtra:
    """What to install, by the pip of this very Python."""
    if not str(error.name or "").startswith(("aiohttp", "multidict", "yarl")):
        raise error
    command = pip("install 'aiohttp>=3.14,<4'")
    return MissingExtra(f"aiohttp is not installed; install it with: {command}")


def announce(settings: Settings, token: Token | None, environment: Mapping[str, str]) -> None:
    """Log under which addresses the service's page can be reached, and where its token is."""
    where = urls(settings.web.host, settings.web.port) if settings.web.port else []
    file = token_file(settings.web, environment)
    hint = f"; its token is in {file}" if token and file else ""
    _log.info("web page: %s%s", " or ".join(where) or f"on a free port of {settings.web.host}", hint)
