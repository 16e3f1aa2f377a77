from __future__ import annotations

import io
import os
import re
import socket
import sys
import threading
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, features

from edge import picture
from edge.errors import NotAPicture, PictureError, PictureIsVideo, PictureTooLarge
from edge.machine import pip_install
from edge.picture import header, reader
from tests.edge.picture.made import RGB, by_pillow, encoded


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".webp", ".jpg", ".tif", ".ppm", ".gif"])
def test_what_is_written_is_read_in_rgb(tmp_path, image, suffix):
    path = tmp_path / f"p{suffix}"
    picture.write(path, image)
    got = picture.read(path).astype(int)
    assert got.shape == image.shape
    assert abs(got - image)[:, [10, 100]].max() < 40


@pytest.mark.parametrize("name", ["p.png", "p.jpg", "p.jfif", "p.dat", "p"])
def test_the_content_decides_not_the_name(tmp_path, image, name):
    path = tmp_path / name
    path.write_bytes(encoded(image, ".png"))
    assert np.array_equal(picture.read(path), image)


def test_heic_is_read_where_the_extra_is_installed(image):
    heif = pytest.importorskip("pillow_heif", reason="needs the extra heic: pip install 'edge-emotion[heic]'")
    file = io.BytesIO()
    heif.from_pillow(Image.fromarray(image)).save(file)
    assert abs(picture.decode(file.getvalue(), "IMG_1.HEIC").astype(int) - image)[:, [10, 100]].max() < 40


def test_heic_without_the_extra_names_the_command_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif.as_plugin", None)
    with pytest.raises(PictureError) as caught:
        picture.decode(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(50), "IMG_1.HEIC")
    assert str(caught.value) == f"IMG_1.HEIC: HEIC needs pillow-heif; install it: {pip_install('heic')}"


def test_a_kind_that_this_pillow_does_not_know_names_the_command_that_updates_it(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/home/me/my project/bin/python")
    said = "this Pillow cannot read AVIF; update it: '/home/me/my project/bin/python' -m pip install --upgrade pillow"
    assert header._missing("AVIF") == said


# A JPEG as scanners of X-rays write them: whole, but not of 8 bits.
TWELVE_BITS = b"\xff\xd8\xff\xc1\0\x0b\x0c\0\x08\0\x08\x01\x01\x11\0\xff\xd9"


@pytest.mark.parametrize(
    ("content", "kind", "message"),
    [
        (None, PictureError, "cannot read the picture (No such file or directory)"),
        (b"", PictureError, "the file is empty"),
        (b"only words", NotAPicture, "not a picture that can be decoded; expected JPEG, PNG, "),
        (b"\xff\xd8\xff\xe0 a JPEG's first bytes", PictureError, "cannot decode the picture; the JPEG file is damaged"),
        (b"\0\0\0\x14ftypisom\0\0\0\0isom", PictureIsVideo, "a video, not a picture"),
        (b"P5\n0 0\n255\n", PictureError, "cannot decode the picture; the PNM file is damaged or incomplete"),
        (
            TWELVE_BITS,
            PictureError,
            "cannot decode the picture; the JPEG file is damaged, incomplete or of a rare kind",
        ),
    ],
    ids=["absent", "zero bytes", "text", "broken", "a clip", "no pixels", "12 bits"],
)
def test_a_bad_picture_is_one_line(tmp_path, content, kind, message):
    path = tmp_path / "p.jpg"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(kind) as caught:
        picture.read(path)
    assert str(caught.value).startswith(f"{path}: {message}")
    assert "\n" not in str(caught.value)


def picture_or_line(data: bytes) -> np.ndarray | str:
    """The decoded picture, or the one line that says why there is none."""
    try:
        return picture.decode(data, "p", max_megapixels=0.1)
    except PictureError as error:
        line = str(error)
    assert re.fullmatch(r"p: [^\n]+", line)
    return line


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".gif", ".tif", ".bmp"])
def test_a_file_cut_anywhere_is_a_picture_or_one_line(image, suffix):
    data = encoded(image, suffix)
    for cut in range(0, len(data), max(1, len(data) // 60)):
        got = picture_or_line(data[:cut])
        assert isinstance(got, str) or got.shape == image.shape


SEEDS = [
    by_pillow(RGB, "JPEG"),
    by_pillow(RGB, "PNG"),
    by_pillow(RGB, "WEBP"),
    by_pillow(RGB, "GIF"),
    by_pillow(RGB, "TIFF", compression="tiff_lzw"),
    by_pillow(RGB, "BMP"),
    by_pillow(RGB, "PPM"),
    *([by_pillow(RGB, "AVIF")] if features.check("avif") else []),
]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(SEEDS), st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=8))
def test_a_damaged_file_is_a_picture_or_one_line(data, changes):
    damaged = bytearray(data)
    for at, value in changes:
        damaged[at % len(damaged)] = value
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        got = picture_or_line(bytes(damaged))
    assert isinstance(got, str) or (got.dtype, got.ndim, got.shape[2]) == (np.uint8, 3, 3)


# --- what could hang or fill the memory


def test_a_small_file_with_too_many_pixels_is_refused_before_it_is_decoded(tmp_path, bomb, monkeypatch):
    path = tmp_path / "bomb.png"
    path.write_bytes(bomb(30_000, 3_000))
    monkeypatch.setattr(reader, "_pixels", lambda *_: pytest.fail("decoded"))
    with pytest.raises(PictureTooLarge) as caught:
        picture.read(path)
    assert str(caught.value) == (
        f"{path}: 30000x3000 pixels; expected at most 50 megapixels; raise max_megapixels to read it"
    )


def test_the_limit_can_be_raised_and_lowered(tmp_path, bomb):
    path = tmp_path / "p.png"
    path.write_bytes(bomb(1000, 1000))
    with pytest.raises(PictureTooLarge, match=r"at most 0\.9 megapixels"):
        picture.read(path, max_megapixels=0.9)
    assert picture.read(path, max_megapixels=1).shape == (1000, 1000, 3)


@pytest.mark.parametrize(
    ("head", "message"),
    [
        (b"", "not a picture"),
        (b"\x89PNG\r\n\x1a\n", "50000 MB; expected at most 464 MB"),
        (SEEDS[0], "50000 MB; expected at most 464 MB"),
    ],
    ids=["zeros", "the start of a PNG", "a JPEG"],
)
def test_a_huge_sparse_file_is_refused_unread(tmp_path, head, message):
    path = tmp_path / "huge.jpg"
    path.write_bytes(head)
    os.truncate(path, 50_000_000_000)
    with pytest.raises(PictureError, match=message):
        picture.read(path)


SCAN = bytes.fromhex("ffda0008010100013f107ffed097")  # one more pass over the last bits of all pixels


def progressive() -> bytes:
    return by_pillow(Image.new("L", (2000, 2000), 128), "JPEG", progressive=True)


@pytest.mark.parametrize("before", [b"", b"\xff\x01", b"\xff\xbf"], ids=["scans alone", "TEM", "reserved"])
def test_a_jpeg_of_hours_of_scans_is_refused_before_it_is_decoded(before):
    """Also where each is behind a marker that decoders pass over without a length."""
    first, *rest = progressive().rpartition(SCAN)
    slow = first + (before + SCAN) * 300_000 + b"".join(rest)
    assert len(slow) < 5_000_000
    with pytest.raises(PictureError, match=r"^slow\.jpg: a JPEG with more than 100 scans, which could take hours"):
        picture.decode(slow, "slow.jpg")


def test_scans_of_previews_and_of_what_follows_a_jpeg_are_not_counted():
    whole = progressive()
    preview = b"\xff\xe1\xff\xff" + (SCAN * 5000)[:65533]
    odd = whole[:2] + preview + whole[2:] + SCAN * 5000
    assert np.array_equal(picture.decode(odd, "odd.jpg"), picture.decode(whole, "whole.jpg"))


def test_a_file_much_larger_than_its_pixels_is_refused(tmp_path):
    path = tmp_path / "p.jpg"
    path.write_bytes(SEEDS[0])
    os.truncate(path, 70_000_000)
    with pytest.raises(PictureTooLarge, match="70 MB; expected at most 64 MB for its pixels"):
        picture.read(path)


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda path: os.mkfifo(path), "a FIFO"),
        (lambda path: path.symlink_to("/dev/zero"), "a device"),
        (lambda path: path.mkdir(), "a folder"),
        (lambda path: path.symlink_to(path), "Too many levels of symbolic links"),
    ],
    ids=["FIFO", "/dev/zero", "folder", "a link to itself"],
)
def test_what_is_no_regular_file_is_named_at_once(tmp_path, make, what):
    path = tmp_path / "p.jpg"
    make(path)
    with pytest.raises(PictureError, match=what):
        picture.read(path)


def test_a_socket_is_one_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a socket's path has a limit
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("p.jpg")
        with pytest.raises(PictureError, match=r"p\.jpg: cannot read the picture"):
            picture.read(tmp_path / "p.jpg")


# --- names


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"caf\xe9.jpg", r"caf\xe9.jpg"),
        (b"esc\x1b[31m.jpg", r"esc\x1b[31m.jpg"),
        (b"new\nline.jpg", r"new\nline.jpg"),
        ("naïve ελ.jpg".encode(), "naïve ελ.jpg"),
    ],
)
def test_a_name_is_shown_without_harm_to_the_terminal(tmp_path, image, name, shown):
    path = tmp_path / os.fsdecode(name)
    path.write_bytes(encoded(image, ".png"))
    assert np.array_equal(picture.read(path), image)
    path.write_bytes(b"")
    with pytest.raises(PictureError) as caught:
        picture.read(path)
    assert str(caught.value) == f"{tmp_path}/{shown}: the file is empty"


@pytest.mark.parametrize(("name", "reason"), [("a" * 300 + ".jpg", "File name too long"), ("a\0.jpg", "null byte")])
def test_a_name_that_no_file_can_have_is_one_line(tmp_path, name, reason):
    with pytest.raises(PictureError, match=reason):
        picture.read(tmp_path / name)


def test_many_threads_may_read_at_once(image):
    data, got = encoded(image, ".png"), []
    threads = [threading.Thread(target=lambda: got.append(picture.decode(data, "p"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [np.array_equal(one, image) for one in got] == [True] * 8


def test_headers_tell_the_size_without_the_pixels(bomb):
    told = header.parse(io.BytesIO(bomb(30_000, 30_000)), "PNG", "p")
    assert (told.width, told.height, told.animated) == (30_000, 30_000, False)


def test_a_png_that_says_it_has_a_chunk_of_two_gigabytes_never_reaches_opencv(image, monkeypatch):
    whole = encoded(image, ".png")
    seen = []
    monkeypatch.setattr(reader.cv2, "imdecode", lambda data, flags: seen.append(len(data)))
    for data in (whole, whole + b"and a note behind the end"):
        assert np.array_equal(picture.decode(data, "p.png"), image)
    assert seen == [len(whole), len(whole) + 25]
    at = whole.index(b"IDAT") - 4
    damaged = whole[:at] + b"\x80\0\0\0" + whole[at + 4 :]
    assert np.array_equal(picture.decode(damaged, "p.png"), image)  # Pillow reads what there is
    assert len(seen) == 2
