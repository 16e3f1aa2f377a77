from __future__ import annotations

import errno
import os
import re

import numpy as np
import pytest

from edge import picture
from edge.errors import PictureError
from edge.text import printable


@pytest.mark.parametrize("name", ["absent/p.png", "p.nosuch", "p", "p.\udce9"])
def test_what_cannot_be_written_is_one_line(tmp_path, image, name):
    with pytest.raises(PictureError, match=re.escape(printable(name))):
        picture.write(tmp_path / name, image)


@pytest.mark.parametrize(("suffix", "most"), [(".jpg", 65_500), (".JPEG", 65_500), (".webp", 16_383)])
@pytest.mark.parametrize("upright", [False, True])
def test_a_format_that_is_too_small_is_named(tmp_path, suffix, most, upright):
    path = tmp_path / f"p{suffix}"
    strip = np.zeros((most, 1, 3) if upright else (1, most, 3), np.uint8)
    picture.write(path, strip)
    assert picture.read(path).shape == strip.shape
    longer = np.zeros((most + 1, 1, 3) if upright else (1, most + 1, 3), np.uint8)
    size = f"1x{most + 1}" if upright else f"{most + 1}x1"
    with pytest.raises(PictureError, match=rf"{size} pixels; {suffix} holds at most {most} a side; write \.png$"):
        picture.write(path, longer)
    picture.write(tmp_path / "p.png", longer)


def test_a_new_file_never_replaces_another(tmp_path, image):
    path = tmp_path / "p.png"
    picture.write(path, image, new=True)
    assert np.array_equal(picture.read(path), image)
    before = path.read_bytes()
    with pytest.raises(FileExistsError):
        picture.write(path, np.zeros_like(image), new=True)
    assert path.read_bytes() == before


@pytest.mark.parametrize("link", [os.link, os.symlink])
def test_a_file_that_is_replaced_is_unchanged_under_its_other_names(tmp_path, image, link):
    original, path = tmp_path / "original.png", tmp_path / "p.png"
    picture.write(original, image)
    link(original, path)
    picture.write(path, np.zeros_like(image))
    assert np.array_equal(picture.read(original), image)
    assert not picture.read(path).any()
    assert sorted(tmp_path.iterdir()) == [original, path]


@pytest.mark.parametrize("there", [False, True], ids=["new", "replaced"])
def test_half_a_picture_is_removed_when_the_disk_is_full(tmp_path, image, monkeypatch, there):
    path, before = tmp_path / "p.png", b"what was there"
    if there:
        path.write_bytes(before)
    written = []

    def write(descriptor, data):
        if written:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written.append(True)
        return 10

    monkeypatch.setattr("edge.picture.writer.os.write", write)
    with pytest.raises(PictureError, match=r"p\.png: cannot write the picture \(No space left on device\)"):
        picture.write(path, image)
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [before] * there
