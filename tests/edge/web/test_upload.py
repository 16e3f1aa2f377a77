from __future__ import annotations

import struct
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.web.upload import TooLarge, UnknownFormat, check, declared_size


def encoded(suffix: str, width: int, height: int, *options: int) -> bytes:
    return cv2.imencode(suffix, np.zeros((height, width, 3), np.uint8), list(options))[1].tobytes()


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
@pytest.mark.parametrize(("width", "height"), [(1, 1), (48, 64), (640, 480), (3, 1000)])
def test_the_size_is_read_from_the_first_bytes(suffix, width, height):
    assert declared_size(encoded(suffix, width, height)) == (width, height)


@pytest.mark.parametrize(
    "data",
    [
        encoded(".jpg", 48, 64, cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
        encoded(".webp", 48, 64, cv2.IMWRITE_WEBP_QUALITY, 101),
        encoded(".webp", 48, 64, cv2.IMWRITE_WEBP_QUALITY, 50),
        b"RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00\x2f\x00\x00\x3f\x00\x00",
        encoded(".jpg", 48, 64)[:2] + b"\xff\xff\xff\xe1\x00\x04\xff\xd8" + encoded(".jpg", 48, 64)[2:],
    ],
    ids=["progressive", "lossless", "lossy", "extended", "fill bytes and a segment with a marker in it"],
)
def test_every_kind_of_file_says_its_size(data):
    assert declared_size(data) == (48, 64)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_a_file_cut_anywhere_is_its_size_or_nothing(suffix):
    data = encoded(suffix, 48, 64)
    assert {declared_size(data[:cut]) for cut in range(len(data))} <= {None, (48, 64)}


@given(
    st.binary(max_size=64),
    st.sampled_from([b"", b"\xff\xd8", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP", b"RIFF\0\0\0\0WEBPVP8 "]),
)
def test_no_bytes_make_it_fail(tail, head):
    size = declared_size(head + tail)
    assert size is None or (len(size) == 2 and min(size) >= 0)


def test_other_formats_are_refused_by_name():
    with pytest.raises(UnknownFormat, match=r"note\.bmp: .* expected JPEG, PNG or WebP"):
        check(encoded(".bmp", 4, 4), "note.bmp")


def test_a_small_file_of_a_very_large_picture_is_refused_before_it_is_decoded():
    header = struct.pack(">IIBBBBB", 30000, 30000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + header
    bomb += struct.pack(">I", zlib.crc32(b"IHDR" + header))
    with pytest.raises(TooLarge, match="30000x30000 pixels; expected at most 40 megapixels"):
        check(bomb, "bomb.png")
