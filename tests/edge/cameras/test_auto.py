from __future__ import annotations

import importlib.util
import sys
from types import SimpleNamespace

import pytest

from edge.cameras import auto
from edge.cameras.auto import open_auto
from edge.errors import SourceError
from edge.settings import SourceSettings
from edge.testing import FakeGrabber

SETTINGS = SourceSettings(source="auto")


@pytest.fixture(autouse=True)
def no_picamera(monkeypatch):
    """Whatever this machine has, there is no picamera2, but where a test says so."""
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "picamera2" else find(name))


@pytest.fixture
def dev(tmp_path):
    """dev(n, ...): /dev with these video nodes."""

    def make(*numbers):
        for number in numbers:
            (tmp_path / f"video{number}").touch()
        return tmp_path

    return make


def test_without_any_camera_the_error_says_what_to_do(dev):
    with pytest.raises(SourceError, match=r"no camera found .* try --source demo") as caught:
        open_auto(SETTINGS, dev())
    assert caught.value.exit_code == 3


def test_the_first_device_that_gives_a_frame_is_used_and_the_others_are_closed(dev, monkeypatch):
    root = dev(0, 1, 2)
    drivers = {
        "video0": FakeGrabber([SourceError("metadata only")]),
        "video1": FakeGrabber(["frame"]),
        "video2": FakeGrabber(["frame"]),
    }
    monkeypatch.setattr(auto, "open_device", lambda settings, root: drivers[settings.source.rpartition("/")[2]])
    assert open_auto(SETTINGS, root) is drivers["video1"]
    assert [driver.reads for driver in drivers.values()] == [1, 1, 0]
    assert [driver.closed for driver in drivers.values()] == [True, False, False]


def test_the_error_lists_everything_that_was_tried(dev):
    with pytest.raises(SourceError, match=r"video0 cannot be opened.*; .*video3 cannot be opened"):
        open_auto(SETTINGS, dev(0, 3))


def test_the_pis_own_camera_goes_first(dev, monkeypatch):
    camera = SimpleNamespace(
        camera_controls={}, create_video_configuration=lambda **asked: asked, configure=lambda asked: None,
        start=lambda: None, camera_configuration=lambda: {"main": {"format": "RGB888"}},
    )  # fmt: skip

    class Picamera2:
        global_camera_info = staticmethod(lambda: [{"Num": 0}])

        def __new__(cls):
            return camera

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    monkeypatch.setitem(sys.modules, "picamera2", SimpleNamespace(Picamera2=Picamera2))
    assert open_auto(SETTINGS, dev(0))._camera is camera
