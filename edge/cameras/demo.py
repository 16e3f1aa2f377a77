"""The demo: pan and zoom over the portrait that ships with matplotlib, wearing a drawn mask in the middle third.

The picture is grace_hopper.jpg (Rear Admiral Grace Hopper, US Navy, public domain). No file of ours is needed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import cv2
import numpy as np

from edge.errors import MissingExtra, SourceError
from edge.frame import Frame
from edge.settings import SourceSettings

FRAMES = 300
FPS = 15.0
WIDTH, HEIGHT = 640, 480
MASKED = range(100, 200)  # the frames in which the mask is on

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


class DemoCamera:
    """300 frames of 640x480 at 15 frames per second, the same every time: bare, masked, bare.

    Raises:
        MissingExtra: matplotlib is not installed.
        SourceError: it was installed without its picture.
    """

    live = False
    stuck = False
    fps = FPS

    def __init__(self) -> None:
        self._bare = portrait()
        self._worn = put_mask_on(self._bare)

    def __iter__(self) -> Iterator[Frame]:
        for index in range(FRAMES):
            base = self._worn if index in MASKED else self._bare
            yield Frame(view(base, index), index / FPS, index)

    def close(self) -> None:
        """Nothing to release."""


def open_demo(settings: SourceSettings) -> DemoCamera:
    """The demo, whatever the settings say.

    Raises:
        MissingExtra: matplotlib is not installed.
        SourceError: it was installed without its picture.
    """
    return DemoCamera()


def portrait() -> np.ndarray:
    """The portrait, uint8 (600, 512, 3) RGB.

    Raises:
        MissingExtra: matplotlib is not installed.
        SourceError: it was installed without its picture, as some distributions do.
    """
    try:
        from matplotlib import cbook
    except ImportError:
        raise MissingExtra(
            "demo: its portrait comes with matplotlib, which is not installed; pip install 'edge-emotion[plot]'"
        ) from None
    try:
        data = np.fromfile(str(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)), np.uint8)
    except OSError as error:
        raise SourceError(
            f"demo: matplotlib was installed without grace_hopper.jpg ({error.strerror}); install it with pip"
        ) from None
    image = cv2.imdecode(data, cv2.IMREAD_COLOR)
    if image is None or image.shape != (600, 512, 3):
        raise SourceError("demo: matplotlib's grace_hopper.jpg is not the picture that the mask was fitted to")
    made: np.ndarray = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
    return made


def view(base: np.ndarray, index: int) -> np.ndarray:
    """What the camera sees in a frame: a part of `base` (600, 512, 3) as uint8 (480, 640, 3); the path is closed."""
    turn = 2 * math.pi * index / FRAMES
    width = 462.0 - 44.0 * math.cos(2 * turn)  # px of the picture across the view
    scale = WIDTH / width
    height = HEIGHT / scale
    x = FACE[0] + 46.0 * math.sin(turn)
    y = FACE[1] + 18.0 * math.sin(2 * turn)
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
