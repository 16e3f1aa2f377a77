from __future__ import annotations

import sys

import numpy as np
import pytest

from edge.errors import MissingExtra, ScreenError, SettingsError
from edge.face import Scene
from edge.frame import Frame
from edge.ports import Notice
from edge.screens import open_screen
from edge.screens.overlay import compose
from edge.screens.window import WindowScreen, window_size
from edge.settings import ScreenSettings
from edge.testing import FakeClock
from tests.conftest import absent

SCENE = Scene()
SMALL = "96x54"


@pytest.fixture
def pygame(monkeypatch):
    """SDL's dummy driver: windows in memory, real events."""
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    monkeypatch.setenv("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    try:
        import pygame
    except ImportError:
        absent("pygame is not installed (pip install '.[window]')")
        raise
    yield pygame
    pygame.display.quit()


@pytest.fixture
def stops():
    return []


@pytest.fixture
def window(pygame, stops):
    """window(**settings) -> an open window."""
    opened = []

    def build(**settings) -> WindowScreen:
        chosen = ScreenSettings(kind="window", **{"mode": SMALL, **settings})
        screen = open_screen(chosen, FakeClock(), lambda: stops.append(True))
        opened.append(screen)
        return screen

    yield build
    for screen in opened:
        screen.close()


def frame(seed: int = 0) -> Frame:
    return Frame(np.random.default_rng(seed).integers(0, 256, (54, 96, 3), dtype=np.uint8), 0.0, seed)


def shown(pygame) -> np.ndarray:
    """What the window shows, uint8 (H, W, 3) RGB."""
    return pygame.surfarray.array3d(pygame.display.get_surface()).transpose(1, 0, 2)


def press(pygame, key: int) -> None:
    pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=key))


def test_the_window_has_the_size_of_the_settings_and_is_empty_at_first(window, pygame):
    window()
    assert pygame.display.get_surface().get_size() == (96, 54)
    assert not shown(pygame).any()


def test_every_pixel_arrives(window, pygame):
    screen = window()
    screen.show(frame(), SCENE)
    assert np.array_equal(shown(pygame), frame().image)
    screen.show(None, SCENE, Notice("no camera", "Back soon"))
    assert np.array_equal(shown(pygame), compose(None, SCENE, Notice("no camera", "Back soon"), 96, 54).pixels)


@pytest.mark.parametrize("way", ["K_ESCAPE", "K_q", "closing the window"])
def test_the_user_can_end_it(window, pygame, stops, way):
    screen = window()
    screen.tick()
    assert stops == []
    if way == "closing the window":
        pygame.event.post(pygame.event.Event(pygame.QUIT))
    else:
        press(pygame, getattr(pygame, way))
    screen.tick()
    assert stops == [True]


def test_other_keys_do_nothing(window, pygame, stops):
    screen = window()
    for key in (pygame.K_a, pygame.K_SPACE, pygame.K_RETURN):
        press(pygame, key)
    pygame.event.post(pygame.event.Event(pygame.MOUSEMOTION, pos=(1, 1), rel=(1, 1), buttons=(0, 0, 0)))
    screen.tick()
    assert stops == []


def test_full_screen_comes_and_goes_with_a_key_and_shows_what_was_shown(window, pygame):
    screen = window()
    screen.show(None, SCENE, Notice("paused"))
    press(pygame, pygame.K_f)
    screen.tick()
    large = pygame.display.get_surface()
    assert large.get_flags() & pygame.FULLSCREEN
    assert np.array_equal(shown(pygame), compose(None, SCENE, Notice("paused"), *large.get_size()).pixels)
    press(pygame, pygame.K_f)
    screen.tick()
    assert not pygame.display.get_surface().get_flags() & pygame.FULLSCREEN
    assert np.array_equal(shown(pygame), compose(None, SCENE, Notice("paused"), 96, 54).pixels)


def test_full_screen_is_a_setting(window, pygame):
    window(fullscreen=True)
    assert pygame.display.get_surface().get_flags() & pygame.FULLSCREEN


def test_a_window_that_was_uncovered_is_drawn_again_without_a_new_frame(window, pygame):
    screen = window()
    screen.tick()
    screen.show(None, SCENE, Notice("paused"))
    before = shown(pygame)
    pygame.display.get_surface().fill((0, 0, 0))
    screen.tick()
    assert not shown(pygame).any()
    pygame.event.post(pygame.event.Event(pygame.VIDEOEXPOSE))
    screen.tick()
    assert np.array_equal(shown(pygame), before)


def test_a_window_that_was_closed_under_it_is_a_screen_error(window, pygame):
    screen = window()
    pygame.display.quit()
    with pytest.raises(ScreenError, match="the window is gone"):
        screen.tick()


def test_a_desktop_that_cannot_be_reached_is_a_screen_error(pygame, monkeypatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "nonsense")
    with pytest.raises(ScreenError, match=r"no window can be opened.*use --screen drm"):
        WindowScreen(ScreenSettings(kind="window"), FakeClock(), print)


def test_without_a_desktop_session_sdl_is_not_even_loaded():
    with pytest.raises(ScreenError, match="no desktop session here; start it inside one, or use --screen drm"):
        WindowScreen(ScreenSettings(kind="window"), FakeClock(), print, library=object(), environment={"TERM": "linux"})


def test_missing_pygame_is_one_line_that_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pygame", None)
    with pytest.raises(MissingExtra, match=r"-m pip install 'edge-emotion\[window\]'"):
        WindowScreen(ScreenSettings(kind="window"), FakeClock(), print, environment={"DISPLAY": ":0"})


@pytest.mark.parametrize(("mode", "size"), [("auto", (1280, 720)), ("1920x1080", (1920, 1080)), ("1x1", (1, 1))])
def test_a_mode_is_a_size(mode, size):
    assert window_size(mode) == size


@pytest.mark.parametrize("mode", ["", "x", "640", "640x", "x480", "-1x5", "0x5", "640x480@60", "99999x1"])
def test_a_mode_that_is_no_size_is_an_error_of_the_settings(mode):
    with pytest.raises(SettingsError, match=r"\[screen\] mode: expected auto or a size such as 1280x720"):
        window_size(mode)
