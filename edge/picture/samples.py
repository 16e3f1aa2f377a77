"""What Pillow decoded as RGB of 8 bits: turned as EXIF says, larger samples scaled. Pillow itself would clip those."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from edge.errors import PictureError
from edge.picture.header import ORIENTATION, TURNS

# Samples without a scale of their own are taken by the least of these that holds nearly all of them.
_SCALES = {"float": (1.0, 255.0, 65535.0), "whole": (255.0, 65535.0)}
# Whites that samples of 16 bits are written with: NumPy arrays of 8 bits, and cameras of 10 and 12.
_WHITES = (255, 1023, 4095)
_NEARLY_ALL = 99  # percent: a few highlights may be clipped
# Floats of 0 to 1 may go that far beyond white, which is clipped; by the next scale they would be black.
_BRIGHTEST = 4.0
_BELOW_ZERO = 0.02  # of the scale: noise of a black that was subtracted


def rgb(image: Any, name: str, white: int = 0) -> np.ndarray:
    """A Pillow image, or a frame of one, as uint8 (H, W, 3) RGB, turned; `white` as for `eight_bits`.

    Raises:
        PictureError: its samples have a range that is not known; begins with `name`.
    """
    from PIL import ImageOps

    image.load()  # a GIF may get another mode by it
    # Both would copy a picture that needs neither: 200 MB each for 50 megapixels.
    upright = ImageOps.exif_transpose(image) if image.getexif().get(ORIENTATION, 1) in TURNS else image
    if not upright.mode.startswith(("I", "F")):
        return np.array(upright if upright.mode == "RGB" else upright.convert("RGB"))
    samples = np.asarray(upright)
    if upright.mode.startswith("I;16") or (upright.mode == "I" and 0 <= samples.min() <= samples.max() <= _WHITES[-1]):
        grey = eight_bits(samples, white)
    else:
        grey = _scaled(samples, "float" if upright.mode == "F" else "whole", name)
    return np.repeat(grey[:, :, None], 3, axis=2)


def eight_bits(samples: np.ndarray, white: int = 0) -> np.ndarray:
    """Samples of up to 16 bits, 0 to 65535, as uint8: white is what the file says, else the least that they fit.

    Cameras of 10 and 12 bits write their samples as they are: taken as 16 bits, such a picture is nearly black.
    """
    most = samples.max()
    white = next((white for white in (white, *_WHITES) if most <= white), 0)
    if not white:
        return (samples >> 8).astype(np.uint8)
    answer: np.ndarray = cv2.convertScaleAbs(samples.astype(np.uint16, copy=False), alpha=255 / white)
    return answer


def _scaled(samples: np.ndarray, kind: str, name: str) -> np.ndarray:
    """Samples of 32 bits (H, W) as uint8; a float of 0 to about 1, or of 0 to what 8 or 16 bits hold."""
    known = np.nan_to_num(samples.astype(np.float32), posinf=np.inf, neginf=0.0)
    least, most = map(float, np.percentile(known, (100 - _NEARLY_ALL, _NEARLY_ALL)))
    top = next((top for top in _SCALES[kind] if most <= (_BRIGHTEST if top == 1.0 else top)), None)
    if top and least >= -_BELOW_ZERO * top:
        grey: np.ndarray = np.clip(known * (255.0 / top) + 0.5, 0, 255).astype(np.uint8)
        return grey
    raise PictureError(
        f"{name}: samples of 32 bits from {least:.3g} to {most:.3g}; expected 0 to 65535; convert it to 8 bits"
    )
