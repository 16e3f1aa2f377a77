"""Whatever stands in a picture file, it is decoded or named in one line, in bounded memory."""

from __future__ import annotations

import io
import resource
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from edge import picture
from edge.errors import PictureError
from tests.fuzz import examples

MOST_KB = 400_000  # what decoding one of these may add to the process: pictures of MEGAPIXELS, and their copies
MEGAPIXELS = 5.0
PIECES = (b"\xff" * 4, b"\0" * 4, b"\x7f\xff\xff\xff", b"\x80\0\0\0", b"\0\0\xff\xff", b"\xff\xff", b"\0\1", b"\x80\0")


def pictures() -> list[bytes]:
    """A small picture in every format, of several kinds each."""
    y, x = np.mgrid[:60, :80]
    face = Image.fromarray(np.stack([x * 3, y * 4, (x + y) % 64 * 4], axis=2).astype(np.uint8))
    more = {"save_all": True, "append_images": [face.rotate(10), face.rotate(20)]}
    sixteen = Image.fromarray(np.asarray(face.convert("L")).astype(np.uint16) * 257)
    made = [
        (face, "JPEG", {}), (face, "JPEG", {"progressive": True}), (face.convert("CMYK"), "JPEG", {}),
        (face, "PNG", {}), (face.convert("P"), "PNG", {}), (sixteen, "PNG", {}), (face.convert("RGBA"), "PNG", more),
        (face, "WEBP", {}), (face, "WEBP", {"lossless": True}), (face, "WEBP", more),
        (face, "BMP", {}), (face.convert("P"), "BMP", {}), (face.convert("P"), "GIF", more),
        (face, "TIFF", {}), (face, "TIFF", {"compression": "tiff_lzw"}), (face, "TIFF", {"compression": "jpeg"}),
        (face.convert("1"), "TIFF", {"compression": "group4"}), (sixteen, "TIFF", {}), (face, "PPM", {}),
        (face.convert("L"), "PPM", {}), (face, "AVIF", {}),
    ]  # fmt: skip
    files = [b"P3\n2 2\n255\n" + b"1 2 3 " * 4, b"P2\n3 3\n9\n1 2 3 4 5 6 7 8 9"]
    for image, kind, options in made:
        file = io.BytesIO()
        try:
            image.save(file, kind, **options)
        except (KeyError, OSError):  # this Pillow cannot write it
            continue
        files.append(file.getvalue())
    return files


FILES = pictures()


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A picture file with bytes replaced, removed and inserted, most of them in its header."""
    data = bytearray(draw(st.sampled_from(FILES)))
    for _ in range(draw(st.integers(1, 8))):
        place = draw(st.integers(0, (min(len(data), 200) if draw(st.booleans()) else len(data)) - 1))
        match draw(st.integers(0, 5)):
            case 0:
                data[place] = draw(st.integers(0, 255))
            case 1:
                data[place : place + 4] = draw(st.sampled_from(PIECES))
            case 2:
                del data[place : place + draw(st.integers(1, 64))]
            case 3:
                data[place:place] = data[place : place + draw(st.integers(1, 200))]
            case 4:
                data[place:place] = draw(st.binary(min_size=1, max_size=40))
            case _:
                del data[max(1, place) :]
        data = data or bytearray(b"x")
    return with_sums(bytes(data)) if draw(st.integers(0, 4)) else bytes(data)


def with_sums(png: bytes) -> bytes:
    """A PNG's check sums as they should be: a wrong one would end the reading too soon. Others stay as they are."""
    if png[:4] != b"\x89PNG":
        return png
    data, at = bytearray(png), 8
    while at + 12 <= len(data):
        size = struct.unpack_from(">I", data, at)[0]
        if at + 12 + size > len(data):
            break
        struct.pack_into(">I", data, at + 8 + size, zlib.crc32(data[at + 4 : at + 8 + size]))
        at += 12 + size
    return bytes(data)


@examples(short=150, long=4000)
@given(damaged())
def test_no_picture_is_unexpected_or_takes_more_memory_than_its_pixels(data):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    image, said = np.zeros((1, 1, 3), np.uint8), "p: "
    try:
        image = picture.decode(data, "p", MEGAPIXELS)
    except PictureError as error:
        said = str(error)
    assert said.startswith("p: ")
    assert "\n" not in said
    assert image.dtype == np.uint8
    assert image.shape[2:] == (3,)
    assert 0 < image.shape[0] * image.shape[1] <= MEGAPIXELS * 1e6
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MOST_KB


def test_the_fuzzers_own_pictures_are_whole():
    for data in FILES:
        assert picture.decode(data, "p").shape[2] == 3
    with pytest.raises(PictureError):
        picture.decode(b"x", "p")
