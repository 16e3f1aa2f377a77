"""Screens: one adapter a file, loaded by name. `open_screen` picks."""

from __future__ import annotations

import importlib
from collections.abc import Callable

from edge.clock import Clock
from edge.errors import ScreenError
from edge.ports import Screen
from edge.settings import ScreenSettings

ADAPTERS = {"none": "NoScreen", "drm": "DrmScreen", "window": "WindowScreen"}


def open_screen(settings: ScreenSettings, clock: Clock, stop: Callable[[], None]) -> Screen:
    """The screen of the settings: the class of ADAPTERS in edge/screens/KIND.py, called with these three.

    Args:
        settings: which screen, and its options.
        clock: for the rate of drawing, and of looking for a screen that is gone.
        stop: ends the loop; called when the user closes a window (edge.daemon.control.Switch.stop).

    Raises:
        ScreenError: no such screen, or it cannot be opened.
        MissingExtra: it needs a library that is not installed.
    """
    try:
        module = importlib.import_module(f"edge.screens.{settings.kind}")
    except ModuleNotFoundError as error:
        if error.name != f"edge.screens.{settings.kind}":
            raise
        raise ScreenError(f"screen {settings.kind}: not part of this installation; use --screen none") from None
    adapter = getattr(module, ADAPTERS[settings.kind])
    return adapter(settings, clock, stop)
