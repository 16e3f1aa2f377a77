"""Cameras: one adapter a file, loaded by the name of the source. Vendor libraries load inside the adapters.

| source | adapter |
|---|---|
| auto | picamera2 where the Pi's camera is, else the first V4L2 camera |
| picamera | cameras/pi.py |
| v4l2:N, rtsp://, rtsps://, http://, https:// | cameras/opencv.py |
| demo | cameras/demo.py |
| a folder, a picture | cameras/folder.py |
| any other file | cameras/clip.py |
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from edge.clock import Clock, SystemClock
from edge.errors import SourceError
from edge.frame import Frame
from edge.ports import Camera
from edge.settings import SourceSettings

if TYPE_CHECKING:
    from edge.cameras.live import Grabber
    from edge.cameras.pi import Preview

LIVE = ("auto", "picamera")
LIVE_PREFIXES = ("v4l2:", "rtsp://", "rtsps://", "http://", "https://")


def is_live(source: str) -> bool:
    """Whether the source is a camera that runs on its own, whose frames are dropped where the loop is late.

    A file called like a camera is reached as ./auto.
    """
    return source in LIVE or source.startswith(LIVE_PREFIXES)


def open_camera(settings: SourceSettings, clock: Clock | None = None, preview: Preview | None = None) -> Camera:
    """Open the source of the settings, its frames turned as they say.

    The Pi's camera is offered to `preview`, which may show it without the loop's help.
    A live camera is opened by its own thread: what is wrong with it is raised when the first frame is asked for.

    Raises:
        SourceError: no such source, or it cannot be read.
        MissingExtra: the source needs a library that is not installed.
    """
    from edge.cameras.transform import TransformedCamera

    camera = _open(settings, clock or SystemClock(), preview)
    return (
        TransformedCamera(camera, settings.rotate, settings.flip)
        if settings.rotate or settings.flip != "none"
        else camera
    )


def _open(settings: SourceSettings, clock: Clock, preview: Preview | None) -> Camera:
    source = settings.source
    if is_live(source):
        from edge.cameras.live import LiveCamera

        return LiveCamera(lambda: _grabber(settings, preview), settings, clock)
    if source == "demo":
        from edge.cameras.demo import DemoCamera

        return DemoCamera()
    path = Path(source)
    if not path.exists():
        raise SourceError(f"{redacted(source)}: no such file, folder or camera; try --source demo")
    from edge.cameras.folder import FolderCamera
    from edge.picture.folder import is_picture

    if path.is_dir() or is_picture(path):
        return FolderCamera(path, settings.fps, settings.max_megapixels)
    from edge.cameras.clip import ClipCamera

    return ClipCamera(path, settings.fps)


def _grabber(settings: SourceSettings, preview: Preview | None) -> Grabber:
    """The driver's side of a live camera; runs in its thread."""
    if settings.source == "auto":
        from edge.cameras.auto import open_auto

        return open_auto(settings, preview=preview)
    if settings.source == "picamera":
        from edge.cameras.pi import PiGrabber

        return PiGrabber(settings, preview=preview)
    from edge.cameras.opencv import open_device, open_stream

    return open_device(settings) if settings.source.startswith("v4l2:") else open_stream(settings)


def frames(camera: Camera) -> Iterator[Frame]:
    """The camera's frames, without the pauses of a live one."""
    return (frame for frame in camera if frame is not None)


def redacted(source: str) -> str:
    """The source as it may be shown and written down: without the user and password of an address."""
    return re.sub(r"(?<=://)[^/]*@", "***@", source)
