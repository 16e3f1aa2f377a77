from __future__ import annotations

import struct

import cv2
import numpy as np
import pytest

from edge import picture
from edge.errors import PictureError


@pytest.fixture
def image():
    """8 across, 4 down; red on the left half, blue at the right."""
    made = np.zeros((4, 8, 3), np.uint8)
    made[:, :4], made[:, 4:] = (255, 0, 0), (0, 0, 255)
    return made


def with_orientation(jpeg: bytes, orientation: int) -> bytes:
    """The JPEG with an EXIF segment that says how it is to be turned."""
    tiff = b"II*\0" + struct.pack("<IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)
    exif = b"Exif\0\0" + tiff
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:]


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".webp", ".jpg"])
def test_what_is_written_is_read_in_rgb(tmp_path, image, suffix):
    path = tmp_path / f"p{suffix}"
    large = image.repeat(16, axis=0).repeat(16, axis=1)
    picture.write(path, large)
    got = picture.read(path).astype(int)
    assert got.shape == large.shape
    assert abs(got - large)[:, [10, 100]].max() < 40


@pytest.mark.parametrize(
    ("orientation", "shape", "red_at"),
    [(1, (64, 128), (32, 10)), (3, (64, 128), (32, 118)), (6, (128, 64), (10, 32)), (8, (128, 64), (118, 32))],
)
def test_exif_orientation_is_applied(tmp_path, image, orientation, shape, red_at):
    large = image.repeat(16, axis=0).repeat(16, axis=1)
    data = cv2.imencode(".jpg", large[:, :, ::-1])[1].tobytes()
    path = tmp_path / "turned.jpg"
    path.write_bytes(with_orientation(data, orientation))
    got = picture.read(path)
    assert got.shape[:2] == shape
    red, _, blue = got[red_at].astype(int)
    assert red > 200 > 60 > blue


@pytest.mark.parametrize(
    "grey", [np.zeros((4, 8), np.uint8), np.zeros((4, 8, 4), np.uint8), np.zeros((4, 8), np.uint16)]
)
def test_grey_transparent_and_16_bit_pictures_are_rgb(tmp_path, grey):
    path = tmp_path / "p.png"
    assert cv2.imwrite(str(path), grey)
    got = picture.read(path)
    assert (got.shape, got.dtype) == ((4, 8, 3), np.uint8)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot read the picture (No such file or directory)"),
        (b"", "the file is empty"),
        (b"only words", "not a picture that can be decoded"),
        (b"\xff\xd8\xff\xe0 a JPEG's first bytes", "not a picture that can be decoded"),
    ],
    ids=["absent", "zero bytes", "text", "broken"],
)
def test_a_bad_picture_is_one_line(tmp_path, content, message):
    path = tmp_path / "p.jpg"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(PictureError) as caught:
        picture.read(path)
    assert str(caught.value).startswith(f"{path}: {message}")
    assert "\n" not in str(caught.value)


def test_a_folder_in_the_place_of_a_picture_is_one_line(tmp_path):
    with pytest.raises(PictureError, match="cannot read the picture"):
        picture.read(tmp_path)


def test_a_listing_is_by_name_and_only_of_pictures(tmp_path):
    for name in ("b.JPG", "a.png", "c.txt", ".hidden.png", "d"):
        (tmp_path / name).touch()
    (tmp_path / "folder").mkdir()
    assert [path.name for path in picture.listing(tmp_path)] == ["a.png", "b.JPG"]


@pytest.mark.parametrize(("make", "message"), [(True, "no picture in this folder"), (False, "cannot read the folder")])
def test_an_empty_or_absent_folder_is_an_error(tmp_path, make, message):
    folder = tmp_path / "pictures"
    if make:
        folder.mkdir()
    with pytest.raises(PictureError, match=message):
        picture.listing(folder)


@pytest.mark.parametrize("name", ["absent/p.png", "p.nosuch"])
def test_what_cannot_be_written_is_one_line(tmp_path, image, name):
    with pytest.raises(PictureError, match=name):
        picture.write(tmp_path / name, image)
