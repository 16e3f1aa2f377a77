from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageSequence

from edge.errors import PictureError
from edge.picture.animation import AnimatedWebP

GREY = np.full((30, 40, 3), 128, np.uint8)


def dotted(left, top, colour=(255, 0, 0)):
    picture = GREY.copy()
    picture[top : top + 8, left : left + 8] = colour
    return picture


def written(path, frames, **options):
    writer = AnimatedWebP(path, 40, 30, **options)
    for image, seconds in frames:
        writer.add(image, seconds)
    writer.close()
    with Image.open(path) as opened:
        return [(np.asarray(f.convert("RGB")).astype(int), f.info["duration"]) for f in ImageSequence.Iterator(opened)]


def test_frames_come_back_with_their_times_whatever_part_of_them_changed(tmp_path):
    pictures = [GREY, dotted(3, 5), dotted(21, 13), dotted(21, 13), GREY, dotted(32, 22)]
    times = [0.1, 0.04, 0.5, 1.0, 0.2, 0.3]
    found = written(tmp_path / "a.webp", zip(pictures, times, strict=True))
    # Frames that look the same may be read as one; the time they take together stays.
    assert sum(duration for _, duration in found) == 2140
    shown = found[0][0]
    assert np.abs(shown - pictures[0]).mean() < 4
    assert np.abs(found[-1][0] - pictures[-1]).mean() < 4
    assert [duration for _, duration in found[:2]] == [100, 40]


def test_a_still_part_costs_next_to_nothing(tmp_path):
    rng = np.random.default_rng(1)
    noise = rng.integers(0, 256, (30, 40, 3)).astype(np.uint8)
    written(tmp_path / "one.webp", [(noise, 0.1)])
    written(tmp_path / "ten.webp", [(noise, 0.1)] * 10)
    one, ten = ((tmp_path / name).stat().st_size for name in ("one.webp", "ten.webp"))
    assert ten < 2 * one


def test_the_sizes_in_the_container_are_those_of_the_file(tmp_path):
    path = tmp_path / "a.webp"
    written(path, [(GREY, 0.1), (dotted(1, 1), 0.1)])
    data = io.BytesIO(path.read_bytes())
    assert data.read(4) == b"RIFF"
    assert int.from_bytes(data.read(4), "little") == path.stat().st_size - 8
    names = []
    data.read(4)
    while name := data.read(4):
        names.append(name)
        size = int.from_bytes(data.read(4), "little")
        data.seek(size + size % 2, 1)
    assert names == [b"VP8X", b"ANIM", b"ANMF", b"ANMF"]


def test_a_folder_that_does_not_exist_is_one_line(tmp_path):
    with pytest.raises(PictureError, match="cannot write the animation"):
        AnimatedWebP(tmp_path / "none" / "a.webp", 40, 30)


def test_frames_that_webp_cannot_hold_are_refused_before_the_file_is_made(tmp_path):
    with pytest.raises(PictureError, match=r"frames of 60000x1; WebP holds at most 16383 pixels a side"):
        AnimatedWebP(tmp_path / "a.webp", 60_000, 1)
    assert not (tmp_path / "a.webp").exists()
