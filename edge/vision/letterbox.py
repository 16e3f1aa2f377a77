"""Pictures of any size onto a model's canvas: resize, grey, letterbox. Training and serving share these."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

LARGE = 1 << 16  # bytes: smaller pictures are in a cache, or soon read


def resize(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """Resize uint8 (H, W) or (H, W, C) to (height, width[, C]), bit-identical on every machine.

    Halves by exact 2x2 means while the picture is at least twice too large (so that fine detail is averaged, not
    aliased), then interpolates with OpenCV's bit-exact bilinear.
    """
    shape = image.shape
    if image.nbytes >= LARGE:
        _read_ahead(image)
    while image.shape[1] >= 2 * width and image.shape[0] >= 2 * height:
        even = image[: image.shape[0] // 2 * 2, : image.shape[1] // 2 * 2]
        image = cv2.resize(even, (even.shape[1] // 2, even.shape[0] // 2), interpolation=cv2.INTER_AREA)
    if image.shape[:2] != (height, width):
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR_EXACT)
    return image.reshape(height, width, *shape[2:])


def _read_ahead(image: np.ndarray) -> None:
    """Read a byte of each 64 once, in the order of memory.

    A frame that another thread has just made is not in this core's caches. OpenCV reads two rows at a time, which
    memory answers slower than one stream: 0.24 ms for a frame of 640x480, of which this saves a quarter.
    """
    pixels = image if image.ndim == 3 else image[..., None]
    pixels[:, :: max(64 // pixels.shape[2], 1), 0].max()


def to_grey(image: np.ndarray) -> np.ndarray:
    """RGB uint8 (H, W, 3) to luma uint8 (H, W, 1) (ITU-R BT.601, as cv2 computes it)."""
    answer: np.ndarray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[:, :, None]
    return answer


@dataclass(frozen=True)
class Letterbox:
    """How a picture was fitted into a canvas: canvas = picture * scale, padding at the right and the bottom."""

    scale: float
    width: int
    height: int

    def to_picture(self, ltrb: np.ndarray) -> np.ndarray:
        """Boxes float32 (N, 4) of the canvas in pixels of the picture."""
        return ltrb / np.float32(self.scale)


def letterbox(image: np.ndarray, width: int, height: int) -> tuple[np.ndarray, Letterbox]:
    """Fit a picture uint8 (H, W, 3) into a canvas (height, width, 3), aspect kept, black at right and bottom."""
    scale = min(width / image.shape[1], height / image.shape[0])
    inner_w = min(width, max(1, round(image.shape[1] * scale)))
    inner_h = min(height, max(1, round(image.shape[0] * scale)))
    inner = resize(image, inner_w, inner_h)
    fit = Letterbox(scale, image.shape[1], image.shape[0])
    if (inner_w, inner_h) == (width, height):
        return inner, fit
    canvas = np.zeros((height, width, image.shape[2]), np.uint8)
    canvas[:inner_h, :inner_w] = inner
    return canvas, fit
