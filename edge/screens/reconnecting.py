"""A screen that may be unplugged: each error is logged once, and the screen is reopened after a while."""

from __future__ import annotations

import logging
from collections.abc import Callable

from edge.clock import Clock
from edge.errors import ScreenAbsent, ScreenError
from edge.face import Scene
from edge.frame import Frame
from edge.ports import NO_NOTICE, Notice, Screen

_log = logging.getLogger(__name__)

REOPEN_S = 5.0


class ReconnectingScreen:
    """Passes everything on to a screen while there is one.

    Args:
        open_screen: opens it; called at once, and every `reopen_s` seconds after a failure.
        clock: for when that is due.
        reopen_s: seconds.

    Raises:
        ScreenError: it cannot be opened the first time, so that a wrong setting is noticed. A screen that is just not
            plugged in yet (ScreenAbsent) is waited for.
    """

    def __init__(self, open_screen: Callable[[], Screen], clock: Clock, reopen_s: float = REOPEN_S) -> None:
        self._open, self._clock, self._reopen_s = open_screen, clock, reopen_s
        self._screen: Screen | None = None
        self._failed_at = clock.monotonic()
        self._last: tuple[Frame | None, Scene, Notice] | None = None
        self._logged = ""
        try:
            self._screen = open_screen()
        except ScreenAbsent as error:
            self._logged = str(error)
            _log.warning("%s; waiting for it", error)

    def show(self, frame: Frame | None, scene: Scene, notice: Notice = NO_NOTICE) -> None:
        """Show it, if the screen is there. Never raises ScreenError."""
        self._last = (frame, scene, notice)
        self._try(self._show)

    def tick(self) -> None:
        """Check the screen; one that is back shows the last picture again. Never raises ScreenError."""
        self._try(self._tick)

    def close(self) -> None:
        """Let go of the screen."""
        screen, self._screen = self._screen, None
        if screen is not None:
            try:
                screen.close()
            except ScreenError as error:
                _log.debug("%s", error)

    def _show(self) -> None:
        if self._there() and self._screen is not None and self._last is not None:
            self._screen.show(*self._last)

    def _tick(self) -> None:
        if self._screen is not None:
            self._screen.tick()
        elif self._there():
            self._show()

    def _there(self) -> bool:
        """Whether the screen is open; if not, it is tried again when that is due."""
        if self._screen is None and self._clock.monotonic() - self._failed_at >= self._reopen_s:
            self._screen = self._open()
            self._logged = ""
            _log.warning("screen: reconnected")
        return self._screen is not None

    def _try(self, act: Callable[[], None]) -> None:
        try:
            act()
        except ScreenError as error:
            # Each reason once: the screen that comes back may be another one, without the requested mode.
            if str(error) != self._logged:
                self._logged = str(error)
                _log.warning("%s; it will be reopened when it is back", error)
            self.close()
            self._failed_at = self._clock.monotonic()
