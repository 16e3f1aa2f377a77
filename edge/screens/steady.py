"""A screen that may be unplugged: what it raises is said once, and it is opened again after a while."""

from __future__ import annotations

import logging
from collections.abc import Callable

from edge.clock import Clock
from edge.errors import ScreenError
from edge.face import Scene
from edge.frame import Frame
from edge.ports import Screen

_log = logging.getLogger(__name__)

REOPEN_S = 5.0


class SteadyScreen:
    """Passes on to a screen as long as there is one.

    Args:
        open_screen: opens it; called at once, and every `reopen_s` seconds after it failed.
        clock: for when that is due.
        reopen_s: seconds.

    Raises:
        ScreenError: it cannot be opened the first time: a wrong setting should be seen.
    """

    def __init__(self, open_screen: Callable[[], Screen], clock: Clock, reopen_s: float = REOPEN_S) -> None:
        self._open, self._clock, self._reopen_s = open_screen, clock, reopen_s
        self._screen: Screen | None = open_screen()
        self._failed_at = 0.0

    def show(self, frame: Frame | None, scene: Scene, notice: str = "") -> None:
        """Show it, where the screen is there. Never raises ScreenError."""
        try:
            if self._screen is None and self._clock.monotonic() - self._failed_at >= self._reopen_s:
                self._screen = self._open()
                _log.warning("screen: back")
            if self._screen is not None:
                self._screen.show(frame, scene, notice)
        except ScreenError as error:
            if self._screen is not None:
                _log.warning("%s; it is opened again when it is there", error)
            self.close()
            self._failed_at = self._clock.monotonic()

    def close(self) -> None:
        """Let go of the screen."""
        screen, self._screen = self._screen, None
        if screen is not None:
            try:
                screen.close()
            except ScreenError as error:
                _log.debug("%s", error)
