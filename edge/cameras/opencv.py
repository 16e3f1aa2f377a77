"""USB and other V4L2 cameras, and network streams, through OpenCV."""

from __future__ import annotations

import logging
import math
import os
from pathlib import Path

import cv2
import numpy as np

from edge.address import redacted
from edge.cameras.by_id import DeviceNames
from edge.cameras.http import HttpGrabber, open_http
from edge.cameras.interlaced import Conversion, Interlaced
from edge.cameras.resolve import resolved
from edge.cameras.rtsp import diagnose
from edge.errors import SourceError
from edge.settings import SourceSettings
from edge.text import is_utf8, printable

SELECT_TIMEOUT = "OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT"  # in whole seconds
FFMPEG_OPTIONS = "OPENCV_FFMPEG_CAPTURE_OPTIONS"

_log = logging.getLogger(__name__)
# Of this process: a source is opened anew each time that its camera was lost.
_names = DeviceNames()


class CaptureGrabber:
    """Frames of an opened cv2.VideoCapture.

    Args:
        capture: of a device, or of OpenCV's FFmpeg.
        name: of the camera, for messages.
        conversion: retrieves the frames; None: `capture` does.
    """

    def __init__(self, capture: cv2.VideoCapture, name: str, conversion: Conversion | None = None) -> None:
        self._capture, self._name, self._conversion = capture, name, conversion
        self._any = False

    def read(self) -> np.ndarray:
        """The next frame, uint8 (H, W, 3) RGB.

        Raises:
            SourceError: the device or the stream gave no frame, or an interlaced one that this OpenCV cannot decode.
        """
        try:
            image = self._frame()
        except Interlaced:
            raise SourceError(
                f"{self._name}: the stream is interlaced, which OpenCV {cv2.__version__} cannot decode; set the camera "
                "to progressive, such as 1080p or 25p, or choose another of its streams"
            ) from None
        if image is None:
            codec = "" if self._any else codec_of(self._capture)
            if codec in UNCERTAIN:
                raise SourceError(
                    f"{self._name}: no frame of this {UNCERTAIN[codec]} stream can be decoded; set the camera to H.264"
                )
            raise SourceError(f"{self._name}: the camera gave no frame; is it still connected?")
        self._any = True
        return to_rgb(image)

    def _frame(self) -> np.ndarray | None:
        if self._conversion:
            return self._conversion.retrieve() if self._capture.grab() else None
        ok, image = self._capture.read()
        return image if ok else None

    def close(self) -> None:
        """Release the device."""
        self._capture.release()


# Codecs that some builds of OpenCV, or a camera's settings, cannot do; by their four letters.
UNCERTAIN = {
    "av01": "AV1", "AV01": "AV1", "hevc": "H.265 (HEVC)", "HEVC": "H.265 (HEVC)", "hev1": "H.265 (HEVC)",
    "hvc1": "H.265 (HEVC)",
}  # fmt: skip


def codec_of(capture: cv2.VideoCapture) -> str:
    """The four letters of a capture's codec, such as "hevc"; empty where it does not say."""
    code = int(capture.get(cv2.CAP_PROP_FOURCC))
    letters = (code & 0xFFFFFFFF).to_bytes(4, "little").decode("latin-1") if code > 0 else ""
    return letters if letters.isascii() and letters.isprintable() else ""


def to_rgb(image: np.ndarray) -> np.ndarray:
    """A picture as OpenCV reads it, grey (H, W), BGR (H, W, 3) or BGRA (H, W, 4), as RGB (H, W, 3)."""
    channels = 1 if image.ndim == 2 else image.shape[2]
    code = {1: cv2.COLOR_GRAY2RGB, 3: cv2.COLOR_BGR2RGB, 4: cv2.COLOR_BGRA2RGB}[channels]
    rgb: np.ndarray = cv2.cvtColor(image, code)
    return rgb


def device_node(source: str, root: Path = Path("/dev")) -> Path:
    """The device file that a source names, whether it is there or not."""
    name = source.removeprefix("v4l2:")
    return root / f"video{int(name)}" if name.isascii() and name.isdigit() and len(name) < 10 else Path(name)


def device_path(source: str, root: Path = Path("/dev")) -> Path:
    """The device file of a source: N and v4l2:N mean /dev/videoN, a path means itself (/dev/v4l/by-id/... is stable).

    Raises:
        SourceError: there is no such device, or no permission to use it.
    """
    path = device_node(source, root)
    if path == Path():
        raise SourceError(f"{source}: no camera is named; expected v4l2:N, such as v4l2:0, or a device file")
    if not path.exists():
        there = devices(root)
        fix = (
            f"choose one of {', '.join(map(str, there))}"
            if there
            else "none is connected; connect one or try --source demo"
        )
        raise SourceError(f"{_told(source, path)}no camera at {redacted(str(path))}; {fix}")
    if not is_utf8(str(path)):
        raise SourceError(f"{printable(path)}: its name is not UTF-8; link to it under another name: ln -s")
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


def open_device(settings: SourceSettings, root: Path = Path("/dev"), names: DeviceNames = _names) -> CaptureGrabber:
    """Open a V4L2 camera at the format, size and frame rate of the settings, or the nearest that it has.

    Args:
        settings: the source and what is asked of it.
        root: the folder of device files.
        names: where cameras opened before are remembered; one that came back under another number is found by its
            name in /dev/v4l/by-id.

    Raises:
        SourceError: there is no such device, no permission, it is in use, or not a camera.
    """
    node = device_node(settings.source, root)
    moved = names.moved(node)
    if moved:
        _log.info("%s: the camera is %s now", settings.source, moved.resolve())
    path = device_path(str(moved) if moved else settings.source, root)
    # OpenCV waits 10 s for a silent device, longer than the loop does: the driver would look stuck. OpenCV reads this
    # once, when it waits for the first time.
    os.environ.setdefault(SELECT_TIMEOUT, str(math.ceil(settings.timeout_s)))
    capture = cv2.VideoCapture(str(path), cv2.CAP_V4L2)
    if not capture.isOpened():
        raise SourceError(
            f"{_told(settings.source, path)}{path} cannot be opened; it is in use by another program, or not a camera"
        )
    if not moved:
        names.remember(node, root)
    format = settings.format
    if format == "auto" and settings.height > 480:  # raw pictures of this size are too much for USB 2
        format = "MJPG"
    if format != "auto":
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*format))
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, settings.width)
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, settings.height)
    capture.set(cv2.CAP_PROP_FPS, settings.fps)
    if settings.format not in ("auto", given := codec_of(capture)):
        _log.warning("%s: the camera has no format %s; it gives %s", settings.source, settings.format, given or "?")
    return CaptureGrabber(capture, settings.source)


def open_stream(settings: SourceSettings) -> CaptureGrabber | HttpGrabber:
    """Open a network camera: RTSP; over HTTP, MJPEG, single pictures, or whatever FFmpeg reads.

    Raises:
        SourceError: its name is not known, it does not answer within the time-out, or refuses the connection.
    """
    address = resolved(settings.source, settings.timeout_s)
    if address.lower().startswith("http") and (grabber := open_http(settings)):
        return grabber
    milliseconds = int(settings.timeout_s * 1000)
    limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, milliseconds, cv2.CAP_PROP_READ_TIMEOUT_MSEC, milliseconds]
    scheme, colon, rest = address.partition("://")
    if settings.rtsp_transport != "auto":
        # OpenCV reads this each time that it opens a stream; the user's own options come first.
        os.environ.setdefault(FFMPEG_OPTIONS, f"rtsp_transport;{settings.rtsp_transport}")
    capture = cv2.VideoCapture(scheme.lower() + colon + rest, cv2.CAP_FFMPEG, limits)
    name = redacted(settings.source)
    if not capture.isOpened():
        raise SourceError(f"{name}: {diagnose(address, settings.timeout_s)}")
    return CaptureGrabber(capture, name, Conversion(capture, first=True))
