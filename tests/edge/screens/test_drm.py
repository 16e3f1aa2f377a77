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
from edge.screens.double_buffer import write
from edge.screens.drm import DrmScreen
from edge.screens.overlay import compose
from edge.screens.reconnecting import REOPEN_S, ReconnectingScreen
from edge.settings import ScreenSettings
from edge.testing import FakeClock, pictures

SCENE = Scene()


def level(value: int) -> Frame:
    return pictures(1, size=(64, 36), level=value)[0]


def corner(card) -> int:
    """The level of a plain picture where there is no text."""
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


def test_the_screen_starts_black_and_gives_the_console_back(hardware, machine):
    card = hardware.Card([hardware.Connector()])
    screen = machine(card)
    assert screen.size == (64, 36)
    assert not card.shown().any()
    screen.close()
    assert card.crtcs[100][0] == 7
    assert (card.buffers, card.fbs, card.master) == ({}, {}, None)


def test_every_pixel_of_a_colour_picture_arrives(hardware, machine):
    card = hardware.Card([hardware.Connector()])
    screen = machine(card)
    image = np.random.default_rng(0).integers(0, 256, (36, 64, 3), dtype=np.uint8)
    screen.show(Frame(image, 0.0, 0), SCENE)
    card.refresh()
    assert np.array_equal(card.shown(), image)


def test_a_letterboxed_picture_arrives_as_composed(hardware, machine):
    card = hardware.Card([hardware.Connector()])
    screen = machine(card)
    frame = Frame(np.random.default_rng(1).integers(0, 256, (30, 40, 3), dtype=np.uint8), 0.0, 0)
    screen.show(frame, SCENE, Notice(visitors="Hello"))
    card.refresh()
    assert np.array_equal(card.shown(), compose(frame, SCENE, Notice(visitors="Hello"), 64, 36).pixels)


def test_nothing_is_drawn_into_the_visible_buffer(hardware, machine, clock):
    card = hardware.Card([hardware.Connector()])
    screen = machine(card)
    for value in (10, 20, 30, 40):
        before = card.shown()
        screen.show(level(value), SCENE)
        assert np.array_equal(card.shown(), before), "until the refresh the old picture stays"
        card.refresh()
        assert corner(card) == value
        clock.advance(1)
    assert (card.flips, card.sets, card.made) == (4, 1, 2)


def test_a_pending_flip_is_waited_for(hardware, machine, clock):
    card = hardware.Card([hardware.Connector()])
    screen = machine(card)
    for value in (10, 20, 30):
        screen.show(level(value), SCENE)
        clock.advance(1)
    card.refresh()
    assert corner(card) == 30
    assert card.flips == 3


def test_a_lost_flip_is_repaired_by_setting_the_mode(hardware, machine, clock):
    card = hardware.Card([hardware.Connector()], stalls=True)
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
    card = hardware.Card([hardware.Connector()], refusals={abi.PAGE_FLIP: number})
    screen = machine(card)
    for value in (10, 20):
        screen.show(level(value), SCENE)
        assert corner(card) == value
        clock.advance(1)
    assert (card.flips, card.sets) == (0, 3)


def test_a_frame_already_on_the_screen_is_not_drawn_again(hardware, machine, clock):
    card = hardware.Card([hardware.Connector()])
    screen = machine(card)
    frame = level(10)
    for _ in range(5):
        screen.show(frame, SCENE)
        clock.advance(1)
    assert card.flips == 1


def test_a_pulled_cable_is_noticed_within_a_second(hardware, machine, clock):
    card = hardware.Card([hardware.Connector()])
    screen = machine(card)
    screen.tick()
    card.connectors[0].state = abi.DISCONNECTED
    screen.tick()
    clock.advance(1.0)
    with pytest.raises(ScreenAbsent, match="HDMI-A-1 was unplugged"):
        screen.tick()


@pytest.fixture
def plugged(hardware, clock):
    """A card, its kernel and a screen on it."""
    card = hardware.Card([hardware.Connector()])
    kernel = hardware.Kernel(card0=card)
    return card, kernel, DrmScreen(ScreenSettings(kind="drm"), clock, kernel=kernel)


def test_a_cable_pulled_and_plugged_in_again_between_two_checks_changes_nothing(plugged, clock):
    card, kernel, screen = plugged
    clock.advance(0.1)
    kernel.hotplugs = 2
    screen.tick()
    screen.show(level(10), SCENE)
    card.refresh()
    assert (corner(card), card.sets) == (10, 1)
    probes = card.probes
    clock.advance(0.1)
    screen.tick()
    assert card.probes == probes, "the cable is probed only after a hotplug, not at every tick"
    screen.close()
    assert kernel.listeners == 0


def test_a_hotplug_message_is_acted_on_at_once(plugged):
    card, kernel, screen = plugged
    card.connectors[0].state = abi.DISCONNECTED
    kernel.hotplugs = 1
    with pytest.raises(ScreenAbsent, match="HDMI-A-1 was unplugged"):
        screen.tick()


def test_a_hotplug_message_sent_before_the_driver_probed_the_cable_is_understood(plugged):
    card, kernel, screen = plugged
    card.connectors[0].state, card.connectors[0].known = abi.DISCONNECTED, abi.CONNECTED
    kernel.hotplugs = 1
    with pytest.raises(ScreenAbsent, match="HDMI-A-1 was unplugged"):
        screen.tick()


def test_a_different_screen_that_cannot_show_the_mode_counts_as_absent(plugged, hardware):
    card, kernel, screen = plugged
    card.connectors[0].modes = [hardware.mode(32, 18, preferred=True)]
    kernel.hotplugs = 2
    with pytest.raises(ScreenAbsent, match="a different screen is on HDMI-A-1; it cannot show 64x36"):
        screen.tick()


@pytest.mark.parametrize(
    ("request_number", "number", "kind", "expected"),
    [
        (abi.SET_CRTC, errno.EACCES, ScreenError, "in use by another program"),
        (abi.CREATE_DUMB, errno.ENOMEM, ScreenError, "refused the request"),
        (abi.ADD_FRAMEBUFFER, errno.EINVAL, ScreenError, "refused the request"),
        (abi.MAP_DUMB, errno.ENODEV, ScreenAbsent, "is gone"),
    ],
)
def test_a_card_that_refuses_is_closed(hardware, clock, request_number, number, kind, expected):
    kernel = hardware.Kernel(card0=hardware.Card([hardware.Connector()], refusals={request_number: number}))
    with pytest.raises(ScreenError, match=expected) as caught:
        DrmScreen(ScreenSettings(kind="drm"), clock, kernel=kernel)
    assert type(caught.value) is kind
    assert kernel.files == {}


def test_a_card_in_use_by_a_desktop_is_reported(hardware, clock):
    kernel = hardware.Kernel(card0=hardware.Card([hardware.Connector()]))
    kernel.open("/dev/dri/card0")
    with pytest.raises(ScreenError, match="card0 is in use by another program; quit the desktop"):
        DrmScreen(ScreenSettings(kind="drm"), clock, kernel=kernel)


def test_a_card_removed_while_drawing_is_an_absent_screen_and_closes_quietly(hardware, machine, clock):
    card = hardware.Card([hardware.Connector()])
    screen = machine(card)
    card.gone = True
    with pytest.raises(ScreenAbsent, match="card0 is gone"):
        screen.show(level(10), SCENE)
    clock.advance(1)
    with pytest.raises(ScreenAbsent, match="card0 is gone"):
        screen.tick()
    screen.close()


def test_a_closed_screen_refuses_pictures(hardware, machine):
    screen = machine(hardware.Card([hardware.Connector()]))
    screen.close()
    with pytest.raises(ScreenError):
        screen.show(level(10), SCENE)


def test_a_screen_can_move_to_the_other_connector_while_the_loop_runs(hardware, clock, caplog):
    first, second = hardware.Connector(number=1), hardware.Connector(number=2, state=abi.DISCONNECTED)
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
        "screen: HDMI-A-1 was unplugged; it will be reopened when it is back",
        "screen: nothing is connected to HDMI-A-1, HDMI-A-2; plug a screen in and switch it on; "
        "it will be reopened when it is back",
        "screen: reconnected",
    ]
    screen.close()
    assert kernel.files == {}


def test_a_screen_that_is_off_at_start_is_waited_for(hardware, clock, caplog):
    card = hardware.Card([hardware.Connector(state=abi.DISCONNECTED)])
    kernel = hardware.Kernel(card0=card)
    with caplog.at_level(logging.WARNING):
        screen = ReconnectingScreen(lambda: DrmScreen(ScreenSettings(kind="drm"), clock, kernel=kernel), clock)
    assert "waiting for it" in caplog.text
    screen.show(None, SCENE, Notice("paused"))
    card.connectors[0].state = abi.CONNECTED
    clock.advance(REOPEN_S)
    screen.tick()
    card.refresh()
    assert np.array_equal(card.shown(), compose(None, SCENE, Notice("paused"), 64, 36).pixels)


def test_write_respects_row_padding_and_swaps_the_colours():
    memory = np.zeros((3, 6, 4), np.uint8)
    write(np.full((2, 4, 3), (1, 2, 3), np.uint8), memory[:2, :4])
    assert (memory[:2, :4, :3] == (3, 2, 1)).all()
    assert not memory[2].any()
    assert not memory[:, 4:].any()
