"""Why a file is no clip that OpenCV can open, as far as its containers' headers say."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import BinaryIO

from edge.cameras.mp4 import movie

CONVERT = "convert it: ffmpeg -i IN -c:v libx264 OUT.mp4"
SOUND_ALONE = "there is no video in this file, only sound"
ENDS = 100_000  # bytes at either end of a file that hold its header
# How containers name the codecs that some builds of OpenCV cannot decode.
MARKS = {
    b"V_AV1": "AV1", b"av01": "AV1", b"V_MPEGH/ISO/HEVC": "H.265 (HEVC)", b"hvc1": "H.265 (HEVC)",
    b"hev1": "H.265 (HEVC)",
}  # fmt: skip
# First bytes of formats that hold sound alone: MP3 behind its tags, FLAC, WAV, AIFF, AMR, Core Audio, AAC, MP3.
_SOUND = re.compile(
    rb"ID3|fLaC|RIFF....WAVE|FORM....AIF[FC]|#!AMR|caff|\xff[\xf0\xf1\xf8\xf9]|\xff[\xe2\xe3\xf2-\xf7\xfa-\xff]", re.S
)
_OGG_SOUND, _OGG_VIDEO = re.compile(rb"\x01vorbis|OpusHead|\x7fFLAC|Speex   "), re.compile(rb"\x80theora|\x01video")
# Matroska: an element CodecID (0x86), its length, and the codec's name.
_MKV_SOUND, _MKV_VIDEO = (re.compile(rb"\x86(?:[\x80-\xff]|\x01.{7})" + kind, re.S) for kind in (b"A_", b"V_"))


def reason(path: Path) -> str:
    """What to say of a readable file that could not be opened as a clip."""
    with open(path, "rb") as file:
        head = file.read(ENDS)
        file.seek(max(0, os.fstat(file.fileno()).st_size - ENDS))
        ends = head + file.read(ENDS)
        if codec := next((codec for mark, codec in MARKS.items() if mark in ends), ""):
            return f"no frame of this clip can be decoded ({codec}); {CONVERT}"
        if _is_sound(file, head):
            return SOUND_ALONE
    return "not a clip or picture that can be decoded; its beginning or its end may be missing"


def is_open_playlist(path: Path) -> bool:
    """Whether a file is an HLS playlist without an end (RFC 8216, 4.3.3.4): FFmpeg waits for what is appended to it.

    Raises:
        OSError: it cannot be read.
    """
    with open(path, "rb") as file:
        head = file.read(ENDS)
        file.seek(max(0, os.fstat(file.fileno()).st_size - ENDS))
        # Lists of songs have #EXTINF, too, but not the longest part that a live stream must announce.
        live = head.startswith(b"#EXTM3U") and b"#EXTINF" in head and b"#EXT-X-TARGETDURATION" in head
        return live and b"#EXT-X-ENDLIST" not in head + file.read(ENDS)


def is_sound(path: Path) -> bool:
    """Whether a file holds sound and no video, though maybe a picture of its cover; False where that is not certain.

    Raises:
        OSError: it cannot be read.
    """
    with open(path, "rb") as file:
        return _is_sound(file, file.read(ENDS))


def _is_sound(file: BinaryIO, head: bytes) -> bool:
    """Whether a file holds sound and no video; False where that is not certain."""
    if head.startswith(b"OggS"):
        return bool(_OGG_SOUND.search(head)) and not _OGG_VIDEO.search(head)
    if head.startswith(b"\x1aE\xdf\xa3"):
        return bool(_MKV_SOUND.search(head)) and not _MKV_VIDEO.search(head)
    if head[4:8] == b"ftyp":
        tracks = _tracks(file)
        return b"soun" in tracks and b"vide" not in tracks
    return bool(_SOUND.match(head))


def _tracks(file: BinaryIO) -> set[bytes]:
    """The kinds of tracks (ISO/IEC 14496-12, 8.4.3) that an MP4's header lists; empty where it is missing."""
    head = movie(file)
    return {head[found.end() + 8 : found.end() + 12] for found in re.finditer(b"hdlr", head)}
