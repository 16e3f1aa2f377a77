"""USB and other V4L2 cameras, and network streams, through OpenCV."""

from __future__ import annotations

import math
import os
from pathlib import Path

import cv2
import numpy as np

from edge.address import redacted
from edge.errors import SourceError
from edge.settings import SourceSettings

SELECT_TIMEOUT = "OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT"  # in whole seconds


class CaptureGrabber:
    """Frames of an opened cv2.VideoCapture."""

    def __init__(self, capture: cv2.VideoCapture, name: str) -> None:
        self._capture, self._name = capture, name

    def read(self) -> np.ndarray:
        """The next frame, uint8 (H, W, 3) RGB.

        Raises:
            SourceError: the device or the stream gave no frame.
        """
        ok, image = self._capture.read()
        if not ok or image is None:
            raise SourceError(f"{self._name}: the camera gave no frame; is it still connected?")
        return to_rgb(image)

    def close(self) -> None:
        """Release the device."""
        self._capture.release()


def to_rgb(image: np.ndarray) -> np.ndarray:
    """A picture as OpenCV reads it, grey (H, W), BGR (H, W, 3) or BGRA (H, W, 4), as RGB (H, W, 3)."""
    channels = 1 if image.ndim == 2 else image.shape[2]
    code = {1: cv2.COLOR_GRAY2RGB, 3: cv2.COLOR_BGR2RGB, 4: cv2.COLOR_BGRA2RGB}[channels]
    rgb: np.ndarray = cv2.cvtColor(image, code)
    return rgb


def device_path(source: str, root: Path = Path("/dev")) -> Path:
    """The device file of a source: N and v4l2:N mean /dev/videoN, a path means itself (/dev/v4l/by-id/... is stable).

    Raises:
        SourceError: there is no such device, or no permission to use it.
    """
    name = source.removeprefix("v4l2:")
    path = root / f"video{name}" if name.isdigit() else Path(name)
    if not path.exists():
        there = devices(root)
        fix = f"choose one of {', '.join(map(str, there))}" if there else "none is connected"
        raise SourceError(f"{_told(source, path)}no camera at {redacted(str(path))}; {fix}")
    if not os.access(path, os.R_OK | os.W_OK):
        raise SourceError(f"{_told(source, path)}no permission for {path}; add the user to the group 'video'")
    return path


def _told(source: str, path: Path) -> str:
    """The source, for the beginning of a message about the path; empty where both are the same."""
    return "" if source == str(path) else f"{redacted(source)}: "


def devices(root: Path = Path("/dev")) -> list[Path]:
    """The V4L2 device files, by number; not every one of them is a camera."""
    found = [path for path in root.glob("video*") if path.name.removeprefix("video").isdigit()]
    return sorted(found, key=lambda path: int(path.name.removeprefix("video")))


def open_device(settings: SourceSettings, root: Path = Path("/dev")) -> CaptureGrabber:
    """Open a V4L2 camera at the size and frame rate of the settings, or the nearest that it has.

    Raises:
        SourceError: there is no such device, no permission, it is in use, or not a camera.
    """
    path = device_path(settings.source, root)
    # OpenCV waits 10 s for a silent device, longer than the loop does: the driver would look stuck. OpenCV reads this
    # once, when it waits for the first time.
    os.environ.setdefault(SELECT_TIMEOUT, str(math.ceil(settings.timeout_s)))
    capture = cv2.VideoCapture(str(path), cv2.CAP_V4L2)
    if not capture.isOpened():
        raise SourceError(
            f"{_told(settings.source, path)}{path} cannot be opened; it is in use by another program, or not a camera"
        )
    if settings.height > 480:  # raw pictures of this size are too much for USB 2
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, settings.width)
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, settings.height)
    capture.set(cv2.CAP_PROP_FPS, settings.fps)
    return CaptureGrabber(capture, settings.source)


def open_stream(settings: SourceSettings) -> CaptureGrabber:
    """Open a network camera (RTSP, or MJPEG over HTTP).

    Raises:
        SourceError: it does not answer within the time-out, or refuses the connection.
    """
    milliseconds = int(settings.timeout_s * 1000)
    limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, milliseconds, cv2.CAP_PROP_READ_TIMEOUT_MSEC, milliseconds]
    scheme, colon, rest = settings.source.partition("://")
    capture = cv2.VideoCapture(scheme.lower() + colon + rest, cv2.CAP_FFMPEG, limits)
    name = redacted(settings.source)
    if not capture.isOpened():
        raise SourceError(f"{name}: the stream cannot be opened; check the address, its user and its password")
    return CaptureGrabber(capture, name)
