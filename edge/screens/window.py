"""A window, or the whole screen, of a desktop session, through pygame (pip install 'edge-emotion[window]')."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from edge.clock import Clock
from edge.errors import MissingExtra, ScreenError, SettingsError
from edge.face import Scene
from edge.frame import Frame
from edge.ports import NO_NOTICE, Notice
from edge.screens.painter import Painter
from edge.settings import ScreenSettings

TITLE = "edge-emotion"
SIZE = (1280, 720)
UNSEEN = ("dummy", "offscreen", "evdev")
SESSION = ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER")


class WindowScreen:
    """Shows the picture; closing the window, or the key Esc or Q, ends the loop; F changes to full screen and back.

    Args:
        settings: size and whether it fills the screen.
        clock: for the pace of drawing.
        stop: called once the user wants to end.
        library: the module pygame, or what stands in for it in tests.
        environment: says whether there is a desktop session.

    Raises:
        MissingExtra: pygame is not installed.
        ScreenError: there is no desktop session here (as its methods: or no longer).
    """

    def __init__(
        self,
        settings: ScreenSettings,
        clock: Clock,
        stop: Callable[[], None],
        library: Any = None,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self._size = window_size(settings.mode)
        self._full = settings.fullscreen
        self._stop = stop
        # Asked before SDL is: without a desktop it may try the console's card, and crash the process.
        if not any(environment.get(name) for name in SESSION):
            raise ScreenError("screen: there is no desktop session here; start it from one, or use --screen drm")
        self._pygame = library or load()
        self._painter = Painter(self._present, clock, settings)
        self._last: tuple[Frame | None, Scene, Notice] | None = None
        try:
            self._surface = self._open()
            driver = self._pygame.display.get_driver()
            # SDL falls back to one that shows nothing, and says nothing.
            if driver in UNSEEN and not environment.get("SDL_VIDEODRIVER"):
                raise self._pygame.error(f"SDL found only its driver {driver}")
        except self._pygame.error as error:
            self._pygame.display.quit()
            raise ScreenError(
                f"screen: no window can be opened ({error}); start it in a desktop session, or use --screen drm"
            ) from None

    @staticmethod
    def check(settings: ScreenSettings, environment: Mapping[str, str] = os.environ) -> str:
        """What would be opened, for `edge-emotion doctor`; no window is.

        Raises:
            MissingExtra: pygame is not installed.
            ScreenError: there is no desktop session here.
            SettingsError: the size in the settings is not one.
        """
        width, height = window_size(settings.mode)
        if not importlib.util.find_spec("pygame"):
            raise MissingExtra("screen: a window needs pygame; install it with: pip install 'edge-emotion[window]'")
        if not any(environment.get(name) for name in SESSION):
            raise ScreenError("screen: there is no desktop session here; start it from one, or use --screen drm")
        return "the whole desktop" if settings.fullscreen else f"a window of {width}x{height} on the desktop"

    def show(self, frame: Frame | None, scene: Scene, notice: Notice = NO_NOTICE) -> None:
        """Draw it where it changed, in the size that the window has now."""
        self._last = (frame, scene, notice)
        self._painter.show(frame, scene, notice, *self._surface.get_size())

    def tick(self) -> None:
        """Answer the user."""
        pygame = self._pygame
        try:
            for event in pygame.event.get():
                if event.type == pygame.QUIT or (event.type == pygame.KEYDOWN and event.key in self._ends):
                    self._stop()
                elif event.type == pygame.KEYDOWN and event.key == pygame.K_f:
                    self._full = not self._full
                    # A new window: one that only changes its size keeps its place where no window manager is.
                    pygame.display.quit()
                    self._surface = self._open()
                    self._draw_again()
                elif event.type in (pygame.VIDEORESIZE, pygame.VIDEOEXPOSE):
                    self._surface = pygame.display.get_surface()
                    self._draw_again()
        except pygame.error as error:
            raise ScreenError(f"screen: the window is gone ({error})") from None

    def _draw_again(self) -> None:
        """What was shown last, in the window as it is now: while there is no camera nothing new is shown."""
        self._painter.forget()
        if self._last is not None:
            self.show(*self._last)

    def close(self) -> None:
        """Close the window."""
        self._pygame.display.quit()

    @property
    def _ends(self) -> tuple[int, ...]:
        return self._pygame.K_ESCAPE, self._pygame.K_q

    def _open(self) -> Any:
        """The surface of the window; of the whole screen it has the screen's own size."""
        pygame = self._pygame
        pygame.display.init()
        pygame.display.set_caption(TITLE)
        surface = pygame.display.set_mode((0, 0) if self._full else self._size, self._flags())
        pygame.mouse.set_visible(not self._full)
        return surface

    def _flags(self) -> int:
        return self._pygame.FULLSCREEN if self._full else self._pygame.RESIZABLE

    def _present(self, picture: np.ndarray) -> None:
        pygame = self._pygame
        try:
            # No copy: the picture's memory is only read while it is put on the window.
            image = pygame.image.frombuffer(picture, (picture.shape[1], picture.shape[0]), "RGB")
            self._surface.blit(image, (0, 0))
            pygame.display.flip()
        except pygame.error as error:
            raise ScreenError(f"screen: the window cannot be drawn ({error})") from None


def window_size(mode: str) -> tuple[int, int]:
    """The setting [screen] mode as (width, height); "auto" is 1280x720.

    Raises:
        SettingsError: it is no size.
    """
    if mode == "auto":
        return SIZE
    width, _, height = mode.partition("x")
    if not (width.isdecimal() and height.isdecimal() and 0 < int(width) <= 16384 and 0 < int(height) <= 16384):
        raise SettingsError(f"[screen] mode: expected auto or a size such as 1280x720, got {mode}")
    return int(width), int(height)


def load() -> Any:
    """The module pygame.

    Raises:
        MissingExtra: it is not installed.
    """
    # It greets on standard output, where the journal may go.
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    try:
        import pygame
    except ImportError:
        raise MissingExtra("screen: a window needs pygame; mend it with: pip install 'edge-emotion[window]'") from None
    return pygame
