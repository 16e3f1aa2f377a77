"""A clip that was cut without encoding it anew keeps all of its frames; its edit list says which are shown."""

from __future__ import annotations

import logging
import struct

import cv2
import numpy as np
import pytest

from edge.cameras.clip import PLACE, ClipCamera
from edge.cameras.mp4 import is_mirrored, shown_part
from tests.edge.cameras.matroska import matroska

FRAMES, FPS = 40, 10.0


@pytest.fixture
def clip(tmp_path):
    path = tmp_path / "clip.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), FPS, (64, 48))
    assert writer.isOpened()
    for n in range(FRAMES):
        writer.write(np.full((48, 64, 3), (200, 0, 5 * n), np.uint8))
    writer.release()
    return path


def cut(path, milliseconds):
    """Have only the beginning shown: ISO/IEC 14496-12, 8.3.2 and 8.6.6."""
    data = bytearray(path.read_bytes())
    for name, at in ((b"tkhd", 24), (b"elst", 12)):
        struct.pack_into(">I", data, data.index(name) + at, milliseconds)
    path.write_bytes(data)


def played(path, caplog):
    with caplog.at_level(logging.WARNING):
        frames = list(ClipCamera(path))
    return frames, [record.getMessage() for record in caplog.records]


def test_a_clip_that_shows_all_of_its_frames(clip, caplog):
    assert shown_part(clip) == 1.0
    frames, warnings = played(clip, caplog)
    assert (len(frames), warnings) == (FRAMES, [])


def test_a_clip_that_was_cut_does_not_break_off(clip, caplog):
    cut(clip, 1200)
    assert shown_part(clip) == pytest.approx(0.3)
    frames, warnings = played(clip, caplog)
    assert len(frames) < FRAMES / 2
    assert warnings == []


@pytest.mark.parametrize("data", [b"", b"no clip", b"\0\0\0\x08ftyp", b"\0\0\0\x08ftyp\0\0\0\x10moov\0\0\0\x08trak"])
def test_what_says_nothing_is_shown_as_it_is(tmp_path, data):
    path = tmp_path / "clip.mp4"
    path.write_bytes(data)
    assert shown_part(path) == 1.0
    assert shown_part(tmp_path / "absent.mp4") == 1.0


def test_a_header_cut_or_changed_anywhere_is_no_trouble(clip, tmp_path):
    cut(clip, 1200)
    data = clip.read_bytes()
    begin = data.index(b"moov")
    path = tmp_path / "odd.mp4"
    for at in range(begin, len(data), 7):
        for changed in (data[:at], data[:at] + b"\xff\xff\xff\xff" + data[at + 4 :]):
            path.write_bytes(changed)
            assert 0.0 <= shown_part(path) <= 1.0
            assert is_mirrored(path) in (False, True)


@pytest.mark.skipif(not PLACE, reason="OpenCV 4.10 does not tell")
@pytest.mark.parametrize(("last", "due"), [(FRAMES, 0), (FRAMES / 2, FRAMES)])
def test_a_late_start_hides_no_loss(clip, last, due):
    """An empty edit lets a clip begin late; its header counts frames all the same."""
    camera = ClipCamera(clip)
    camera._first, camera._place = 501.0, 500 + last
    assert camera.frames_due() == due


@pytest.mark.skipif(not PLACE, reason="OpenCV 4.10 does not tell")
@pytest.mark.parametrize(
    ("stamps", "length_ms"),
    [
        ([0, 20, 40, 60, 2000, 5000, 30000], 30020),  # a rate that varies, as browsers record
        ([20000, 20100, 20200, 20300], 20400),  # a clip that begins late
    ],
)
def test_a_number_of_frames_that_was_made_of_the_length_is_not_expected(tmp_path, caplog, stamps, length_ms):
    path = tmp_path / "clip.mkv"
    images = [np.zeros((48, 64, 3), np.uint8)] * len(stamps)
    path.write_bytes(matroska(images, stamps, duration_ms=20, length_ms=length_ms))
    frames, warnings = played(path, caplog)
    assert (len(frames), warnings) == (len(stamps), [])


def test_one_that_ends_early_is_still_told(tmp_path, caplog):
    path = tmp_path / "clip.mkv"
    images = [np.zeros((48, 64, 3), np.uint8)] * 10
    path.write_bytes(matroska(images, [100 * n for n in range(10)], duration_ms=100, length_ms=5000))
    frames, warnings = played(path, caplog)
    assert (len(frames), warnings) == (10, [f"{path}: the clip breaks off after 10 of 50 frames"])


ROWS = {"turned by 0": (1, 0, 0, 1), "90": (0, 1, -1, 0), "180": (-1, 0, 0, -1), "270": (0, -1, 1, 0)}
MIRRORED = {"sideways": (-1, 0, 0, 1), "upside down": (1, 0, 0, -1), "90": (0, 1, 1, 0), "270": (0, -1, -1, 0)}


@pytest.mark.parametrize(
    "matrix", [*ROWS.values(), *MIRRORED.values()], ids=[*ROWS, *(f"{n} mirrored" for n in MIRRORED)]
)
def test_a_clip_is_turned_and_mirrored_as_its_matrix_says(tmp_path, matrix):
    """ISO/IEC 14496-12, 6.2.2: where a pixel at (x, y) is shown, but for where the picture begins."""
    stored = np.zeros((48, 64, 3), np.uint8)
    stored[:24, :32], stored[24:, :32], stored[:24, 32:] = (250, 0, 0), (0, 250, 0), (0, 0, 250)
    path = tmp_path / "clip.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), FPS, (64, 48))
    writer.write(stored[:, :, ::-1])
    writer.release()
    a, b, c, d = matrix
    data = bytearray(path.read_bytes())
    struct.pack_into(">9i", data, data.index(b"tkhd") + 44, *(n << 16 for n in (a, b, 0, c, d, 0, 0, 0)), 1 << 30)
    path.write_bytes(data)
    rows, columns = np.mgrid[:48, :64]
    x, y = a * columns + c * rows, b * columns + d * rows
    x, y = x - x.min(), y - y.min()
    shown = np.zeros((y.max() + 1, x.max() + 1, 3), np.uint8)
    shown[y, x] = stored
    (frame,) = ClipCamera(path)
    assert frame.image.shape == shown.shape
    assert np.abs(frame.image.astype(int) - shown)[6::12, 8::16].max() < 40


@pytest.mark.parametrize("data", [b"", b"no clip", b"\0\0\0\x08ftyp\0\0\0\x10moov\0\0\0\x08trak"])
def test_what_says_nothing_is_not_mirrored(tmp_path, data):
    path = tmp_path / "clip.mp4"
    path.write_bytes(data)
    assert not is_mirrored(path)
    assert not is_mirrored(tmp_path / "absent.mp4")
