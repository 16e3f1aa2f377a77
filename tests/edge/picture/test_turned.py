"""Pictures turned as their files say, whoever decodes them."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from PIL import Image, features

from edge import cameras, picture
from edge.picture import header, reader
from edge.settings import SourceSettings
from tests.edge.picture.made import by_pillow, encoded

ORIENTATION = 0x0112
AVIF = pytest.param("AVIF", marks=pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF"))
# What EXIF's orientations do to the pixels as they are stored.
TURNS = {
    1: lambda stored: stored,
    2: lambda stored: stored[:, ::-1],
    3: lambda stored: stored[::-1, ::-1],
    4: lambda stored: stored[::-1],
    5: lambda stored: stored.transpose(1, 0, 2),
    6: lambda stored: np.rot90(stored, -1),
    7: lambda stored: stored[::-1, ::-1].transpose(1, 0, 2),
    8: lambda stored: np.rot90(stored),
}


def with_orientation(jpeg: bytes, orientation: int) -> bytes:
    """The JPEG with an EXIF segment that says how it is to be turned."""
    tiff = b"II*\0" + struct.pack("<IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)
    exif = b"Exif\0\0" + tiff
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:]


@pytest.mark.parametrize(
    ("orientation", "shape", "red_at"),
    [(1, (64, 128), (32, 10)), (3, (64, 128), (32, 118)), (6, (128, 64), (10, 32)), (8, (128, 64), (118, 32))],
)
def test_exif_orientation_is_applied(image, orientation, shape, red_at):
    got = picture.decode(with_orientation(encoded(image, ".jpg"), orientation), "p")
    assert got.shape[:2] == shape
    red, _, blue = got[red_at].astype(int)
    assert red > 200 > 60 > blue


@pytest.fixture
def quarters(image):
    """128 across, 64 down, each quarter in a colour of its own."""
    image[32:, :64], image[32:, 64:] = (0, 255, 0), (255, 255, 255)
    return image


def with_exif(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return exif.tobytes()


@pytest.mark.parametrize("orientation", TURNS)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", AVIF])
def test_every_kind_of_picture_is_turned(quarters, kind, orientation):
    got = picture.decode(by_pillow(Image.fromarray(quarters), kind, exif=with_exif(orientation)), "p")
    wanted = TURNS[orientation](quarters)
    assert got.shape == wanted.shape
    assert np.abs(got.astype(int) - wanted)[16::32, 16::32].max() < 40


@pytest.mark.parametrize("orientation", TURNS)
@pytest.mark.parametrize(("kind", "name"), [("PNG", "a.png"), ("WEBP", "a.webp")])
def test_every_frame_of_an_animation_is_turned(quarters, tmp_path, kind, name, orientation):
    images = [quarters, quarters // 2]
    first, second = map(Image.fromarray, images)
    path = tmp_path / name
    more = {"save_all": True, "append_images": [second], "duration": 100, "lossless": True}
    path.write_bytes(by_pillow(first, kind, exif=with_exif(orientation), **more))
    camera = cameras.open_camera(SourceSettings(source=str(path)))
    frames = [frame.image for frame in camera]
    camera.close()
    for got, stored in zip([picture.read(path), *frames], [images[0], *images], strict=True):
        assert np.array_equal(got, TURNS[orientation](stored))


XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><tiff:Orientation>6</tiff:Orientation></x:xmpmeta>"


@pytest.mark.parametrize(
    ("kind", "options"),
    [("WEBP", {"exif": with_exif(6)}), ("WEBP", {"xmp": XMP}), (AVIF.values[0], {})],
    ids=["WebP turned", "WebP turned by XMP", "AVIF"],
)
def test_opencv_never_decodes_what_it_may_not_turn(image, monkeypatch, kind, options):
    if kind == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    monkeypatch.setattr(reader.cv2, "imdecode", lambda *_: pytest.fail("asked OpenCV"))
    got = picture.decode(by_pillow(Image.fromarray(image), kind, **options), "p")
    assert got.shape[:2] == (image.shape[:2] if kind == "AVIF" else image.shape[1::-1])


@pytest.mark.parametrize("options", [{}, {"exif": with_exif(1)}, {"exif": with_exif(9)}, {"lossless": True}], ids=str)
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_an_upright_webp_is_decoded_by_opencv_which_is_faster(image, monkeypatch, mode, options):
    noisy = Image.fromarray(np.random.default_rng(3).integers(0, 256, image.shape, np.uint8)).convert(mode)
    if mode == "RGBA":
        noisy.putalpha(Image.fromarray(image[:, :, 0]))
    data = by_pillow(noisy, "WEBP", **options)
    by_opencv = picture.decode(data, "p")
    monkeypatch.setattr(header, "plugin", lambda *_: pytest.fail("asked Pillow for the pixels"))
    assert np.array_equal(reader._pixels(data, header.Header("WebP", 128, 64), "p"), by_opencv)
    monkeypatch.undo()
    monkeypatch.setattr(reader.cv2, "imdecode", lambda *_: None)
    assert np.array_equal(picture.decode(data, "p"), by_opencv), "both decode the same pixels"
