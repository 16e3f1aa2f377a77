"""Interlaced video, as of a DVD: some versions of OpenCV give what was in their memory instead."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.cameras import interlaced
from edge.cameras.clip import ClipCamera
from edge.cameras.interlaced import Conversion, Interlaced, refused
from edge.cameras.opencv import CaptureGrabber
from edge.errors import SourceError

COUNT, WIDTH, HEIGHT = 12, 128, 96


def mpeg2(path: Path, fields: bool) -> Path:
    """A clip of a disc that moves to the right; `fields`: all frames are flagged as interlaced (H.262, 6.2.2.3)."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mpg2"), 25, (WIDTH, HEIGHT))
    if not writer.isOpened():
        pytest.skip("this OpenCV writes no MPEG-2")
    for n in range(COUNT):
        writer.write(disc(n)[:, :, ::-1])
    writer.release()
    data = bytearray(path.read_bytes())
    for at in (match.end() for match in re.finditer(b"\0\0\1\xb5", data)) if fields else ():
        if data[at] >> 4 == 1:  # the sequence extension
            data[at + 1] &= ~0x08  # progressive_sequence
        if data[at] >> 4 == 8:  # a picture coding extension
            data[at + 4] &= ~0x80  # progressive_frame
    path.write_bytes(data)
    return path


def disc(n: int) -> np.ndarray:
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    cv2.circle(image, (20 + 8 * n, HEIGHT // 2), 20, (255, 255, 255), -1)
    return image


@pytest.fixture
def clip(tmp_path):
    return mpeg2(tmp_path / "clip.avi", fields=True)


def test_an_interlaced_clip_gives_its_own_frames_or_says_that_it_cannot(clip):
    # Memory that such a clip could give instead of its own.
    bright = [np.full((HEIGHT, WIDTH, 3), 200, np.uint8) for _ in range(20)]
    del bright
    try:
        frames = list(ClipCamera(clip))
    except SourceError as error:
        assert str(error) == (  # noqa: PT017 - versions differ
            f"{clip}: the clip is interlaced, which OpenCV {cv2.__version__} cannot decode; convert it: ffmpeg -i IN "
            "-vf yadif OUT.mp4"
        )
    else:
        assert len(frames) == COUNT
        for n, frame in enumerate(frames):
            assert np.abs(frame.image.astype(int) - disc(n)).mean() < 12


def test_a_progressive_clip_is_played(tmp_path):
    assert len(list(ClipCamera(mpeg2(tmp_path / "clip.avi", fields=False)))) == COUNT


def test_what_ffmpeg_refuses_is_known_however_quiet_its_log_is(clip):
    program = f"""
import cv2, os, sys
capture = cv2.VideoCapture({str(clip)!r}, cv2.CAP_FFMPEG)
capture.grab()
from edge.cameras.interlaced import refused
print(refused(capture))
"""
    answers = set()
    levels = [{"OPENCV_FFMPEG_LOGLEVEL": level} for level in ("-8", "8", "16", "32")]
    for level in ({}, *levels, {"OPENCV_FFMPEG_DEBUG": "1"}):
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=Path(__file__).parents[3], env={"PATH": "/usr/bin:/bin", **level},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        answers.add(done.stdout.splitlines()[-1])
        if not level:
            assert done.stderr == ""
    assert len(answers) == 1, answers


def test_other_lines_on_standard_error_are_left_alone(clip, capfd):
    capture = cv2.VideoCapture(str(clip), cv2.CAP_FFMPEG)
    assert capture.grab()
    capfd.readouterr()

    class Loud:
        def retrieve(self):
            os.write(2, b"a line about interlaced.mp4 of another thread\n")
            return capture.retrieve()

    refused(Loud())
    assert "a line about interlaced.mp4 of another thread\n" in capfd.readouterr().err


class Capture:
    """Gives these frames; those of `refused` are the one before again."""

    def __init__(self, images, refused=()):
        self.images, self.refused, self.at = images, refused, -1

    def grab(self):
        self.at += 1
        return self.at < len(self.images)

    def retrieve(self):
        if self.at in self.refused:
            return True, self.images[max(0, min(self.refused) - 1)]
        return True, self.images[self.at]


@pytest.fixture
def asked(monkeypatch):
    """Frames about which FFmpeg was asked."""
    found = []

    def answer(capture):
        found.append(capture.at)
        return capture.at in capture.refused

    monkeypatch.setattr(interlaced, "refused", answer)
    return found


@pytest.mark.parametrize(
    ("count", "refused", "first", "played", "checked"),
    [(5, (), False, 5, [0]), (5, (0, 1), False, 0, [0]), (5, (2, 3), False, 2, [0, 2]), (5, (2, 3), True, 5, [0])],
)
def test_only_suspect_frames_are_checked(asked, count, refused, first, played, checked):
    capture = Capture([disc(n) for n in range(count)], refused)
    conversion = Conversion(capture, first)
    frames = 0
    try:
        while capture.grab():
            conversion.retrieve()
            frames += 1
    except Interlaced:
        pass
    assert (frames, asked) == (played, checked)


def test_a_still_picture_is_no_refusal(asked):
    capture = Capture([disc(0)] * 3)
    conversion = Conversion(capture)
    while capture.grab():
        assert conversion.retrieve() is not None
    assert asked == [0, 1, 2]


def test_a_clip_ends_where_it_becomes_interlaced_and_says_why(tmp_path, monkeypatch, caplog):
    path = mpeg2(tmp_path / "clip.avi", fields=False)
    camera = ClipCamera(path)
    retrieve, counted = camera._conversion.retrieve, iter(range(COUNT))

    def until_five():
        if next(counted) == 5:
            raise Interlaced
        return retrieve()

    monkeypatch.setattr(camera._conversion, "retrieve", until_five)
    with caplog.at_level(logging.WARNING):
        assert len(list(camera)) == 5
    (record,) = caplog.records
    assert f"{path}: the clip ends where it becomes interlaced, which OpenCV" in record.getMessage()


def test_an_interlaced_stream_says_what_to_set(asked):
    capture = Capture([disc(0)], refused=(0,))
    grabber = CaptureGrabber(capture, "rtsp://camera", Conversion(capture, first=True))
    with pytest.raises(SourceError, match=r"rtsp://camera: the stream is interlaced, .* set the camera to progressive"):
        grabber.read()


def test_nothing_is_refused_where_all_is_well(tmp_path, capfd):
    capture = cv2.VideoCapture(str(mpeg2(tmp_path / "clip.avi", fields=False)), cv2.CAP_FFMPEG)
    capfd.readouterr()
    assert capture.grab()
    assert not refused(capture)
    assert capfd.readouterr().err == ""
