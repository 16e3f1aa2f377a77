"""A clip whose frames change their size. OpenCV gives all of them in the size of the first, without a word."""

from __future__ import annotations

import logging

import cv2
import numpy as np
import pytest

from edge.cameras import clip as module
from edge.cameras.clip import ClipCamera
from edge.cameras.size_watch import SizeWatch, follows
from tests.edge.cameras.matroska import matroska

COUNT = 6  # frames of each size
WIDE, SMALL, TALL = (128, 96), (64, 48), (96, 128)


def disc(width: int, height: int) -> np.ndarray:
    """A white disc in the middle of a black picture, uint8 (H, W, 3)."""
    image = np.zeros((height, width, 3), np.uint8)
    cv2.circle(image, (width // 2, height // 2), min(width, height) // 3, (255, 255, 255), -1)
    return image


def clip_of(tmp_path, *sizes):
    """An MJPEG clip with COUNT frames of each of the sizes."""
    images = [disc(*size) for size in sizes for _ in range(COUNT)]
    path = tmp_path / "clip.mkv"
    path.write_bytes(matroska(images, [40 * n for n in range(len(images))]))
    return path


def played(path, **options):
    """All frames."""
    camera = ClipCamera(path, **options)
    frames = list(camera)
    camera.close()
    return frames


def sizes(frames):
    return [(frame.width, frame.height) for frame in frames]


@pytest.mark.parametrize(
    "parts", [(WIDE,), (WIDE, SMALL), (SMALL, WIDE), (WIDE, TALL), (WIDE, TALL, SMALL, WIDE)], ids=str
)
def test_each_frame_comes_whole_and_in_its_own_size(tmp_path, parts):
    if not follows():
        pytest.skip("this OpenCV cannot")
    path = clip_of(tmp_path, *parts)
    frames = played(path)
    assert sizes(frames) == [size for size in parts for _ in range(COUNT)]
    for frame in frames:
        assert np.abs(frame.image.astype(int) - disc(frame.width, frame.height)).mean() < 12
    assert frames[-1].time == pytest.approx(0.04 * (len(frames) - 1))
    camera = ClipCamera(path)
    assert camera.changes_size() == (len(parts) > 1)
    camera.close()


def test_jpegs_one_after_the_other(tmp_path):
    if not follows():
        pytest.skip("this OpenCV cannot")
    parts = [cv2.imencode(".jpg", disc(*size))[1].tobytes() * COUNT for size in (WIDE, SMALL)]
    path = tmp_path / "clip.mjpeg"
    path.write_bytes(b"".join(parts))
    assert sizes(played(path)) == [WIDE] * COUNT + [SMALL] * COUNT


def test_with_an_opencv_that_gives_garbage_the_clip_ends_and_says_why(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(module, "follows", lambda: False)
    path = clip_of(tmp_path, WIDE, TALL)
    with caplog.at_level(logging.WARNING):
        assert sizes(played(path)) == [WIDE] * COUNT
    (record,) = caplog.records
    assert record.getMessage() == (
        f"{path}: the clip ends where its frames change from 128x96 to 96x128, which OpenCV {cv2.__version__} cannot "
        f"decode; convert it: ffmpeg -i IN -vf scale=128:96:force_original_aspect_ratio=decrease,pad=128:96:-1:-1 "
        f"OUT.mp4"
    )


def test_frames_that_become_too_large_end_the_clip(tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        assert sizes(played(clip_of(tmp_path, SMALL, WIDE), max_megapixels=0.01)) == [SMALL] * COUNT
    assert "the clip ends where its frames change to 128x96 pixels; expected at most 0.01" in caplog.text


def test_a_codec_without_a_parser_is_played_as_opencv_gives_it(tmp_path):
    path = tmp_path / "clip.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 10.0, WIDE)
    for _ in range(COUNT):
        writer.write(disc(*WIDE))
    writer.release()
    assert sizes(played(path)) == [WIDE] * COUNT


def test_one_damaged_jpeg_is_no_change(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "follows", lambda: False)
    images = [disc(*WIDE)] * COUNT + [disc(*SMALL)] + [disc(*WIDE)] * COUNT
    path = tmp_path / "clip.mkv"
    path.write_bytes(matroska(images, [40 * n for n in range(len(images))]))
    assert sizes(played(path)) == [WIDE] * (2 * COUNT + 1)


@pytest.mark.parametrize(
    ("codec", "declared", "expected"),
    [("", WIDE, None), ("MJPG", WIDE, WIDE), ("MJPG", TALL, TALL), ("MJPG", SMALL, None)],
    ids=["unknown", "as declared", "turned", "not as declared"],
)
def test_what_the_watch_believes(tmp_path, codec, declared, expected):
    watch = SizeWatch(clip_of(tmp_path, WIDE), codec, declared)
    assert [watch.next() for _ in range(COUNT)] == [expected] * COUNT
    assert not watch.changes()
    watch.close()
