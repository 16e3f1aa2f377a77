"""A screen that may be unplugged: what it raises is said once, and it is opened again after a while."""

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
    """Passes on to a screen as long as there is one.

    Args:
        open_screen: opens it; called at once, and every `reopen_s` seconds after it failed.
        clock: for when that is due.
        reopen_s: seconds.

    Raises:
        ScreenError: it cannot be opened the first time: a wrong setting should be seen. A screen that is only not
            plugged in yet (ScreenAbsent) is waited for.
    """

    def __init__(self, open_screen: Callable[[], Screen], clock: Clock, reopen_s: float = REOPEN_S) -> None:
        self._open, self._clock, self._reopen_s = open_screen, clock, reopen_s
        self._screen: Screen | None = None
        self._failed_at = clock.monotonic()
        self._last: tuple[Frame | None, Scene, Notice] | None = None
        self._told = ""
        try:
            self._screen = open_screen()
        except ScreenAbsent as error:
            self._told = str(error)
            _log.warning("%s; it is waited for", error)

    def show(self, frame: Frame | None, scene: Scene, notice: Notice = NO_NOTICE) -> None:
        """Show it, where the screen is there. Never raises ScreenError."""
        self._last = (frame, scene, notice)
        self._try(self._show)

    def tick(self) -> None:
        """Look after the screen; one that is back shows what was shown last. Never raises ScreenError."""
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
        """Whether the screen is open; where it is not, it is tried when that is due."""
        if self._screen is None and self._clock.monotonic() - self._failed_at >= self._reopen_s:
            self._screen = self._open()
            self._told = ""
            _log.warning("screen: there it is")
        return self._screen is not None

    def _try(self, act: Callable[[], None]) -> None:
        try:
            act()
        except ScreenError as error:
            # Each reason once: one that came late may be another one, without the mode that is asked for.
            if str(error) != self._told:
                self._told = str(error)
                _log.warning("%s; it is opened again when it is there", error)
            self.close()
            self._failed_at = self._clock.monotonic()
