from __future__ import annotations

import contextlib
import logging
import resource
import struct

import numpy as np
import pytest
from PIL import Image

from edge import cameras
from edge.cameras.animation import AnimationCamera, is_animated
from edge.errors import SourceError
from edge.settings import SourceSettings

DURATIONS = [100, 500, 40, 1000]


def write(path, count=4, durations=DURATIONS):
    """An animation whose red is 60 more in each frame; returns its path."""
    first, *rest = [Image.new("RGB", (64, 48), (60 * n, 0, 200)) for n in range(count)]
    first.save(path, save_all=True, append_images=rest, duration=durations[:count], lossless=True)
    return path


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.png"])
def test_every_frame_of_an_animation_comes_when_it_is_shown(tmp_path, name):
    path = write(tmp_path / name)
    with_settings = cameras.open_camera(SourceSettings(source=str(path)))
    frames = list(with_settings)
    with_settings.close()
    assert [frame.index for frame in frames] == [0, 1, 2, 3]
    assert [frame.time for frame in frames] == pytest.approx([0.0, 0.1, 0.6, 0.64])
    assert [frame.image[0, 0, 0] for frame in frames] == [0, 60, 120, 180]
    assert (with_settings.live, with_settings.stuck) == (False, False)


@pytest.mark.parametrize(("name", "count", "animated"), [("a.gif", 1, False), ("a.webp", 2, True), ("a.bmp", 1, False)])
def test_a_picture_of_one_frame_is_no_animation(tmp_path, name, count, animated):
    path = tmp_path / name
    if name.endswith(".bmp"):
        Image.new("RGB", (4, 4)).save(path)
    else:
        write(path, count)
    assert is_animated(path) is animated


@pytest.mark.parametrize("content", [None, b"", b"GIF89a", b"no picture"])
def test_what_is_no_animation_is_said_without_an_error(tmp_path, content):
    path = tmp_path / "a.gif"
    if content is not None:
        path.write_bytes(content)
    assert not is_animated(path)
    with pytest.raises(SourceError, match=r"a\.gif"):
        AnimationCamera(path)


def test_frames_without_a_duration_are_shown_for_a_tenth_of_a_second_as_in_browsers(tmp_path):
    camera = AnimationCamera(write(tmp_path / "a.gif", 3, [0, 10, 10]))
    assert [frame.time for frame in camera] == pytest.approx([0.0, 0.1, 0.2])
    camera.close()


def test_an_animation_that_breaks_off_is_played_as_far_as_it_goes(tmp_path, caplog):
    rng = np.random.default_rng(0)
    first, *rest = [Image.fromarray(rng.integers(0, 255, (48, 64, 3), np.uint8)) for _ in range(4)]
    path = tmp_path / "a.gif"
    first.save(path, save_all=True, append_images=rest, duration=100)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 5 // 8])
    camera = AnimationCamera(path)
    with caplog.at_level(logging.WARNING):
        frames = list(camera)
    camera.close()
    assert 1 <= len(frames) < camera.due
    assert caplog.messages == [f"{path}: the animation breaks off after {len(frames)} of {camera.due} frames"]


def test_a_gif_whose_second_frame_is_far_larger_than_its_header_says_is_not_decoded(tmp_path, caplog):
    """Pillow makes the picture larger as frames come; a file of 100 kB may hold one of 4,000 megapixels."""
    path = write(tmp_path / "a.gif", 2)
    data = path.read_bytes()
    second = data.rindex(b"\x2c" + struct.pack("<4H", 0, 0, 64, 48))
    path.write_bytes(data[: second + 5] + struct.pack("<2H", 60_000, 60_000) + data[second + 9 :])
    camera = AnimationCamera(path)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert [frame.image.shape for frame in camera] == [(48, 64, 3)]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000  # kB
    assert caplog.messages == [f"{path}: the animation breaks off after 1 of 2 frames"]
    camera.close()


def test_frames_are_rgb_where_a_gif_grows_and_has_clear_parts(tmp_path):
    """Pillow tells the mode of such a frame only once it is decoded."""
    frames = [
        b"\x21\xf9\x04%c\x0a\0\x01\0\x2c" % top + struct.pack("<4H", 0, top, 1, 1) + b"\0\x02\x02\x44\x01\0"
        for top in (0, 1)
    ]
    path = tmp_path / "a.gif"
    path.write_bytes(b"GIF89a" + struct.pack("<2H3B", 1, 1, 0x80, 0, 0) + bytes(6) + b"".join(frames) + b";")
    camera = AnimationCamera(path)
    assert [frame.image.shape for frame in camera] == [(1, 1, 3), (2, 1, 3)]
    camera.close()


def test_a_gif_cut_anywhere_is_played_as_far_as_it_goes(tmp_path):
    whole = write(tmp_path / "a.gif").read_bytes()
    path = tmp_path / "cut.gif"
    for length in range(1, len(whole)):
        path.write_bytes(whole[:length])
        with contextlib.suppress(SourceError):
            assert all(frame.image.shape == (48, 64, 3) for frame in AnimationCamera(path))


def test_an_animation_with_too_many_pixels_is_refused_before_it_is_decoded(tmp_path):
    with pytest.raises(SourceError, match=r"a\.gif: 64x48 pixels; expected at most 0\.001 megapixels"):
        AnimationCamera(write(tmp_path / "a.gif"), max_megapixels=0.001)


def test_jpegs_one_after_the_other_are_a_clip(tmp_path):
    path = tmp_path / "a.mjpeg"
    with open(path, "wb") as file:
        for n in range(4):
            Image.new("RGB", (64, 48), (60 * n, 0, 200)).save(file, "JPEG")
    camera = cameras.open_camera(SourceSettings(source=str(path)))
    frames = list(camera)
    camera.close()
    assert [round(frame.image[0, 0, 0] / 60) for frame in frames] == [0, 1, 2, 3]
