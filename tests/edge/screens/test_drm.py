from __future__ import annotations

import errno
import logging

import numpy as np
import pytest

from edge.errors import ScreenAbsent, ScreenError
from edge.face import Scene
from edge.frame import Frame
from edge.ports import Notice
from edge.screens import kms_abi as abi
from edge.screens.drm import DrmScreen, write
from edge.screens.overlay import compose
from edge.screens.reconnecting import REOPEN_S, ReconnectingScreen
from edge.settings import ScreenSettings
from edge.testing.fakes import FakeClock, pictures

SCENE = Scene()


def level(value: int) -> Frame:
    return pictures(1, size=(64, 36), level=value)[0]


def corner(card) -> int:
    """The level that a plain picture has where no words are."""
    return int(card.shown()[-1, 0].mean())


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def machine(hardware, clock):
    """machine(card) -> a screen on it."""

    def build(card, **settings) -> DrmScreen:
        return DrmScreen(ScreenSettings(kind="drm", **settings), clock, kernel=hardware.Kernel(card0=card))

    return build


def test_the_screen_is_black_at_first_and_the_console_is_back_at_the_end(hardware, machine):
    card = hardware.Card([hardware.Socket()])
    screen = machine(card)
    assert screen.size == (64, 36)
    assert not card.shown().any()
    screen.close()
    assert card.crtcs[100][0] == 7
    assert (card.buffers, card.fbs, card.master) == ({}, {}, None)


def test_every_pixel_of_a_colour_picture_arrives(hardware, machine):
    card = hardware.Card([hardware.Socket()])
    screen = machine(card)
    image = np.random.default_rng(0).integers(0, 256, (36, 64, 3), dtype=np.uint8)
    screen.show(Frame(image, 0.0, 0), SCENE)
    card.refresh()
    assert np.array_equal(card.shown(), image)


def test_a_letterboxed_picture_arrives_as_composed(hardware, machine):
    card = hardware.Card([hardware.Socket()])
    screen = machine(card)
    frame = Frame(np.random.default_rng(1).integers(0, 256, (30, 40, 3), dtype=np.uint8), 0.0, 0)
    screen.show(frame, SCENE, Notice(visitors="Hello"))
    card.refresh()
    assert np.array_equal(card.shown(), compose(frame, SCENE, Notice(visitors="Hello"), 64, 36))


def test_a_picture_is_never_drawn_into_what_is_shown(hardware, machine, clock):
    card = hardware.Card([hardware.Socket()])
    screen = machine(card)
    for value in (10, 20, 30, 40):
        before = card.shown()
        screen.show(level(value), SCENE)
        assert np.array_equal(card.shown(), before), "before the refresh the old picture stands"
        card.refresh()
        assert corner(card) == value
        clock.advance(1)
    assert (card.flips, card.sets, card.made) == (4, 1, 2)


def test_a_flip_that_is_still_under_way_is_waited_for(hardware, machine, clock):
    card = hardware.Card([hardware.Socket()])
    screen = machine(card)
    for value in (10, 20, 30):
        screen.show(level(value), SCENE)
        clock.advance(1)
    card.refresh()
    assert corner(card) == 30
    assert card.flips == 3


def test_flips_that_are_lost_are_made_good_by_setting_the_mode(hardware, machine, clock):
    card = hardware.Card([hardware.Socket()], stalls=True)
    screen = machine(card)
    screen.show(level(10), SCENE)
    clock.advance(1)
    screen.show(level(20), SCENE)
    assert corner(card) == 10
    card.stalls = False
    card.refresh()
    assert corner(card) == 20


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_card_that_cannot_flip_sets_the_mode_each_time(hardware, machine, clock, number):
    card = hardware.Card([hardware.Socket()], refusals={abi.PAGE_FLIP: number})
    screen = machine(card)
    for value in (10, 20):
        screen.show(level(value), SCENE)
        assert corner(card) == value
        clock.advance(1)
    assert (card.flips, card.sets) == (0, 3)


def test_a_frame_that_is_on_the_screen_is_not_drawn_again(hardware, machine, clock):
    card = hardware.Card([hardware.Socket()])
    screen = machine(card)
    frame = level(10)
    for _ in range(5):
        screen.show(frame, SCENE)
        clock.advance(1)
    assert card.flips == 1


def test_a_pulled_cable_is_noticed_within_a_second_and_told_once(hardware, machine, clock):
    card = hardware.Card([hardware.Socket()])
    screen = machine(card)
    screen.tick()
    card.sockets[0].state = abi.DISCONNECTED
    screen.tick()
    clock.advance(1.0)
    with pytest.raises(ScreenAbsent, match="HDMI-A-1 was unplugged"):
        screen.tick()


@pytest.fixture
def plugged(hardware, clock):
    """A card, its kernel and a screen on it."""
    card = hardware.Card([hardware.Socket()])
    kernel = hardware.Kernel(card0=card)
    return card, kernel, DrmScreen(ScreenSettings(kind="drm"), clock, kernel=kernel)


def test_a_cable_that_is_out_and_in_again_between_two_looks_changes_nothing(plugged, clock):
    card, kernel, screen = plugged
    clock.advance(0.1)
    kernel.news = 2
    screen.tick()
    screen.show(level(10), SCENE)
    card.refresh()
    assert (corner(card), card.sets) == (10, 1)
    probes = card.probes
    clock.advance(0.1)
    screen.tick()
    assert card.probes == probes, "the cable is probed where there is news, not in every turn"
    screen.close()
    assert kernel.listeners == 0


def test_news_of_a_pulled_cable_are_acted_upon_at_once(plugged):
    card, kernel, screen = plugged
    card.sockets[0].state = abi.DISCONNECTED
    kernel.news = 1
    with pytest.raises(ScreenAbsent, match="HDMI-A-1 was unplugged"):
        screen.tick()


def test_news_that_come_before_the_driver_has_looked_at_the_cable_are_understood(plugged):
    card, kernel, screen = plugged
    card.sockets[0].state, card.sockets[0].known = abi.DISCONNECTED, abi.CONNECTED
    kernel.news = 1
    with pytest.raises(ScreenAbsent, match="HDMI-A-1 was unplugged"):
        screen.tick()


def test_another_screen_on_the_same_cable_is_opened_anew_where_it_cannot_show_the_picture(plugged, hardware):
    card, kernel, screen = plugged
    card.sockets[0].modes = [hardware.mode(32, 18, preferred=True)]
    kernel.news = 2
    with pytest.raises(ScreenAbsent, match="another one is on HDMI-A-1, which cannot show 64x36"):
        screen.tick()


@pytest.mark.parametrize(
    ("request_number", "number", "kind", "told"),
    [
        (abi.SET_CRTC, errno.EACCES, ScreenError, "held by another program"),
        (abi.CREATE_DUMB, errno.ENOMEM, ScreenError, "does not do what is asked"),
        (abi.ADD_FRAMEBUFFER, errno.EINVAL, ScreenError, "does not do what is asked"),
        (abi.MAP_DUMB, errno.ENODEV, ScreenAbsent, "is gone"),
    ],
)
def test_a_card_that_refuses_is_let_go(hardware, clock, request_number, number, kind, told):
    kernel = hardware.Kernel(card0=hardware.Card([hardware.Socket()], refusals={request_number: number}))
    with pytest.raises(ScreenError, match=told) as caught:
        DrmScreen(ScreenSettings(kind="drm"), clock, kernel=kernel)
    assert type(caught.value) is kind
    assert kernel.files == {}


def test_a_desktop_that_holds_the_card_is_told(hardware, clock):
    kernel = hardware.Kernel(card0=hardware.Card([hardware.Socket()]))
    kernel.open("/dev/dri/card0")
    with pytest.raises(ScreenError, match="card0 is held by another program; end the desktop"):
        DrmScreen(ScreenSettings(kind="drm"), clock, kernel=kernel)


def test_a_card_that_goes_away_while_drawing_is_an_absent_screen_and_closes_quietly(hardware, machine, clock):
    card = hardware.Card([hardware.Socket()])
    screen = machine(card)
    card.gone = True
    with pytest.raises(ScreenAbsent, match="card0 is gone"):
        screen.show(level(10), SCENE)
    clock.advance(1)
    with pytest.raises(ScreenAbsent, match="card0 is gone"):
        screen.tick()
    screen.close()


def test_a_closed_screen_refuses_pictures(hardware, machine):
    screen = machine(hardware.Card([hardware.Socket()]))
    screen.close()
    with pytest.raises(ScreenError):
        screen.show(level(10), SCENE)


def test_a_screen_is_unplugged_and_plugged_into_the_other_socket_while_the_loop_goes_on(hardware, clock, caplog):
    first, second = hardware.Socket(number=1), hardware.Socket(number=2, state=abi.DISCONNECTED)
    card = hardware.Card([first, second])
    kernel = hardware.Kernel(card0=hardware.Card(modes=False), card1=card)
    screen = ReconnectingScreen(lambda: DrmScreen(ScreenSettings(kind="drm"), clock, kernel=kernel), clock)
    with caplog.at_level(logging.WARNING):
        screen.show(level(10), SCENE)
        card.refresh()
        assert corner(card) == 10
        first.state = abi.DISCONNECTED
        for second_gone in range(30):
            clock.advance(1)
            screen.tick()
            screen.show(level(second_gone), SCENE)
        assert card.shown() is None
        assert kernel.files == {}
        second.state = abi.CONNECTED
        clock.advance(REOPEN_S)
        screen.tick()
        card.refresh()
    assert corner(card) == 29, "what was shown last is there again, without a new frame"
    assert [record.getMessage() for record in caplog.records] == [
        "screen: HDMI-A-1 was unplugged; it is opened again when it is there",
        "screen: nothing is connected (of HDMI-A-1, HDMI-A-2); plug a screen in and switch it on; "
        "it is opened again when it is there",
        "screen: there it is",
    ]
    screen.close()
    assert kernel.files == {}


def test_a_screen_that_is_off_at_the_start_is_waited_for(hardware, clock, caplog):
    card = hardware.Card([hardware.Socket(state=abi.DISCONNECTED)])
    kernel = hardware.Kernel(card0=card)
    with caplog.at_level(logging.WARNING):
        screen = ReconnectingScreen(lambda: DrmScreen(ScreenSettings(kind="drm"), clock, kernel=kernel), clock)
    assert "it is waited for" in caplog.text
    screen.show(None, SCENE, Notice("paused"))
    card.sockets[0].state = abi.CONNECTED
    clock.advance(REOPEN_S)
    screen.tick()
    card.refresh()
    assert np.array_equal(card.shown(), compose(None, SCENE, Notice("paused"), 64, 36))


def test_writing_keeps_to_its_rows_and_turns_the_colours():
    memory = np.zeros((3, 6, 4), np.uint8)
    write(np.full((2, 4, 3), (1, 2, 3), np.uint8), memory[:2, :4])
    assert (memory[:2, :4, :3] == (3, 2, 1)).all()
    assert not memory[2].any()
    assert not memory[:, 4:].any()
