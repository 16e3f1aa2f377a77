from __future__ import annotations

import sys

import pytest

from edge.errors import ScreenError
from edge.face import Scene
from edge.ports import Notice
from edge.screens import open_screen
from edge.screens.none import NoScreen
from edge.screens.reconnecting import ReconnectingScreen
from edge.settings import ScreenSettings
from edge.testing.fakes import FakeClock, FakeScreen


def test_no_screen_is_a_screen_too():
    screen = open_screen(ScreenSettings(), FakeClock(), lambda: None)
    assert isinstance(screen, NoScreen)
    screen.show(None, Scene(), Notice("no camera"))
    screen.close()


def test_a_screen_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "edge.screens.drm", None)
    with pytest.raises(ScreenError, match="screen drm: not part of this installation; use --screen none"):
        open_screen(ScreenSettings(kind="drm"), FakeClock(), lambda: None)


def test_a_screen_that_cannot_even_be_closed_is_forgotten():
    class Stubborn(FakeScreen):
        def close(self):
            raise ScreenError("cannot be closed")

    screen = ReconnectingScreen(Stubborn, FakeClock())
    screen.close()
    screen.close()
