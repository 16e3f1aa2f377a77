from __future__ import annotations

import logging

import cv2
import numpy as np
import pytest

from edge import picture
from edge.cameras.folder import FolderCamera
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


def test_a_picture_is_rotated_by_its_exif_orientation(tmp_path):
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


def test_what_is_skipped_or_moving_is_said(tmp_path, caplog):
    paint(tmp_path / "a.png", 1)
    (tmp_path / "notes.txt").write_text("words")
    paint(tmp_path / "b.jpg", 3)
    (tmp_path / "b.jpg").rename(tmp_path / "clip.mjpg")
    with caplog.at_level(logging.WARNING):
        assert len(list(FolderCamera(tmp_path, 10))) == 2
    assert [record.getMessage() for record in caplog.records] == [
        f"{tmp_path}: 1 skipped, not pictures: notes.txt",
        f"{tmp_path / 'clip.mjpg'}: a series of JPEGs; only its first frame is read",
    ]


def test_the_camera_sees_what_the_command_image_sees(tmp_path):
    for name in ("a.png", "b.png", "c.bmp"):
        paint(tmp_path / name, 1)
    (tmp_path / "b.png").rename(tmp_path / "b")
    (tmp_path / "words.txt").write_text("words")
    assert len(list(FolderCamera(tmp_path, 10))) == len(picture.listing(tmp_path)) == 3


def test_a_picture_over_the_limit_is_left_out(tmp_path):
    paint(tmp_path / "a.png", 1)
    with pytest.raises(SourceError, match="8x6 pixels; expected at most 4e-05 megapixels"):
        list(FolderCamera(tmp_path / "a.png", 10, max_megapixels=0.00004))
