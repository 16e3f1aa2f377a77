from __future__ import annotations

import logging

import pytest

from edge.errors import MissingExtra, ScreenAbsent, ScreenError
from edge.face import Scene
from edge.ports import Notice
from edge.screens import open_screen
from edge.screens.none import NoScreen
from edge.screens.reconnecting import REOPEN_S, ReconnectingScreen
from edge.settings import ScreenSettings
from edge.testing import FakeClock, FakeScreen, pictures

SCENE = Scene()


class Shop:
    """Opens screens, where there are any."""

    def __init__(self) -> None:
        self.refuses: Exception | None = None
        self.opened: list[FakeScreen] = []
        self.asked = 0

    def __call__(self) -> FakeScreen:
        self.asked += 1
        if self.refuses is not None:
            raise self.refuses
        self.opened.append(FakeScreen())
        return self.opened[-1]


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def shop():
    return Shop()


def test_the_none_screen_accepts_everything():
    screen = open_screen(ScreenSettings(), FakeClock(), lambda: None)
    assert isinstance(screen, NoScreen)
    screen.show(None, SCENE)
    screen.tick()
    screen.close()


def test_pictures_and_turns_are_passed_on(shop, clock):
    screen = ReconnectingScreen(shop, clock)
    frame = pictures(1)[0]
    screen.show(frame, SCENE, Notice(visitors="hello"))
    screen.tick()
    screen.close()
    (inner,) = shop.opened
    assert inner.shown == [(frame, SCENE, Notice(visitors="hello"))]
    assert inner.ticks == 1
    assert inner.closed


@pytest.mark.parametrize("error", [ScreenError("no connector HDMI-A-9"), MissingExtra("pygame")])
def test_a_wrong_setting_is_reported_at_the_start(shop, clock, error):
    shop.refuses = error
    with pytest.raises(type(error)):
        ReconnectingScreen(shop, clock)


def test_an_absent_screen_is_waited_for_at_the_start(shop, clock, caplog):
    shop.refuses = ScreenAbsent("screen: nothing is connected")
    screen = ReconnectingScreen(shop, clock)
    screen.show(None, SCENE, Notice("paused"))
    assert shop.asked == 1
    clock.advance(REOPEN_S)
    screen.tick()
    assert shop.asked == 2
    shop.refuses = None
    screen.tick()
    assert shop.asked == 2, "not before it is due"
    clock.advance(REOPEN_S)
    screen.tick()
    assert shop.opened[0].notices() == ["paused"]


def test_each_new_reason_is_logged_once(shop, clock, caplog):
    shop.refuses = ScreenAbsent("screen: nothing is connected")
    with caplog.at_level(logging.WARNING):
        screen = ReconnectingScreen(shop, clock)
        for refusal in (shop.refuses, ScreenError("screen: HDMI-A-1 has no mode 1x1"), shop.refuses):
            shop.refuses = refusal
            for _ in range(3):
                clock.advance(REOPEN_S)
                screen.tick()
    assert [record.getMessage().partition(";")[0] for record in caplog.records] == [
        "screen: nothing is connected",
        "screen: HDMI-A-1 has no mode 1x1",
        "screen: nothing is connected",
    ]


@pytest.mark.parametrize("where", ["show", "tick"])
def test_a_failing_screen_is_logged_once_closed_and_reopened(shop, clock, caplog, where):
    frame = pictures(1)[0]
    screen = ReconnectingScreen(shop, clock)
    shop.opened[0].unplugged = True
    with caplog.at_level(logging.WARNING):
        for _ in range(20):
            screen.show(frame, SCENE) if where == "show" else screen.tick()
            clock.advance(0.1)
    assert shop.opened[0].closed
    assert shop.asked == 1
    clock.advance(REOPEN_S)
    screen.show(frame, SCENE, Notice(visitors="again"))
    assert shop.opened[1].notices() == ["again"]
    logged = [record.getMessage() for record in caplog.records]
    assert logged == ["fake screen: unplugged; it will be reopened when it is back", "screen: reconnected"]


def test_a_reopened_screen_shows_the_last_picture_at_once(shop, clock):
    screen = ReconnectingScreen(shop, clock)
    screen.show(None, SCENE, Notice("no camera"))
    shop.opened[0].unplugged = True
    screen.tick()
    clock.advance(REOPEN_S)
    screen.tick()
    assert shop.opened[1].shown == [(None, SCENE, Notice("no camera"))]


def test_closing_twice_or_before_the_screen_was_there_is_harmless(shop, clock):
    shop.refuses = ScreenAbsent("gone")
    screen = ReconnectingScreen(shop, clock)
    screen.close()
    screen.close()
