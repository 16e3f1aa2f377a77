"""Which source means which camera."""

from __future__ import annotations

import os

import numpy as np
import pytest

from edge import cameras, picture
from edge.cameras.demo import DemoCamera
from edge.cameras.folder import FolderCamera
from edge.cameras.live import LiveCamera
from edge.cameras.transform import TransformedCamera
from edge.errors import SourceError
from edge.settings import SourceSettings
from edge.testing import FakeCamera, FakeClock, pictures


@pytest.mark.parametrize(
    ("source", "live"),
    [
        ("", False),
        ("auto", True),
        ("auto.mp4", False),
        ("./auto", False),
        ("picamera", True),
        ("v4l2:0", True),
        ("v4l2:/dev/video9", True),
        ("0", True),
        ("./0", False),
        ("0.mp4", False),
        ("/dev/video9", True),
        ("/dev/v4l/by-id/usb-Logitech_C920-video-index0", True),
        ("rtsp://10.0.0.9/stream", True),
        ("http://10.0.0.9:8080/video", True),
        ("demo", False),
        ("clip.mp4", False),
        ("/dev/shm", False),
    ],
)
def test_which_sources_are_live(source, live):
    assert cameras.is_live(source) is live


@pytest.mark.parametrize(
    "source",
    ["/dev/zero", "/dev/null", "fifo"],
)
def test_what_may_never_end_is_not_opened_as_a_file(tmp_path, monkeypatch, source):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("fifo")
    with pytest.raises(SourceError, match="expected a regular file, a folder or a camera"):
        opened(source)


@pytest.mark.parametrize(
    "source", ["rtmp://admin:geheim@cam/x", "rtsp:/admin:geheim@cam/x", "v4l2:rtsp://admin:geheim@cam/x"]
)
def test_a_mistyped_address_is_named_without_its_password(source):
    with pytest.raises(SourceError) as caught:
        list(cameras.frames(opened(source)))
    assert "geheim" not in str(caught.value)
    assert "cam" in str(caught.value)


def test_capitals_in_the_scheme_are_an_address():
    assert cameras.is_live("RTSP://cam/1")


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "a.png"
    picture.write(path, np.arange(36, dtype=np.uint8).reshape(3, 4, 3))
    return path


def opened(source, **settings):
    return cameras.open_camera(SourceSettings(source=str(source), **settings), FakeClock())


def test_the_kind_of_file_decides(photo, tmp_path):
    assert isinstance(opened("demo"), DemoCamera)
    assert isinstance(opened(photo), FolderCamera)
    assert isinstance(opened(tmp_path), FolderCamera)
    nameless = tmp_path / "nameless"
    photo.rename(nameless)
    assert isinstance(opened(nameless), FolderCamera)


def test_a_file_that_is_not_a_picture_is_tried_as_a_clip(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("not a clip")
    with pytest.raises(SourceError, match=r"notes\.txt: not a clip or picture"):
        opened(path)


@pytest.mark.parametrize(
    ("source", "meant"),
    [
        ("AUTO", "auto"), ("Picamera", "picamera"), ("picamera2", "picamera"), ("0 ", "0"), ("V4L2:1", "v4l2:1"),
        ("demo:1", "demo"), ("rtps", ""), ("gone.mp4", ""), ("²", ""),
    ],
)  # fmt: skip
def test_a_camera_in_other_letters_is_proposed(source, meant):
    with pytest.raises(SourceError, match="no such file, folder or camera") as caught:
        cameras.open_camera(SourceSettings(source=source))
    assert str(caught.value).endswith(f"did you mean {meant}?" if meant else "try --source demo")


def test_the_address_of_a_file_is_its_path(photo):
    assert isinstance(opened(f"file://{photo}"), FolderCamera)
    assert isinstance(opened(f"file:{photo.parent}"), FolderCamera)
    with pytest.raises(SourceError, match=r"^/nowhere/gone\.mp4: no such file"):
        opened("file:///nowhere/gone.mp4")
    with pytest.raises(SourceError, match=r"^file://server: not the address of a camera; expected rtsp://HOST"):
        opened("file://server/gone.mp4")


@pytest.mark.parametrize("source", [" http://cam/1", "\n RTSP://cam/1 "])
def test_spaces_around_an_address_are_what_is_wrong_with_it(source):
    with pytest.raises(SourceError) as caught:
        opened(source)
    assert str(caught.value).endswith("://cam: remove the spaces around the address")


@pytest.mark.parametrize(
    ("source", "shown"),
    [("a\nb.mp4", r"a\nb.mp4"), ("a\0b", r"a\x00b"), ("caf\udce9.mp4", r"caf\xe9.mp4"), ("a\x1b[31m", r"a\x1b[31m")],
)
def test_a_source_is_shown_on_one_line(source, shown):
    with pytest.raises(SourceError) as caught:
        opened(source)
    assert str(caught.value).startswith(f"{shown}: no such file, folder or camera")


def test_an_empty_source_is_not_the_current_folder():
    with pytest.raises(SourceError, match="the source is empty"):
        cameras.open_camera(SourceSettings(source=""))


def test_a_missing_source_is_named():
    with pytest.raises(SourceError, match=r"gone\.mp4: no such file, folder or camera") as caught:
        opened("gone.mp4")
    assert caught.value.exit_code == 3


def test_a_camera_is_opened_by_its_own_thread_and_its_error_comes_with_the_first_frame():
    camera = opened("v4l2:123456")
    assert isinstance(camera, LiveCamera)
    with pytest.raises(SourceError, match="v4l2:123456: no camera at /dev/video123456"):
        list(camera)
    camera.close()
    assert not camera.stuck


def test_frames_are_turned_as_the_settings_say(photo):
    upright = next(cameras.frames(opened(photo)))
    camera = opened(photo, rotate=90, flip="vertical")
    assert isinstance(camera, TransformedCamera)
    turned = next(cameras.frames(camera))
    assert (turned.width, turned.height) == (upright.height, upright.width)
    assert turned.image.tolist() == np.flipud(np.rot90(upright.image, -1)).tolist()


def test_frames_leaves_out_the_pauses_of_a_live_camera():
    assert list(cameras.frames(FakeCamera([]))) == []
    one, two = pictures(2)
    assert list(cameras.frames(FakeCamera([None, one, None, None, two, None], live=True))) == [one, two]
