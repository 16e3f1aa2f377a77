"""Every kind of samples: grey, palettes, alpha, CMYK, 16 and 32 bits, floats."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from PIL import Image

from edge import picture
from edge.errors import PictureError
from tests.edge.picture.made import RGB, by_pillow, encoded

GREY_16 = (np.asarray(RGB.convert("L")).astype(np.uint16) * 257).astype(np.uint16)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (by_pillow(RGB.convert("L"), "PNG"), (124, 124, 124)),
        (by_pillow(RGB.convert("L"), "JPEG"), (124, 124, 124)),
        (by_pillow(RGB.convert("RGBA"), "PNG"), (200, 100, 50)),
        (by_pillow(RGB.convert("LA"), "PNG"), (124, 124, 124)),
        (by_pillow(RGB.convert("P", palette=Image.Palette.ADAPTIVE), "PNG"), (200, 100, 50)),
        (by_pillow(RGB.convert("1"), "PNG"), None),
        (by_pillow(Image.fromarray(GREY_16), "PNG"), (124, 124, 124)),
        (by_pillow(Image.fromarray(GREY_16), "TIFF"), (124, 124, 124)),
        (by_pillow(RGB.convert("CMYK"), "JPEG", quality=100), (200, 100, 50)),
        (by_pillow(RGB.convert("CMYK"), "TIFF"), (200, 100, 50)),
        (by_pillow(RGB, "TIFF", big_tiff=True), (200, 100, 50)),
        (by_pillow(Image.fromarray(np.full((8, 9), 124.0, np.float32)), "TIFF"), (124, 124, 124)),
        (b"P2\n9 8\n255\n" + b"124 " * 72, (124, 124, 124)),
    ],
    ids=[
        "grey",
        "grey-JPEG",
        "alpha",
        "grey-alpha",
        "palette",
        "bits",
        "16-bit",
        "16-bit-TIFF",
        "CMYK",
        "CMYK-TIFF",
        "BigTIFF",
        "float",
        "text",
    ],
)
def test_every_kind_of_pixel_becomes_rgb_of_8_bits(data, expected):
    got = picture.decode(data, "p")
    assert (got.shape, got.dtype) == ((8, 9, 3), np.uint8)
    if expected:
        assert np.abs(got.astype(int) - expected).max() <= 2


@pytest.mark.parametrize("white", [15, 100, 255, 1023, 4095, 65535])
@pytest.mark.parametrize("kind", [b"P2", b"P3", b"P5", b"P6"])
def test_the_largest_sample_that_a_pnm_names_is_white(kind, white):
    share = np.linspace(0, 1, 16 * 16).reshape(16, 16, 1).repeat(1 if kind in (b"P2", b"P5") else 3, axis=2)
    samples = np.round(share * white).astype(int)
    plain = " ".join(map(str, samples.flat)).encode()
    binary = samples.astype(">u2" if white > 255 else np.uint8).tobytes()
    got = picture.decode(kind + b" 16 16 %d\n" % white + (plain if kind in (b"P2", b"P3") else binary), "p")
    assert np.abs(got - 255 * samples / white).max() <= 2


@pytest.mark.parametrize("alpha", [0, 128, 255])
@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_alpha_changes_no_colour(kind, alpha):
    clear = RGB.copy()
    clear.putalpha(alpha)
    got = picture.decode(by_pillow(clear, kind, **({"lossless": True, "exact": True} if kind == "WEBP" else {})), "p")
    assert np.array_equal(got, np.asarray(RGB))


def test_a_file_that_has_the_name_by_which_a_picture_is_called_is_not_read(tmp_path):
    other = tmp_path / "p.tif"
    other.write_bytes(by_pillow(Image.new("RGBA", RGB.size), "TIFF"))
    got = picture.decode(by_pillow(RGB.convert("RGBA"), "TIFF"), str(other))
    assert np.array_equal(got, np.asarray(RGB))


RAMP = np.linspace(0, 1, 256, dtype=np.float32).reshape(16, 16)


@pytest.mark.parametrize(
    "samples",
    [
        RAMP,
        RAMP * 255,
        RAMP * 65535,
        (RAMP * 255).astype(np.int32),
        (RAMP * 65535).astype(np.int32),
        np.where(RAMP == 1, np.inf, RAMP),  # a highlight
        np.where(RAMP == 0, np.nan, RAMP),
    ],
    ids=["float to 1", "float to 255", "float to 65535", "whole to 255", "whole to 65535", "infinite", "not a number"],
)
def test_samples_of_32_bits_are_scaled_by_their_range(samples):
    got = picture.decode(by_pillow(Image.fromarray(samples), "TIFF"), "p")
    assert np.abs(got[:, :, 0].astype(int) - np.round(RAMP * 255)).max() <= 1
    assert (got[:, :, :1] == got).all()


@pytest.mark.parametrize("brightest", [1.0, 1.01, 1.2, 4.0])
def test_floats_beyond_white_are_white_and_the_rest_keeps_its_scale(brightest):
    samples = RAMP * np.float32(brightest)
    got = picture.decode(by_pillow(Image.fromarray(samples), "TIFF"), "p")
    assert np.abs(got[:, :, 0].astype(int) - np.round(samples.clip(0, 1) * 255)).max() <= 1


def test_a_black_picture_of_floats_is_black():
    assert not picture.decode(by_pillow(Image.fromarray(np.zeros((4, 4), np.float32)), "TIFF"), "p").any()


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (RAMP * 1e6, r"samples of 32 bits from 1e\+04 to 9\.9e\+05; expected 0 to 65535; convert it to 8 bits"),
        ((RAMP * 4e9).astype(np.int64).astype(np.uint32).view(np.int32), "samples of 32 bits from -2"),
        (RAMP * 2 - 1, "samples of 32 bits from -0"),
    ],
    ids=["too large", "without a sign", "around 0"],
)
def test_samples_of_a_range_that_is_not_known_are_one_line(samples, message):
    with pytest.raises(PictureError, match=rf"^p: {message}"):
        picture.decode(by_pillow(Image.fromarray(samples), "TIFF"), "p")


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32])
def test_a_whole_tiff_of_a_rare_kind_is_not_called_damaged(image, dtype):
    with pytest.raises(PictureError) as caught:
        picture.decode(encoded(image.astype(dtype), ".tif"), "p")
    assert str(caught.value) == (
        "p: TIFF with samples of this kind is not supported, such as RGB of 32 bits; convert it to 8 or 16 bits"
    )


def of_depth(samples: np.ndarray, kind: str, **options) -> bytes:
    """A picture file whose samples of 16 bits use fewer, as cameras for machines write them."""
    if samples.ndim == 3:
        return encoded(samples, ".png" if kind == "PNG" else ".tif")
    return by_pillow(Image.fromarray(samples), kind, **options)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize("channels", [0, 3])
@pytest.mark.parametrize("white", [255, 1023, 4095, 65535])
def test_samples_of_16_bits_that_use_the_lower_ones_are_as_bright_as_they_are(kind, channels, white):
    samples = np.round(RAMP * white).astype(np.uint16)
    wanted = np.round(RAMP * 255)
    if channels:
        samples, wanted = (np.repeat(array[:, :, None], 3, axis=2) for array in (samples, wanted))
    got = picture.decode(of_depth(samples, kind), "p").astype(int)
    assert np.abs(got - (wanted if channels else wanted[:, :, None])).max() <= 1


@pytest.mark.parametrize("declared", [{"tiffinfo": {281: 16383}}, {}], ids=["the file says so", "it does not"])
def test_the_depth_that_a_tiff_names_is_believed(declared):
    """Without, a picture of 14 bits may as well be a dark one of 16."""
    samples = np.round(RAMP * 16383).astype(np.uint16)
    got = picture.decode(of_depth(samples, "TIFF", **declared), "p")[:, :, 0]
    assert got.max() == (255 if declared else 63)


def test_a_largest_sample_that_is_only_that_of_the_picture_changes_nothing():
    samples = np.round(RAMP * 30_000).astype(np.uint16)
    got = picture.decode(of_depth(samples, "TIFF", tiffinfo={281: 30_000}), "p")[:, :, 0]
    assert got.max() == 30_000 >> 8


def test_packed_samples_of_12_bits_are_as_bright_as_they_are():
    samples = np.round(RAMP * 4095).astype(np.uint16).reshape(-1, 2)
    first, second = samples[:, 0], samples[:, 1]
    packed = np.stack([first >> 4, (first & 15) << 4 | second >> 8, second & 255], axis=1).astype(np.uint8).tobytes()
    tags = (
        (256, 3, 16),
        (257, 3, 16),
        (258, 3, 12),
        (259, 3, 1),
        (262, 3, 1),
        (273, 4, 110),
        (277, 3, 1),
        (279, 4, 384),
    )
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    data = b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4)
    got = picture.decode(data + packed, "p")[:, :, 0]
    assert len(data) == 110
    assert np.abs(got - np.round(RAMP * 255)).max() <= 1
