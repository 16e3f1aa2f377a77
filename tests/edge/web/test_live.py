from __future__ import annotations

import threading

import cv2
import numpy as np
import pytest

from edge.errors import CameraTimeout, SourceError
from edge.frame import Frame
from edge.web.live import LiveView


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self):
        self.now = 0.0

    def monotonic(self):
        return self.now

    def wall(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


class Pictures:
    """A source of pictures; `live` ones go on for ever, unless `error` ends them. Remembers that it was closed."""

    fps = 10.0
    stuck = False

    def __init__(self, pictures, live=False, error=None):
        self.pictures, self.live, self.error = pictures, live, error
        self.closed = threading.Event()

    def __iter__(self):
        index = 0
        while True:
            for image in self.pictures:
                yield Frame(image, index / self.fps, index)
                index += 1
            if self.error:
                raise self.error
            if not self.live:
                return
            yield None

    def close(self):
        self.closed.set()


@pytest.fixture
def view(pipeline):
    """view(camera, ...): a live view that opens these cameras one after the other, and its clock."""
    made = []

    def make(*sources):
        left, clock = list(sources), Clock()

        def open_camera():
            source = left.pop(0) if len(left) > 1 else left[0]
            if isinstance(source, Exception):
                raise source
            return source

        made.append(LiveView(open_camera, pipeline, clock))
        return made[-1], clock

    yield make
    assert all(live.close() for live in made)


def test_viewers_see_the_drawn_frames_and_the_camera_is_off_when_they_left(view, paint):
    camera = Pictures([paint((32, 32, False, True))], live=True)
    live, _ = view(camera)
    frames = live.watch()
    shown = cv2.imdecode(np.frombuffer(next(frames), np.uint8), cv2.IMREAD_COLOR)
    assert shown.shape == (120, 160, 3)
    assert not camera.closed.is_set()
    frames.close()
    assert live.close()
    assert camera.closed.is_set()


def test_two_viewers_share_one_camera(view, paint):
    camera = Pictures([paint()], live=True)
    live, _ = view(camera, AssertionError("opened twice"))
    one, other = live.watch(), live.watch()
    assert next(one)[:2] == next(other)[:2] == b"\xff\xd8"
    one.close()
    assert next(other)
    other.close()


def test_who_comes_after_all_left_has_the_camera_opened_again(view, paint):
    first, second = Pictures([paint()], live=True), Pictures([paint()], live=True)
    live, _ = view(first, second)
    for camera in (first, second):
        frames = live.watch()
        next(frames)
        frames.close()
        assert live.close()
        assert camera.closed.is_set()


def test_a_file_is_played_at_its_own_pace_and_again_from_its_start(view, paint):
    live, clock = view(Pictures([paint()] * 5))
    frames = live.watch()
    while clock.now < 1.0:
        next(frames)
    frames.close()


@pytest.mark.parametrize(
    ("source", "error"),
    [
        (SourceError("no such camera"), "no such camera"),
        (Pictures([], live=False), "the source gave no frame"),
        (RuntimeError("driver"), r"the live view stopped \(RuntimeError\)"),
    ],
    ids=["cannot open", "no frame", "unforeseen"],
)
def test_what_is_wrong_is_told_to_every_viewer(view, source, error):
    live, _ = view(source)
    for _ in range(2):
        with pytest.raises(SourceError, match=error):
            next(live.watch())


def test_a_camera_that_is_lost_ends_the_stream_and_is_closed(view, paint):
    camera = Pictures([paint()], live=True, error=CameraTimeout("no frame for 5 s"))
    live, _ = view(camera)
    with pytest.raises(CameraTimeout):
        for _ in live.watch():
            pass
    assert live.close()
    assert camera.closed.is_set()
