"""What drawing a screen's picture costs: python -m tests.bench.screens

Processor time of this thread (other programs do not count), median of many frames, for sizes and numbers of faces; the
faces move and their emotions change with every second frame, as they do with `detect_every = 2`. Then the share of a
live camera's time that drawing takes, at 30 frames a second for some seconds, and how many of them are shown so that it
stays below a tenth (edge/screens/painter.py).
"""

from __future__ import annotations

import argparse
import statistics
import time

import cv2
import numpy as np

from edge.clock import SystemClock
from edge.face import Detection, Scene, Track
from edge.frame import Box, Frame
from edge.labels import EMOTIONS
from edge.ports import Notice
from edge.screens.double_buffer import write
from edge.screens.overlay import compose
from edge.screens.painter import Painter

SCREENS = ((800, 480), (1280, 720), (1920, 1080))
CAMERA = (640, 480)
FPS = 30.0
NOTICE = Notice("", "A line for visitors")
SCENES = 30


def people(count: int) -> list[Scene]:
    """So many faces in rows, as they move and change."""
    random = np.random.default_rng(0)
    scenes = []
    for _ in range(SCENES):
        tracks = []
        for n in range(count):
            left, top = 30 + 150 * (n % 4) + random.uniform(-9, 9), 30 + 150 * (n // 4) + random.uniform(-9, 9)
            face = Detection(Box(left, top, left + 90, top + 110), 0.9)
            emotion = np.full(len(EMOTIONS), 0.02, np.float32)
            emotion[(n + 3) % len(EMOTIONS)] = random.uniform(0.4, 0.88)
            tracks.append(Track(n + 1, face, 0.0, mask=float(n % 2), worn=bool(n % 2), emotion=emotion / emotion.sum()))
        scenes.append(Scene(tracks=tuple(tracks)))
    return scenes


def noise() -> np.ndarray:
    """Four pictures."""
    return np.random.default_rng(0).integers(0, 256, (4, CAMERA[1], CAMERA[0], 3), dtype=np.uint8)


def cost_ms(screen: tuple[int, int], faces: int, frames: int) -> float:
    """Milliseconds of this thread for one picture: composed, and written in the device's colours."""
    images, memory = noise(), np.zeros((screen[1], screen[0], 4), np.uint8)
    scenes, taken = people(faces), []
    for n in range(frames + 5):
        began = time.thread_time()
        write(compose(Frame(images[n % 4], n / 30, n), scenes[n // 2 % SCENES], NOTICE, *screen, 30.0).pixels, memory)
        taken.append(time.thread_time() - began)
    return 1000 * statistics.median(taken[5:])


def share(screen: tuple[int, int], faces: int, seconds: float) -> tuple[float, float]:
    """The share of the time, 0-1, that drawing takes while a live camera delivers frames; and pictures a second."""
    images, memory = noise(), np.zeros((screen[1], screen[0], 4), np.uint8)
    painter = Painter(lambda picture: write(picture, memory), SystemClock())
    scenes, spent, drawn, frames = people(faces), 0.0, 0, round(seconds * FPS)
    start = time.monotonic()
    for n in range(frames):
        time.sleep(max(0.0, start + n / FPS - time.monotonic()))
        began = time.thread_time()
        drawn += painter.show(Frame(images[n % 4], n / FPS, n), scenes[n // 2 % SCENES], NOTICE, *screen)
        spent += time.thread_time() - began
    passed = time.monotonic() - start
    return spent / passed, drawn / passed


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=200, help="pictures a row")
    parser.add_argument("--seconds", type=float, default=5.0, help="of a live camera a row")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    print("| screen | faces | ms a picture | share of the time | pictures/s of 30 |\n|---|---|---|---|---|")
    for screen in SCREENS:
        for faces in (0, 1, 4, 12):
            cost = cost_ms(screen, faces, arguments.frames)
            part, rate = share(screen, faces, arguments.seconds)
            print(f"| {screen[0]}x{screen[1]} | {faces} | {cost:.2f} | {part:.1%} | {rate:.0f} |")


if __name__ == "__main__":
    main()
