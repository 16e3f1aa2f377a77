"""Picture files: listing, reading, writing."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from edge.errors import PictureError

SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"})


def listing(folder: Path) -> list[Path]:
    """The picture files of a folder, by name; not those of its folders, nor hidden ones.

    Raises:
        PictureError: the folder cannot be read, or has no picture.
    """
    try:
        found = sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and not p.name.startswith("."))
    except OSError as error:
        raise PictureError(f"{folder}: cannot read the folder ({error.strerror or error})") from None
    if not found:
        raise PictureError(f"{folder}: no picture in this folder; expected files such as .jpg or .png")
    return found


def read(path: Path) -> np.ndarray:
    """A picture file as uint8 (H, W, 3) RGB, turned as its EXIF orientation says.

    Raises:
        PictureError: the file is missing, empty, or not a picture that OpenCV can decode.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PictureError(f"{path}: cannot read the picture ({error.strerror or error})") from None
    return decode(data, str(path))


def decode(data: bytes, name: str) -> np.ndarray:
    """The content of a picture file as uint8 (H, W, 3) RGB, turned as its EXIF orientation says.

    Raises:
        PictureError: it is empty, or not a picture that OpenCV can decode; the message begins with `name`.
    """
    if not data:
        raise PictureError(f"{name}: the file is empty")
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise PictureError(f"{name}: cannot decode the picture ({error.err or 'OpenCV error'})") from None
    if image is None:
        raise PictureError(f"{name}: not a picture that can be decoded; expected JPEG, PNG, WebP, BMP, TIFF or PNM")
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def write(path: Path, image: np.ndarray) -> None:
    """Write uint8 (H, W, 3) RGB in the format of the file's suffix.

    Raises:
        PictureError: the folder is not there, is full or may not be written.
    """
    try:
        ok, data = cv2.imencode(path.suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
        if not ok:
            raise PictureError(f"{path}: cannot encode the picture as {path.suffix}")
        path.write_bytes(data.tobytes())
    except OSError as error:
        raise PictureError(f"{path}: cannot write the picture ({error.strerror or error})") from None
    except cv2.error as error:
        raise PictureError(f"{path}: cannot encode the picture ({error.err})") from None
