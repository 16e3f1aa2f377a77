"""Frames that OpenCV gives although it could not convert them: whatever was in its memory before, such as another clip.

OpenCV 4.13 and 4.14, with FFmpeg 8, refuse frames that are flagged as interlaced, as camcorders, DVDs and broadcasts
have them. `retrieve` says nothing of it, only FFmpeg's log does.
"""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Iterator
from functools import cache

import cv2
import numpy as np

from edge.standard_error import set_aside

COMPLAINT = b"interlaced"
ERRORS = 16  # AV_LOG_ERROR
STEP = 7  # of the pixels that are compared
DEINTERLACE = "convert it: ffmpeg -i IN -vf yadif OUT.mp4"


class Interlaced(Exception):
    """The frame that was grabbed cannot be converted."""


class Conversion:
    """Retrieves the frames of a capture, and finds out which of them are not what the file holds.

    Asking FFmpeg's log takes a second conversion, so only frames are checked that are suspect: the first, and those
    that are as the one before, which is what a refused conversion leaves.

    Args:
        capture: of OpenCV's FFmpeg.
        first: check the first frame alone.
    """

    def __init__(self, capture: cv2.VideoCapture, first: bool = False) -> None:
        self._capture, self._first = capture, first
        self._before: np.ndarray | None = None

    def retrieve(self) -> np.ndarray | None:
        """The frame that was grabbed, uint8 (H, W, 3) BGR; None if it is damaged.

        Raises:
            Interlaced: this OpenCV cannot convert it.
        """
        before = self._before
        if before is None and refused(self._capture):
            raise Interlaced
        ok, image = self._capture.retrieve()
        if not ok or image is None:
            return None
        frame: np.ndarray = image
        self._before = frame[::STEP, ::STEP].copy()
        if before is not None and not self._first and np.array_equal(self._before, before) and refused(self._capture):
            raise Interlaced
        return frame


def refused(capture: cv2.VideoCapture) -> bool:
    """Whether FFmpeg refuses to convert the frame that was grabbed."""
    with set_aside() as lines, _logged():
        capture.retrieve()
    return any(COMPLAINT in line for line in lines)


@contextlib.contextmanager
def _logged() -> Iterator[None]:
    """FFmpeg writes its errors to standard error, whatever OPENCV_FFMPEG_LOGLEVEL says."""
    silent = [(library, level) for library in _loaded() if (level := library.av_log_get_level()) < ERRORS]
    for library, _ in silent:
        # With that variable set, OpenCV has FFmpeg write to standard output, where the journal may go.
        library.av_log_set_callback(library.av_log_default_callback)
        library.av_log_set_level(ERRORS)
    try:
        yield
    finally:
        for library, level in silent:
            library.av_log_set_level(level)


@cache
def _loaded() -> tuple[ctypes.CDLL, ...]:
    """The libavutil that OpenCV brought with it; of a distribution's OpenCV, all that are loaded."""
    with contextlib.suppress(OSError), open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as maps:
        paths = {line.split(maxsplit=5)[5].strip() for line in maps if "/libavutil" in line}
        own = {path for path in paths if "opencv" in path}
        return tuple(ctypes.CDLL(path) for path in sorted(own or paths))
    return ()
