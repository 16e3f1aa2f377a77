"""Whatever camera there is: the Pi's own, else the first V4L2 device that gives a picture."""

from __future__ import annotations

import dataclasses
import importlib.util
import logging
from collections.abc import Callable
from pathlib import Path

from edge.cameras.live import Grabber
from edge.cameras.opencv import devices, open_device
from edge.errors import EdgeError, SourceError
from edge.settings import SourceSettings

_log = logging.getLogger(__name__)


def open_auto(settings: SourceSettings, root: Path = Path("/dev")) -> Grabber:
    """Open the first camera that works; the log says which one it is.

    Raises:
        SourceError: none works; the message says what was tried.
    """
    tried = []
    for name, opener in _candidates(settings, root):
        try:
            grabber = opener()
        except EdgeError as error:
            tried.append(str(error))
            continue
        _log.info("auto: using %s", name)
        return grabber
    reasons = "; ".join(tried) or "no /dev/video* and no picamera2"
    raise SourceError(f"auto: no camera found ({reasons}); connect one or try --source demo")


def _candidates(settings: SourceSettings, root: Path) -> list[tuple[str, Callable[[], Grabber]]]:
    found: list[tuple[str, Callable[[], Grabber]]] = []
    if importlib.util.find_spec("picamera2"):
        from edge.cameras.pi import PiGrabber

        found.append(("picamera", lambda: PiGrabber(settings)))
    for path in devices(root):
        one = dataclasses.replace(settings, source=f"v4l2:{path}")
        found.append((one.source, lambda one=one: _proven(one, root)))  # type: ignore[misc]
    return found


def _proven(settings: SourceSettings, root: Path) -> Grabber:
    """An opened device that gave one frame: a Pi has many /dev/video* that are not cameras."""
    grabber = open_device(settings, root)
    try:
        grabber.read()
    except SourceError:
        grabber.close()
        raise
    return grabber
