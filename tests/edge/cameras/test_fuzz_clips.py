"""Whatever stands in a clip, its frames come until it ends, or one line says why none does."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.cameras import open_camera
from edge.errors import EdgeError
from edge.frame import Frame
from edge.settings import SourceSettings
from edge.testing import FakeClock
from tests.fuzz import examples

FRAMES = 500  # of a clip that has 12: a damaged header may promise any number, but nobody waits for it
PIECES = (b"\xff" * 4, b"\0" * 4, b"\x7f\xff\xff\xff", b"\x80\0\0\0", b"\0\0\0\1", b"\0\0\xff\xff", b"mdat", b"moov")
KINDS = ((".mp4", "mp4v"), (".avi", "MJPG"), (".webm", "VP80"), (".mkv", "MJPG"), (".mov", "mp4v"))


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """Twelve frames of 64x48 in every container that OpenCV writes here: suffix and content."""
    folder, made = tmp_path_factory.mktemp("clips"), []
    for suffix, codec in KINDS:
        path = folder / f"clip{suffix}"
        writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*codec), 25.0, (64, 48))
        for n in range(12):
            writer.write(np.full((48, 64, 3), n * 20, np.uint8))
        writer.release()
        if path.exists() and path.stat().st_size:
            made.append((suffix, path.read_bytes()))
    frame = cv2.imencode(".jpg", np.zeros((48, 64, 3), np.uint8))[1].tobytes()
    return [*made, (".mjpeg", frame * 12)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz")


@examples(short=40, long=300)
@given(data=st.data())
def test_no_clip_is_unexpected_or_endless(clips, folder, data):
    suffix, whole = data.draw(st.sampled_from(clips))
    clip = bytearray(whole)
    for _ in range(data.draw(st.integers(0, 8))):
        place = data.draw(st.integers(0, len(clip) - 1))
        match data.draw(st.integers(0, 4)):
            case 0:
                clip[place] = data.draw(st.integers(0, 255))
            case 1:
                clip[place : place + 4] = data.draw(st.sampled_from(PIECES))
            case 2:
                del clip[place : place + data.draw(st.integers(1, 400))]
            case 3:
                clip[place:place] = clip[place : place + data.draw(st.integers(1, 400))]
            case _:
                del clip[max(1, place) :]
        clip = clip or bytearray(b"x")
    path = folder / f"clip{suffix}"
    path.write_bytes(clip)
    frames: list[Frame | None] = []
    said = ""
    try:
        camera = open_camera(SourceSettings(source=str(path), max_megapixels=5.0), FakeClock())
        frames += itertools.islice(camera, FRAMES)
        camera.close()
    except EdgeError as error:
        said = str(error)
    assert "\n" not in said
    assert frames or said
    times = [frame.time for frame in frames if isinstance(frame, Frame)]
    assert len(frames) < FRAMES
    assert times == sorted(times)
