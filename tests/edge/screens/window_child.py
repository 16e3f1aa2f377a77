"""A program with nothing but a window in it, for test_window_x11: SDL crashed a test process full of other libraries.

It reads one command a line, as JSON: ["open", mode], ["show", seed or null, [notice...]], ["key"] for F, ["close"].
It answers each with one line.
"""

from __future__ import annotations

import json
import sys

import numpy as np

from edge.face import Scene
from edge.frame import Frame
from edge.ports import Notice
from edge.screens import open_screen
from edge.settings import ScreenSettings
from edge.testing import FakeClock

WIDTH, HEIGHT = 640, 360


def frame_of(seed: int | None) -> Frame | None:
    """A picture of noise, or none."""
    if seed is None:
        return None
    return Frame(np.random.default_rng(seed).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8), 0.0, 0)


def main() -> None:
    """Until standard input ends."""
    import pygame

    screen = None
    for line in sys.stdin:
        action, *words = json.loads(line)
        if action == "open":
            screen = open_screen(ScreenSettings(kind="window", mode=words[0]), FakeClock(), print)
        elif action == "show":
            screen.show(frame_of(words[0]), Scene(), Notice(*words[1]))
            screen.tick()
        elif action == "key":
            pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=pygame.K_f))
            screen.tick()
        elif action == "close":
            screen.close()
        print(pygame.display.get_driver() if action == "open" else "done", flush=True)


if __name__ == "__main__":
    main()
