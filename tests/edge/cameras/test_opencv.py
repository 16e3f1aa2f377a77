from __future__ import annotations

import logging
import mmap
import os
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np
import pytest

from edge.cameras.by_id import DeviceNames, stable_name
from edge.cameras.opencv import (
    FFMPEG_OPTIONS,
    SELECT_TIMEOUT,
    CaptureGrabber,
    device_node,
    device_path,
    devices,
    open_device,
    open_stream,
    to_rgb,
)
from edge.errors import SourceError
from edge.settings import SourceSettings


class FakeCapture:
    """A cv2.VideoCapture that gives these answers."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.released = False

    def read(self):
        self.grab()
        return self.retrieve()

    def grab(self):
        self.answer = self.answers.pop(0)
        return self.answer[0]

    def retrieve(self):
        return self.answer

    def get(self, what):
        return 0

    def release(self):
        self.released = True


def test_frames_are_rgb_and_the_device_is_closed():
    capture = FakeCapture((True, np.full((2, 2, 3), (1, 2, 3), np.uint8)))
    grabber = CaptureGrabber(capture, "v4l2:0")
    assert grabber.read()[0, 0].tolist() == [3, 2, 1]
    grabber.close()
    assert capture.released


@pytest.mark.parametrize("answer", [(False, None), (True, None), (False, np.zeros((2, 2, 3), np.uint8))])
def test_no_frame_is_a_source_error(answer):
    with pytest.raises(SourceError, match="v4l2:0: the camera gave no frame; is it still connected"):
        CaptureGrabber(FakeCapture(answer), "v4l2:0").read()


@pytest.mark.parametrize(
    ("image", "pixel"),
    [
        (np.full((2, 3), 7, np.uint8), [7, 7, 7]),
        (np.full((2, 3, 1), 7, np.uint8), [7, 7, 7]),
        (np.full((2, 3, 3), (1, 2, 3), np.uint8), [3, 2, 1]),
        (np.full((2, 3, 4), (1, 2, 3, 9), np.uint8), [3, 2, 1]),
    ],
)
def test_whatever_opencv_gives_is_rgb_after(image, pixel):
    rgb = to_rgb(image)
    assert rgb.shape == (2, 3, 3)
    assert rgb[1, 2].tolist() == pixel


def test_devices_are_listed_by_number_and_only_video_nodes(tmp_path):
    assert devices(tmp_path) == []
    for name in ("video10", "video2", "video", "vide0", "video0-meta", "null"):
        (tmp_path / name).touch()
    assert [path.name for path in devices(tmp_path)] == ["video2", "video10"]


@pytest.mark.parametrize("source", ["2", "v4l2:2", "v4l2:{}", "{}"])
def test_a_device_is_named_by_its_number_or_its_path(tmp_path, source):
    path = tmp_path / "video2"
    path.touch()
    assert device_path(source.format(path), tmp_path) == path


def test_a_device_is_found_by_its_stable_name_whatever_its_number_is(tmp_path):
    stable = tmp_path / "by-id" / "usb-Logitech_C920-video-index0"
    stable.parent.mkdir()
    for number in (0, 3):
        (tmp_path / f"video{number}").touch()
        stable.unlink(missing_ok=True)
        stable.symlink_to(tmp_path / f"video{number}")
        assert device_path(str(stable), tmp_path).resolve().name == f"video{number}"


def test_a_path_stands_only_once_in_the_message(tmp_path):
    with pytest.raises(SourceError, match=rf"^no camera at {tmp_path}/video7; none is connected"):
        device_path(f"{tmp_path}/video7", tmp_path)


@pytest.mark.parametrize(("source", "file"), [("0", "video0"), ("007", "video7"), ("v4l2:00", "video0")])
def test_numbers_are_those_of_device_files(tmp_path, source, file):
    assert device_node(source, tmp_path) == tmp_path / file


def test_a_device_without_a_name_is_none(tmp_path):
    with pytest.raises(SourceError, match=r"^v4l2:: no camera is named; expected v4l2:N"):
        device_path("v4l2:", tmp_path)


def test_a_missing_device_is_an_error_that_lists_the_others(tmp_path):
    with pytest.raises(SourceError, match=r"v4l2:0: no camera at .*/video0; none is connected"):
        device_path("v4l2:0", tmp_path)
    (tmp_path / "video4").touch()
    with pytest.raises(SourceError, match=r"choose one of .*/video4$"):
        device_path("v4l2:0", tmp_path)


def test_a_device_without_permission_says_which_group(tmp_path, monkeypatch):
    (tmp_path / "video0").touch()
    monkeypatch.setattr("edge.cameras.opencv.os.access", lambda path, mode: False)
    with pytest.raises(SourceError, match=r"no permission for .*/video0; add the user to the group 'video'"):
        device_path("v4l2:0", tmp_path)


def test_a_device_whose_name_is_not_utf_8_never_reaches_opencv(tmp_path):
    (tmp_path / "video\udce9").touch()
    with pytest.raises(SourceError, match=r"/video\\xe9: its name is not UTF-8; link to it under another name"):
        open_device(SourceSettings(source=f"v4l2:{tmp_path}/video\udce9"), tmp_path)


@pytest.mark.parametrize("scheme", ["rtsp", "http"])
def test_an_address_that_is_not_utf_8_never_reaches_opencv(scheme):
    with pytest.raises(SourceError, match=rf"^{scheme}://127\.0\.0\.1: this address is not UTF-8; write its special"):
        open_stream(SourceSettings(source=f"{scheme}://127.0.0.1/\udce9"))


def test_a_file_that_is_not_a_camera_cannot_be_opened(tmp_path):
    (tmp_path / "video0").write_bytes(b"no camera")
    with pytest.raises(
        SourceError, match=r"v4l2:0: .*video0 cannot be opened; it is in use by another program, or not a camera"
    ):
        open_device(SourceSettings(source="v4l2:0"), tmp_path)


class Recorded(FakeCapture):
    """A cv2.VideoCapture that opens whatever it is, and notes what was asked of it; `has` is what it answers."""

    has: ClassVar[dict[int, float]] = {}

    def __init__(self, *arguments):
        super().__init__()
        self.arguments, self.asked = arguments, {}
        Recorded.last = self

    def isOpened(self):
        return True

    def set(self, what, value):
        self.asked[what] = value

    def get(self, what):
        return self.has.get(what, 0)


@pytest.mark.parametrize(("height", "fourcc"), [(480, False), (720, True)])
def test_a_large_picture_is_asked_for_as_jpeg(tmp_path, monkeypatch, height, fourcc):
    (tmp_path / "video0").touch()
    monkeypatch.setattr(cv2, "VideoCapture", Recorded)
    open_device(SourceSettings(source="v4l2:0", width=800, height=height, fps=15), tmp_path)
    asked = Recorded.last.asked
    assert [asked[p] for p in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT, cv2.CAP_PROP_FPS)] == [
        800,
        height,
        15,
    ]
    assert (asked.get(cv2.CAP_PROP_FOURCC) == cv2.VideoWriter.fourcc(*"MJPG")) is fourcc


def fourcc(name):
    return cv2.VideoWriter.fourcc(*name)


@pytest.mark.parametrize(
    ("wanted", "height", "given", "asked", "warned"),
    [
        ("auto", 480, "YUYV", None, False),
        ("YUYV", 480, "YUYV", "YUYV", False),
        ("GREY", 480, "YUYV", "GREY", True),
        ("NV12", 720, "NV12", "NV12", False),
        ("auto", 720, "YUYV", "MJPG", False),
    ],
)
def test_a_format_is_asked_for_before_the_size_and_said_where_the_camera_has_not_it(
    tmp_path, monkeypatch, caplog, wanted, height, given, asked, warned
):
    (tmp_path / "video0").touch()
    monkeypatch.setattr(cv2, "VideoCapture", Recorded)
    monkeypatch.setattr(Recorded, "has", {cv2.CAP_PROP_FOURCC: fourcc(given)})
    with caplog.at_level(logging.WARNING):
        open_device(SourceSettings(source="v4l2:0", height=height, format=wanted), tmp_path, DeviceNames())
    assert Recorded.last.asked.get(cv2.CAP_PROP_FOURCC) == (asked and fourcc(asked))
    assert asked is None or next(iter(Recorded.last.asked)) == cv2.CAP_PROP_FOURCC
    expected = [f"v4l2:0: the camera has no format {wanted}; it gives {given}"] if warned else []
    assert [record.getMessage() for record in caplog.records] == expected


@pytest.fixture
def usb(tmp_path):
    """A folder of device files, and plug(name, number): connects the camera of that stable name under a number."""
    folder = tmp_path / "v4l" / "by-id"
    folder.mkdir(parents=True)

    def plug(name, number):
        (folder / name).unlink(missing_ok=True)
        if number is not None:
            (tmp_path / f"video{number}").touch()
            (folder / name).symlink_to(tmp_path / f"video{number}")

    return tmp_path, plug


@pytest.mark.parametrize("source", ["v4l2:0", "0", "{}/video0"])
def test_a_camera_that_comes_back_under_another_number_is_found_by_its_stable_name(usb, monkeypatch, source):
    root, plug = usb
    names = DeviceNames()
    settings = SourceSettings(source=source.format(root))
    opened = []
    monkeypatch.setattr(cv2, "VideoCapture", lambda path, api: opened.append(Path(path).resolve().name) or Recorded())
    plug("usb-C920", 0)
    open_device(settings, root, names)
    plug("usb-C920", 2)
    (root / "video0").unlink()
    open_device(settings, root, names)
    plug("usb-Other", 0)
    open_device(settings, root, names)
    plug("usb-C920", 0)
    open_device(settings, root, names)
    assert opened == ["video0", "video2", "video2", "video0"]


def test_a_camera_without_a_stable_name_is_the_one_of_its_number(usb, monkeypatch):
    root, plug = usb
    names = DeviceNames()
    monkeypatch.setattr(cv2, "VideoCapture", Recorded)
    (root / "video0").touch()
    open_device(SourceSettings(source="0"), root, names)
    plug("usb-C920", 2)
    assert names.moved(root / "video0") is None
    (root / "video0").unlink()
    with pytest.raises(SourceError, match=r"no camera at .*/video0; choose one of .*/video2"):
        open_device(SourceSettings(source="0"), root, names)
    assert stable_name(root / "video2", root) == root / "v4l/by-id/usb-C920"
    assert stable_name(root / "video2", root / "nowhere") is None


@pytest.mark.parametrize(
    ("codec", "message"),
    [("hevc", r"no frame of this H\.265 \(HEVC\) stream can be decoded; set the camera to H\.264"),
     ("av01", "no frame of this AV1 stream can be decoded"), ("h264", "gave no frame; is it still connected")],
)  # fmt: skip
def test_a_stream_that_cannot_be_decoded_names_its_codec(monkeypatch, codec, message):
    monkeypatch.setattr(cv2, "VideoCapture", Recorded)
    monkeypatch.setattr(Recorded, "has", {cv2.CAP_PROP_FOURCC: fourcc(codec)})
    grabber = open_stream(SourceSettings(source="rtsp://10.0.0.9/1"))
    Recorded.last.answers = [(False, None), (True, np.zeros((2, 2, 3), np.uint8)), (False, None)]
    with pytest.raises(SourceError, match=message):
        grabber.read()
    grabber.read()
    with pytest.raises(SourceError, match="gave no frame; is it still connected"):
        grabber.read()


@pytest.mark.parametrize(
    ("transport", "mine", "expected"),
    [
        ("auto", None, None),
        ("tcp", None, "rtsp_transport;tcp"),
        ("udp", None, "rtsp_transport;udp"),
        ("udp", "x;y", "x;y"),
    ],
)
def test_the_transport_is_told_to_ffmpeg_unless_the_user_has_options(monkeypatch, transport, mine, expected):
    monkeypatch.setattr(cv2, "VideoCapture", Recorded)
    monkeypatch.setenv(FFMPEG_OPTIONS, mine or "")
    if mine is None:
        monkeypatch.delenv(FFMPEG_OPTIONS)
    open_stream(SourceSettings(source="rtsp://10.0.0.9/1", rtsp_transport=transport))
    assert os.environ.get(FFMPEG_OPTIONS) == expected


def test_a_stream_is_opened_with_its_password_and_limits_but_named_without(monkeypatch):
    monkeypatch.setattr(cv2, "VideoCapture", Recorded)
    monkeypatch.setattr("edge.cameras.opencv.resolved", lambda url, seconds: url)
    grabber = open_stream(SourceSettings(source="rtsp://me:secret@cam/1", timeout_s=2.5))
    source, backend, limits = Recorded.last.arguments
    assert (source, backend) == ("rtsp://me:secret@cam/1", cv2.CAP_FFMPEG)
    assert dict(zip(limits[::2], limits[1::2], strict=True)) == {
        cv2.CAP_PROP_OPEN_TIMEOUT_MSEC: 2500, cv2.CAP_PROP_READ_TIMEOUT_MSEC: 2500,
    }  # fmt: skip
    Recorded.last.answers = [(False, None)]
    with pytest.raises(SourceError, match=r"^rtsp://cam: "):
        grabber.read()


def test_a_stream_that_nobody_serves_is_a_source_error():
    with pytest.raises(SourceError, match=r"^rtsp://127\.0\.0\.1: nothing is listening on port 9 of this host$"):
        open_stream(SourceSettings(source="rtsp://me:secret@127.0.0.1:9/x", timeout_s=60.0))


@pytest.mark.parametrize(("mine", "expected"), [(None, "3"), ("7", "7")])
def test_opencv_waits_no_longer_than_the_loop_unless_the_user_sets_it(monkeypatch, tmp_path, mine, expected):
    (tmp_path / "video0").touch()
    monkeypatch.setattr(cv2, "VideoCapture", Recorded)
    # Set first, so that what the call sets is taken back at the end.
    monkeypatch.setenv(SELECT_TIMEOUT, mine or "")
    if mine is None:
        monkeypatch.delenv(SELECT_TIMEOUT)
    open_device(SourceSettings(source="v4l2:0", timeout_s=2.5), tmp_path)
    assert os.environ[SELECT_TIMEOUT] == expected


@pytest.mark.parametrize("name", [SELECT_TIMEOUT, FFMPEG_OPTIONS])
def test_opencv_still_reads_that_name(name):
    library = next(Path(cv2.__file__).parent.glob("cv2*.so"))
    with open(library, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        assert content.find(name.encode() + b"\0") >= 0
