"""The camera's supervisor by itself; test_loop.py tells the stories of the whole loop."""

from __future__ import annotations

import pytest

from edge.daemon.supervisor import POLL_S, ReconnectingCamera
from edge.errors import SourceError
from edge.settings import SourceSettings
from edge.testing import FakeCamera, FakeClock, pictures

UNPLUGGED = SourceError("v4l2:0: unplugged")


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def supervised(clock):
    """supervised(camera or error, ...): a camera that opens these one after the other."""

    def make(*cameras, wait=False, **settings):
        waiting = list(cameras)

        def open_camera():
            camera = waiting.pop(0)
            if isinstance(camera, Exception):
                raise camera
            return camera

        return ReconnectingCamera(open_camera, SourceSettings(**settings), clock, live=True, wait=wait)

    return make


def indices(frames):
    return [frame and frame.index for frame in frames]


def test_a_source_that_ends_ends(supervised):
    assert list(supervised(FakeCamera([]))) == []
    camera = FakeCamera([None, *pictures(2)])
    assert indices(supervised(camera)) == [None, 0, 1]
    assert camera.closed


def test_a_source_that_never_gave_a_frame_is_an_error(supervised):
    with pytest.raises(SourceError, match="unplugged"):
        list(supervised(UNPLUGGED))
    camera = FakeCamera([None, UNPLUGGED])
    with pytest.raises(SourceError, match="unplugged"):
        list(supervised(camera))
    assert camera.closed


def test_a_lost_camera_is_opened_again_and_until_then_there_are_pauses(supervised, clock, caplog):
    camera = supervised(FakeCamera([*pictures(1), UNPLUGGED]), UNPLUGGED, FakeCamera(pictures(2)), reopen_s=1.0)
    seen = [(frame and frame.index, camera.lost) for frame in camera]
    frames = [entry for entry in seen if entry[0] is not None]
    assert frames == [(0, ""), (0, ""), (1, "")]
    pauses = [lost for frame, lost in seen if frame is None]
    assert set(pauses) == {"v4l2:0: unplugged"}
    assert clock.monotonic() == 1 + 2, "each wait is twice as long"
    assert max(clock.slept) <= POLL_S
    assert caplog.messages == ["v4l2:0: unplugged; trying again until it is back", "the camera is back"]


def test_with_wait_a_source_that_is_missing_at_the_start_is_waited_for(supervised, clock):
    camera = supervised(UNPLUGGED, FakeCamera(pictures(1)), wait=True, reopen_s=1.0)
    assert [frame.index for frame in camera if frame] == [0]
    assert clock.monotonic() == 1


def test_the_wait_is_short_again_after_a_frame(supervised, clock):
    losses = [FakeCamera([*pictures(1), UNPLUGGED]) for _ in range(4)]
    camera = supervised(*losses, FakeCamera([]), reopen_s=1.0)
    assert len([frame for frame in camera if frame]) == 4
    assert clock.monotonic() == 4


def test_whoever_stops_iterating_closes_the_camera_and_may_begin_again(supervised):
    first, second = FakeCamera(pictures(9)), FakeCamera(pictures(1))
    camera = supervised(first, second)
    frames = iter(camera)
    next(frames)
    assert not first.closed
    frames.close()
    assert first.closed
    assert indices(camera) == [0]


def test_a_driver_that_hangs_is_reported_after_a_while_and_not_opened_again(supervised, clock):
    hanging = FakeCamera([*pictures(1), UNPLUGGED], hangs=True)
    camera = supervised(hanging, FakeCamera(pictures(1)), stuck_s=5.0)
    assert not camera.hung()
    hung = []
    for frame in camera:
        hung.append(camera.hung())
        if frame is not None and len(hung) > 1:
            break
        if hung[-1]:
            assert camera.lost
            hanging.hangs = False
    assert clock.monotonic() >= 5
    assert hung.count(True) == 1
    assert not hung[-1]
