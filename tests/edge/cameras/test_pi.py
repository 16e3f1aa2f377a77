"""picamera2 as it behaves (0.3.38), stood in for by a fake: its formats by their bytes, its errors, its time-outs."""

from __future__ import annotations

import gc
import sys
import weakref
from dataclasses import replace
from types import SimpleNamespace
from typing import ClassVar

import cv2
import numpy as np
import pytest

from edge.cameras.pi import PiGrabber, load, to_rgb
from edge.errors import CameraTimeout, SourceError
from edge.settings import SourceSettings

RED = np.full((4, 6, 3), (250, 20, 10), np.uint8)  # RGB


class FakePicamera2:
    """One camera; its faults are class attributes that a test sets."""

    cameras = ({"Model": "imx708", "Num": 0},)
    format = "RGB888"
    camera_controls: ClassVar[dict[str, tuple]] = {"AeEnable": (False, True, True)}
    faults: ClassVar[dict[str, Exception]] = {}

    def __init__(self):
        self._fault("open")
        self.started = self.closed = False
        type(self).last = self

    @classmethod
    def global_camera_info(cls):
        return cls.cameras

    def _fault(self, name):
        if name in self.faults:
            raise self.faults[name]

    def create_video_configuration(self, main, controls, buffer_count):
        return {"main": main, "controls": controls, "buffer_count": buffer_count}

    def configure(self, configuration):
        self._fault("configure")
        self.asked = configuration

    def camera_configuration(self):
        return {"main": {"format": self.format}}

    def start(self):
        self._fault("start")
        self.started = True

    def capture_array(self, name, wait):
        assert self.started
        assert not self.closed
        self.waited = wait
        self._fault("capture")
        # In memory: blue, green, red.
        return np.ascontiguousarray(RED[:, :, ::-1])

    def close(self):
        self.closed = True


@pytest.fixture
def library():
    camera = type("Picamera2", (FakePicamera2,), {"faults": {}})
    return SimpleNamespace(Picamera2=camera)


SETTINGS = SourceSettings(source="picamera", width=1280, height=720, fps=25, timeout_s=3)


def test_frames_are_rgb_though_rgb888_lies_in_memory_as_bgr(library):
    grabber = PiGrabber(SETTINGS, library)
    assert grabber.read().tolist() == RED.tolist()
    camera = library.Picamera2.last
    assert camera.asked["main"] == {"size": (1280, 720), "format": "RGB888"}
    assert camera.asked["controls"] == {"FrameRate": 25}
    assert camera.waited == 3
    grabber.close()
    assert camera.closed


@pytest.mark.parametrize(
    ("module", "wanted", "asked"),
    [({}, True, None), ({"AfMode": (0, 2, 0)}, True, 2), ({"AfMode": (0, 2, 0)}, False, None)],
    ids=["a fixed lens", "a module with autofocus", "switched off"],
)
def test_autofocus_is_asked_for_only_where_the_module_has_it(library, module, wanted, asked):
    library.Picamera2.camera_controls = {"AeEnable": (False, True, True), "AwbEnable": (False, True, True), **module}
    PiGrabber(replace(SETTINGS, autofocus=wanted), library)
    controls = {"FrameRate": 25} | ({"AfMode": asked} if asked else {})
    assert library.Picamera2.last.asked["controls"] == controls, "exposure and white balance are left alone"


def test_a_closed_camera_is_freed_at_once_though_it_refers_to_itself(library):
    grabber = PiGrabber(SETTINGS, library)
    library.Picamera2.last.itself = library.Picamera2.last
    camera = weakref.ref(library.Picamera2.last)
    library.Picamera2.last = None
    gc.disable()
    try:
        grabber.close()
        assert camera() is None
    finally:
        gc.enable()
    grabber.close()


def planar(nv12):
    i420 = cv2.cvtColor(np.full((4, 6, 3), (250, 20, 10), np.uint8), cv2.COLOR_RGB2YUV_I420)
    if not nv12:
        return i420
    u, v = i420[4:5].reshape(-1), i420[5:6].reshape(-1)
    return np.vstack([i420[:4], np.stack([u, v], axis=1).reshape(2, 6)])


@pytest.mark.parametrize(
    ("format", "array", "slack"),
    [
        ("RGB888", RED[:, :, ::-1], 0),
        ("BGR888", RED, 0),
        ("XRGB8888", np.dstack([RED[:, :, ::-1], np.full((4, 6), 255, np.uint8)]), 0),
        ("XBGR8888", np.dstack([RED, np.full((4, 6), 255, np.uint8)]), 0),
        ("YUV420", planar(False), 6),
        ("NV12", planar(True), 6),
    ],
)
def test_every_format_becomes_rgb_in_an_array_of_its_own(format, array, slack):
    array = np.ascontiguousarray(array)
    rgb = to_rgb(array, format)
    assert rgb.shape == (4, 6, 3)
    assert np.abs(rgb.astype(int) - RED).max() <= slack
    assert not np.shares_memory(rgb, array)


def test_an_unexpected_format_is_an_error_and_the_camera_is_closed(library):
    library.Picamera2.format = "SRGGB10"
    with pytest.raises(SourceError, match=r"expected one of the formats RGB888, .*, got SRGGB10"):
        PiGrabber(SETTINGS, library)
    assert library.Picamera2.last.closed
    with pytest.raises(SourceError, match="got MJPEG"):
        to_rgb(RED, "MJPEG")


def test_without_a_camera_the_error_says_how_to_check(library):
    library.Picamera2.cameras = []
    with pytest.raises(SourceError, match="picamera: no camera is connected; check its cable"):
        PiGrabber(SETTINGS, library)


@pytest.mark.parametrize(
    ("step", "error", "message"),
    [
        ("open", RuntimeError("Failed to acquire:\nDevice busy"), r"in use \(Failed to acquire: Device"),
        ("open", IndexError("list index out of range"), "cannot be opened"),
        ("configure", RuntimeError("bad size"), r"cannot be started \(bad size\)"),
        ("start", OSError("no memory"), r"cannot be started \(no memory\)"),
    ],
)  # fmt: skip
def test_a_camera_that_cannot_start_is_a_source_error_and_is_closed(library, step, error, message):
    library.Picamera2.faults[step] = error
    with pytest.raises(SourceError, match=message):
        PiGrabber(SETTINGS, library)
    assert step == "open" or library.Picamera2.last.closed


def test_a_stalled_camera_is_a_time_out(library):
    grabber = PiGrabber(SETTINGS, library)
    library.Picamera2.faults["capture"] = TimeoutError()
    with pytest.raises(CameraTimeout, match="gave no frame for 3 s"):
        grabber.read()


def test_without_picamera2_the_error_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(SourceError, match="sudo apt install python3-picamera2"):
        load()


def test_libraries_that_do_not_fit_together_are_a_source_error(tmp_path, monkeypatch):
    """As with python3-simplejpeg of apt and a newer numpy of pip."""
    (tmp_path / "picamera2.py").write_text("raise ValueError('numpy.dtype size changed, may indicate binary')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "picamera2", raising=False)
    with pytest.raises(SourceError, match=r"does not fit the libraries of this Python \(numpy\.dtype size changed"):
        load()


def test_a_libcamera_that_does_not_work_is_a_source_error(library):
    def broken():
        raise AttributeError("module 'libcamera' has no attribute 'CameraManager'")

    library.Picamera2.global_camera_info = broken
    with pytest.raises(SourceError, match=r"picamera: libcamera does not work \(module 'libcamera' has no"):
        PiGrabber(SETTINGS, library)
