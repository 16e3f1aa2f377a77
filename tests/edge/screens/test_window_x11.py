"""The window on a real X server without a monitor (Debian: xvfb), whose screen is a file that the test reads."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import struct
import subprocess
import sys

import numpy as np
import pytest

from edge.face import Scene
from edge.ports import Notice
from edge.screens.overlay import compose
from tests.conftest import absent
from tests.edge.screens.window_child import HEIGHT, WIDTH, frame_of
from tests.waiting import until


class Display:
    """An X server; `wait_for` compares what is on its screen."""

    def __init__(self, folder):
        ready, told = os.pipe()
        # -noreset: Xvfb resets when its last client disconnects, as the window does between two sizes.
        screen = ["-screen", "0", f"{WIDTH}x{HEIGHT}x24", "-fbdir", str(folder), "-noreset"]
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
        until(lambda: np.array_equal(self.pixels(), picture), "the picture does not come on the screen")

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
def window(display, root):
    """Gives the program with the window a command; returns its answer."""
    if not importlib.util.find_spec("pygame"):
        absent("pygame is not installed (pip install '.[window]')")
    left_out = ("SDL_VIDEODRIVER", "WAYLAND_DISPLAY")
    environment = {name: value for name, value in os.environ.items() if name not in left_out}
    environment |= {"DISPLAY": display.name, "PYGAME_HIDE_SUPPORT_PROMPT": "1"}
    command = [sys.executable, "-m", "tests.edge.screens.window_child"]
    with subprocess.Popen(
        command, cwd=root, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:

        def tell(*words):
            child.stdin.write(json.dumps(words) + "\n")
            child.stdin.flush()
            return child.stdout.readline().strip()

        yield tell
        child.kill()


def shown(seed, notice=(), width=WIDTH, height=HEIGHT):
    return compose(frame_of(seed), Scene(), Notice(*notice), width, height).pixels


def test_what_the_window_shows_is_on_the_screen(display, window) -> None:
    assert window("open", f"{WIDTH}x{HEIGHT}") == "x11"
    assert window("show", 1, []) == "done"
    display.wait_for(shown(1))
    lost = ("no camera", "Back soon")
    assert window("show", None, lost) == "done"
    display.wait_for(shown(None, lost))
    assert window("close") == "done"
    display.wait_for(np.zeros((HEIGHT, WIDTH, 3), np.uint8))


def test_a_small_window_takes_the_whole_screen_and_gives_it_back(display, window) -> None:
    assert window("open", "320x180") == "x11"
    assert window("show", None, ["paused"]) == "done"
    assert window("key") == "done"
    display.wait_for(shown(None, ["paused"]))
    assert window("key") == "done"
    whole = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    whole[90:270, 160:480] = shown(None, ["paused"], 320, 180)
    display.wait_for(whole)
