"""The portrait of the demo: Rear Admiral Grace Hopper, US Navy, 1984, in the public domain; and a mask to put on it."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np

from edge import picture

PORTRAIT = Path(__file__).resolve().parent / "portrait.jpg"
WIDTH, HEIGHT = 640, 480

# Where a surgical mask sits on this picture (512 x 600), found by hand; (x, y) in its pixels.
FACE = (266.0, 226.0)
OUTLINE = (
    (181, 231), (200, 224), (222, 217), (246, 205), (267, 199), (289, 205), (312, 216), (332, 223), (349, 230),
    (346, 256), (338, 282), (325, 305), (298, 329), (266, 338), (233, 330), (206, 307), (193, 284), (185, 258),
)  # fmt: skip
STRAPS = (((182, 233), (168, 214)), ((196, 288), (172, 258)), ((348, 232), (362, 212)), ((336, 286), (357, 258)))
PLEATS = (
    ((186, 262), (266, 248), (344, 260)),
    ((190, 281), (266, 274), (339, 279)),
    ((200, 299), (266, 299), (329, 298)),
)
CLOTH, STRAP = (158, 196, 220), (225, 230, 232)  # RGB
FINE = 4  # the mask is drawn this many times larger and then averaged, for soft edges


def portrait() -> np.ndarray:
    """The portrait, uint8 (600, 512, 3) RGB."""
    made = picture.read(PORTRAIT)
    assert made.shape == (600, 512, 3)  # the mask is fitted to it
    return made


def view(base: np.ndarray, share: float) -> np.ndarray:
    """What a camera sees that pans and zooms over `base` (600, 512, 3): uint8 (480, 640, 3).

    The path is closed: `share` is how much of it is done, 0-1.
    """
    turn = 2 * math.pi * share
    width = 440.0 - 24.0 * math.cos(2 * turn)  # px of the picture across the view
    scale = WIDTH / width
    height = HEIGHT / scale
    x = FACE[0] + 26.0 * math.sin(turn)
    y = FACE[1] + 10.0 * math.sin(2 * turn)
    left = min(max(x - width / 2, 0.0), base.shape[1] - width)
    top = min(max(y - height / 2, 0.0), base.shape[0] - height)
    matrix = np.array([[scale, 0, -left * scale], [0, scale, -top * scale]])
    made: np.ndarray = cv2.warpAffine(
        base, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return made


def put_mask_on(base: np.ndarray) -> np.ndarray:
    """The portrait (600, 512, 3) with a surgical mask on; a new array."""
    rows, columns = base.shape[:2]
    size = (rows * FINE, columns * FINE)
    cover = np.zeros(size, np.uint8)
    cv2.fillPoly(cover, [_fine(OUTLINE)], 255)
    straps = np.zeros(size, np.uint8)
    for ends in STRAPS:
        cv2.polylines(straps, [_fine(ends)], False, 255, 2 * FINE, cv2.LINE_AA)
    cloth = _cloth(rows, columns, base)
    pleats = np.zeros(size, np.uint8)
    for fold in PLEATS:
        cv2.polylines(pleats, [_curve(fold)], False, 255, 2 * FINE, cv2.LINE_AA)
    cv2.polylines(pleats, [_fine(OUTLINE)], True, 160, FINE, cv2.LINE_AA)
    cloth = cloth * (1 - 0.28 * cv2.GaussianBlur(_coarse(pleats), (0, 0), 1.2)[:, :, None])
    picture = _over(base.astype(np.float32), np.array(STRAP, np.float32), _coarse(straps))
    made: np.ndarray = np.clip(np.rint(_over(picture, cloth, _coarse(cover))), 0, 255).astype(np.uint8)
    return made


def _cloth(rows: int, columns: int, base: np.ndarray) -> np.ndarray:
    """The cloth's colour everywhere, float32 (H, W, 3): rounded by shade, lit as the face below it is."""
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    middle = (266.0, 268.0)
    away = ((x - middle[0]) / 105) ** 2 + ((y - middle[1]) / 110) ** 2
    shade = 1.06 - 0.30 * np.clip(away, 0, 1.2)
    light = cv2.GaussianBlur(cv2.cvtColor(base, cv2.COLOR_RGB2GRAY).astype(np.float32), (0, 0), 14) / 160
    made: np.ndarray = np.array(CLOTH, np.float32) * (shade * (0.75 + 0.25 * np.clip(light, 0.5, 1.3)))[:, :, None]
    return made


def _over(below: np.ndarray, colour: np.ndarray, cover: np.ndarray) -> np.ndarray:
    made: np.ndarray = below * (1 - cover) + colour * cover
    return made


def _fine(points: tuple[tuple[int, int], ...]) -> np.ndarray:
    """Points of the picture on the fine canvas, int32 (N, 1, 2)."""
    return np.array(points, np.int32).reshape(-1, 1, 2) * FINE


def _curve(ends: tuple[tuple[int, int], ...]) -> np.ndarray:
    """A quadratic curve that goes through its three points, on the fine canvas, int32 (N, 1, 2)."""
    a, b, c = (np.array(p, np.float64) for p in ends)
    t = np.linspace(0, 1, 33)[:, None]
    points = a * (2 * t - 1) * (t - 1) + b * 4 * t * (1 - t) + c * t * (2 * t - 1)
    return np.rint(points * FINE).astype(np.int32).reshape(-1, 1, 2)


def _coarse(canvas: np.ndarray) -> np.ndarray:
    """A fine canvas uint8 back at the picture's size, float32 (H, W, 1) 0-1."""
    size = (canvas.shape[1] // FINE, canvas.shape[0] // FINE)
    made: np.ndarray = (cv2.resize(canvas, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255)[:, :, None]
    return made
