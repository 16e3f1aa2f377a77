"""`edge-emotion web`: the web page, with a camera or clip on it if one is named."""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from edge import cameras, config
from edge.clock import SystemClock
from edge.daemon import firmware
from edge.daemon.control import Control
from edge.daemon.health import Health
from edge.daemon.loop import Loop, Parts
from edge.daemon.supervisor import POLL_S, ReconnectingCamera
from edge.daemon.systemd import Systemd
from edge.journals.backwards import read_last
from edge.pipeline.factory import open_pipeline
from edge.ports import Camera
from edge.screens.none import NoScreen
from edge.settings import Settings, WebSettings
from edge.values import given, whole_number
from edge.web.hub import Hub, WatchedScreen
from edge.web.part import WatchedControl, WebPart, token_for
from edge.web.repeat import RepeatingCamera

_log = logging.getLogger(__name__)

EXAMPLES = (
    "edge-emotion web",
    "edge-emotion web --source demo",
    "edge-emotion web --source /dev/video0 --host 0.0.0.0",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    host, port = WebSettings.host, WebSettings.port
    parser.add_argument(
        "--host", type=given, help=f"address to serve on; 0.0.0.0: all networks, with a token (default: {host})"
    )
    parser.add_argument("--port", type=whole_number(0, 65535), help=f"TCP port; 0: any free one (default: {port})")
    parser.add_argument("--source", type=given, help="also show this source live, as for run (default: none)")
    parser.add_argument(
        "--journal", type=Path, metavar="FILE", help="show the history of this journal (default: the service's)"
    )
    parser.add_argument("--open", action="store_true", help="open the page in a browser, if there is a display")
    config.add_flags(parser, "models", "engine")


def main(arguments: argparse.Namespace) -> int:
    """Serve until SIGINT, SIGTERM or SIGHUP.

    Raises:
        EdgeError: wrong settings or models, a file that is no journal, an address that is not available, or aiohttp
            is missing.
    """
    settings = _settings(arguments)
    if arguments.journal and os.path.exists(arguments.journal):
        read_last([arguments.journal], 1)
    token = token_for(settings.web, os.environ, once=True)
    clock = SystemClock()
    # Try the models, and a clip, before printing an address; a camera may still come.
    open_pipeline(settings, live=False).close()
    if arguments.source and not cameras.is_live(settings.source.source):
        cameras.open_camera(settings.source, clock).close()
    lost: list[ReconnectingCamera] = []
    hub = Hub(clock, lambda: lost[0].lost if lost else "")
    watched = bool(arguments.source)
    control = WatchedControl(hub, clock) if watched else Control(clock)
    control.listen()
    with contextlib.ExitStack() as stack:
        part = WebPart(settings, hub, control if watched else None, live=watched, token=token)
        stack.callback(part.close)
        _print(part.urls, token.secret if token else "")
        if arguments.open:
            open_browser(part.urls[0], os.environ)
        if not watched:
            while not control.stopped:
                time.sleep(POLL_S)
            return 0
        camera = _camera(settings, clock)
        lost.append(camera)
        pipeline = open_pipeline(settings)
        stack.callback(pipeline.close)
        Loop(
            Parts(
                camera=camera,
                pipeline=pipeline,
                screen=WatchedScreen(NoScreen(), hub),
                sinks=(),
                systemd=Systemd({}, clock),
                control=control,
                health=Health(settings.health, firmware.read, pipeline.fallbacks),
                clock=clock,
                settings=settings,
                paced=True,
            )
        ).run()
    return 0


def _settings(arguments: argparse.Namespace) -> Settings:
    settings = config.from_arguments(arguments)
    given: dict[str, Any] = {"host": arguments.host, "port": arguments.port}
    changed = {key: value for key, value in given.items() if value is not None}
    settings = replace(settings, web=replace(settings.web, **changed))
    if arguments.journal:
        settings = replace(settings, journal=replace(settings.journal, file=str(arguments.journal)))
    if arguments.source:
        settings = replace(settings, source=replace(settings.source, source=arguments.source))
    return replace(settings, screen=replace(settings.screen, kind="none"))


def _camera(settings: Settings, clock: SystemClock) -> ReconnectingCamera:
    """The source; one that ends begins again."""
    live = cameras.is_live(settings.source.source)

    def open_camera() -> Camera:
        return cameras.open_camera(settings.source, clock)

    make = open_camera if live else lambda: RepeatingCamera(open_camera)
    return ReconnectingCamera(make, settings.source, clock, live=live, wait=True)


def open_browser(url: str, environment: Mapping[str, str]) -> bool:
    """Ask the desktop to show the page; False where there is none."""
    opener = shutil.which("xdg-open", path=environment.get("PATH"))
    if opener is None or not (environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")):
        return False
    quiet = subprocess.DEVNULL
    subprocess.Popen([opener, url], stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)
    return True


def _print(urls: list[str], token: str) -> None:
    first, *others = urls
    also = f" or {' or '.join(others)}" if others else ""
    print(f"{first}{also} (Ctrl-C stops it)", flush=True)
    if token:
        print(f"token: {token}", flush=True)
