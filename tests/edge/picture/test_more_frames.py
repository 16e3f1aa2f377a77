"""Files that hold more than the one picture that is read: animations, pages, series."""

from __future__ import annotations

import io
import struct

import pytest
from PIL import Image, ImageOps

from edge import picture
from tests.edge.picture.made import RGB, by_pillow, encoded


def frames(kind: str) -> bytes:
    other = RGB.transpose(Image.Transpose.ROTATE_180)
    other.putpixel((0, 0), (0, 0, 0))
    return by_pillow(RGB, kind, save_all=True, append_images=[other])


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_an_animation_gives_its_first_frame_and_says_so(tmp_path, kind):
    path = tmp_path / "moving.gif"
    path.write_bytes(frames(kind))
    loaded = picture.load(path)
    assert loaded.pixels.shape == (8, 9, 3)
    assert loaded.note == f"{path}: animated; only its first frame is read"


def test_an_upright_picture_is_not_copied_by_pillow(monkeypatch):
    """Each copy of 50 megapixels takes 200 MB."""
    moving = frames("PNG")
    monkeypatch.setattr(ImageOps, "exif_transpose", lambda *_: pytest.fail("turned"))
    monkeypatch.setattr(Image.Image, "convert", lambda *_: pytest.fail("converted"))
    assert picture.decode(moving, "p").shape == (8, 9, 3)


def test_a_still_picture_has_no_note(tmp_path, image):
    path = tmp_path / "still.gif"
    path.write_bytes(encoded(image, ".gif"))
    assert picture.load(path).note == ""


def test_a_series_of_jpegs_says_that_only_the_first_is_read(tmp_path, image):
    path = tmp_path / "clip.mjpeg"
    path.write_bytes(encoded(image, ".jpg") * 3)
    assert picture.load(path).note == f"{path}: a series of JPEGs; only its first frame is read"


@pytest.mark.parametrize(("count", "note"), [(1, ""), (2, "several pages or pictures; only the first is read")])
def test_a_tiff_of_several_pages_says_that_only_the_first_is_read(tmp_path, count, note):
    path = tmp_path / "scan.tif"
    path.write_bytes(by_pillow(RGB, "TIFF", save_all=True, append_images=[RGB.rotate(180)] * (count - 1)))
    loaded = picture.load(path)
    assert tuple(loaded.pixels[0, 0]) == (200, 100, 50)
    assert loaded.note == (f"{path}: {note}" if note else "")


def test_the_thumbnail_behind_the_picture_of_a_tiff_is_no_page_that_is_missed(tmp_path):
    path = tmp_path / "scan.tif"
    whole = by_pillow(RGB, "TIFF", save_all=True, append_images=[RGB.resize((4, 4))], tiffinfo={254: 0})
    kind = struct.pack("<2HI", 254, 4, 1)
    pages = whole.rpartition(kind)
    path.write_bytes(pages[0] + kind + b"\x01" + pages[2][1:])
    assert whole.count(kind) == 2
    assert picture.load(path).note == ""


def test_a_page_behind_a_thumbnail_is_one_that_is_missed(tmp_path):
    path = tmp_path / "scan.tif"
    others = [RGB.resize((4, 4)), RGB.rotate(180)]
    whole = by_pillow(RGB, "TIFF", save_all=True, append_images=others, tiffinfo={254: 0})
    kind = struct.pack("<2HI", 254, 4, 1)
    parts = whole.split(kind)
    parts[2] = b"\x01" + parts[2][1:]
    assert len(parts) == 4
    path.write_bytes(kind.join(parts))
    assert picture.load(path).note == f"{path}: several pages or pictures; only the first is read"


@pytest.mark.parametrize(
    ("subfile", "note"),
    [(0, ""), (1, "a raw photograph; only its preview of 9x8 pixels is read; export it as JPEG")],
)
def test_a_raw_photograph_says_that_only_its_preview_is_read(tmp_path, subfile, note):
    path = tmp_path / "DSC_1.NEF"
    path.write_bytes(by_pillow(RGB, "TIFF", tiffinfo={254: subfile}))
    assert picture.load(path).note == (f"{path}: {note}" if note else "")


@pytest.mark.parametrize("count", [1, 2])
def test_an_heic_of_several_pictures_says_so(tmp_path, count):
    heif = pytest.importorskip("pillow_heif", reason="needs the extra heic: pip install 'edge-emotion[heic]'")
    big = Image.new("RGB", (64, 64), (200, 100, 50))
    made, file = heif.from_pillow(big), io.BytesIO()
    for _ in range(count - 1):
        made.add_from_pillow(big)
    made.save(file)
    path = tmp_path / "burst.heic"
    path.write_bytes(file.getvalue())
    assert bool(picture.load(path).note) is (count > 1)
