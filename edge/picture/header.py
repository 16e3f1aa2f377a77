"""The size of a picture and whether it moves, from its header: nothing is decoded. Pillow parses it."""

from __future__ import annotations

import sys
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import IO, Any

from edge.errors import PictureError

# Each kind's class in Pillow. They are used directly, as Image.open has limits and warnings of its own.
_PLUGINS = {
    "JPEG": ("PIL.JpegImagePlugin", "JpegImageFile"),
    "PNG": ("PIL.PngImagePlugin", "PngImageFile"),
    "WebP": ("PIL.WebPImagePlugin", "WebPImageFile"),
    "AVIF": ("PIL.AvifImagePlugin", "AvifImageFile"),
    "HEIC": ("pillow_heif.as_plugin", "HeifImageFile"),
    "GIF": ("PIL.GifImagePlugin", "GifImageFile"),
    "BMP": ("PIL.BmpImagePlugin", "BmpImageFile"),
    "TIFF": ("PIL.TiffImagePlugin", "TiffImageFile"),
    "PNM": ("PIL.PpmImagePlugin", "PpmImageFile"),
}
MOVING = ("GIF", "PNG", "WebP", "AVIF")
_lock = threading.Lock()  # warnings are filtered for the whole process


@dataclass(frozen=True)
class Header:
    """What a picture file says about itself.

    Attributes:
        kind: one of edge.picture.kinds.KINDS.
        width, height: pixels, before any turn that EXIF asks for.
        animated: whether there are more frames than the first.
    """

    kind: str
    width: int
    height: int
    animated: bool = False


def parse(file: IO[bytes], kind: str, name: str) -> Header:
    """The header of an open file of that kind.

    Raises:
        PictureError: it is damaged, or the library that reads this kind is not installed; begins with `name`.
    """
    image_file = plugin(kind, name)

    def opened() -> Header:
        image = image_file(file, name)
        animated = kind in MOVING and bool(getattr(image, "is_animated", False))
        width, height = image.size
        return Header(kind, width, height, animated)

    head: Header = quietly(opened, kind, name)
    if head.width < 1 or head.height < 1:
        raise PictureError(f"{name}: a {kind} file without pixels")
    return head


def has_whole_chunks(png: bytes) -> bool:
    """Whether every chunk of a PNG lies within the file: for one that says 2 GB, OpenCV takes 2 GB before it reads."""
    at, name = 8, b""  # behind the signature
    while at + 8 <= len(png) and name != b"IEND":
        name = png[at + 4 : at + 8]
        at += 12 + int.from_bytes(png[at : at + 4], "big")
    return at <= len(png)


def plugin(kind: str, name: str) -> Any:
    """Pillow's class for a kind: called with a file and a name, it gives an image that decodes nothing yet.

    Raises:
        PictureError: the library that reads this kind is not installed.
    """
    module, image_file = _PLUGINS[kind]
    try:
        return getattr(import_module(module), image_file)
    except ImportError:
        raise PictureError(f"{name}: {_missing(kind)}") from None


def quietly(call: Callable[[], Any], kind: str, name: str) -> Any:
    """Call into Pillow; whatever it raises is a PictureError, and its warnings are not shown.

    Raises:
        PictureError: the file is damaged.
    """
    with _lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return call()
        # Damaged files raise about every builtin error in Pillow's parsers.
        except Exception:
            raise PictureError(f"{name}: cannot decode the picture; the {kind} file is damaged or incomplete") from None


def _missing(kind: str) -> str:
    if kind == "HEIC":
        return f"HEIC needs pillow-heif; install it: {sys.executable} -m pip install 'edge-emotion[heic]'"
    return f"this Pillow cannot read {kind}; update it: {sys.executable} -m pip install --upgrade pillow"
