"""Frames that OpenCV gives although it could not convert them: whatever was in its memory before, such as another clip.

OpenCV 4.13 and 4.14, with FFmpeg 8, refuse frames that are flagged as interlaced, as camcorders, DVDs and broadcasts
have them. `retrieve` says nothing of it, only FFmpeg's log does.
"""

from __future__ import annotations

import contextlib
import ctypes
import threading
from collections.abc import Iterator

import cv2
import numpy as np

COMPLAINT = b"Cannot convert interlaced to progressive"
ERRORS, LINE = 16, 1024  # AV_LOG_ERROR; bytes of a line that are looked at
STEP = 7  # of the pixels that are compared
ARGUMENTS = (  # of av_log_format_line2
    ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int,
    ctypes.POINTER(ctypes.c_int),
)  # fmt: skip
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
    with _lock, _listening():
        _complaints.clear()
        capture.retrieve()
        return bool(_complaints)


def _hear(source: int | None, level: int, text: bytes | None, arguments: int | None) -> None:
    """What FFmpeg calls for each line of its log, whatever its level is set to; not formatted yet."""
    if level > ERRORS or not text:
        return
    line, prefix = ctypes.create_string_buffer(LINE), ctypes.c_int(0)
    write = _libraries[0].av_log_format_line2
    # A va_list is passed on as the pointer that it comes as.
    write.argtypes = ARGUMENTS
    write(source, level, text, arguments, line, LINE, ctypes.byref(prefix))
    if COMPLAINT in line.value:
        _complaints.append(line.value)


_lock = threading.Lock()  # there is one log
_complaints: list[bytes] = []
_HEAR = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)(_hear)  # never freed
_libraries: list[ctypes.CDLL] = []


@contextlib.contextmanager
def _listening() -> Iterator[None]:
    """FFmpeg's log comes to `_hear`; afterwards to standard error again, as far as its level lets it."""
    libraries = _loaded()
    for library in libraries:
        library.av_log_set_callback(_HEAR)
    try:
        yield
    finally:
        for library in libraries:
            library.av_log_set_callback(library.av_log_default_callback)


def _loaded() -> list[ctypes.CDLL]:
    """The libavutil that OpenCV brought with it; of a distribution's OpenCV, all that are loaded."""
    if not _libraries:
        with contextlib.suppress(OSError), open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as maps:
            paths = {line.split(maxsplit=5)[5].strip() for line in maps if "/libavutil" in line}
            own = {path for path in paths if "opencv" in path}
            _libraries.extend(ctypes.CDLL(path) for path in sorted(own or paths))
    return _libraries
