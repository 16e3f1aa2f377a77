"""`run --out` and `--sheet`: each frame with what is known of it, written to a file; a Screen beside the real one."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from edge.errors import OutputError
from edge.face import Scene
from edge.files import utf8_path
from edge.frame import Frame
from edge.picture.animation import LARGEST as LARGEST_WEBP
from edge.picture.animation import AnimatedWebP
from edge.ports import NO_NOTICE, Notice, Screen
from edge.screens.overlay import compose
from edge.screens.sheet import Sheet
from edge.text import printable
from edge.vision.annotate import factor
from edge.vision.placement import Seat

FPS = 30.0  # of a clip whose source gave a single frame
LARGEST = 8191  # pixels a side of an mp4
SLOWEST, FASTEST = 1.0, 120.0  # frames a second of an mp4
GAP_S = 2.0  # a longer time without frames, such as a pause, is cut down to this


class Encoder(Protocol):
    """Writes pictures one after the other."""

    def add(self, image: np.ndarray, seconds: float) -> None:
        """A picture uint8 (H, W, 3) RGB, to be shown for so long."""

    def close(self) -> None:
        """Complete the file."""


class Recording:
    """Passes everything on to another screen, and draws each frame for a clip, a contact sheet, or both.

    Frames keep the times that their source gave them; a long time without frames becomes a short one.

    Args:
        screen: the real screen.
        clip: .mp4 or .webp, overwritten; None: no clip.
        sheet: takes drawn frames, or None.
        outline: how faces are marked, as of [screen] style.
    """

    def __init__(self, screen: Screen, clip: Path | None, sheet: Sheet | None = None, outline: str = "box") -> None:
        self._screen, self._clip, self._sheet, self._outline = screen, clip, sheet, outline
        self._encoder: Encoder | None = None
        self._size = (0, 0)
        self._last: tuple[np.ndarray, float] | None = None  # the picture that waits for the time of the next
        self._usual = 1 / FPS
        self._seats: Mapping[int, Seat] = {}

    def show(self, frame: Frame | None, scene: Scene, notice: Notice = NO_NOTICE) -> None:
        """Draw the frame, and show it on the screen."""
        if frame is not None:
            self._take(frame, scene, notice)
        self._screen.show(frame, scene, notice)

    def tick(self) -> None:
        """As of the screen."""
        self._screen.tick()

    def close(self) -> None:
        """Complete the files, then close the screen.

        Raises:
            OutputError, PictureError: a file cannot be written.
        """
        try:
            if self._last is not None:
                self._write(*self._last, self._usual)
            if self._encoder is not None:
                self._encoder.close()
            if self._sheet is not None:
                self._sheet.close()
        finally:
            self._screen.close()

    def _take(self, frame: Frame, scene: Scene, notice: Notice) -> None:
        image = frame.image
        enlarge = factor(frame.width, frame.height)
        if enlarge > 1:
            size = (frame.width * enlarge, frame.height * enlarge)
            image = cv2.resize(image, size, interpolation=cv2.INTER_CUBIC)
        composed = compose(frame, scene, notice, image.shape[1], image.shape[0], 0.0, self._outline, self._seats)
        self._seats = composed.seats
        if self._sheet is not None:
            self._sheet.add(composed.pixels, frame.time)
        if self._clip is None:
            return
        if self._last is not None:
            seconds = frame.time - self._last[1]
            if 0 < seconds <= GAP_S:
                self._usual = seconds
            self._write(*self._last, min(max(seconds, 0.0), GAP_S))
        self._last = (composed.pixels, frame.time)

    def _write(self, image: np.ndarray, time: float, seconds: float) -> None:
        assert self._clip is not None
        if self._encoder is None:
            self._size = (image.shape[1], image.shape[0])
            make = AnimatedWebP if self._clip.suffix.lower() == ".webp" else Mp4.at(1 / max(seconds, 1 / FASTEST))
            self._encoder = make(self._clip, *self._size)
        if (image.shape[1], image.shape[0]) != self._size:  # pictures of a folder may differ
            image = fitted(image, *self._size)
        self._encoder.add(image, seconds)


class Mp4:
    """An MPEG-4 file of a constant rate; a frame is repeated or left out to keep the time.

    Args:
        path: the file, overwritten.
        width, height: of the frames, pixels, at most 8191 each.
        fps: frames a second.

    Raises:
        OutputError: the frames are too large for MPEG-4, or OpenCV cannot write it.
    """

    def __init__(self, path: Path, width: int, height: int, fps: float) -> None:
        self._path, self._fps, self._time, self._written = path, fps, 0.0, 0
        if max(width, height) > LARGEST:
            raise OutputError(
                f"{printable(path)}: frames of {width}x{height}; .mp4 holds at most {LARGEST} pixels a side; write "
                f".webp (at most {LARGEST_WEBP}), or make the source smaller: ffmpeg -i IN -vf scale=1920:-2 OUT.mp4"
            )
        self._size = (width - width % 2, height - height % 2)  # the codec wants even sides
        fourcc = cv2.VideoWriter.fourcc(*"mp4v")
        try:
            with utf8_path(path) as text:
                self._writer = cv2.VideoWriter(text, cv2.CAP_FFMPEG, fourcc, fps, self._size)
        except OSError as error:
            raise OutputError(f"{printable(path)}: cannot write the clip ({error.strerror or error})") from None
        if not self._writer.isOpened():
            raise OutputError(
                f"{printable(path)}: cannot write a clip of {width}x{height} pixels; is the folder writable?"
            )

    @classmethod
    def at(cls, fps: float) -> Callable[[Path, int, int], Mp4]:
        """Makes files of that rate, within what players can show."""
        rate = max(SLOWEST, min(FASTEST, round(fps, 3)))
        return lambda path, width, height: cls(path, width, height, rate)

    def add(self, image: np.ndarray, seconds: float) -> None:
        """A picture uint8 (H, W, 3) RGB, to be shown for so long."""
        self._time += seconds
        until = math.floor(self._time * self._fps + 0.5)
        bgr = cv2.cvtColor(image[: self._size[1], : self._size[0]], cv2.COLOR_RGB2BGR)
        for _ in range(until - self._written):
            self._writer.write(bgr)
        self._written = max(self._written, until)

    def close(self) -> None:
        """Complete the file.

        Raises:
            OutputError: it could not be written whole, which OpenCV does not say; what there is of it is removed.
        """
        self._writer.release()
        frames = 0.0
        with contextlib.suppress(OSError), utf8_path(self._path) as text:
            made = cv2.VideoCapture(text, cv2.CAP_FFMPEG)
            frames = made.get(cv2.CAP_PROP_FRAME_COUNT) if made.isOpened() else 0
            made.release()
        if frames < self._written:
            with contextlib.suppress(OSError):
                self._path.unlink()
            raise OutputError(f"{printable(self._path)}: the clip could not be written whole; is the disk full?")


def fitted(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """The picture fitted into a size, its aspect kept, with black bars."""
    scale = min(width / image.shape[1], height / image.shape[0])
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    made = np.zeros((height, width, 3), np.uint8)
    left, top = (width - size[0]) // 2, (height - size[1]) // 2
    made[top : top + size[1], left : left + size[0]] = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return made
