from __future__ import annotations

import logging

import cv2
import numpy as np
import pytest

from edge import picture
from edge.cameras.folder import FolderCamera, is_picture
from edge.errors import SourceError


def paint(path, level):
    picture.write(path, np.full((6, 8, 3), level, np.uint8))


def test_an_empty_folder_is_a_source_error(tmp_path):
    with pytest.raises(SourceError, match="no picture in this folder") as caught:
        FolderCamera(tmp_path, 10)
    assert caught.value.exit_code == 3


def test_pictures_come_by_name_on_the_folders_own_clock(tmp_path):
    for name, level in (("b.png", 2), ("a.png", 1), ("c.bmp", 3)):
        paint(tmp_path / name, level)
    (tmp_path / "notes.txt").write_text("not a picture")
    camera = FolderCamera(tmp_path, 4)
    assert [(f.image[0, 0, 0], f.time, f.index) for f in camera] == [(1, 0.0, 0), (2, 0.25, 1), (3, 0.5, 2)]
    assert (camera.live, camera.stuck, camera.fps) == (False, False, 4)
    camera.close()


def test_a_bad_picture_among_good_ones_is_named_and_left_out(tmp_path, caplog):
    paint(tmp_path / "a.png", 1)
    (tmp_path / "b.png").write_bytes(b"")
    paint(tmp_path / "c.png", 3)
    with caplog.at_level(logging.WARNING):
        frames = list(FolderCamera(tmp_path, 10))
    assert [(f.image[0, 0, 0], f.index) for f in frames] == [(1, 0), (3, 1)]
    assert [record.getMessage() for record in caplog.records] == [f"{tmp_path / 'b.png'}: the file is empty"]


def test_no_good_picture_at_all_is_a_source_error(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"")
    with pytest.raises(SourceError, match=r"a\.jpg: the file is empty"):
        list(FolderCamera(tmp_path / "a.jpg", 10))
    (tmp_path / "b.jpg").write_bytes(b"nothing")
    with pytest.raises(SourceError, match="none of 2 pictures can be read"):
        list(FolderCamera(tmp_path, 10))


def test_a_picture_lies_as_its_exif_orientation_says(tmp_path):
    # One JPEG of 8 x 6 with an APP1 segment that says orientation 6: turn it clockwise.
    ok, data = cv2.imencode(".jpg", np.full((6, 8, 3), 90, np.uint8))
    assert ok
    tiff = b"MM\0*\0\0\0\x08" + b"\0\x01" + b"\x01\x12\0\x03\0\0\0\x01\0\x06\0\0" + b"\0\0\0\0"
    segment = b"Exif\0\0" + tiff
    jpeg = data.tobytes()
    path = tmp_path / "phone.jpg"
    path.write_bytes(jpeg[:2] + b"\xff\xe1" + (len(segment) + 2).to_bytes(2, "big") + segment + jpeg[2:])
    (frame,) = FolderCamera(path, 10)
    assert (frame.width, frame.height) == (6, 8)


@pytest.mark.parametrize(
    ("name", "data", "answer"),
    [
        ("a.png", b"", True),
        ("a.mp4", b"", False),
        ("a", b"P5 1 1 255 x", True),
        ("a", b"text", False),
    ],
)
def test_a_picture_is_told_by_its_name_or_its_content(tmp_path, name, data, answer):
    path = tmp_path / name
    path.write_bytes(data)
    assert is_picture(path) is answer
