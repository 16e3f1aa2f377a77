from __future__ import annotations

import cv2
import numpy as np
import pytest

from edge.cameras.coded_size import coded_size, is_shown, parser

# The first packets, or their parameter sets, of clips of FFmpeg's test picture in the size of the row.
PACKETS = [
    ("h264", (640, 480), "00000167640016acd940a03db011000003000100000300140f162d9600"),
    ("avc1", (200, 104), "0000016764000aacd9434fe597011000000300100000030140f122596000"),
    ("h264", (200, 104), "00000167f4000a919b2869fc4c4e022000000300200000030281e244b2c000"),  # 4:4:4
    ("h264", (200, 104), "000001677a0015bcd94348f2c6e022000003000200000300283e28532c00"),  # interlaced, 4:2:2
    ("hevc", (200, 104), "00000142010101600000030090000003000003001ea019206965959a4932bc05a0200000030020000003014100"),
    ("hvc1", (200, 104), "0000014201010408000003009e0800000300001e9003240d2cb2b349265780b404000003000400000300282000"),
    ("VP80", (200, 104), "303b009d012ac80068000047088585888584880202032bb7"),
    ("VP90", (200, 104), "a249834200018e00cec107048383094000e67fd1fa3c771f"),  # profile 1
    ("vp09", (200, 104), "92498342000638033b051c120e0c2c0002887fd1fa3c7718"),  # profile 2
    ("mpg2", (200, 104), "000001b30c806813ffffe018"),
]


def bits(*fields: int | str) -> bytes:
    """Text is bits, a number its unsigned Exp-Golomb code."""
    text = ""
    for field in fields:
        code = f"{field + 1:b}" if isinstance(field, int) else ""
        text += field if isinstance(field, str) else "0" * (len(code) - 1) + code
    text += "1" + "0" * (-(len(text) + 1) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big")


@pytest.mark.parametrize("codec", ["", "FMP4", "av01"])
def test_codecs_without_a_parser(codec):
    assert parser(codec) is None


@pytest.mark.parametrize(("codec", "size", "packet"), PACKETS)
def test_the_size_that_a_packet_states(codec, size, packet):
    parse = parser(codec)
    data = bytes.fromhex(packet)
    assert coded_size(parse, data) == size
    assert coded_size(parse, b"") is None
    assert coded_size(parse, bytes(len(data))) is None
    for end in range(len(data)):  # torn: nothing, or what stood in the part that is left
        assert coded_size(parse, data[:end]) in (None, size)


def test_the_size_of_a_jpeg():
    parse = parser("MJPG")
    ok, jpeg = cv2.imencode(".jpg", np.zeros((48, 64, 3), np.uint8))
    assert ok
    assert coded_size(parse, jpeg.tobytes()) == (64, 48)
    assert coded_size(parse, jpeg.tobytes()[:2] + b"\xff\xff" + jpeg.tobytes()[3:]) == (64, 48)  # fill bytes
    assert coded_size(parse, b"\xff\xd8\xff\xd9") is None


def test_scaling_lists_and_picture_order_of_type_1_stand_before_the_size():
    # The first of eight lists has 16 entries, each as the one before; the others are not there.
    lists = ["1", "1", *[0] * 16, "0000000"]
    order = [1, "0", 0, 0, 2, 0, 0]
    high = bits(f"{100:08b}" + "0" * 8 + f"{40:08b}", 0, 1, 0, 0, "0", *lists, 0, *order, 1, "0", 39, 29, "1", "1", "0")
    assert coded_size(parser("h264"), b"\0\0\1\x67" + high) == (640, 480)


def test_a_frame_that_refers_to_others_states_no_size():
    assert coded_size(parser("VP80"), bytes.fromhex("910f000510ac00180987bbfd8afd")) is None
    assert coded_size(parser("VP90"), bytes.fromhex("86004092f0414004002a60fa0ff7")) is None
    assert coded_size(parser("h264"), bytes.fromhex("00000001419a246c43bffea9963f")) is None


@pytest.mark.parametrize(("codec", "first", "shown"), [("vp80", 0x91, True), ("vp80", 0x81, False), ("vp90", 0, True)])
def test_frames_that_are_only_referred_to(codec, first, shown):
    assert is_shown(parser(codec), bytes([first, 0])) is shown
