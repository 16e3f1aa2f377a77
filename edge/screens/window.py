"""A window in a desktop session, or its whole screen, through pygame (pip install 'edge-emotion[window]')."""

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
from edge.machine import pip_install
from edge.ports import NO_NOTICE, Notice
from edge.screens.painter import Painter
from edge.settings import ScreenSettings

TITLE = "edge-emotion"
SIZE = (1280, 720)
UNSEEN = ("dummy", "offscreen", "evdev")
SESSION = ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER")


class WindowScreen:
    """Shows the picture. Closing the window, Esc or Q ends the loop; F toggles full screen.

    Args:
        settings: size, full screen, rotation and style.
        clock: for the rate of drawing.
        stop: called when the user wants to quit.
        library: the module pygame, or a fake one in tests.
        environment: shows whether there is a desktop session.

    Raises:
        MissingExtra: pygame is not installed.
        ScreenError: there is no desktop session (as its methods: or no longer).
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
        # Checked before SDL is loaded: without a desktop it may try the console's card, and crash the process.
        if not any(environment.get(name) for name in SESSION):
            raise ScreenError("screen: no desktop session here; start it inside one, or use --screen drm")
        self._pygame = library or load()
        self._painter = Painter(self._present, clock, settings)
        self._last: tuple[Frame | None, Scene, Notice] | None = None
        try:
            self._surface = self._open()
            driver = self._pygame.display.get_driver()
            # SDL silently falls back to a driver that shows nothing.
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
            raise MissingExtra(f"screen: a window needs pygame; install it with: {pip_install('window')}")
        if not any(environment.get(name) for name in SESSION):
            raise ScreenError("screen: no desktop session here; start it inside one, or use --screen drm")
        return "the whole desktop" if settings.fullscreen else f"a window of {width}x{height} on the desktop"

    def show(self, frame: Frame | None, scene: Scene, notice: Notice = NO_NOTICE) -> None:
        """Draw it, if it changed, in the current size of the window."""
        self._last = (frame, scene, notice)
        self._painter.show(frame, scene, notice, *self._surface.get_size())

    def tick(self) -> None:
        """Handle keys and window events."""
        pygame = self._pygame
        try:
            for event in pygame.event.get():
                if event.type == pygame.QUIT or (event.type == pygame.KEYDOWN and event.key in self._ends):
                    self._stop()
                elif event.type == pygame.KEYDOWN and event.key == pygame.K_f:
                    self._full = not self._full
                    # A new window: without a window manager, one that only changes its size would keep its position.
                    pygame.display.quit()
                    self._surface = self._open()
                    self._draw_again()
                elif event.type in (pygame.VIDEORESIZE, pygame.VIDEOEXPOSE):
                    self._surface = pygame.display.get_surface()
                    self._draw_again()
        except pygame.error as error:
            raise ScreenError(f"screen: the window is gone ({error})") from None

    def _draw_again(self) -> None:
        """The last picture, in the window as it is now; without a camera, no new one will come."""
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
        """The window's surface; in full screen it has the size of the desktop."""
        pygame = self._pygame
        pygame.display.init()
        pygame.display.set_caption(TITLE)
        surface = pygame.display.set_mode((0, 0) if self._full else self._size, self._flags())
        pygame.mouse.set_visible(not self._full)
        return surface

    def _flags(self) -> int:
        return int(self._pygame.FULLSCREEN if self._full else self._pygame.RESIZABLE)

    def _present(self, picture: np.ndarray) -> None:
        pygame = self._pygame
        try:
            # No copy: the picture is only read while it is put on the window.
            image = pygame.image.frombuffer(picture, (picture.shape[1], picture.shape[0]), "RGB")
            self._surface.blit(image, (0, 0))
            pygame.display.flip()
        except pygame.error as error:
            raise ScreenError(f"screen: the window cannot be drawn ({error})") from None


def window_size(mode: str) -> tuple[int, int]:
    """The setting [screen] mode as (width, height); "auto" is 1280x720.

    Raises:
        SettingsError: it is not a size.
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
    # It prints a greeting to standard output, where the journal may go.
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    try:
        import pygame
    except ImportError:
        raise MissingExtra(f"screen: a window needs pygame; install it with: {pip_install('window')}") from None
    return pygame
