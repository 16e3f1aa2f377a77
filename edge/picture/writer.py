"""Writing picture files."""

from __future__ import annotations

import contextlib
import math
import os
from pathlib import Path

import cv2
import numpy as np

from edge.errors import PictureError
from edge.files import replacing
from edge.text import is_utf8, printable

# Pixels a side; the other formats hold more than a picture that is read has.
_LARGEST = {".jpg": 65_500, ".jpeg": 65_500, ".webp": 16_383}

WRITABLE = (".png", ".jpg", ".jpeg", ".webp")


def write(path: Path, image: np.ndarray, *, new: bool = False) -> None:
    """Write uint8 (H, W, 3) RGB in the format of the file's suffix; what could not be written whole is removed.

    A file that is replaced keeps its content until then, and under its other names for good, be they links to it or
    what it links to.

    Args:
        path: the file.
        image: the picture.
        new: never overwrite: FileExistsError where there is a file of that name.

    Raises:
        FileExistsError: with `new`, there is such a file.
        PictureError: the format does not hold so many pixels; the folder is missing or full, or may not be written to:
            then its cause is an OSError.
    """
    name = printable(path)
    height, width = image.shape[:2]
    if max(width, height) > (most := _LARGEST.get(path.suffix.lower(), math.inf)):
        raise PictureError(f"{name}: {width}x{height} pixels; {path.suffix} holds at most {most} a side; write .png")
    try:
        suffix = path.suffix if is_utf8(path.suffix) else ""
        ok, data = cv2.imencode(suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    except cv2.error as error:
        raise PictureError(f"{name}: cannot encode the picture ({error.err})") from None
    if not ok:
        raise PictureError(f"{name}: cannot encode the picture as {path.suffix}")
    try:
        if new or not path.is_file():
            _write_whole(path, data.tobytes(), "xb" if new else "wb")
        else:
            with replacing(path) as scratch:
                _write_whole(scratch, data.tobytes(), "wb")
    except FileExistsError:
        raise
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise PictureError(f"{name}: cannot write the picture ({reason})") from error


def _write_whole(path: Path, data: bytes, mode: str) -> None:
    rest = memoryview(data)
    with open(path, mode) as file:
        try:
            while rest:
                rest = rest[os.write(file.fileno(), rest) :]
        except OSError:
            with contextlib.suppress(OSError):
                path.unlink()
            raise
