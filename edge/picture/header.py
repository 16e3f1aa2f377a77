"""The size of a picture and whether it moves, from its header: nothing is decoded. Pillow parses it."""

from __future__ import annotations

import contextlib
import re
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import IO, Any

from edge.errors import PictureError
from edge.machine import pip, pip_install

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
SUBFILE_TYPE, REDUCED = 0x00FE, 1  # a tag of TIFF, and a bit of its value
BITS, LARGEST = 0x0102, 0x0119  # tags of TIFF: bits of a sample, the largest sample that is used
ORIENTATION, TURNS = 0x0112, range(2, 9)  # a tag of EXIF, and those of its values that are not upright
MOVING = ("GIF", "PNG", "WebP", "AVIF")
SCANS = 100  # of a JPEG; progressive ones have about ten
PAGES = 20  # of a TIFF that are looked at: pyramids have some ten smaller ones
_SCAN, _END = 0xDA, 0xD9  # markers of JPEG
# Markers with a length behind them. Decoders pass over FF 01, and in search of a restart over all below C0, without.
_MARKER = re.compile(rb"\xff[\xc0-\xcf\xd8-\xfe]")
_lock = threading.Lock()  # warnings are filtered for the whole process


@dataclass(frozen=True)
class Header:
    """What a picture file says about itself.

    Attributes:
        kind: one of edge.picture.kinds.KINDS.
        width, height: pixels, before any turn that EXIF asks for.
        animated: whether there are more frames than the first.
        pages: whether there are more pages or pictures than the first, which is read.
        preview: whether it is a small preview of a picture that the file holds in another form, as raw photographs do.
        for_pillow: whether Pillow has to decode it, because OpenCV would give other pixels.
        white: the sample that is white, where the file says that its samples have 9 to 15 bits; else 0.
    """

    kind: str
    width: int
    height: int
    animated: bool = False
    pages: bool = False
    preview: bool = False
    for_pillow: bool = False
    white: int = 0

    @property
    def more(self) -> str:
        """What is said of a file that holds more than the one picture that is read, or ""."""
        if self.animated:
            return "animated; only its first frame is read"
        if self.preview:
            return f"a raw photograph; only its preview of {self.width}x{self.height} pixels is read; export it as JPEG"
        return "several pages or pictures; only the first is read" if self.pages else ""


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
        preview, for_pillow = _is_preview(image, kind), _is_for_pillow(image, kind, animated)
        white = _white(image, kind)
        pages = _has_pages(image, kind)  # the last, as it goes to another page
        return Header(kind, width, height, animated, pages, preview, for_pillow, white)

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


def has_few_scans(jpeg: bytes) -> bool:
    """Whether a JPEG has no more than SCANS: 14 bytes each can cost a pass over all pixels, so 16 MB take hours."""
    if jpeg.count(bytes([0xFF, _SCAN])) <= SCANS:
        return True  # the others may be data of another picture, or of a clip, behind this one
    at, scans = 2, 0
    while (found := _MARKER.search(jpeg, at)) and (marker := jpeg[found.start() + 1]) != _END:
        scans += marker == _SCAN
        if scans > SCANS:
            return False
        # A segment, such as a preview's, is passed over; the data of a scan are searched for the next marker.
        at = found.start() + 2 + int.from_bytes(jpeg[found.start() + 2 : found.start() + 4], "big")
    return True


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
        except PictureError:
            raise
        except SyntaxError as error:
            raise PictureError(f"{name}: {_syntax(error, kind)}") from None
        # Damaged files raise about every builtin error in Pillow's parsers.
        except Exception:
            raise PictureError(f"{name}: {_damaged(kind)}") from None


def _damaged(kind: str) -> str:
    rare = ", incomplete or of a rare kind" if kind in ("JPEG", "TIFF") else " or incomplete"  # such as JPEG of 12 bits
    return f"cannot decode the picture; the {kind} file is damaged{rare}"


def _syntax(error: SyntaxError, kind: str) -> str:
    """What Pillow's SyntaxError means: most files are damaged, but some TIFFs are whole and of a rare kind."""
    if str(error) == "unknown pixel mode":
        return f"{kind} with samples of this kind is not supported, such as RGB of 32 bits; convert it to 8 or 16 bits"
    return _damaged(kind)


def _is_for_pillow(image: Any, kind: str, animated: bool) -> bool:
    """Whether OpenCV would give other pixels of this picture, which is not decoded yet."""
    if kind in ("PNG", "WebP") and animated:
        return True
    # OpenCV does not turn AVIF, nor WebP before 4.12.
    if kind == "WebP":
        return image.getexif().get(ORIENTATION, 1) in TURNS
    if kind == "TIFF":  # OpenCV multiplies its colours by its alpha
        return bool(image.mode == "RGBA")
    if kind == "PNM":  # OpenCV scales no binary samples whose white is other than 255 and 65535: all is nearly black
        return bool(image.tile[0][0] == "ppm")
    return kind == "AVIF"


def _has_pages(image: Any, kind: str) -> bool:
    """Whether a TIFF has a further page that is not a smaller one of the first, or an HEIC a second picture."""
    if kind == "TIFF":
        with contextlib.suppress(Exception):  # no further one, or a damaged one
            for page in range(1, PAGES + 1):
                image.seek(page)
                if not _is_preview(image, kind):
                    return True
        return False
    return kind == "HEIC" and getattr(image, "n_frames", 1) > 1


def _is_preview(image: Any, kind: str) -> bool:
    """Whether this picture of a TIFF says that it is another one made smaller: DNG, NEF and ARW begin with it."""
    told = image.tag_v2.get(SUBFILE_TYPE) if kind == "TIFF" else None
    return isinstance(told, int) and bool(told & REDUCED)  # a damaged one may be several numbers


def _white(image: Any, kind: str) -> int:
    """See `Header.white`. A largest sample that no number of bits has is only that of this picture."""
    told = [image.tag_v2.get(tag, 0) for tag in (BITS, LARGEST)] if kind == "TIFF" else []
    bits, largest = (value[0] if isinstance(value, tuple) and value else value for value in told) if told else (0, 0)
    whites = [(1 << count) - 1 for count in range(9, 16)]
    return next((white for white in whites if white in ((1 << min(bits, 16)) - 1, largest)), 0)


def _missing(kind: str) -> str:
    if kind == "HEIC":
        return f"HEIC needs pillow-heif; install it: {pip_install('heic')}"
    return f"this Pillow cannot read {kind}; update it: {pip('install --upgrade pillow')}"
