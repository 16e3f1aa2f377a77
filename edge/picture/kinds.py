"""What kind of file this is, by its first bytes. The end of a file's name says nothing here."""

from __future__ import annotations

KINDS = ("JPEG", "PNG", "WebP", "AVIF", "HEIC", "GIF", "BMP", "TIFF", "PNM")
VIDEO = "video"
HEAD = 64  # bytes that `sniff` needs
# Ends of names of JPEGs one after the other; by their first bytes they are one.
JPEG_SERIES = (".mjpeg", ".mjpg")
# Ends of names that promise a picture: such a file is an error where it holds none, any other is passed over.
SUFFIXES = frozenset(
    f".{suffix}"
    for suffix in (
        *("avif", "bmp", "gif", "heic", "heif", "jfif", "jpe", "jpeg", "jpg", "pbm", "pgm", "png", "pnm", "ppm"),
        *("tif", "tiff", "webp"),
    )
)

_STARTS = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),  # BigTIFF
    (b"MM\0+", "TIFF"),
    (b"\x1aE\xdf\xa3", VIDEO),  # Matroska, WebM
    (b"FLV\x01", VIDEO),
    (b"OggS", VIDEO),
    (b"\0\0\x01\xba", VIDEO),  # MPEG program stream
    (b"\0\0\x01\xb3", VIDEO),  # MPEG video
)
# Brands of ISO base media files (ISO/IEC 14496-12) that hold a picture; the others are videos.
_HEIC = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_AVIF = frozenset({b"avif", b"avis"})
_RAW = b"crx "  # Canon's CR3, a photograph that is not read
_BMP_HEADERS = frozenset({12, 40, 52, 56, 64, 108, 124})


def sniff(head: bytes) -> str | None:
    """One of KINDS, VIDEO, or None for anything else.

    >>> sniff(b"GIF89a and more"), sniff(b"some text")
    ('GIF', None)
    """
    for start, kind in _STARTS:
        if head.startswith(start):
            return kind
    if head[:4] == b"RIFF":
        return {b"WEBP": "WebP", b"AVI ": VIDEO}.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _of_brands(head)
    if head[:1] == b"P" and head[1:2] in b"123456" and head[2:3].isspace():
        return "PNM"
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return "BMP"
    return None


def _of_brands(head: bytes) -> str | None:
    end = min(int.from_bytes(head[:4], "big"), len(head))
    brands = {head[8:12], *(head[at : at + 4] for at in range(16, end - 3, 4))}
    if brands & _AVIF:
        return "AVIF"
    if head[8:12] == _RAW:
        return None
    # A clip may list the generic "mif1" among others, so the first brand decides.
    return "HEIC" if head[8:12] in _HEIC else VIDEO
