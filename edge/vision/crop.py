"""Cut the square around a face out of a picture, the one way for training and serving."""

from __future__ import annotations

import cv2
import numpy as np

from edge.frame import Box
from edge.vision.letterbox import resize, to_grey


def crop(image: np.ndarray, square: Box, width: int, height: int, channels: int = 3) -> np.ndarray:
    """Cut `square` out of a picture and resize it.

    Sides are rounded to whole pixels; what lies outside of the picture repeats its edge.

    Args:
        image: uint8 (H, W, 3) RGB or (H, W, 1) grey.
        square: the area in pixels of the picture; it may reach over the edges.
        width, height: size of the answer.
        channels: 3 keeps the colours, 1 answers in grey.

    Returns:
        uint8 (height, width, channels), a new array.
    """
    return _with_channels(_cut(image, square, width, height), channels)


class Crops:
    """What several models cut out of one picture: a square that more than one of them takes is resized once.

    Args:
        image: uint8 (H, W, 3) RGB or (H, W, 1) grey. It must not change meanwhile, so make a new one for each frame.
    """

    def __init__(self, image: np.ndarray) -> None:
        self.image = image
        self._cut: dict[tuple[Box, int, int], np.ndarray] = {}

    def __call__(self, square: Box, width: int, height: int, channels: int = 3) -> np.ndarray:
        """As `crop`, but the answer may be read-only: others get it, too."""
        key = (square, width, height)
        if (part := self._cut.get(key)) is None:
            part = self._cut[key] = _cut(self.image, square, width, height)
            part.flags.writeable = False
        return _with_channels(part, channels)


def _cut(image: np.ndarray, square: Box, width: int, height: int) -> np.ndarray:
    """The square in the picture's own channels."""
    rows, columns = image.shape[:2]
    left, top = round(square.left), round(square.top)
    right, bottom = max(round(square.right), left + 1), max(round(square.bottom), top + 1)
    # The part inside, never empty: a square wholly outside sees the nearest edge.
    x0, x1 = min(max(left, 0), columns - 1), max(min(right, columns), 1)
    y0, y1 = min(max(top, 0), rows - 1), max(min(bottom, rows), 1)
    part = image[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)]
    pads = (max(y0 - top, 0), max(bottom - y1, 0), max(x0 - left, 0), max(right - x1, 0))
    if any(pads):
        part = cv2.copyMakeBorder(part, *pads, borderType=cv2.BORDER_REPLICATE)
    return np.array(resize(part.reshape(*part.shape[:2], image.shape[2]), width, height))


def _with_channels(part: np.ndarray, channels: int) -> np.ndarray:
    if channels == 1 and part.shape[2] == 3:
        return to_grey(part)
    return np.repeat(part, 3, axis=2) if channels == 3 and part.shape[2] == 1 else part
