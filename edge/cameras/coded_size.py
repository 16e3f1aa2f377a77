"""The frame size that a packet of compressed video states, by the bitstream syntax of its codec. Nothing is decoded.

ITU-T T.81 (JPEG), H.262 (MPEG-2), H.264, H.265; RFC 6386 (VP8); the VP9 bitstream specification, 6.2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

Size = tuple[int, int]  # width, height, pixels
Parse = Callable[[bytes], Size | None]

_START = b"\0\0\1"
_SOF = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_WITH_CHROMA_FORMAT = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 134, 135, 138, 139})  # H.264 profiles
# How many luma samples a unit of cropping has, across and down, by chroma_format_idc.
_CHROMA = ((1, 1), (2, 2), (2, 1), (1, 1))


class _Bits:
    """Bits of a packet, the highest of each byte first."""

    def __init__(self, data: bytes) -> None:
        self._value, self._left = int.from_bytes(data, "big"), 8 * len(data)

    def take(self, count: int) -> int:
        """An unsigned number of so many bits. ValueError: there are not so many."""
        self._left -= count
        if self._left < 0:
            raise ValueError("the packet ends too early")
        return self._value >> self._left & (1 << count) - 1

    def golomb(self) -> int:
        """An unsigned Exp-Golomb code, ue(v)."""
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > 32:
                raise ValueError("not an Exp-Golomb code")
        return (1 << zeros) - 1 + self.take(zeros)

    def skip_golomb(self, count: int) -> None:
        """Pass over so many Exp-Golomb codes."""
        for _ in range(count):
            self.golomb()

    def signed(self) -> int:
        """A signed Exp-Golomb code, se(v)."""
        code = self.golomb()
        return (code + 1) // 2 if code & 1 else -(code // 2)


def parser(codec: str) -> Parse | None:
    """What reads the size out of packets of a codec, given by its four letters as a container has them."""
    return _PARSERS.get(codec.lower())


def coded_size(parse: Parse, packet: bytes) -> Size | None:
    """The size that a packet states; None where it states none, or nonsense."""
    try:
        size = parse(packet)
    except (ValueError, IndexError):
        return None
    return size if size and min(size) > 0 else None


def is_shown(parse: Parse, packet: bytes) -> bool:
    """Whether a frame comes of a packet: VP8 has some that are only referred to."""
    return parse is not _vp8 or not packet or bool(packet[0] & 0x10)


def _jpeg(packet: bytes) -> Size | None:
    at = 2
    while packet[at] == 0xFF:
        marker = packet[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        if marker in _SOF:
            return int.from_bytes(packet[at + 7 : at + 9], "big"), int.from_bytes(packet[at + 5 : at + 7], "big")
        at += 2 + int.from_bytes(packet[at + 2 : at + 4], "big")
    return None


def _mpeg2(packet: bytes) -> Size | None:
    at = packet.find(b"\0\0\1\xb3")
    if at < 0:
        return None
    bits = _Bits(packet[at + 4 : at + 7])
    return bits.take(12), bits.take(12)


def _vp8(packet: bytes) -> Size | None:
    if packet[0] & 1 or packet[3:6] != b"\x9d\x01\x2a":
        return None
    return int.from_bytes(packet[6:8], "little") & 0x3FFF, int.from_bytes(packet[8:10], "little") & 0x3FFF


def _vp9(packet: bytes) -> Size | None:
    bits = _Bits(packet[:16])
    marker, profile = bits.take(2), bits.take(1) | bits.take(1) << 1
    if profile == 3:
        bits.take(1)
    shown_before, inter = bits.take(1), bits.take(1)
    bits.take(2)
    if marker != 2 or shown_before or inter or bits.take(24) != 0x498342:
        return None
    if profile >= 2:
        bits.take(1)
    rgb = bits.take(3) == 7
    if not rgb:
        bits.take(1)
    if profile in (1, 3):
        bits.take(1 if rgb else 3)
    return bits.take(16) + 1, bits.take(16) + 1


def _units(packet: bytes) -> Iterator[bytes]:
    """The NAL units of a packet in the byte stream format; of each only what a parameter set may take."""
    at = packet.find(_START)
    while at >= 0:
        yield packet[at + 3 : at + 1027]
        at = packet.find(_START, at + 3)


def _payload(unit: bytes, header: int) -> _Bits:
    return _Bits(unit[header:].replace(b"\0\0\3", b"\0\0"))


def _h264(packet: bytes) -> Size | None:
    return next((_h264_parameters(_payload(unit, 1)) for unit in _units(packet) if unit and unit[0] & 31 == 7), None)


def _h264_parameters(bits: _Bits) -> Size:
    profile, chroma = bits.take(8), 1
    bits.take(16)
    bits.golomb()
    if profile in _WITH_CHROMA_FORMAT:
        chroma = bits.golomb()
        if chroma == 3 and bits.take(1):
            chroma = 0
        bits.skip_golomb(2)
        bits.take(1)
        if bits.take(1):
            for index in range(12 if chroma == 3 else 8):
                if bits.take(1):
                    _skip_scaling_list(bits, 16 if index < 6 else 64)
    bits.golomb()
    order = bits.golomb()
    if order == 0:
        bits.golomb()
    elif order == 1:
        bits.take(1)
        bits.skip_golomb(2)
        bits.skip_golomb(min(bits.golomb(), 255))
    bits.golomb()
    bits.take(1)
    across, down = bits.golomb() + 1, bits.golomb() + 1
    fields = 1 if bits.take(1) else 2
    if fields == 2:
        bits.take(1)
    bits.take(1)
    left, right, top, bottom = (bits.golomb() for _ in range(4)) if bits.take(1) else (0, 0, 0, 0)
    x, y = _CHROMA[chroma]
    return 16 * across - x * (left + right), fields * (16 * down - y * (top + bottom))


def _skip_scaling_list(bits: _Bits, length: int) -> None:
    last = following = 8
    for _ in range(length):
        if following:
            following = (last + bits.signed()) % 256
        last = following or last


def _h265(packet: bytes) -> Size | None:
    units = (unit for unit in _units(packet) if unit and unit[0] >> 1 & 63 == 33)
    return next((_h265_parameters(_payload(unit, 2)) for unit in units), None)


def _h265_parameters(bits: _Bits) -> Size:
    bits.take(4)
    layers = bits.take(3)  # below the highest
    bits.take(1 + 96)
    present = [(bits.take(1), bits.take(1)) for _ in range(layers)]
    if layers:
        bits.take(2 * (8 - layers))
    for profile, level in present:
        bits.take(88 * profile + 8 * level)
    bits.golomb()
    chroma = bits.golomb()
    if chroma == 3:
        bits.take(1)
    width, height = bits.golomb(), bits.golomb()
    left, right, top, bottom = (bits.golomb() for _ in range(4)) if bits.take(1) else (0, 0, 0, 0)
    x, y = _CHROMA[chroma]
    return width - x * (left + right), height - y * (top + bottom)


_PARSERS: dict[str, Parse] = {
    **dict.fromkeys(("mjpg", "jpeg"), _jpeg),
    **dict.fromkeys(("mpg1", "mpg2"), _mpeg2),
    **dict.fromkeys(("h264", "x264", "avc1", "avc3"), _h264),
    **dict.fromkeys(("hevc", "h265", "hev1", "hvc1"), _h265),
    **dict.fromkeys(("vp80", "vp08"), _vp8),
    **dict.fromkeys(("vp90", "vp09"), _vp9),
}
JPEG = _PARSERS["mjpg"]
