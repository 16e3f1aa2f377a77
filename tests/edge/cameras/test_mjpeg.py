from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from edge import picture
from edge.cameras import mjpeg
from edge.cameras.mjpeg import MAX_BYTES, MAX_HEAD, START, MjpegReader, boundary_of
from edge.errors import SourceError

# The second is larger than what is read at once.
ONE, TWO = START + b"one--frame" * 3 + b"\xff\xd9", START + b"two" * 22_000 + b"\xff\xd9"


def part(picture, length=True, lead=b"--frame\r\n", wrong=None):
    size = b"Content-Length: %d\r\n" % (len(picture) if wrong is None else wrong) if length else b""
    return lead + b"Content-Type: image/jpeg\r\n" + size + b"\r\n" + picture + b"\r\n"


@pytest.mark.parametrize(
    ("header", "boundary"),
    [
        ("multipart/x-mixed-replace; boundary=frame", b"frame"),
        ('multipart/x-mixed-replace;boundary="frame"', b"frame"),
        ("multipart/x-mixed-replace; BOUNDARY=--frame; x=y", b"frame"),
        ("multipart/x-mixed-replace", b""),
        ("", b""),
    ],
)
def test_a_boundary_is_found_however_it_is_written(header, boundary):
    assert boundary_of(header) == boundary


@pytest.mark.parametrize("chunk", [1, 7, 65_536])
@pytest.mark.parametrize(
    ("stream", "boundary"),
    [
        (part(ONE) + part(TWO), b"frame"),
        (part(ONE, lead=b"") + part(TWO), b"frame"),
        (part(ONE, lead=b"----frame\r\n") + part(TWO), b"frame"),
        (part(TWO, length=False)[: -2] + b"\r\n" + part(TWO) , b"frame"),
        (part(TWO, length=False) + part(TWO), b""),
        (TWO + TWO, b""),
        (part(TWO, False, b"frame\r\n") + part(TWO, False, b"frame\r\n"), b"frame"),
        (part(TWO, False, b"--other\r\n") + part(TWO, False, b"--other\r\n"), b"frame"),
        (TWO + TWO, b"frame"),
        (part(TWO, wrong=0) + part(TWO), b"frame"),
        (part(TWO, wrong=20) + part(TWO, wrong=20), b"frame"),
        (part(TWO, wrong=9_000_000) + part(TWO, wrong=9_000_000), b"frame"),
        (part(TWO + b"\0\0\0") + part(TWO), b"frame"),
    ],
    ids=[
        "as it should be", "no leading boundary", "dashes", "no length", "neither", "JPEGs alone",
        "a boundary without dashes", "another boundary", "no boundary at all", "a length of 0", "too short a length",
        "too long a length", "padded",
    ],
)  # fmt: skip
def test_pictures_come_one_after_the_other(monkeypatch, chunk, stream, boundary):
    monkeypatch.setattr(mjpeg, "CHUNK", chunk)
    reader = MjpegReader(io.BytesIO(stream + b"--frame--\r\n").read, boundary)
    found = [reader.next().rstrip(b"\r\n\0") for _ in range(2)]
    assert [picture in (ONE, TWO) for picture in found] == [True, True]
    assert found[1] == TWO
    with pytest.raises(SourceError, match="the camera ended the stream"):
        reader.next()


@pytest.mark.parametrize(
    ("head", "rest", "message", "most"),
    [
        (START, b"\0", "a picture of more than 16 MB", MAX_BYTES),
        (b"Content-Length: 999999999\r\n\r\n" + START, b"\0", "a picture of more than 16 MB", MAX_BYTES),
        (b"", b"x", "no picture in 64 kB of the stream", MAX_HEAD),
        (b"--frame\r\n", b"header: x\r\n", "no picture in 64 kB of the stream", MAX_HEAD),
    ],
    ids=["an endless picture", "a length that is a lie", "no picture", "endless headers"],
)
def test_what_never_ends_is_refused_before_it_fills_the_memory(head, rest, message, most):
    given = 0

    def endless(size):
        nonlocal given
        data = head if not given else rest * (size // len(rest))
        given += max(len(data), 1)
        return data or rest

    with pytest.raises(SourceError, match=message):
        MjpegReader(endless, b"frame").next()
    assert given < most + 3 * mjpeg.CHUNK


def drawn(suffix, level):
    """A picture of 48x64 pixels of one brightness, as a file of that kind."""
    image = np.full((64, 48, 3), level, np.uint8)
    if suffix in ("gif", "webp", "tiff"):
        file = io.BytesIO()
        Image.fromarray(image).save(file, suffix, **({"lossless": True} if suffix == "webp" else {}))
        return file.getvalue()
    ok, data = cv2.imencode(f".{suffix}", image)
    assert ok
    return data.tobytes()


def typed(suffix, body, length):
    size = b"Content-Length: %d\r\n" % length if length is not None else b""
    return b"--f\r\nContent-Type: image/%b\r\n%b\r\n" % (suffix.encode(), size) + body + b"\r\n"


LENGTHS = {"right": 0, "none": None, "too short": -7, "too long": 10_000}
# PNG and WebP say themselves where they end. Of the others, a length that is right or a boundary has to say it.
PARTS = [
    (suffix, boundary, wrong)
    for suffix in ("png", "webp", "gif", "bmp", "tiff", "ppm")
    for boundary in (b"f", b"", b"other")
    for wrong in LENGTHS
    if suffix in ("png", "webp") or wrong == "right" or (boundary == b"f" and wrong != "too short")
]


@pytest.mark.parametrize("chunk", [11, 65_536])
@pytest.mark.parametrize(("suffix", "boundary", "wrong"), PARTS)
def test_parts_of_other_kinds_of_pictures(monkeypatch, suffix, boundary, wrong, chunk):
    wrong = LENGTHS[wrong]
    monkeypatch.setattr(mjpeg, "CHUNK", chunk)
    bodies = [drawn(suffix, level) for level in (10, 60, 110)]
    parts = [typed(suffix, body, None if wrong is None else len(body) + wrong) for body in bodies]
    reader = MjpegReader(io.BytesIO(b"".join(parts) + b"--f--\r\n").read, boundary)
    levels = [picture.decode(reader.next(), "it").mean() for _ in bodies]
    assert levels == pytest.approx([10, 60, 110], abs=1)


def test_pictures_of_several_kinds_in_one_stream():
    kinds = ("png", "jpg", "bmp", "webp", "jpg", "gif")
    bodies = [drawn(kind, 20 * n) for n, kind in enumerate(kinds)]
    parts = [typed(kind, body, len(body)) for kind, body in zip(kinds, bodies, strict=True)]
    reader = MjpegReader(io.BytesIO(b"".join(parts)).read, b"f")
    levels = [picture.decode(reader.next(), "it").mean() for _ in kinds]
    assert levels == pytest.approx([0, 20, 40, 60, 80, 100], abs=1)


@pytest.mark.parametrize(
    ("head", "message", "most"),
    [
        (b"\x89PNG\r\n\x1a\n", "a picture of more than 16 MB", MAX_BYTES),
        (b"RIFF\xff\xff\xff\xffWEBP", "a picture of more than 16 MB", MAX_BYTES),
        (b"GIF89a", "GIF pictures without a length in a stream without a boundary", MAX_BYTES),
        (b"Content-Type: image/x-own\r\n\r\n", "unknown pictures without a length", MAX_HEAD),
        (b"Content-Type: image/x-own\n" * 40, "no picture in 64 kB of the stream", MAX_HEAD),
    ],
)
def test_other_kinds_that_never_end_are_refused_as_well(head, message, most):
    given = 0

    def endless(size):
        nonlocal given
        data = head if not given else b"y" * size
        given += len(data)
        return data

    with pytest.raises(SourceError, match=message):
        MjpegReader(endless).next()
    assert given < most + 3 * mjpeg.CHUNK
