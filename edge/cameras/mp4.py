"""What the header of an MP4 or QuickTime file says of its tracks (ISO/IEC 14496-12)."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

BOXES, MOVIE = 1000, 50_000_000  # how many boxes, and bytes of the header, are looked through


def movie(file: BinaryIO) -> bytes:
    """The box `moov`, which lists the tracks, without its own head; empty where it is missing."""
    at, end = 0, os.fstat(file.fileno()).st_size
    for _ in range(BOXES):
        file.seek(min(at, end))
        size, name = struct.unpack(">I4s", file.read(8).ljust(8, b"\0"))
        if size == 1:
            size = int.from_bytes(file.read(8), "big")
        if name == b"moov":
            return file.read(min(size or MOVIE, MOVIE))
        if size < 8:  # the last box, or none
            break
        at += size
    return b""


def counts_frames(path: Path) -> bool:
    """Whether it is an MP4 or QuickTime file, whose header says how many frames there are."""
    try:
        with open(path, "rb") as file:
            return file.read(8)[4:] == b"ftyp"
    except OSError:
        return False


def shown_part(path: Path) -> float:
    """The part of a file's video that its edit list shows, 0-1; cutting a clip without encoding it anew makes one.

    1.0 where all of it is shown, the file does not say, or is another kind of file.
    """
    try:
        whole, header, media = _video(path)
        scale, _ = _duration(whole)
        units, length = _duration(media)
        shown = _duration(header, with_scale=False)[1] / scale
        return min(1.0, shown * units / length) if shown else 1.0
    except (OSError, KeyError, struct.error, ZeroDivisionError):
        return 1.0


def is_mirrored(path: Path) -> bool:
    """Whether a file's video is shown mirrored, by its matrix; of that, OpenCV reads how far it is turned, no more.

    False where the file does not say, or is another kind of file.
    """
    try:
        whole, header, _ = _video(path)
        return _handedness(whole, 36, 48) * _handedness(header, 40, 52) < 0
    except (OSError, KeyError, struct.error):
        return False


def _video(path: Path) -> tuple[bytes, bytes, bytes]:
    """The boxes `mvhd`, and `tkhd` and `mdhd` of the first track that is video, without their own heads.

    Raises:
        OSError, KeyError: the file cannot be read, or has none.
    """
    with open(path, "rb") as file:
        head = movie(file) if file.read(8)[4:] == b"ftyp" else b""
    for name, content in _boxes(head):
        track = dict(_boxes(content)) if name == b"trak" else {}
        media = dict(_boxes(track.get(b"mdia", b"")))
        if media.get(b"hdlr", b"")[8:12] == b"vide":
            return dict(_boxes(head))[b"mvhd"], track[b"tkhd"], media[b"mdhd"]
    raise KeyError("vide")


def _handedness(box: bytes, short: int, long: int) -> int:
    """Below 0 where the matrix of `mvhd` or `tkhd` mirrors; it begins at `short`, in the box's long form at `long`."""
    a, b, _, c, d = struct.unpack_from(">5i", box, long if box[:1] == b"\1" else short)
    determinant: int = a * d - b * c
    return determinant


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and content of the boxes that lie one after the other."""
    at = 0
    while len(data) - at >= 8:
        size, name = struct.unpack_from(">I4s", data, at)
        if size < 8:
            return
        yield name, data[at + 8 : at + size]
        at += size


def _duration(box: bytes, with_scale: bool = True) -> tuple[int, int]:
    """Units per second and duration of `mvhd` and `mdhd`; of `tkhd`, which has a track's number in that place, too."""
    long = box[:1] == b"\1"
    before = 4 + (16 if long else 8)
    scale, *_, length = struct.unpack_from(">I" + ("" if with_scale else "I") + ("Q" if long else "I"), box, before)
    return scale, length
