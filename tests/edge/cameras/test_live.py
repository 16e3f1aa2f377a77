"""Stories of live cameras: fast and slow loops, drivers that stall, fail, and never come back."""

from __future__ import annotations

import subprocess
import sys
import threading

import numpy as np
import pytest

from edge import heap
from edge.cameras.live import LiveCamera
from edge.clock import SystemClock
from edge.errors import CameraTimeout, SourceError
from edge.settings import SourceSettings
from edge.testing import FakeClock, FakeGrabber

POLL_S = 0.002
FAR_S = 60.0  # reached only where something never happens


def level(value):
    return np.full((2, 2, 3), value, np.uint8)


def live(open_grabber, clock=None, close_s=FAR_S, **settings):
    settings = SourceSettings(**{"source": "rtsp://me:secret@cam/1", "timeout_s": FAR_S} | settings)
    return LiveCamera(open_grabber, settings, clock or SystemClock(), poll_s=POLL_S, close_s=close_s)


class Stepped:
    """A driver that gives a frame each time the test says so, and says when the frame was handed over."""

    def __init__(self):
        self.go, self.asked = threading.Semaphore(0), threading.Semaphore(0)
        self.count = 0
        self.closed = False

    def read(self):
        self.asked.release()
        self.go.acquire()
        self.count += 1
        return level(self.count)

    def step(self, count):
        """Give `count` frames, and wait until the driver is asked for one more."""
        for _ in range(count):
            self.go.release()
            assert self.asked.acquire(timeout=FAR_S)

    def close(self):
        self.closed = True


@pytest.fixture
def stepped():
    driver = Stepped()
    camera = live(lambda: driver)
    assert driver.asked.acquire(timeout=FAR_S)
    yield driver, camera
    camera._closing = True
    driver.go.release(10)
    camera.close()
    assert driver.closed
    assert not camera.stuck


def test_a_wait_without_a_frame_is_a_pause_not_an_end(stepped):
    driver, camera = stepped
    frames = iter(camera)
    assert [next(frames), next(frames)] == [None, None]
    driver.step(1)
    frame = next(frames)
    assert (frame.index, frame.image[0, 0, 0]) == (0, 1)


def test_the_newest_frame_wins_and_those_dropped_are_counted(stepped):
    driver, camera = stepped
    frames = iter(camera)
    driver.step(1)
    assert next(frames).index == 0
    driver.step(5)
    frame = next(frames)
    assert (frame.index, frame.image[0, 0, 0]) == (5, 6)
    assert next(frames) is None


def test_frames_are_stamped_when_they_come_not_when_they_are_taken():
    clock = FakeClock(monotonic=50)
    driver = FakeGrabber([level(1)])
    camera = live(lambda: driver, clock)
    while driver.reads < 2:
        pass
    clock.advance(9)
    assert next(iter(camera)).time == 50
    driver.release.set()
    camera.close()


def test_a_stalled_camera_raises_after_its_time_out_twice_as_long_for_the_first_frame():
    clock = FakeClock()
    driver = FakeGrabber([])
    camera = live(lambda: driver, clock, timeout_s=5, close_s=0.01)
    frames = iter(camera)
    assert next(frames) is None
    clock.advance(9.9)
    assert next(frames) is None
    clock.advance(0.2)
    with pytest.raises(CameraTimeout, match=r"rtsp://cam: the camera gave no frame for 10 s"):
        next(frames)
    camera.close()
    assert camera.stuck, "its thread is still inside the driver"
    driver.release.set()
    camera.close()


def test_a_camera_that_stalls_later_has_the_plain_time_out(stepped):
    driver, camera = stepped
    clock = camera._clock = FakeClock()
    frames = iter(camera)
    driver.step(1)
    assert next(frames).index == 0
    assert next(frames) is None
    clock.advance(60.1)
    with pytest.raises(CameraTimeout, match="no frame for 60 s"):
        next(frames)


def test_a_driver_that_hangs_while_opening_holds_up_neither_the_loop_nor_close():
    release = threading.Event()
    camera = live(release.wait, timeout_s=0.1, close_s=0.01)
    with pytest.raises(CameraTimeout):
        list(camera)
    camera.close()
    assert camera.stuck
    release.set()
    camera._thread.join(FAR_S)
    assert not camera.stuck


def test_a_device_that_goes_away_is_a_source_error_after_the_last_frame():
    driver = FakeGrabber([level(1), SourceError("v4l2:0: gave no frame")])
    camera = live(lambda: driver)
    camera._thread.join(FAR_S)
    frames = iter(camera)
    assert next(frames).index == 0
    with pytest.raises(SourceError, match="v4l2:0: gave no frame"):
        next(frames)
    camera.close()
    assert driver.closed
    assert not camera.stuck


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError("device\ngone"), "OSError: device gone"),
        (RuntimeError(), "RuntimeError: no reason given"),
        (OSError("cannot open rtsp://me:secret@cam/1"), "OSError: cannot open rtsp://cam"),
    ],
)
def test_whatever_a_driver_raises_becomes_one_line(error, message):
    camera = live(lambda: FakeGrabber([error]))
    with pytest.raises(SourceError) as caught:
        list(camera)
    assert str(caught.value) == f"rtsp://cam: the camera failed ({message})"
    camera.close()


def test_a_driver_that_gives_nonsense_is_a_failed_camera_not_a_dead_thread():
    camera = live(lambda: FakeGrabber([np.zeros((4, 4), np.float32)]))
    with pytest.raises(SourceError, match=r"expected uint8 \(H, W, 3\) RGB, got float32"):
        list(camera)
    camera.close()


@pytest.mark.parametrize("end", ["", "raise SystemExit(4)"])
def test_a_program_that_ends_between_two_frames_closes_its_camera_first(end):
    script = (
        "import sys, time\nimport numpy as np\nfrom edge.cameras.live import LiveCamera\n"
        "from edge.clock import SystemClock\nfrom edge.settings import SourceSettings\n"
        "class Driver:\n"
        "    def read(self):\n        time.sleep(0.2)\n        return np.zeros((2, 2, 3), np.uint8)\n"
        "    def close(self):\n        print('closed')\n"
        "frames = iter(LiveCamera(Driver, SourceSettings(), SystemClock()))\n"
        "next(frames)\n"
    )
    done = subprocess.run([sys.executable, "-c", script + end], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (4 if end else 0, "closed\n", "")


def test_what_a_driver_leaves_in_memory_is_given_back_once_it_is_closed(monkeypatch):
    driver, closed_before = Stepped(), []
    monkeypatch.setattr(heap, "trim", lambda: closed_before.append(driver.closed))
    camera = live(lambda: driver)
    driver.step(1)
    camera._closing = True
    driver.go.release()
    camera.close()
    assert closed_before == [True]
