"""Screens: one adapter a file; edge/registry.py lists them by name. `open_screen` opens one."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from edge.clock import Clock
from edge.ports import Screen
from edge.registry import SCREENS
from edge.settings import ScreenSettings


def open_screen(settings: ScreenSettings, clock: Clock, stop: Callable[[], None]) -> Screen:
    """The screen of the settings: the adapter of that name, called with these three.

    Args:
        settings: which screen, and its options.
        clock: for the rate of drawing, and of looking for a screen that is gone.
        stop: ends the loop; called when the user closes a window (edge.daemon.control.Control.stop).

    Raises:
        AdapterError: no such screen, or it cannot be imported.
        ScreenError: it cannot be opened.
        MissingExtra: it needs a library that is not installed.
    """
    return cast(Screen, SCREENS.load(settings.kind)(settings, clock, stop))
