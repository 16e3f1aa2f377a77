from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.picture.kinds import HEAD, KINDS, VIDEO, sniff


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"", None),
        (b"only words", None),
        (b"BM is how this sentence begins, and it is text", None),
        (b"P5 is how this sentence begins", "PNM"),
        (b"P5\n4 4\n255\n", "PNM"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "JPEG"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "PNG"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "WebP"),
        (b"RIFF\0\0\0\0AVI LIST", VIDEO),
        (b"RIFF\0\0\0\0WAVEfmt ", None),
        (b"GIF87a", "GIF"),
        (b"II*\0", "TIFF"),
        (b"MM\0*", "TIFF"),
        (b"II+\0", "TIFF"),
        (b"MM\0+", "TIFF"),
        (b"BM" + bytes(12) + b"\x28\0\0\0", "BMP"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "HEIC"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif", "AVIF"),
        (b"\0\0\0\x18ftypavif\0\0\0\0mif1miaf", "AVIF"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isommp42", VIDEO),
        (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", VIDEO),
        (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom", None),  # a raw photograph
        (b"\x1aE\xdf\xa3 Matroska", VIDEO),
    ],
)
def test_the_first_bytes_tell_the_kind(head, kind):
    assert sniff(head) == kind


@given(st.binary(max_size=HEAD), st.sampled_from([b"", b"RIFF", b"\0\0\0\x18ftyp", b"\xff\xff\xff\xffftyp", b"BM"]))
def test_any_bytes_have_a_kind_or_none(tail, head):
    assert sniff((head + tail)[:HEAD]) in (*KINDS, VIDEO, None)
