"""Three drawn people in front of a wall, whose faces change with time."""

from __future__ import annotations

import functools
import math

import cv2
import numpy as np

from edge.demo.head import head
from edge.demo.people import CAST, Expression, expressions
from edge.vision.lettering import Style, write

WIDTH, HEIGHT = 640, 480
HEAD = 340  # height of a head with its shoulders, pixels
PLACES = (100, 305, 530)  # where the middle of each head is, pixels from the left
SIGN, SMALL = "Nobody is here: these faces are drawn by code.", Style(12)
CHANGE_S, CHANGES = 0.4, 6  # an expression changes in this time, in so many steps

# What each of the cast shows: from when on, seconds; the emotion; whether a mask is worn. No picture of the sheet of
# `make demo` (at 0.83 s, 2.5 s, 4.17 s and so on) falls into the half second in which the captions follow a change.
Part = tuple[tuple[float, str, bool], ...]
PARTS: tuple[Part, ...] = (
    ((0.0, "angry", False), (4.4, "neutral", False), (5.0, "neutral", True)),
    ((0.0, "surprise", False), (2.7, "sad", False), (6.1, "happy", False)),
    ((0.0, "happy", False), (3.0, "surprise", False), (6.3, "happy", False)),
)


def stage(time: float, sway: float = 3.0) -> np.ndarray:
    """What a camera sees at a time, seconds from the beginning: uint8 (480, 640, 3) RGB.

    Heads move about their places by `sway` pixels.
    """
    picture = wall().copy()
    for n, (person, part, x) in enumerate(zip(CAST, PARTS, PLACES, strict=True)):
        expression, masked = showing(part, time)
        made = head(person, expression, masked, HEAD)
        across, down = sway * math.sin(1.1 * time + 2.1 * n), sway * math.sin(1.7 * time + n)
        made.put(picture, round(x + across) - made.ink.shape[1] // 2, round(HEIGHT - HEAD + 10 + down))
    return picture


def showing(part: Part, time: float) -> tuple[Expression, bool]:
    """What a part shows at a time: the expression, on its way from the one before, and whether a mask is worn."""
    known = expressions()
    n = max(n for n, (begin, *_) in enumerate(part) if begin <= time or n == 0)
    begin, emotion, masked = part[n]
    step = min(CHANGES, math.floor((time - begin) / CHANGE_S * CHANGES + 1e-6))
    if n == 0 or step >= CHANGES:
        return known[emotion], masked
    return known[part[n - 1][1]].towards(known[emotion], step / CHANGES), masked


@functools.cache
def wall() -> np.ndarray:
    """The background, uint8 (480, 640, 3) RGB: a wall in soft light."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    light = 1.04 - 0.34 * np.clip(((x - 250) / 620) ** 2 + ((y - 150) / 520) ** 2, 0, 1)
    made = np.array((196, 203, 208), np.float32) * light[..., None]
    board = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.rectangle(board, (0, 452), (WIDTH, HEIGHT), 255, -1)
    made *= 1 - 0.25 * cv2.GaussianBlur(board, (0, 0), 2).astype(np.float32)[..., None] / 255
    picture: np.ndarray = np.clip(made, 0, 255).astype(np.uint8)
    write(picture, SIGN, ((WIDTH - SMALL.width_of(SIGN)) // 2, 44), (112, 120, 128), SMALL)
    return picture
