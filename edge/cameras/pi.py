"""The Raspberry Pi's own camera, through picamera2 (apt install python3-picamera2)."""

from __future__ import annotations

import gc
from typing import Any

import cv2
import numpy as np

from edge.errors import CameraTimeout, SourceError, one_line
from edge.settings import SourceSettings

CONTINUOUS = 2  # libcamera's AfModeEnum.Continuous
# libcamera names a format by its bytes in a little-endian word: "RGB888" lies in memory as B, G, R.
CONVERSIONS = {
    "RGB888": cv2.COLOR_BGR2RGB,
    "BGR888": None,
    "XRGB8888": cv2.COLOR_BGRA2RGB,
    "XBGR8888": cv2.COLOR_RGBA2RGB,
    "YUV420": cv2.COLOR_YUV2RGB_I420,
    "NV12": cv2.COLOR_YUV2RGB_NV12,
}


def to_rgb(array: np.ndarray, format: str) -> np.ndarray:
    """What `capture_array` gives in one of the formats of CONVERSIONS, as uint8 (H, W, 3) RGB, a new array.

    The planar formats come as (H * 3 / 2, W).

    Raises:
        SourceError: another format.
    """
    if format not in CONVERSIONS:
        raise SourceError(f"picamera: expected one of the formats {', '.join(CONVERSIONS)}, got {format}")
    code = CONVERSIONS[format]
    return np.array(array) if code is None else cv2.cvtColor(array, code)


class PiGrabber:
    """Frames of a Picamera2.

    Args:
        settings: size, frame rate and time-out.
        library: the module picamera2, or its stand-in in tests.

    Raises:
        SourceError: picamera2 is not installed, no camera is connected, it is in use, or it cannot be started.
    """

    def __init__(self, settings: SourceSettings, library: Any = None) -> None:
        library = library or load()
        try:
            there = library.Picamera2.global_camera_info()
        except Exception as error:  # whatever libcamera's own libraries raise, where they do not fit together
            raise SourceError(f"picamera: libcamera does not work ({one_line(error)}); try: rpicam-hello") from None
        if not there:
            raise SourceError("picamera: no camera is connected; check its cable with: rpicam-hello --list-cameras")
        self._timeout_s = settings.timeout_s
        try:
            self._camera: Any = library.Picamera2()
        except (RuntimeError, IndexError) as error:
            raise SourceError(f"picamera: cannot be opened, it may be in use ({one_line(error)})") from None
        try:
            self._format = self._start(settings)
        except (RuntimeError, OSError, KeyError, SourceError) as error:
            self.close()
            reason = error if isinstance(error, SourceError) else f"picamera: cannot be started ({one_line(error)})"
            raise SourceError(str(reason)) from None

    def _start(self, settings: SourceSettings) -> str:
        """Configure and start; the name of the format that libcamera settled on."""
        controls: dict[str, float] = {"FrameRate": settings.fps}
        # Exposure and white balance are left to the camera. A module with a fixed lens has no such control.
        if settings.autofocus and "AfMode" in self._camera.camera_controls:
            controls["AfMode"] = CONTINUOUS
        configuration = self._camera.create_video_configuration(
            main={"size": (settings.width, settings.height), "format": "RGB888"},
            controls=controls,
            buffer_count=4,
        )
        self._camera.configure(configuration)
        format: str = self._camera.camera_configuration()["main"]["format"]
        if format not in CONVERSIONS:
            raise SourceError(f"picamera: expected one of the formats {', '.join(CONVERSIONS)}, got {format}")
        self._camera.start()
        return format

    def read(self) -> np.ndarray:
        """The next frame, uint8 (H, W, 3) RGB.

        Raises:
            CameraTimeout: none came within the time-out.
        """
        try:
            # An array of its own: capture_array copies out of the borrowed buffer and gives that back.
            array = self._camera.capture_array("main", wait=self._timeout_s)
        except TimeoutError:
            raise CameraTimeout(f"picamera: the camera gave no frame for {self._timeout_s:g} s") from None
        return to_rgb(array, self._format)

    def close(self) -> None:
        """Stop and release the camera."""
        camera, self._camera = self._camera, None
        if camera is not None:
            camera.close()
            del camera
            # A closed Picamera2 refers to itself: its file descriptors and frame memory, which is scarce on a Pi, would
            # be kept until the garbage collector runs.
            gc.collect()


def load() -> Any:
    """The module picamera2.

    Raises:
        SourceError: it is not installed where this Python looks, or does not fit the libraries that are.
    """
    try:
        import picamera2
    except ImportError as error:
        raise SourceError(
            f"picamera: picamera2 cannot be imported ({one_line(error)}); sudo apt install python3-picamera2, and make "
            f"the virtual environment with --system-site-packages"
        ) from None
    except Exception as error:  # "numpy.dtype size changed": apt's libraries with another numpy of pip's
        raise SourceError(
            f"picamera: picamera2 does not fit the libraries of this Python ({one_line(error)}); remove those that pip "
            f"installed beside apt's, or run systemd/install.sh again"
        ) from None
    return picamera2
