"""The checks of `edge-emotion doctor` of what leaves the program: the sinks, by their own checks, and the page."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping

from edge.commands.doctor_finding import WARN, Finding, asked, service_status
from edge.daemon.folders import with_service
from edge.errors import EdgeError, one_line
from edge.registry import SINKS
from edge.settings import Settings
from edge.sinks import builtin_names, other_names
from edge.sinks.metrics import own_address

WORDS = {"event_hook": "on_event"}  # what people call a sink of ours, where that is not its name
START = "`run` starts all the same"


def builtin_sinks(settings: Settings, status: Callable[[], str] = service_status) -> Iterator[Finding]:
    """The sinks of ours that are on, as `run` would open them.

    Args:
        settings: the settings.
        status: gets the status of the service; replaced in tests.
    """
    for name in builtin_names(settings):
        yield _sink(settings, name, WORDS.get(name, name), status)


def other_sinks(settings: Settings) -> Iterator[Finding]:
    """The sinks of other packages, if any are named: whether they can be imported, and what their checks say."""
    for name in other_names(settings):
        try:
            yield _sink(settings, name, f"sink {name}")
        except Exception as error:  # a stranger's check may raise anything, which says nothing about `run`
            yield Finding(WARN, f"sink {name}", f"its check failed ({type(error).__name__}: {one_line(error)})")


def page(
    settings: Settings, status: Callable[[], str] = service_status, environment: Mapping[str, str] = os.environ
) -> Iterator[Finding]:
    """The web page, if `run` is to serve it.

    Args:
        settings: the settings.
        status: gets the status of the service; replaced in tests.
        environment: for the state folder; without one, the service's counts where there is one.
    """
    if not settings.web.enabled:
        return
    from edge.web.check import check

    metrics = own_address(settings) if settings.metrics.on else None
    seen = with_service(environment)

    def ask() -> str:
        where = check(settings, seen, metrics)
        if seen is not environment:
            try:
                check(settings, environment, metrics)
            except EdgeError:  # such as a token that only the service has: `run` by hand would refuse
                return f"{where} (as the service)"
        return where

    finding = asked("page", ask, status, prefix="[web] ")
    folder = seen.get("STATE_DIRECTORY", "")
    if seen is not environment and folder in finding.text and not os.access(folder, os.R_OK | os.X_OK):
        finding = Finding(WARN, "page", f"{folder}: this user cannot read the service's folder; run this with sudo")
    yield finding


def _sink(settings: Settings, name: str, about: str, status: Callable[[], str] = service_status) -> Finding:
    def ask() -> str:
        check = SINKS.check(name)
        return str(check(settings)) if check else "installed"

    section = {"event_hook": "maker"}.get(name, name)
    prefix = f"sink {name}: " if about != name else f"[{section}] "
    # Nobody looks for a command again, as for a broker: each event tries to start it.
    return asked(about, ask, status, prefix, *([START] if name == "event_hook" else ()))
