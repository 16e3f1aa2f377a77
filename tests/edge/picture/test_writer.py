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


def test_a_new_file_never_replaces_another(tmp_path, image):
    path = tmp_path / "p.png"
    picture.write(path, image, new=True)
    assert np.array_equal(picture.read(path), image)
    before = path.read_bytes()
    with pytest.raises(FileExistsError):
        picture.write(path, np.zeros_like(image), new=True)
    assert path.read_bytes() == before


def test_half_a_picture_is_removed_when_the_disk_is_full(tmp_path, image, monkeypatch):
    written = []

    def write(descriptor, data):
        if written:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written.append(True)
        return 10

    monkeypatch.setattr("edge.picture.writer.os.write", write)
    with pytest.raises(PictureError, match=r"p\.png: cannot write the picture \(No space left on device\)"):
        picture.write(tmp_path / "p.png", image)
    assert list(tmp_path.iterdir()) == []
