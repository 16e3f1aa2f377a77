from __future__ import annotations

import os

import pytest

from edge import picture
from edge.errors import PictureError
from edge.picture.folder import is_picture


@pytest.fixture
def png(image, tmp_path):
    path = tmp_path / "made.png"
    picture.write(path, image)
    data = path.read_bytes()
    path.unlink()
    return data


@pytest.mark.parametrize(("make", "message"), [(True, "no picture in this folder"), (False, "cannot read the folder")])
def test_an_empty_or_absent_folder_is_an_error(tmp_path, make, message):
    folder = tmp_path / "pictures"
    if make:
        folder.mkdir()
    with pytest.raises(PictureError, match=message):
        picture.listing(folder)


def test_pictures_are_told_by_their_content_and_come_by_name(tmp_path, png):
    for name in ("b.JPG", "a.png", "z.jfif", "photo", "x.dat", ".hidden.png"):
        (tmp_path / name).write_bytes(png)
    (tmp_path / "notes.txt").write_text("words")
    (tmp_path / "folder.png").mkdir()
    found = picture.scan(tmp_path)
    assert [path.name for path in found.pictures] == ["a.png", "b.JPG", "photo", "x.dat", "z.jfif"]
    assert [path.name for path in found.skipped] == ["folder.png", "notes.txt"]
    assert picture.listing(tmp_path) == list(found.pictures)


def test_what_only_claims_to_be_a_picture_is_kept_so_that_reading_it_says_what_is_wrong(tmp_path):
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "words.png").write_text("words")
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "gone.jpg").symlink_to("nowhere")
    (tmp_path / "clip.jpg").write_bytes(b"\0\0\0\x14ftypisom\0\0\0\0isom")
    found = picture.scan(tmp_path)
    assert [path.name for path in found.pictures] == ["empty.jpg", "gone.jpg", "pipe.jpg", "words.png"]
    assert [path.name for path in found.skipped] == ["clip.jpg"]


@pytest.mark.parametrize(
    ("names", "note"),
    [
        ([], ""),
        (["a.txt"], "1 skipped, not pictures: a.txt"),
        (["a.txt", "b.mp4", "c\x1b.txt"], r"3 skipped, not pictures: a.txt, b.mp4, c\x1b.txt"),
        (["a.txt", "b.txt", "c.txt", "d.txt", "e.txt"], "5 skipped, not pictures: a.txt, b.txt, c.txt and 2 more"),
    ],
)
def test_what_is_skipped_is_counted_and_named(tmp_path, png, names, note):
    (tmp_path / "p.png").write_bytes(png)
    for name in names:
        (tmp_path / name).write_text("words")
    assert picture.scan(tmp_path).note == (f"{tmp_path}: {note}" if note else "")


@pytest.mark.parametrize(
    ("name", "data", "answer"),
    [
        ("a.png", b"", True),
        ("a.mp4", b"", False),
        ("a", b"P5 1 1 255 x", True),
        ("a", b"text", False),
        ("a.jpg", b"\x1aE\xdf\xa3 Matroska", False),
        ("a" * 300 + ".txt", None, False),
    ],
)
def test_one_file(tmp_path, name, data, answer):
    if data is not None:
        (tmp_path / name).write_bytes(data)
    assert is_picture(tmp_path / name) is answer
