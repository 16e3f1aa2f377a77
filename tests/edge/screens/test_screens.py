from __future__ import annotations

import logging
import sys

import pytest

from edge.errors import ScreenAbsent, ScreenError
from edge.face import Scene
from edge.fakes import FakeClock, FakeScreen
from edge.screens import open_screen
from edge.screens.none import NoScreen
from edge.screens.steady import SteadyScreen
from edge.settings import ScreenSettings


def test_no_screen_is_a_screen_too():
    screen = open_screen(ScreenSettings(), FakeClock(), lambda: None)
    assert isinstance(screen, NoScreen)
    screen.show(None, Scene(), "no camera")
    screen.close()


def test_a_screen_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "edge.screens.drm", None)
    with pytest.raises(ScreenError, match="screen drm: not part of this installation; use --screen none"):
        open_screen(ScreenSettings(kind="drm"), FakeClock(), lambda: None)


class Plug:
    """Opens screens, or fails while nothing is plugged in."""

    def __init__(self):
        self.there, self.opened = True, []

    def __call__(self):
        if not self.there:
            raise ScreenError("no screen is connected")
        self.opened.append(FakeScreen())
        return self.opened[-1]

    def pull(self):
        self.there = False
        self.opened[-1].unplugged = True


def test_a_screen_that_is_not_there_at_the_start_is_an_error():
    plug = Plug()
    plug.there = False
    with pytest.raises(ScreenError):
        SteadyScreen(plug, FakeClock())


def test_a_screen_that_is_not_plugged_in_yet_is_waited_for_and_then_shows_what_is_known():
    clock, there = FakeClock(), []

    def plug():
        if not there:
            raise ScreenAbsent("no screen is connected")
        return there[0]

    screen = SteadyScreen(plug, clock, reopen_s=5)
    screen.show(None, Scene(), "no camera")
    there.append(FakeScreen())
    clock.advance(4)
    screen.tick()
    assert there[0].shown == []
    clock.advance(2)
    screen.tick()
    screen.tick()
    assert there[0].notices() == ["no camera"]
    assert there[0].ticks == 1


def test_a_screen_that_is_pulled_and_plugged_in_again_shows_again(caplog):
    plug, clock = Plug(), FakeClock()
    screen = SteadyScreen(plug, clock, reopen_s=5)
    screen.show(None, Scene(), "1")
    plug.pull()
    with caplog.at_level(logging.WARNING):
        for n in range(2, 20):  # nine seconds: one try fails
            screen.show(None, Scene(), str(n))
            clock.advance(0.5)
        plug.there = True
        for n in range(20, 40):
            screen.show(None, Scene(), str(n))
            clock.advance(0.5)
    first, second = plug.opened
    assert first.notices() == ["1"]
    assert first.closed
    assert second.notices()[-1] == "39"
    assert [record.getMessage() for record in caplog.records] == [
        "fake screen: unplugged; it is opened again when it is there", "screen: there it is",
    ]  # fmt: skip
    screen.close()
    assert second.closed


def test_a_screen_that_cannot_even_be_closed_is_forgotten():
    class Stubborn(FakeScreen):
        def close(self):
            raise ScreenError("cannot be closed")

    screen = SteadyScreen(Stubborn, FakeClock())
    screen.close()
    screen.close()
