"""What `run --out` and `--sheet` write: the frames with what is known of them, at the source's own times."""

from __future__ import annotations

import contextlib
import resource
import shutil
import tempfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageSequence

from edge import picture
from edge.errors import OutputError, PictureError
from edge.face import Detection, Scene, Track
from edge.frame import Box, Frame
from edge.screens.recording import GAP_S, Recording
from edge.screens.sheet import Sheet
from edge.testing import FakeScreen

WIDTH, HEIGHT = 480, 360


def frame(n, time, width=WIDTH, height=HEIGHT):
    return Frame(np.full((height, width, 3), 40 + n * 10 % 200, np.uint8), time, n)


def scene(time, seen=None, looked_at=None):
    emotion = np.array([0, 0, 0, 1, 0, 0, 0], np.float32)
    face = Detection(Box(100, 80, 220, 200), 0.9)
    track = Track(1, face, time if seen is None else seen, emotion=emotion, refreshed=0.0)
    return Scene(time=time, tracks=(track,), looked_at=time if looked_at is None else looked_at)


def play(recording, times, **size):
    for n, time in enumerate(times):
        recording.show(frame(n, time, **size), scene(time))
    recording.close()


def durations(path):
    with Image.open(path) as opened:
        return [f.copy().info["duration"] for f in ImageSequence.Iterator(opened) if f.load()]


def clip(path):
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    frames = 0
    while capture.read()[0]:
        frames += 1
    return capture.get(cv2.CAP_PROP_FPS), frames


@pytest.mark.parametrize(
    ("times", "wanted"),
    [
        ([0.0], [33]),
        ([0.0, 0.1, 0.2], [100, 100, 100]),
        ([5.0, 5.04, 5.5, 5.6], [40, 460, 100, 100]),
        ([0.0, 0.1, 3600.0, 3600.1], [100, round(GAP_S * 1000), 100, 100]),
        ([9.0, 0.0, 0.1], [1, 100, 100]),
    ],
    ids=["one", "even", "uneven", "a pause", "a clock that starts again"],
)
def test_an_animation_keeps_the_sources_own_times(tmp_path, times, wanted):
    path = tmp_path / "a.webp"
    play(Recording(FakeScreen(), path), times)
    assert durations(path) == wanted


@pytest.mark.parametrize(
    ("times", "fps", "frames"),
    [
        ([n / 10 for n in range(20)], 10, 20),
        ([n / 25 for n in range(10)], 25, 10),
        # Three frames were dropped: the one before them stays.
        ([0.0, 0.1, 0.2, 0.6, 0.7], 10, 8),
    ],
    ids=["10 fps", "25 fps", "dropped"],
)
def test_an_mp4_has_the_sources_rate_and_length(tmp_path, times, fps, frames):
    path = tmp_path / "a.mp4"
    play(Recording(FakeScreen(), path), times)
    assert clip(path) == (fps, frames)


def test_odd_sides_are_made_even_and_pictures_of_other_sizes_are_fitted(tmp_path):
    path = tmp_path / "a.mp4"
    recording = Recording(FakeScreen(), path)
    recording.show(frame(0, 0.0, 481, 361), scene(0.0))
    recording.show(frame(1, 0.1, 600, 400), scene(0.1))
    recording.close()
    assert clip(path) == (10, 2)


@pytest.mark.parametrize("name", ["l\udce9.mp4", "\udce9/a.mp4", "2026-01-01T10:30:00.mp4", "http:a.mp4", "10:30.webp"])
def test_a_clip_is_written_whatever_its_name(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    Path(name).parent.mkdir(exist_ok=True)
    play(Recording(FakeScreen(), Path(name)), [0.0, 0.1])
    shutil.copy(name, "copy.mp4")
    assert clip("copy.mp4")[1] == 2 if name.endswith("mp4") else durations(name) == [100, 100]


def test_without_a_place_for_temporary_files_such_a_clip_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "absent"))
    with pytest.raises(OutputError, match=r"o\\xe9\.mp4: cannot write the clip \(No such file"):
        play(Recording(FakeScreen(), tmp_path / "o\udce9.mp4"), [0.0, 0.1])


def drawn(tmp_path, shown):
    path = tmp_path / "a.webp"
    recording = Recording(FakeScreen(), path)
    recording.show(frame(0, 0.5), shown)
    recording.close()
    return np.asarray(Image.open(path).convert("RGB")).astype(int)


def test_faces_are_drawn_but_not_those_that_the_last_detection_did_not_find(tmp_path):
    plain = np.full((HEIGHT, WIDTH, 3), 40)
    assert np.abs(drawn(tmp_path, scene(0.5)) - plain).max() > 100
    assert np.abs(drawn(tmp_path, scene(0.5, seen=0.2)) - plain).max() < 10


def test_the_real_screen_sees_everything_too(tmp_path):
    screen = FakeScreen()
    recording = Recording(screen, tmp_path / "a.webp")
    first, known = frame(0, 0.0), scene(0.0)
    recording.show(first, known)
    recording.show(None, Scene())
    recording.tick()
    recording.close()
    assert [shown[0] for shown in screen.shown] == [first, None]
    assert (screen.ticks, screen.closed) == (1, True)


def test_without_a_frame_nothing_is_written(tmp_path):
    recording = Recording(FakeScreen(), tmp_path / "a.mp4", Sheet(tmp_path / "s.png"))
    recording.show(None, Scene())
    recording.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", [(1, 1), (1, 60_000), (60_000, 1), (30, 3000)], ids=str)
def test_a_strip_of_pixels_has_its_place_on_a_sheet_and_the_sheet_stays_small(tmp_path, size):
    recording = Recording(FakeScreen(), None, Sheet(tmp_path / "s.png"))
    for n in range(3):
        recording.show(frame(n, n / 10, *size), Scene())
    recording.close()
    height, width = picture.read(tmp_path / "s.png").shape[:2]
    assert height < 1000
    assert width < 1600


def test_a_strip_is_one_line_where_a_clip_cannot_hold_it(tmp_path):
    recording = Recording(FakeScreen(), tmp_path / "a.webp")
    recording.show(frame(0, 0.0, 60_000, 1), Scene())
    with pytest.raises(PictureError, match="WebP holds at most"):
        recording.close()


@pytest.mark.parametrize("size", [(8191, 20), (20, 8191)], ids=str)
def test_an_mp4_holds_what_it_says(tmp_path, size):
    play(Recording(FakeScreen(), tmp_path / "a.mp4"), [0.0, 0.1], width=size[0], height=size[1])
    assert clip(tmp_path / "a.mp4") == (10, 2)


@pytest.mark.parametrize("size", [(8192, 20), (20, 8192), (8192, 4320)], ids=str)
def test_frames_too_large_for_an_mp4_are_named_with_what_to_do(tmp_path, size):
    recording = Recording(FakeScreen(), tmp_path / "a.mp4")
    recording.show(frame(0, 0.0, *size), Scene())
    message = rf"frames of {size[0]}x{size[1]}; \.mp4 holds at most 8191 pixels a side; write \.webp .*: ffmpeg -i IN"
    with pytest.raises(OutputError, match=message):
        recording.close()
    assert list(tmp_path.iterdir()) == []


@contextlib.contextmanager
def short_files():
    """Inside, no file of this process grows beyond 4 kB, as on a disk that is full then: not even pytest's own log."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("name", ["a.mp4", "a.webp"])
def test_a_full_disk_is_an_error_and_no_broken_clip_is_left(tmp_path, name):
    noise = np.random.default_rng(1).integers(0, 256, (5, HEIGHT, WIDTH, 3), np.uint8)
    recording = Recording(FakeScreen(), tmp_path / name)

    def record():
        with short_files():
            for n, image in enumerate(noise):
                recording.show(Frame(image, n / 10, n), Scene())
            recording.close()

    with pytest.raises((OutputError, PictureError), match=r"a\.\w+: .*(is the disk full|File too large)"):
        record()
    assert not (tmp_path / name).exists()
