from __future__ import annotations

from edge.errors import ScreenError
from edge.face import Scene
from edge.ports import Notice
from edge.screens import open_screen
from edge.screens.none import NoScreen
from edge.screens.reconnecting import ReconnectingScreen
from edge.settings import ScreenSettings
from edge.testing import FakeClock, FakeScreen


def test_no_screen_is_a_screen_too():
    screen = open_screen(ScreenSettings(), FakeClock(), lambda: None)
    assert isinstance(screen, NoScreen)
    screen.show(None, Scene(), Notice("no camera"))
    screen.close()


def test_a_screen_that_cannot_even_be_closed_is_forgotten():
    class Stubborn(FakeScreen):
        def close(self):
            raise ScreenError("cannot be closed")

    screen = ReconnectingScreen(Stubborn, FakeClock())
    screen.close()
    screen.close()
