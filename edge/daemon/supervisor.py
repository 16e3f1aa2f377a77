"""A camera that may be unplugged, hang or be switched off: it is opened again for as long as it takes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterator

from edge.clock import Clock
from edge.errors import SourceError
from edge.frame import Frame
from edge.ports import Camera
from edge.registry import camera_name
from edge.settings import SourceSettings

_log = logging.getLogger(__name__)

NETWORK_S = 90.0  # how long a network camera's thread may be stuck before only a restart helps
POLL_S = 0.25  # the longest sleep: how late a stop, a pause or a flush may be


class ReconnectingCamera:
    """A source that is opened anew each time it is iterated, and again after it was lost, less and less often.

    Iterating yields frames until the source ends, and None wherever there is nothing new for a moment, so that the
    loop can do what else is due. Whoever stops iterating closes the iterator: that closes the camera.

    Args:
        open_camera: opens the source.
        settings: the waits between two tries, and how long a driver may hang.
        clock: for these times.
        live: whether the source is a live camera; the loop has to know before any camera is open.
        wait: also wait for a source that is missing at the start.

    Attributes:
        live: as given.
        lost: why there is no camera; empty while there is one.

    Raises (while iterating):
        SourceError: the source has never given a frame, and `wait` is off.
    """

    def __init__(
        self,
        open_camera: Callable[[], Camera],
        settings: SourceSettings,
        clock: Clock,
        *,
        live: bool,
        wait: bool = False,
    ) -> None:
        self._open, self._settings, self._clock = open_camera, settings, clock
        self._patient = wait  # whether a failure is waited out rather than raised
        self._camera: Camera | None = None
        self._back_off = settings.reopen_s
        self._stuck_since: float | None = None
        self.live = live
        self.lost = ""

    def __iter__(self) -> Generator[Frame | None, None, None]:
        while True:
            try:
                yield from self._frames()
                return
            except SourceError as error:
                if not self._patient:
                    raise
                if not self.lost:
                    _log.warning("%s; trying again until it is back", error)
                self.lost = self.lost or str(error)
            yield from self._wait()

    def hung(self) -> bool:
        """Whether a closed camera's thread has been inside its driver for too long: only a restart helps."""
        if self._camera is None or not self._camera.stuck:
            self._stuck_since = None
            return False
        now = self._clock.monotonic()
        if self._stuck_since is None:
            self._stuck_since = now
        return now - self._stuck_since >= self._patience_s

    @property
    def _patience_s(self) -> float:
        # What a network camera waits for ends by itself: a resolver's or a connection's time-out in a library.
        network = camera_name(self._settings.source) == "stream"
        return max(self._settings.stuck_s, NETWORK_S) if network else self._settings.stuck_s

    def _frames(self) -> Iterator[Frame | None]:
        """The frames of one camera, from its opening until it ends or fails."""
        if self._camera is not None and self._camera.stuck:
            # A second thread would hang in the same driver.
            raise SourceError("the camera's driver does not respond")
        self._camera = self._open()
        try:
            for frame in self._camera:
                if frame is not None:
                    self._found()
                yield frame
        finally:
            self._camera.close()

    def _found(self) -> None:
        if self.lost:
            _log.warning("the camera is back")
        self.lost, self._back_off, self._patient = "", self._settings.reopen_s, True

    def _wait(self) -> Iterator[None]:
        """The pause before the next try; each is twice as long as the one before, up to the limit."""
        until = self._clock.monotonic() + self._back_off
        self._back_off = min(2 * self._back_off, self._settings.reopen_max_s)
        yield None
        while (rest := until - self._clock.monotonic()) > 0:
            self._clock.sleep(min(POLL_S, rest))
            yield None
