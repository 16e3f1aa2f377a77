"""A live camera: its own thread reads from the driver, and only the newest frame is kept."""

from __future__ import annotations

import atexit
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from typing import Protocol

import numpy as np

from edge import heap
from edge.address import redacted
from edge.clock import Clock
from edge.errors import CameraTimeout, SourceError, one_line
from edge.frame import Frame
from edge.settings import SourceSettings

POLL_S = 0.25  # the longest wait for a frame before the loop may do something else
CLOSE_S = 1.0  # how long close waits for the driver to return
END_S = 6.0  # how long the end of the program waits for drivers: a little longer than FFmpeg waits for a silent camera


class Grabber(Protocol):
    """The driver's side. All of it runs in the camera's thread, and any call may block for ever."""

    def read(self) -> np.ndarray:
        """The next frame, uint8 (H, W, 3) RGB, an array that nobody else changes. Raises SourceError."""

    def close(self) -> None:
        """Release the device."""


class LiveCamera:
    """The newest frame wins: frames that nobody took are dropped, but they count in `index`.

    Args:
        open_grabber: opens the driver; called in the camera's thread.
        settings: for the name and the time-out.
        clock: stamps the frames.
        poll_s: seconds after which a wait yields None.
        close_s: seconds that `close` waits for the thread.

    Raises (while iterating):
        CameraTimeout: no frame for `timeout_s` (twice as long for the first).
        SourceError: the driver failed.
    """

    live = True

    def __init__(
        self,
        open_grabber: Callable[[], Grabber],
        settings: SourceSettings,
        clock: Clock,
        poll_s: float = POLL_S,
        close_s: float = CLOSE_S,
    ) -> None:
        self._source, self._name = settings.source, redacted(settings.source)
        self._timeout_s, self._poll_s, self._close_s = settings.timeout_s, poll_s, close_s
        self._clock = clock
        self._open_grabber = open_grabber
        self._news = threading.Condition()
        self._frame: Frame | None = None
        self._error: SourceError | None = None
        self._closing = False
        # A daemon thread: even if it hangs inside a driver, the process can end.
        self._thread = threading.Thread(target=self._pump, name="camera", daemon=True)
        _cameras.add(self)
        self._thread.start()

    @property
    def stuck(self) -> bool:
        """Whether it was closed, but its thread is still inside the driver."""
        return self._closing and self._thread.is_alive()

    def __iter__(self) -> Iterator[Frame | None]:
        patience = 2 * self._timeout_s
        waiting_since = self._clock.monotonic()
        while True:
            frame = self._take()
            if frame is None and self._clock.monotonic() - waiting_since >= patience:
                raise CameraTimeout(f"{self._name}: the camera gave no frame for {patience:g} s")
            yield frame
            if frame is not None:
                patience, waiting_since = self._timeout_s, self._clock.monotonic()

    def _take(self) -> Frame | None:
        """The newest frame that nobody took yet, or None after `poll_s`."""
        with self._news:
            self._news.wait_for(lambda: self._frame or self._error, self._poll_s)
            frame, self._frame = self._frame, None
            if frame is None and self._error:
                raise self._error
            return frame

    def close(self) -> None:
        """Ask the thread to end and wait for it, `close_s` at most, whatever the driver does."""
        self._closing = True
        self._thread.join(self._close_s)

    def _pump(self) -> None:
        try:
            grabber = self._open_grabber()
            try:
                index = 0
                while not self._closing:
                    frame = Frame(grabber.read(), self._clock.monotonic(), index)
                    with self._news:
                        self._frame = frame
                        self._news.notify()
                    index += 1
            finally:
                grabber.close()
                heap.trim()  # FFmpeg leaves some 20 kB each time, which adds up where a camera is lost every minute
        except SourceError as error:
            self._fail(error)
        except Exception as error:  # whatever a driver raises ends this camera, not the daemon
            # A library may quote the address.
            reason = one_line(error).replace(self._source, self._name) if str(error) else "no reason given"
            self._fail(SourceError(f"{self._name}: the camera failed ({type(error).__name__}: {reason})"))

    def _fail(self, error: SourceError) -> None:
        with self._news:
            self._error = error
            self._news.notify()


_cameras: weakref.WeakSet[LiveCamera] = weakref.WeakSet()


def at_work() -> bool:
    """Whether the thread of any camera has not ended yet: it was not closed, or its driver does not return."""
    return any(camera._thread.is_alive() for camera in list(_cameras))


@atexit.register
def _close_all() -> None:
    """A program may end in the middle of a loop over frames, as with Ctrl-C. Python, up to 3.13, kills a thread that is
    still inside a driver, and OpenCV's C++ does not survive that: the process would abort.
    """
    cameras, until = list(_cameras), time.monotonic() + END_S
    for camera in cameras:
        camera._closing = True
    for camera in cameras:
        camera._thread.join(max(0.0, until - time.monotonic()))
