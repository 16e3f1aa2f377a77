"""The window on a real X server without a monitor (Debian: xvfb), whose screen is a file that the test reads."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import time

import numpy as np
import pytest

from edge.face import Scene
from edge.frame import Frame
from edge.ports import Notice
from edge.screens import open_screen
from edge.screens.overlay import compose
from edge.settings import ScreenSettings
from edge.testing import FakeClock
from tests.conftest import absent

WIDTH, HEIGHT = 640, 360
LIMIT_S = 30.0


class Display:
    """An X server; `wait_for` compares what is on its screen."""

    def __init__(self, folder):
        ready, told = os.pipe()
        screen = ["-screen", "0", f"{WIDTH}x{HEIGHT}x24", "-fbdir", str(folder)]
        self._server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(told), *screen, "-nolisten", "tcp", "-nocursor"],
            pass_fds=[told], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(told)
        with os.fdopen(ready) as answer:
            self.name = f":{answer.readline().strip()}"
        self._file = folder / "Xvfb_screen0"

    def pixels(self) -> np.ndarray:
        """The screen, uint8 (H, W, 3) RGB; the file has the format of xwd."""
        content = self._file.read_bytes()
        header = struct.unpack(">25I", content[:100])
        size, width, height, stride, colours = header[0], header[4], header[5], header[12], header[19]
        begin = size + 12 * colours
        rows = np.frombuffer(content, np.uint8, stride * height, begin).reshape(height, stride)
        return rows[:, : 4 * width].reshape(height, width, 4)[..., 2::-1]

    def wait_for(self, picture: np.ndarray) -> None:
        end = time.monotonic() + LIMIT_S
        while not np.array_equal(self.pixels(), picture):
            assert time.monotonic() < end, "the picture does not come on the screen"
            time.sleep(0.02)

    def close(self) -> None:
        self._server.kill()
        self._server.wait()


@pytest.fixture
def display(tmp_path):
    if not shutil.which("Xvfb"):
        absent("Xvfb is not installed (Debian: sudo apt install xvfb)")
    opened = Display(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def pygame(display, monkeypatch):
    monkeypatch.setenv("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    monkeypatch.delenv("SDL_VIDEODRIVER", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", display.name)
    try:
        import pygame
    except ImportError:
        absent("pygame is not installed (pip install '.[window]')")
        raise
    yield pygame
    pygame.display.quit()  # before the server goes: Xlib ends the process that loses it


def test_what_the_window_shows_is_on_the_screen(display, pygame):
    screen = open_screen(ScreenSettings(kind="window", mode=f"{WIDTH}x{HEIGHT}"), FakeClock(), print)
    assert pygame.display.get_driver() == "x11"
    image = np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    screen.show(Frame(image, 0.0, 0), Scene())
    screen.tick()
    display.wait_for(compose(Frame(image, 0.0, 0), Scene(), Notice(), WIDTH, HEIGHT).pixels)
    screen.show(None, Scene(), Notice("no camera", "Back soon"))
    screen.tick()
    display.wait_for(compose(None, Scene(), Notice("no camera", "Back soon"), WIDTH, HEIGHT).pixels)
    screen.close()
    display.wait_for(np.zeros((HEIGHT, WIDTH, 3), np.uint8))


def test_a_small_window_takes_the_whole_screen_and_gives_it_back(display, pygame):
    screen = open_screen(ScreenSettings(kind="window", mode="320x180"), FakeClock(), print)
    screen.show(None, Scene(), Notice("paused"))
    pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=pygame.K_f))
    screen.tick()
    display.wait_for(compose(None, Scene(), Notice("paused"), WIDTH, HEIGHT).pixels)
    pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=pygame.K_f))
    screen.tick()
    small = compose(None, Scene(), Notice("paused"), 320, 180).pixels
    whole = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    whole[90:270, 160:480] = small
    display.wait_for(whole)
