"""A clip: a video file, decoded frame by frame on its own clock."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from pathlib import Path

import cv2

from edge.cameras.timestamps import Timestamps, plausible_fps
from edge.errors import SourceError
from edge.frame import Frame
from edge.settings import SourceSettings

_log = logging.getLogger(__name__)


class ClipCamera:
    """Every frame of a video file, `time` by its container's time stamps, from 0.

    A damaged file is played as far as it goes, with a warning.

    Args:
        path: the file, in any format that OpenCV's FFmpeg decodes.
        fps: frames per second where neither time stamps nor the file's header say.

    Attributes:
        length: how many frames the file declares, or None.

    Raises:
        SourceError: the file cannot be read or decoded; while iterating: it has no frame.
    """

    live = False
    stuck = False

    def __init__(self, path: Path, fps: float = 30.0) -> None:
        self._path = path
        try:
            with open(path, "rb") as file:
                empty = not file.read(1)
        except OSError as error:
            raise SourceError(f"{path}: cannot read the clip ({error.strerror or error})") from None
        if empty:
            raise SourceError(f"{path}: the file is empty")
        self._capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
        if not self._capture.isOpened():
            raise SourceError(
                f"{path}: not a clip or picture that can be decoded; its beginning or its end may be missing"
            )
        declared = self._capture.get(cv2.CAP_PROP_FPS)
        self.fps = plausible_fps(declared, fps)
        frames = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        self.length = int(frames) if math.isfinite(frames) and 0 < frames < 1e9 else None

    def __iter__(self) -> Iterator[Frame]:
        index = 0
        times = Timestamps(self.fps)
        while True:
            ok, image = self._capture.read()
            if not ok:
                break
            time = times.next(self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)
            yield Frame(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), time, index)
            index += 1
        if index == 0:
            raise SourceError(f"{self._path}: no frame of this clip can be decoded")
        declared = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        if broke_off(index, declared):
            _log.warning("%s: the clip breaks off after %d of %d frames", self._path, index, declared)

    def close(self) -> None:
        """Close the file."""
        self._capture.release()


def broke_off(decoded: int, declared: float) -> bool:
    """Whether a clip gave clearly fewer frames than its header declares; some containers only estimate the number."""
    return math.isfinite(declared) and decoded < declared - max(2.0, 0.02 * declared)


def open_clip(settings: SourceSettings) -> ClipCamera:
    """The clip of the settings.

    Raises:
        SourceError: it cannot be read or decoded.
    """
    return ClipCamera(Path(settings.source), settings.fps)
