from __future__ import annotations

import logging
import tempfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.cameras import open_camera
from edge.cameras.clip import ClipCamera, broke_off
from edge.errors import SourceError
from edge.settings import SourceSettings
from edge.testing import FakeClock
from tests.edge.cameras.matroska import matroska

FRAMES, FPS = 40, 8.0


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """An MJPEG clip of 40 frames whose red grows by 5 a frame; green is 0 and blue 200."""
    path = tmp_path_factory.mktemp("clips") / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), FPS, (64, 48))
    assert writer.isOpened()
    for n in range(FRAMES):
        writer.write(np.full((48, 64, 3), (200, 0, 5 * n), np.uint8))
    writer.release()
    return path


def test_every_frame_comes_in_rgb_on_the_clips_own_clock(clip, caplog):
    camera = ClipCamera(clip)
    with caplog.at_level(logging.WARNING):
        frames = list(camera)
    camera.close()
    assert [(f.index, f.time) for f in frames] == [(n, n / FPS) for n in range(FRAMES)]
    red, green, blue = (np.array([f.image[..., c].mean() for f in frames]) for c in range(3))
    assert np.abs(red - 5 * np.arange(FRAMES)).max() < 6
    assert green.max() < 6
    assert np.abs(blue - 200).max() < 6
    assert caplog.records == []
    assert (camera.live, camera.stuck, camera.fps) == (False, False, FPS)


def raw_clip(path, pixel):
    """Three grey frames of 64x48 with a white square of 16x16 samples, whose pixels are said to be so wide and high."""
    luma = np.full((48, 64), 100, np.uint8)
    luma[16:32, 16:32] = 235
    frame = b"FRAME\n" + luma.tobytes() + bytes([128]) * (32 * 24 * 2)
    path.write_bytes(f"YUV4MPEG2 W64 H48 F25:1 Ip A{pixel} C420jpeg\n".encode() + 3 * frame)
    return path


@pytest.mark.parametrize(
    ("pixel", "width"),
    [("0:0", 64), ("1:1", 64), ("1000:1001", 64), ("16:15", 68), ("2:1", 128), ("1:2", 32), ("4000:1", 64)],
)
def test_pixels_that_are_not_square_are_stretched(pixel, width, tmp_path):
    frames = list(ClipCamera(raw_clip(tmp_path / "clip.y4m", pixel)))
    assert [frame.image.shape for frame in frames] == [(48, width, 3)] * 3
    rows, columns = np.nonzero(frames[0].image[..., 0] > 170)
    assert np.ptp(rows) + 1 == pytest.approx(16, abs=1)
    assert np.ptp(columns) + 1 == pytest.approx(16 * width / 64, abs=2)


def test_a_clip_is_as_large_as_it_is_shown(tmp_path):
    path = raw_clip(tmp_path / "clip.y4m", "4:1")
    with pytest.raises(SourceError, match=r"256x48 pixels; expected at most 0\.01 megapixels"):
        ClipCamera(path, max_megapixels=0.01)


def test_a_clip_that_breaks_off_is_played_as_far_as_it_goes_with_a_warning(clip, tmp_path, caplog):
    data = clip.read_bytes()
    path = tmp_path / "torn.avi"
    path.write_bytes(data[: len(data) // 2])
    with caplog.at_level(logging.WARNING):
        frames = list(ClipCamera(path))
    assert 3 < len(frames) < FRAMES * 3 / 4
    (record,) = caplog.records
    assert record.getMessage() == f"{path}: the clip breaks off after {len(frames)} of {FRAMES} frames"


@pytest.mark.parametrize(
    ("data", "message"),
    [(b"", "the file is empty"), (b"no clip", "not a clip or picture that can be decoded")],
)
def test_what_cannot_be_decoded_is_a_source_error(tmp_path, data, message):
    path = tmp_path / "clip.mp4"
    path.write_bytes(data)
    with pytest.raises(SourceError, match=rf"clip\.mp4: {message}") as caught:
        ClipCamera(path)
    assert caught.value.exit_code == 3


def test_a_clip_cut_within_its_head_is_a_source_error_wherever_it_is_found(clip, tmp_path):
    data = clip.read_bytes()
    path = tmp_path / "clip.avi"
    for size in (4, 40, 400):
        path.write_bytes(data[:size])
        with pytest.raises(SourceError, match=r"clip\.avi: not"):
            list(ClipCamera(path))


@pytest.mark.parametrize(
    "name",
    ["l\udce9.avi", "\udce9/clip.avi", "2026-01-01T10:30:00.avi", "./10:30.avi", "http:clip.avi", "clip.\udce9"],
)
def test_a_clip_is_read_whatever_its_name(clip, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    Path(name).parent.mkdir(exist_ok=True)
    Path(name).symlink_to(clip)
    camera = open_camera(SourceSettings(source=name), FakeClock())
    assert len(list(camera)) == FRAMES
    camera.close()


def test_a_clip_is_read_in_a_folder_whose_name_is_not_utf_8(clip, tmp_path, monkeypatch):
    folder = tmp_path / "\udce9"
    folder.mkdir()
    monkeypatch.chdir(folder)
    Path("10:30.avi").symlink_to(clip)
    assert len(list(ClipCamera(Path("10:30.avi")))) == FRAMES


def test_without_a_place_for_temporary_files_such_a_clip_is_one_line(clip, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "absent"))
    (tmp_path / "\udce9.avi").symlink_to(clip)
    with pytest.raises(SourceError, match=r"cannot read the clip \(No such file"):
        ClipCamera(tmp_path / "\udce9.avi")


def test_a_clip_of_more_pixels_than_the_limit_is_refused(tmp_path):
    path = tmp_path / "clip.mkv"
    path.write_bytes(matroska([np.zeros((96, 128, 3), np.uint8)] * 3, [0, 40, 80]))
    assert len(list(open_camera(SourceSettings(source=str(path)), FakeClock()))) == 3
    settings = SourceSettings(source=str(path), max_megapixels=0.01)
    with pytest.raises(SourceError, match=r"expected at most 0\.01 megapixels; raise max_megapixels to read it"):
        open_camera(settings, FakeClock())


def test_a_clip_that_may_not_be_read_is_named(tmp_path):
    with pytest.raises(SourceError, match=r"absent\.mp4: cannot read the clip \(No such file"):
        ClipCamera(tmp_path / "absent.mp4")


@pytest.mark.parametrize(
    ("decoded", "declared", "answer"),
    [(0, 0, False), (63, 64, False), (62, 64, False), (61, 64, True), (990, 1000, False), (979, 1000, True),
     (5, float("nan"), False), (5, -9e18, False)],
)  # fmt: skip
def test_a_number_of_frames_that_is_only_an_estimate_is_forgiven(decoded, declared, answer):
    assert broke_off(decoded, declared) is answer


@pytest.mark.parametrize(("codec", "name"), [(b"V_AV1", "AV1"), (b"V_MPEGH/ISO/HEVC", r"H\.265 \(HEVC\)")])
def test_a_codec_that_cannot_be_decoded_is_named(tmp_path, codec, name):
    path = tmp_path / "clip.mkv"
    path.write_bytes(matroska([np.zeros((48, 64, 3), np.uint8)] * 3, [0, 40, 80], codec=codec))
    with pytest.raises(SourceError, match=rf"clip\.mkv: no frame of this clip can be decoded \({name}\); convert it"):
        list(ClipCamera(path))
