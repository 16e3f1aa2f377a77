"""Reading picture files within limits: header first, pixels after.

OpenCV decodes what it can and turns as EXIF says, Pillow the rest. Their pixels are the same for JPEG, PNG and WebP
(1,200 pictures of eight data sets; OpenCV 4.14, Pillow 13.0).
"""

from __future__ import annotations

import contextlib
import io
import os
import stat
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import cv2
import numpy as np

from edge.errors import NotAPicture, PictureError, PictureIsVideo, PictureTooLarge
from edge.picture import header
from edge.picture.kinds import HEAD, JPEG_SERIES, KINDS, VIDEO, sniff
from edge.picture.samples import eight_bits, rgb
from edge.text import printable

ADVICE = "; raise max_megapixels to read it"  # a setting, a flag and an argument of the Python API
MAX_MEGAPIXELS = 50.0  # decoded, they take 150 MB
# What a file may take beyond its pixels (16 bits, four channels, not compressed): previews, a clip beside a photo.
_MAX_BYTES_PER_PIXEL, _MAX_EXTRA_BYTES = 8, 64_000_000
_DEEP, _DARK = ("PNG", "TIFF"), 127  # kinds with samples of 16 bits; the upper half of those that use 15 or fewer
_STEP = 7  # of the pixels that are compared
_OTHER_FILES = {
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


@dataclass(frozen=True, eq=False)
class Picture:
    """A decoded picture file.

    Attributes:
        pixels: uint8 (H, W, 3) RGB, turned as its EXIF orientation says.
        note: what should be said about it, such as that it is animated, or "".
    """

    pixels: np.ndarray
    note: str = ""


def read(path: Path, max_megapixels: float = MAX_MEGAPIXELS) -> np.ndarray:
    """The pixels of a picture file; as `load`."""
    return load(path, max_megapixels).pixels


def load(path: Path, max_megapixels: float = MAX_MEGAPIXELS) -> Picture:
    """A picture file of any of KINDS; its content decides, not its name. Of an animation, the first frame.

    Raises:
        NotAPicture: the content is not that of a picture; PictureIsVideo: it is that of a clip.
        PictureTooLarge: it has more pixels than `max_megapixels` million; nothing was decoded.
        PictureError: it is missing, empty, damaged, or not a regular file. Messages begin with the path.
    """
    name = printable(path)
    with open_regular(path, name) as file:
        picture = _load(file, os.fstat(file.fileno()).st_size, name, max_megapixels, KINDS, ADVICE)
    if path.suffix.lower() in JPEG_SERIES:
        return Picture(picture.pixels, f"{name}: a series of JPEGs; only its first frame is read")
    return picture


def decode(
    data: bytes, name: str, max_megapixels: float = MAX_MEGAPIXELS, kinds: Collection[str] = KINDS
) -> np.ndarray:
    """The content of a picture file as uint8 (H, W, 3) RGB, turned as its EXIF orientation says.

    Raises:
        NotAPicture: it is not one of `kinds`. PictureTooLarge, PictureError: as `load`. Messages begin with `name`.
    """
    return _load(io.BytesIO(data), len(data), printable(name), max_megapixels, kinds).pixels


def open_regular(path: Path, name: str) -> IO[bytes]:
    """Open a regular file for reading; anything that could block or never end is refused.

    Raises:
        PictureError: it cannot be opened, or is a folder, a FIFO, a socket or a device.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except (OSError, ValueError) as error:  # ValueError: a name with a zero byte
        raise PictureError(f"{name}: cannot read the picture ({_reason(error)})") from None
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        what = "a folder" if stat.S_ISDIR(mode) else _OTHER_FILES.get(stat.S_IFMT(mode), "a special file")
        raise PictureError(f"{name}: cannot read the picture ({what}, expected a regular file)")
    return os.fdopen(descriptor, "rb")


def _load(
    file: IO[bytes], size: int, name: str, max_megapixels: float, kinds: Collection[str], advice: str = ""
) -> Picture:
    if not size:
        raise PictureError(f"{name}: the file is empty")
    try:
        kind = sniff(file.read(HEAD))
        if kind is None or kind not in kinds:
            raise _not_a_picture(kind, name, kinds)
        _check_bytes(size, max_megapixels * 1e6, name)
        file.seek(0)
        head = header.parse(file, kind, name)
        pixels = head.width * head.height
        if pixels > max_megapixels * 1e6:
            raise PictureTooLarge(
                f"{name}: {head.width}x{head.height} pixels; expected at most {max_megapixels:g} megapixels{advice}"
            )
        _check_bytes(size, pixels, name)
        file.seek(0)
        data = file.read(size)
    except OSError as error:
        raise PictureError(f"{name}: cannot read the picture ({_reason(error)})") from None
    return Picture(_pixels(data, head, name), f"{name}: {head.more}" if head.more else "")


def _check_bytes(size: int, pixels: float, name: str) -> None:
    most = _MAX_BYTES_PER_PIXEL * pixels + _MAX_EXTRA_BYTES
    if size > most:
        raise PictureTooLarge(f"{name}: {size / 1e6:.0f} MB; expected at most {most / 1e6:.0f} MB for its pixels")


def _not_a_picture(kind: str | None, name: str, kinds: Collection[str]) -> NotAPicture:
    if kind == VIDEO:
        return PictureIsVideo(f"{name}: a video, not a picture")
    *most, last = kinds
    what = f"{kind} is not read here" if kind else "not a picture that can be decoded"
    return NotAPicture(f"{name}: {what}; expected {', '.join(most)} or {last}")


def _pixels(data: bytes, head: header.Header, name: str) -> np.ndarray:
    kind, image = head.kind, None
    if kind == "JPEG" and not header.has_few_scans(data):
        raise PictureError(
            f"{name}: a JPEG with more than {header.SCANS} scans, which could take hours to decode; not decoded"
        )
    if _for_opencv(data, head):
        with contextlib.suppress(cv2.error):
            image = _by_opencv(data, head)
    if image is not None:
        answer: np.ndarray = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        return answer
    image_file = header.plugin(kind, name)
    # Pillow is told no name: it would open the file of that name again, and map it into memory.
    pixels: np.ndarray = header.quietly(lambda: rgb(image_file(io.BytesIO(data)), name, head.white), kind, name)
    return pixels


def _by_opencv(data: bytes, head: header.Header) -> np.ndarray | None:
    """The picture as uint8 (H, W, 3) BGR. OpenCV takes the upper 8 of 16 bits, and cameras may use the lower 10 or 12.

    Raises:
        cv2.error: it cannot be decoded.
    """
    file = np.frombuffer(data, np.uint8)
    image: np.ndarray | None = cv2.imdecode(file, cv2.IMREAD_COLOR)
    if image is None or head.kind not in _DEEP or image.max() > _DARK:
        return image
    samples = cv2.imdecode(file, cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH)
    if samples is None or samples.dtype != np.uint16:
        return image
    some = (slice(None, None, _STEP), slice(None, None, _STEP))
    if cv2.absdiff((samples[some] >> 8).astype(np.uint8), image[some]).max() > 1:
        return image  # such as planar TIFFs, of which OpenCV gives 8 bits alone rightly
    return eight_bits(samples, head.white)


def _for_opencv(data: bytes, head: header.Header) -> bool:
    return not head.for_pillow and (head.kind != "PNG" or header.has_whole_chunks(data))


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
