"""What drawing a screen's picture costs: python -m tests.bench.screens

Processor time of this thread (other programs do not count), median of many frames, for sizes and numbers of faces; then
how often the screen is drawn so that it stays within its tenth of the time (edge/screens/painter.py).
"""

from __future__ import annotations

import argparse
import statistics
import time

import cv2
import numpy as np

from edge.face import Face, Scene, Track
from edge.frame import Box, Frame
from edge.screens.drm import write
from edge.screens.overlay import compose
from edge.screens.painter import SHARE

SCREENS = ((800, 480), (1280, 720), (1920, 1080))
CAMERA = (640, 480)


def people(count: int) -> Scene:
    """So many faces in rows, each with all that a card can say."""
    emotion = np.float32([0.05, 0.05, 0.05, 0.7, 0.05, 0.05, 0.05])
    tracks = []
    for n in range(count):
        left, top = 30 + 150 * (n % 4), 30 + 150 * (n // 4)
        face = Face(Box(left, top, left + 90, top + 110), 0.9)
        tracks.append(Track(n + 1, face, 0.0, mask=float(n % 2), worn=bool(n % 2), emotion=emotion))
    return Scene(tracks=tuple(tracks))


def cost_ms(screen: tuple[int, int], faces: int, frames: int) -> float:
    """Milliseconds of this thread for one picture: composed, and written in the card's colours."""
    images = np.random.default_rng(0).integers(0, 256, (4, CAMERA[1], CAMERA[0], 3), dtype=np.uint8)
    memory = np.zeros((screen[1], screen[0], 4), np.uint8)
    scene, taken = people(faces), []
    for n in range(frames + 5):
        began = time.thread_time()
        write(compose(Frame(images[n % 4], n / 30, n), scene, "A line for visitors", *screen, 30.0), memory)
        taken.append(time.thread_time() - began)
    return 1000 * statistics.median(taken[5:])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=200, help="pictures a row")
    frames = parser.parse_args().frames
    cv2.setNumThreads(1)
    print("| screen | faces | ms a picture | pictures/s within a tenth of the time |\n|---|---|---|---|")
    for screen in SCREENS:
        for faces in (0, 1, 4, 12):
            cost = cost_ms(screen, faces, frames)
            print(f"| {screen[0]}x{screen[1]} | {faces} | {cost:.2f} | {1000 * SHARE / cost:.0f} |")


if __name__ == "__main__":
    main()
