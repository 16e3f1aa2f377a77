"""Cameras: one adapter a file, chosen by the source's words; edge/registry.py lists them.

| source | adapter |
|---|---|
| auto | picamera2 where there is a Pi camera, else the first V4L2 camera |
| picamera | cameras/pi.py |
| 0, v4l2:0, /dev/video0, /dev/v4l/by-id/... | cameras/opencv.py |
| rtsp://, rtsps://, http://, https:// | cameras/opencv.py; JPEGs over HTTP: cameras/http.py |
| demo | cameras/demo.py |
| a folder, a picture | cameras/folder.py |
| an animated GIF, WebP, PNG or AVIF | cameras/animation.py |
| any other file | cameras/clip.py |
| NAME or NAME:... of another package's entry point | that package |

A file that is named like a camera is reached as ./NAME.
"""

from __future__ import annotations

import dataclasses
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from edge.address import is_address, with_credentials
from edge.address import redacted as redacted
from edge.clock import Clock, SystemClock
from edge.errors import SourceError
from edge.files import KINDS
from edge.frame import Frame
from edge.ports import Camera
from edge.registry import CAMERAS, camera_name
from edge.settings import SourceSettings

STREAMS = ("rtsp", "rtsps", "http", "https")


def is_live(source: str) -> bool:
    """Whether the source is a camera that runs on its own, so that frames are dropped where the loop is late.

    Raises:
        AdapterError: the source is another package's camera, which cannot be imported.
    """
    name = _name(source)
    if name in CAMERAS.builtin:
        return CAMERAS.builtin[name].live
    return bool(name) and getattr(CAMERAS.load(name), "live", True)


def open_camera(settings: SourceSettings, clock: Clock | None = None) -> Camera:
    """Open the source of the settings; its frames are rotated and flipped as they say.

    A live camera is opened by its own thread: what is wrong with it is raised when the first frame is asked for.

    Raises:
        SourceError: there is no such source, or it cannot be read.
        AdapterError: the source is another package's camera, which cannot be imported.
        MissingExtra: the source needs a library that is not installed.
    """
    from edge.cameras.transform import TransformedCamera

    camera = _open(settings, clock or SystemClock())
    if settings.rotate or settings.flip != "none":
        return TransformedCamera(camera, settings.rotate, settings.flip)
    return camera


def _open(settings: SourceSettings, clock: Clock) -> Camera:
    source = settings.source
    name = _name(source) or _file_kind(source)
    if name == "stream":
        source = with_credentials(source, settings.user, settings.password_file, os.environ)
        settings = dataclasses.replace(settings, source=source)
    if is_live(source):
        from edge.cameras.live import LiveCamera

        # A module that cannot be imported is no fault of the camera's: it is raised here, not in the camera's thread.
        adapter = CAMERAS.load(name)
        return LiveCamera(lambda: adapter(settings), settings, clock)
    return cast(Camera, CAMERAS.load(name)(settings))


def _name(source: str) -> str:
    """The registered name of the camera that a source means; "" for files."""
    if name := camera_name(source):
        return name
    name = source.partition(":")[0]
    if os.path.exists(source) or name in CAMERAS.builtin or name not in CAMERAS:
        return ""
    return name


def _file_kind(source: str) -> str:
    """ "folder" (one picture, too), "animation" or "clip".

    Raises:
        SourceError: there is no such file, or it is a FIFO or a device, which may never give anything.
    """
    if not source:
        raise SourceError("the source is empty; expected a camera, a file or a folder; try --source demo")
    path = Path(source)
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError) as error:
        if is_address(source):
            if camera_name(source.strip()):
                raise SourceError(f"{redacted(source.strip())}: remove the spaces around the address") from None
            schemes = ", ".join(f"{scheme}://HOST/..." for scheme in STREAMS)
            raise SourceError(f"{redacted(source)}: not the address of a camera; expected {schemes}") from None
        if isinstance(error, ValueError | FileNotFoundError | NotADirectoryError):
            reason = f"no such file, folder or camera; {_meant(source) or 'try --source demo'}"
        else:
            reason = f"cannot be read ({error.strerror})"
        raise SourceError(f"{redacted(source)}: {reason}") from None
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        kind = KINDS.get(stat.S_IFMT(mode), "something else")
        raise SourceError(f"{redacted(source)}: {kind}, expected a regular file, a folder or a camera")
    from edge.picture.folder import is_picture
    from edge.picture.kinds import JPEG_SERIES

    if stat.S_ISDIR(mode):
        return "folder"
    if not is_picture(path) or path.suffix.lower() in JPEG_SERIES:
        return "clip"
    from edge.cameras.animation import is_animated

    return "animation" if is_animated(path) else "folder"


def _meant(source: str) -> str:
    """The camera that was probably meant by a word with other capitals, spaces or letters; "" for none."""
    word = source.strip().lower()
    names = [name for name in CAMERAS.builtin if camera_name(name)]
    import difflib  # for mistakes alone

    near = word if camera_name(word) else next(iter(difflib.get_close_matches(word, names, 1, 0.8)), "")
    return f"did you mean {redacted(near)}?" if near else ""


def frames(camera: Camera) -> Iterator[Frame]:
    """The camera's frames, without the pauses of a live one."""
    return (frame for frame in camera if frame is not None)
